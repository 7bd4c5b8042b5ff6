#include "common/options.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <string_view>

#include "base/line.h"
#include "base/printable.h"

namespace tidemark::sinks {
namespace {

using Kind = OptionSpec::Kind;

struct Unit {
  std::string_view suffix;
  uint64_t factor;
};
constexpr Unit kDurationUnits[] = {{"", 1}, {"ms", 1}, {"s", 1000}, {"min", 60'000}, {"h", 3'600'000}};
constexpr Unit kSizeUnits[] = {{"", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};
constexpr Unit kNoUnits[] = {{"", 1}};

template <size_t N>
bool parse_number(std::string_view text, const Unit (&units)[N], uint64_t* out) {
  uint64_t number = 0;
  const auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc()) return false;
  const std::string_view suffix(rest, static_cast<size_t>(text.data() + text.size() - rest));
  for (const Unit& unit : units) {
    if (unit.suffix == suffix) return !__builtin_mul_overflow(number, unit.factor, out);
  }
  return false;
}

bool set_number(const OptionSpec& spec, std::string_view value) {
  uint64_t number = 0;
  const bool parsed = spec.kind == Kind::kDurationMs  ? parse_number(value, kDurationUnits, &number)
                      : spec.kind == Kind::kSizeBytes ? parse_number(value, kSizeUnits, &number)
                                                      : parse_number(value, kNoUnits, &number);
  if (!parsed || number < spec.min || number > spec.max) return false;
  *std::get<uint64_t*>(spec.target) = number;
  return true;
}

bool set_rate(const OptionSpec& spec, std::string_view value) {
  double rate = 0;
  const char* end = value.data() + value.size();
  const auto [rest, problem] = std::from_chars(value.data(), end, rate);
  if (problem != std::errc() || rest != end || !(rate >= 0 && rate <= 1)) return false;
  *std::get<double*>(spec.target) = rate;
  return true;
}

bool set_bool(const OptionSpec& spec, std::string_view value) {
  const bool is_true = value == "true" || value == "1";
  if (!is_true && value != "false" && value != "0") return false;
  *std::get<bool*>(spec.target) = is_true;
  return true;
}

bool set(const OptionSpec& spec, std::string_view value) {
  switch (spec.kind) {
    case Kind::kChoice:
      if (std::find(spec.choices.begin(), spec.choices.end(), value) == spec.choices.end()) return false;
      [[fallthrough]];
    case Kind::kText:
    case Kind::kSecret:
      if (value.find('\0') != std::string_view::npos) return false;
      *std::get<std::string*>(spec.target) = value;
      return true;
    case Kind::kRate:
      return set_rate(spec, value);
    case Kind::kBool:
      return set_bool(spec, value);
    case Kind::kInteger:
    case Kind::kDurationMs:
    case Kind::kSizeBytes:
      return set_number(spec, value);
  }
  return false;
}

std::string expectation(const OptionSpec& spec) {
  const std::string bounds = std::to_string(spec.min) + " to " + std::to_string(spec.max);
  switch (spec.kind) {
    case Kind::kText:
    case Kind::kSecret:
      return "text without NUL bytes";
    case Kind::kChoice: {
      std::string list = "one of";
      for (const char* choice : spec.choices) list.append(list.size() > 6 ? ", " : " ").append(choice);
      return list;
    }
    case Kind::kInteger:
      return "a whole number, " + bounds;
    case Kind::kDurationMs:
      return "milliseconds, or a whole number with ms, s, min or h; " + bounds + " ms";
    case Kind::kSizeBytes:
      return "bytes, or a whole number with KiB, MiB or GiB; " + bounds + " bytes";
    case Kind::kRate:
      return "a number from 0 to 1";
    case Kind::kBool:
      return "true or false";
  }
  return {};
}

class Parser {
 public:
  Parser(const std::vector<OptionSpec>& specs, PassOn* pass_on) : specs_(specs), pass_on_(pass_on) {}

  Status take(std::string_view name, std::string_view value, uint32_t flags, bool from_url) {
    if (!seen_.emplace(name).second) {
      return fail(TIDEMARK_E_INVALID, "option " + quote(printable_option(name)) +
                                          " is given twice; give it once, in the url or in the list");
    }
    if (pass_on_ != nullptr && name.size() > pass_on_->prefix.size() &&
        name.substr(0, pass_on_->prefix.size()) == pass_on_->prefix) {
      pass_on_->options.push_back(
          {std::string(name.substr(pass_on_->prefix.size())), std::string(value), flags});
      return {};
    }
    for (const OptionSpec& spec : specs_) {
      if (name == spec.name) return store(spec, value, flags, from_url);
    }
    return fail(TIDEMARK_E_INVALID,
                "unknown option " + quote(printable_option(name)) + "; known: " + known());
  }

 private:
  static Status store(const OptionSpec& spec, std::string_view value, uint32_t flags, bool from_url) {
    const bool secret = spec.kind == Kind::kSecret || (flags & TIDEMARK_OPTION_SECRET) != 0;
    if (spec.kind == Kind::kSecret && from_url) {
      return fail(TIDEMARK_E_INVALID,
                  std::string("option \"") + spec.name +
                      "\" is a secret and does not belong in a url; pass it in the option list");
    }
    if (spec.kind == Kind::kSecret && (flags & TIDEMARK_OPTION_SECRET) == 0) {
      return fail(
          TIDEMARK_E_INVALID,
          std::string("option \"") + spec.name +
              "\" is a secret but was not passed as one; nothing that shows options may show it: give "
              "it the flag TIDEMARK_OPTION_SECRET, or on a command line use the option for secrets");
    }
    if (set(spec, value)) return {};
    return fail(TIDEMARK_E_INVALID, std::string("option \"") + spec.name +
                                        "\": " + (secret ? "the value" : quote(value)) +
                                        " is not right; give " + expectation(spec));
  }

  std::string known() const {
    std::string list;
    for (const OptionSpec& spec : specs_) list.append(list.empty() ? "" : ", ").append(spec.name);
    if (pass_on_ != nullptr) list.append(", ").append(pass_on_->prefix).append("*");
    return list.empty() ? "none" : list;
  }

  const std::vector<OptionSpec>& specs_;
  PassOn* pass_on_;
  std::set<std::string, std::less<>> seen_;
};

// Checks that the table for people is true: the table and the specs are of the same options, and its
// fallbacks count.
Status set_fallbacks(std::span<const tidemark_sink_option> table, const std::vector<OptionSpec>& specs) {
  size_t matched = 0;
  for (const tidemark_sink_option& row : table) {
    const std::string_view name = row.name;
    if (name.ends_with('*')) continue;
    const auto spec = std::find_if(specs.begin(), specs.end(),
                                   [&](const OptionSpec& candidate) { return name == candidate.name; });
    if (spec == specs.end())
      return fail(TIDEMARK_E_INVALID,
                  "option " + quote(name) + " stands in the table of options, but the sink does not take it");
    ++matched;
    if (*row.fallback != '\0' && !set(*spec, row.fallback)) {
      return fail(TIDEMARK_E_INVALID,
                  "option " + quote(name) + " has a fallback that is not right; it is " + expectation(*spec));
    }
  }
  if (matched == specs.size()) return {};
  return fail(TIDEMARK_E_INVALID, "the sink takes an option that its table of options does not have");
}

void replace_all(std::string* text, std::string_view what, std::string_view by) {
  for (size_t at = text->find(what); at != std::string::npos; at = text->find(what, at + by.size()))
    text->replace(at, what.size(), by);
}

}  // namespace

Error without_secret_values(Error error, const tidemark_option* list, uint32_t list_size) {
  constexpr size_t kWordMin = 16;  // what is shorter may be a word of the message
  // What fails by itself is told with the host that it was about; what somebody wrote is known to whoever
  // wrote it.
  if (error.status >= TIDEMARK_E_RETRYABLE) return error;
  for (uint32_t i = 0; i < list_size && list != nullptr; ++i) {
    if ((list[i].flags & TIDEMARK_OPTION_SECRET) == 0 || list[i].value.size == 0) continue;
    const std::string_view value = view(list[i].value);
    replace_all(&error.message, quote(value), kNotShown);
    if (error.status == TIDEMARK_E_INVALID && value.size() >= kWordMin)
      replace_all(&error.message, value, kNotShown);
  }
  return error;
}

OptionSpec text_option(const char* name, std::string* target) { return {name, Kind::kText, target}; }
OptionSpec secret_option(const char* name, std::string* target) { return {name, Kind::kSecret, target}; }
OptionSpec choice_option(const char* name, std::string* target, std::vector<const char*> choices) {
  return {name, Kind::kChoice, target, 0, 0, std::move(choices)};
}
OptionSpec integer_option(const char* name, uint64_t* target, uint64_t min, uint64_t max) {
  return {name, Kind::kInteger, target, min, max};
}
OptionSpec duration_option(const char* name, uint64_t* target_ms, uint64_t min_ms, uint64_t max_ms) {
  return {name, Kind::kDurationMs, target_ms, min_ms, max_ms};
}
OptionSpec size_option(const char* name, uint64_t* target_bytes, uint64_t min_bytes, uint64_t max_bytes) {
  return {name, Kind::kSizeBytes, target_bytes, min_bytes, max_bytes};
}
OptionSpec rate_option(const char* name, double* target) { return {name, Kind::kRate, target}; }
OptionSpec bool_option(const char* name, bool* target) { return {name, Kind::kBool, target}; }

Status parse_options(std::span<const tidemark_sink_option> table, const std::vector<OptionSpec>& specs,
                     const std::vector<std::pair<std::string, std::string>>& query,
                     const tidemark_option* list, uint32_t list_size, PassOn* pass_on) {
  if (list_size > TIDEMARK_OPTIONS_MAX || query.size() > TIDEMARK_OPTIONS_MAX - list_size) {
    return fail(TIDEMARK_E_INVALID, "more than " + std::to_string(TIDEMARK_OPTIONS_MAX) + " options");
  }
  if (list == nullptr && list_size > 0) return fail(TIDEMARK_E_INVALID, "the option list is NULL");
  TM_TRY(set_fallbacks(table, specs));
  Parser parser(specs, pass_on);
  for (const auto& [name, value] : query) {
    TM_TRY(parser.take(name, value, 0, true));
  }
  for (uint32_t i = 0; i < list_size; ++i) {
    const tidemark_option& option = list[i];
    if ((option.key.data == nullptr && option.key.size > 0) ||
        (option.value.data == nullptr && option.value.size > 0)) {
      return fail(TIDEMARK_E_INVALID,
                  "option " + std::to_string(i + 1) + " of the list has a NULL text that has a size");
    }
    TM_TRY(parser.take(view(option.key), view(option.value), option.flags, false));
  }
  return {};
}

}  // namespace tidemark::sinks
