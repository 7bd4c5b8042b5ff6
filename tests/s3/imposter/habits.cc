#include "habits.h"

#include <algorithm>
#include <sstream>

#include "imposter/text.h"

namespace imposter {
namespace {

constexpr const char* kNames[kHabitKinds] = {
    "no_etag_on_put",     "no_etag",
    "opaque_etag",        "no_request_id",
    "no_checksum_echo",   "created",
    "put_document",       "refuses_expect",
    "demands_condition",  "repeats_last_key",
    "plus_alone",         "unsaid_encoding",
    "never_encodes",      "only_says_encoding",
    "unsaid_end",         "unsaid",
    "unsaid_more",        "capitals",
    "prefixed_names",     "blank_first",
    "no_token",           "no_uploads",
    "unknown_uploads",    "exact_upload_prefix",
    "no_removals",        "unknown_removals",
    "malformed_removals", "denies_removals",
    "keeps_first",        "forgets_first",
    "misses_absent",      "empty_removals",
    "ignores_delimiter",  "refuses_delimiter",
    "folders_in_one",     "marks_folders",
    "skips_begun_folder", "same_token",
    "unordered",          "strangers",
    "odd_truncated",      "lists_buckets",
    "names_endpoint",     "forbids_path_style",
    "other_bucket_name",  "empty_pages",
    "no_listing",         "tells_other_etag",
    "keeps_other_etag",   "stores_nothing",
    "removes_none",
};

void replace_all(const std::string& from, const std::string& to, std::string* text) {
  for (size_t at = text->find(from); at != std::string::npos; at = text->find(from, at + to.size())) {
    text->replace(at, from.size(), to);
  }
}

// <Name> and </Name> become <s3:Name> and </s3:Name>.
void prefix_names(std::string* text) {
  std::string out;
  for (size_t i = 0; i < text->size(); ++i) {
    out += (*text)[i];
    if ((*text)[i] != '<' || i + 1 == text->size() || (*text)[i + 1] == '?') continue;
    if ((*text)[i + 1] == '/') out += (*text)[++i];
    out += "s3:";
  }
  replace_all(" xmlns=", " xmlns:s3=", &out);
  *text = std::move(out);
}

void erase_headers(const std::string& name, Response* response) {
  std::erase_if(response->headers, [&](const auto& header) { return lower(header.first) == name; });
}

}  // namespace

const char* name_of(Habit habit) { return kNames[static_cast<size_t>(habit)]; }

bool parse_habits(const std::string& text, Habits* out, std::string* problem) {
  std::istringstream list(text);
  for (std::string one; std::getline(list, one, ',');) {
    const auto* found = std::find(std::begin(kNames), std::end(kNames), one);
    if (found == std::end(kNames)) {
      *problem = "there is no habit '" + one + "'; there are";
      for (const char* name : kNames) *problem += std::string(" ") + name;
      return false;
    }
    out->set(static_cast<Habit>(found - std::begin(kNames)));
  }
  return true;
}

void apply(const Habits& habits, Response* response) {
  if (habits.has(Habit::kNoEtag)) erase_headers("etag", response);
  if (habits.has(Habit::kNoRequestId)) erase_headers("x-amz-request-id", response);
  if (habits.has(Habit::kNoChecksumEcho)) erase_headers("x-amz-checksum-crc32c", response);
  if (!response->body.starts_with("<?xml")) return;
  std::string& text = response->body;
  const bool is_unsaid = habits.has(Habit::kUnsaid);
  if (is_unsaid) replace_all("<IsTruncated>true</IsTruncated>", "", &text);
  if (is_unsaid || habits.has(Habit::kUnsaidEnd)) replace_all("<IsTruncated>false</IsTruncated>", "", &text);
  if (habits.has(Habit::kUnsaidMore)) replace_all("<IsTruncated>true<", "<IsTruncated>false<", &text);
  if (habits.has(Habit::kOddTruncated)) replace_all("<IsTruncated>false<", "<IsTruncated>perhaps<", &text);
  if (habits.has(Habit::kCapitals)) {
    replace_all("<IsTruncated>false<", "<IsTruncated>False<", &text);
    replace_all("<IsTruncated>true<", "<IsTruncated> True<", &text);
  }
  if (habits.has(Habit::kPrefixedNames)) prefix_names(&text);
  if (habits.has(Habit::kBlankFirst)) text = "\xEF\xBB\xBF\r\n" + text;
}

}  // namespace imposter
