#include "imposter/faults.h"

#include <cstdlib>
#include <sstream>

namespace imposter {
namespace {

constexpr const char* kNames[kFaultKinds] = {
    "none",        "slowdown",           "internal",
    "too_many",    "reset_before",       "reset_middle",
    "reset_after", "lost_answer",        "truncated_xml",
    "stall",       "error_in_ok_before", "error_in_ok_after",
    "rotate",      "conflict",           "redirect",
    "ok_page",     "not_found_page",     "accepted",
    "ok_lost",     "put_error_before",   "put_error_after",
    "flipped_bit",
};

bool parse_rate(const std::string& text, double* out) {
  char* end = nullptr;
  *out = std::strtod(text.c_str(), &end);
  return !text.empty() && *end == '\0' && *out >= 0 && *out <= 1;
}

}  // namespace

const char* name_of(Fault fault) { return kNames[static_cast<size_t>(fault)]; }

bool parse_rates(const std::string& text, Faults* out, std::string* problem) {
  std::istringstream list(text);
  for (std::string one; std::getline(list, one, ',');) {
    const size_t equals = one.find('=');
    const std::string name = one.substr(0, equals);
    double rate = 0;
    if (equals == std::string::npos || !parse_rate(one.substr(equals + 1), &rate)) {
      *problem = "'" + one + "' is not FAULT=RATE with a rate from 0 to 1";
      return false;
    }
    bool is_known = false;
    for (size_t kind = 1; kind < kFaultKinds; ++kind) {
      if (name != kNames[kind] && name != "all") continue;
      out->rates[kind] = rate;
      is_known = true;
    }
    if (is_known) continue;
    *problem = "there is no fault '" + name + "'; there are all";
    for (size_t kind = 1; kind < kFaultKinds; ++kind) *problem += std::string(", ") + kNames[kind];
    return false;
  }
  return true;
}

Fault FaultDice::roll(const Faults& faults, const std::vector<Fault>& possible, const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto count = [&key](const std::map<std::string, int>& of) {
    const auto found = of.find(key);
    return found == of.end() ? 0 : found->second;
  };
  if (possible.empty() || count(rows_) >= faults.most_in_a_row || count(totals_) >= faults.most_of_a_key)
    return Fault::kNone;
  // Each is rolled by itself; beginning anywhere, so that none stands in the way of another.
  std::uniform_real_distribution<double> chance(0, 1);
  const size_t begin = random_() % possible.size();
  for (size_t i = 0; i < possible.size(); ++i) {
    const Fault fault = possible[(begin + i) % possible.size()];
    if (chance(random_) >= faults[fault]) continue;
    ++rows_[key];
    ++totals_[key];
    return fault;
  }
  return Fault::kNone;
}

void FaultDice::got_through(const std::string& key) {
  const std::lock_guard lock(mutex_);
  rows_.erase(key);
}

}  // namespace imposter
