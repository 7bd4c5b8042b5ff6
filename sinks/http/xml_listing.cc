#include "http/xml_listing.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <optional>
#include <utility>

#include "base/line.h"
#include "http/iso_time.h"
#include "http/uri_encode.h"

namespace tidemark::sinks {
namespace {

template <typename T>
bool number(std::string_view text, T* out) {
  const auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return problem == std::errc() && rest == text.data() + text.size();
}

// What stores make of a key in a listing.
enum class KeyEncoding {
  kNone,
  kPercent,  // %XX, and a plus is a plus
  kForm,     // '+' is a space, and a plus is %2B
};

bool decode_key(std::string_view text, KeyEncoding encoding, std::string* out) {
  if (encoding == KeyEncoding::kNone) {
    *out = text;
    return true;
  }
  if (encoding == KeyEncoding::kPercent) return percent_decode(text, out);
  std::string spaced(text);
  for (char& c : spaced) c = c == '+' ? ' ' : c;
  return percent_decode(spaced, out);
}

// A page that says that it is of another prefix answers another question: somebody on the way has kept it.
// Encoded or not, as names are.
bool is_of_prefix(const pugi::xml_node& root, std::string_view prefix) {
  const std::string_view said = value(root, "Prefix");
  if (said.empty()) return true;
  constexpr KeyEncoding kAll[] = {KeyEncoding::kNone, KeyEncoding::kPercent, KeyEncoding::kForm};
  return std::any_of(std::begin(kAll), std::end(kAll), [&](KeyEncoding encoding) {
    std::string decoded;
    return decode_key(said, encoding, &decoded) && decoded == prefix;
  });
}

// Whether these are names that were asked for, in order. `after` may lie in the first folder.
bool are_wanted(const std::vector<std::string>& names, std::string_view prefix, std::string_view after) {
  std::string_view before = after;
  for (const std::string& name : names) {
    const bool follows = name >= before || (name.ends_with('/') && before.starts_with(name));
    if (!follows || !name.starts_with(prefix)) return false;
    before = name;
  }
  return true;
}

// One for each, or all in one.
void add_folders(const pugi::xml_node& prefixes, std::vector<std::string_view>* texts) {
  for (const pugi::xml_node& node : prefixes.children()) {
    if (node.type() == pugi::node_element && local_name(node) == "Prefix")
      texts->push_back(node.child_value());
  }
}

// Puts each where its name belongs among those of objects; if these are not in order, nor is what it becomes.
void add_in_order(std::vector<std::string> folders, std::vector<ListedObject>* objects) {
  const size_t count = objects->size();
  for (std::string& folder : folders) objects->push_back({std::move(folder), 0, 0});
  std::inplace_merge(objects->begin(), objects->begin() + static_cast<ptrdiff_t>(count), objects->end(),
                     [](const ListedObject& a, const ListedObject& b) { return a.key < b.key; });
}

// IsTruncated and the token. Some leave the word out where it is false, or write it their own way; but who
// takes it away on the way to us leaves out the token, too.
Status read_end(const pugi::xml_node& root, ListPage* page) {
  const std::string truncated = lower_trimmed(value(root, "IsTruncated"));
  page->next_token = value(root, "NextContinuationToken");
  if (truncated.empty()) {
    page->is_truncated = !page->next_token.empty();
    page->says_end = page->is_truncated;
  } else if (truncated == "true" || truncated == "false") {
    page->is_truncated = truncated == "true";
  } else {
    return not_understood_answer("IsTruncated is " + quote(truncated) + ", not true or false");
  }
  if (page->is_truncated && page->next_token.empty() && page->objects.empty()) {
    return not_whole_answer("there is more, and neither a token nor a key to ask for it");
  }
  return {};
}

}  // namespace

// Another answer will be the same.
Error not_understood_answer(const std::string& what) {
  return fail(TIDEMARK_E_PERMANENT, "the store's answer is not as it should be: " + what);
}

Error not_whole_answer(const std::string& what) {
  return fail(TIDEMARK_E_RETRYABLE, "the store's answer is not whole: " + what + "; is a proxy in the way?");
}

bool decode_names(const ListedTexts& texts, const XmlDocument& document, std::string_view prefix,
                  std::string_view after, ListedNames* out) {
  constexpr KeyEncoding kSaid[] = {KeyEncoding::kForm, KeyEncoding::kPercent, KeyEncoding::kNone};
  constexpr KeyEncoding kUnsaid[] = {KeyEncoding::kNone, KeyEncoding::kPercent, KeyEncoding::kForm};
  const bool says_encoded = value(document.root, "EncodingType") == "url";
  bool is_decoded = false;
  for (const KeyEncoding encoding : says_encoded ? kSaid : kUnsaid) {
    const auto decode = [&](const std::vector<std::string_view>& from, std::vector<std::string>* to) {
      to->resize(from.size());
      for (size_t i = 0; i < from.size(); ++i) {
        if (!decode_key(from[i], encoding, &(*to)[i])) return false;
      }
      return true;
    };
    ListedNames names;
    if (!decode(texts.objects, &names.objects) || !decode(texts.folders, &names.folders)) continue;
    const bool fits = are_wanted(names.objects, prefix, after) && are_wanted(names.folders, prefix, after);
    if (!is_decoded || fits) *out = std::move(names);
    is_decoded = true;
    if (fits) return true;
  }
  return is_decoded;
}

Result<ListPage> parse_xml_listing(const XmlDocument& document, std::string_view prefix,
                                   std::string_view after) {
  if (!is_of_prefix(document.root, prefix)) {
    return not_whole_answer("a page of the prefix " + quote(value(document.root, "Prefix")) +
                            " where one of " + quote(prefix) + " was asked for");
  }
  ListPage page;
  ListedTexts texts;
  for (const pugi::xml_node& node : document.root.children()) {
    if (local_name(node) == "CommonPrefixes") add_folders(node, &texts.folders);
    if (local_name(node) != "Contents") continue;
    ListedObject object;
    const std::string_view key = value(node, "Key");
    const std::optional<int64_t> modified_us = parse_iso_time_us(value(node, "LastModified"));
    if (key.empty()) return not_understood_answer("a listed object has no key");
    if (!number(value(node, "Size"), &object.size_bytes) || !modified_us) {
      return not_understood_answer("size or time of " + quote(key) + " cannot be read");
    }
    object.modified_us = *modified_us;
    texts.objects.push_back(key);
    page.objects.push_back(std::move(object));
  }
  ListedNames names;
  if (!decode_names(texts, document, prefix, after, &names)) {
    return not_understood_answer("the names of the listed objects cannot be decoded");
  }
  assert(names.objects.size() == page.objects.size());
  for (size_t i = 0; i < names.objects.size(); ++i) page.objects[i].key = std::move(names.objects[i]);
  add_in_order(std::move(names.folders), &page.objects);
  TM_TRY(read_end(document.root, &page));
  return page;
}

}  // namespace tidemark::sinks
