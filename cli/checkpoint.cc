#include "checkpoint.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <tuple>

#include "base/files.h"
#include "base/json.h"
#include "base/printable.h"
#include "text.h"

namespace tidemark::cli {

namespace {

constexpr int kVersion = 2;
constexpr size_t kMaxBytes = size_t{4} << 30;  // some eighty million objects
constexpr std::string_view kEnd = "end";

struct Letter {
  char letter;
  int32_t kind;
  std::string_view suffix;
  Coding coding = Coding::kNone;
};
constexpr std::array<Letter, 8> kLetters = {{{'a', TIDEMARK_STORED_ARCHIVE, "tar"},
                                             {'c', TIDEMARK_STORED_ACCEPTED, "accepted"},
                                             {'e', TIDEMARK_STORED_ARCHIVE, "tar.age", Coding::kAge},
                                             {'g', TIDEMARK_STORED_GAP, "gap"},
                                             {'o', TIDEMARK_STORED_ORIGIN, "origin"},
                                             {'p', TIDEMARK_STORED_PRUNED, "pruned"},
                                             {'s', TIDEMARK_STORED_ARCHIVE, "tar.zst.age", Coding::kZstdAge},
                                             {'z', TIDEMARK_STORED_ARCHIVE, "tar.zst", Coding::kZstd}}};

const Letter* letter_of(const Checked& object) {
  return std::find_if(kLetters.begin(), kLetters.end(), [&](const Letter& one) {
    return one.kind == object.kind && one.coding == object.coding;
  });
}

Coding coding_of(const Stored& stored) {
  const auto letter = std::find_if(kLetters.begin(), kLetters.end(), [&](const Letter& one) {
    return one.kind == stored.kind && coding_suffix(one.coding) == stored.coding;
  });
  return letter == kLetters.end() ? Coding::kNone : letter->coding;
}

template <class Number>
bool take_number(std::string_view& line, Number& out) {
  if (line.empty() || line[0] != ' ') return false;
  line.remove_prefix(1);
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), out);
  if (error != std::errc()) return false;
  line.remove_prefix(static_cast<size_t>(end - line.data()));
  return true;
}

bool parse_object(std::string_view line, Checked& out) {
  const auto* letter = std::find_if(kLetters.begin(), kLetters.end(),
                                    [&](const Letter& one) { return one.letter == line[0]; });
  if (letter == kLetters.end()) return false;
  out.kind = letter->kind;
  out.coding = letter->coding;
  line.remove_prefix(1);
  return take_number(line, out.first) && take_number(line, out.last) && take_number(line, out.size_bytes) &&
         take_number(line, out.modified_us) && take_number(line, out.checked_us) &&
         (line.empty() || (take_number(line, out.epoch) && out.epoch > 1)) &&
         (line.empty() || (take_number(line, out.begun) && out.begun < out.first)) && line.empty() &&
         out.first >= 1 && out.first <= out.last;
}

std::string_view take_line(std::string_view& text) {
  const size_t end = text.find('\n');
  if (end == std::string_view::npos) return {};  // every line is ended
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

// False: it is not what save_checkpoint() writes.
bool parse_body(std::string_view text, Checkpoint& out) {
  CheckedObjects* objects = nullptr;
  for (;;) {
    const std::string_view line = take_line(text);
    if (line == kEnd) return text.empty();
    if (line.size() < 3) return false;
    if (line[1] != ' ') {
      const auto [at, is_new] = out.try_emplace(std::string(line));
      if (!is_new) return false;
      objects = &at->second;
      continue;
    }
    Checked object;
    if (objects == nullptr || !parse_object(line, object)) return false;
    if (!objects->empty() && !comes_before(objects->back(), object)) return false;
    objects->push_back(object);
  }
}

void append_object(const Checked& object, std::string& text) {
  const Letter* letter = letter_of(object);
  if (letter == kLetters.end()) return;
  text += letter->letter;
  for (const uint64_t number : {object.first, object.last, object.size_bytes})
    text += " " + std::to_string(number);
  text += " " + std::to_string(object.modified_us) + " " + std::to_string(object.checked_us);
  if (object.epoch > 1) text += " " + std::to_string(object.epoch);
  if (object.begun != kNoLsn) text += " " + std::to_string(object.begun);
  text += "\n";
}

}  // namespace

bool comes_before(const Checked& a, const Checked& b) {
  // "<last>-<first>.<suffix>" comes before "<last>.tar", and what follows the LSNs is compared last.
  const auto rank = [](const Checked& one) {
    const bool is_single = one.kind == TIDEMARK_STORED_ARCHIVE && one.first == one.last;
    return std::tuple(one.last, is_single, one.first);
  };
  if (rank(a) != rank(b)) return rank(a) < rank(b);
  const auto rest = [](const Checked& one) {
    std::string epoch = one.epoch > 1 ? "e" + std::to_string(one.epoch) : std::string();
    if (one.begun != kNoLsn) epoch.append("-").append(lsn_text(one.begun));
    if (!epoch.empty()) epoch += '.';
    return epoch.append(letter_of(one)->suffix);
  };
  return rest(a) < rest(b);
}

Checked to_checked(const Stored& stored, int64_t checked_us) {
  const auto key = stored.epoch > kFirstEpoch ? parse_object_key(stored.key) : std::nullopt;
  return {stored.kind,
          stored.first,
          stored.last,
          stored.size_bytes,
          stored.modified_us,
          checked_us,
          std::max(stored.epoch, kFirstEpoch),
          coding_of(stored),
          key ? key->name.begun : kNoLsn};
}

std::string archive_identity(std::string_view url) {
  url = url.substr(0, url.find('?'));
  const size_t colon = std::min(url.find(':'), url.size());
  std::string identity(url.substr(0, colon));
  std::transform(identity.begin(), identity.end(), identity.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  std::string rest = percent_decoded(url.substr(colon));
  const size_t path = rest.starts_with("://") ? 3 : 0;
  identity += rest.substr(0, path);
  for (const char c : rest.substr(path)) {
    if (c != '/' || identity.empty() || identity.back() != '/' || identity.ends_with("://")) identity += c;
  }
  while (identity.ends_with('/') && !identity.ends_with("://") && !identity.ends_with(":///"))
    identity.pop_back();
  return identity;
}

Result<Checkpoint> load_checkpoint(const std::string& path, const std::string& url) {
  const auto text = tidemark::read_file(path, kMaxBytes);
  if (!text && text.error().sys_errno == ENOENT) return Checkpoint();
  if (!text) return Error(text.error());
  const Error not_one =
      usage_error(path + " is not a checkpoint of tidemark; remove it or name another file");
  std::string_view rest = *text;
  try {
    const auto head = nlohmann::json::parse(take_line(rest));
    if (head.at("tidemark_checkpoint").get<int>() != kVersion)
      return usage_error(path +
                         " is a checkpoint of another version of tidemark; remove it to read everything");
    if (const auto other = head.at("url").get<std::string>(); other != archive_identity(url))
      return usage_error(path + " is the checkpoint of another archive: " + printable(printable_url(other)));
  } catch (const nlohmann::json::exception&) {
    return not_one;
  }
  Checkpoint checkpoint;
  if (!parse_body(rest, checkpoint)) return not_one;
  return checkpoint;
}

Result<void> save_checkpoint(const std::string& path, const std::string& url,
                             const std::map<std::string, const CheckedObjects*>& partitions) {
  Json head;
  head["tidemark_checkpoint"] = kVersion;
  head["url"] = archive_identity(url);
  std::string text = head.dump() + "\n";
  for (const auto& [name, objects] : partitions) {
    if (objects->empty()) continue;
    text += name + "\n";
    for (const Checked& object : *objects) append_object(object, text);
  }
  text += std::string(kEnd) + "\n";
  TM_TRY(replace_file(path, text, Durability::kFsync));
  return {};
}

}  // namespace tidemark::cli
