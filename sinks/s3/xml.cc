#include "s3/xml.h"

#include <algorithm>
#include <cassert>
#include <charconv>

#include "base/line.h"
#include "common/url.h"
#include "http/iso_time.h"
#include "http/xml.h"

namespace tidemark::sinks::s3 {
namespace {

// Another answer may be whole.
Error broken(const std::string& what) {
  return fail(TIDEMARK_E_RETRYABLE, "the store's answer is not whole: " + what);
}

// Another answer will be the same.
Error not_understood(const std::string& what) {
  return fail(TIDEMARK_E_PERMANENT, "the store's answer is not as S3 has it: " + what);
}

pugi::xml_node append_root(const char* name, pugi::xml_document* document) {
  pugi::xml_node root = document->append_child(name);
  root.append_attribute("xmlns") = "http://s3.amazonaws.com/doc/2006-03-01/";
  return root;
}

// Why `text` is not the document that was asked for.
Error unexpected_document(std::string_view text, const std::string& name) {
  const std::string root = root_name(text);
  if (root.empty()) return broken("not <" + name + "> but " + what_it_is(text));
  if (root == "ListAllMyBucketsResult") {
    return not_understood(
        "it lists buckets; the store takes no bucket in the host's name, set path_style=true");
  }
  return fail(TIDEMARK_E_RETRYABLE, "the answer is not <" + name + "> but " + what_it_is(text));
}

template <typename T>
bool number(std::string_view text, T* out) {
  const auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return problem == std::errc() && rest == text.data() + text.size();
}

// What stores make of a key in a listing.
enum class KeyEncoding {
  kNone,
  kPercent,  // %XX, and a plus is a plus
  kForm,     // as AWS: '+' is a space, and a plus is %2B
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

// Names of objects and of folders; each in order.
struct Names {
  std::vector<std::string> objects, folders;
};
struct Texts {
  std::vector<std::string_view> objects, folders;
};

// Decoded with the first encoding, in the order of what the answer says of itself, with which all names begin
// with `prefix` and come in order after `after`. Where none fits, with the first that can be decoded: the
// caller says what is wrong with them.
bool decode_names(const Texts& texts, bool says_encoded, std::string_view prefix, std::string_view after,
                  Names* out) {
  constexpr KeyEncoding kSaid[] = {KeyEncoding::kForm, KeyEncoding::kPercent, KeyEncoding::kNone};
  constexpr KeyEncoding kUnsaid[] = {KeyEncoding::kNone, KeyEncoding::kPercent, KeyEncoding::kForm};
  bool is_decoded = false;
  for (const KeyEncoding encoding : says_encoded ? kSaid : kUnsaid) {
    const auto decode = [&](const std::vector<std::string_view>& from, std::vector<std::string>* to) {
      to->resize(from.size());
      for (size_t i = 0; i < from.size(); ++i) {
        if (!decode_key(from[i], encoding, &(*to)[i])) return false;
      }
      return true;
    };
    Names names;
    if (!decode(texts.objects, &names.objects) || !decode(texts.folders, &names.folders)) continue;
    const bool fits = are_wanted(names.objects, prefix, after) && are_wanted(names.folders, prefix, after);
    if (!is_decoded || fits) *out = std::move(names);
    is_decoded = true;
    if (fits) return true;
  }
  return is_decoded;
}

bool says_encoded(const pugi::xml_node& root) { return value(root, "EncodingType") == "url"; }

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

// IsTruncated and the token. Some leave the word out where it is false, or write it their own way.
Status read_end(const pugi::xml_node& root, ListPage* page) {
  const std::string truncated = lower_trimmed(value(root, "IsTruncated"));
  page->next_token = value(root, "NextContinuationToken");
  if (truncated.empty()) {
    page->is_truncated = !page->next_token.empty();
  } else if (truncated == "true" || truncated == "false") {
    page->is_truncated = truncated == "true";
  } else {
    return not_understood("IsTruncated is " + quote(truncated) + ", not true or false");
  }
  if (page->is_truncated && page->next_token.empty() && page->objects.empty()) {
    return not_understood("there is more, and neither a token nor a key to ask for it");
  }
  return {};
}

}  // namespace

std::optional<StoreError> parse_error(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const XmlDocument document(text);
  if (!document.is("Error")) return std::nullopt;
  StoreError error;
  error.code = value(document.root, "Code");
  error.message = value(document.root, "Message");
  error.region = value(document.root, "Region");
  error.endpoint = value(document.root, "Endpoint");
  error.bucket = value(document.root, "BucketName");
  error.request_id = value(document.root, "RequestId");
  return error;
}

Result<ListPage> parse_list(std::string_view text, std::string_view prefix, std::string_view after) {
  const XmlDocument document(text);
  if (!document.is("ListBucketResult")) return unexpected_document(text, "ListBucketResult");
  ListPage page;
  Texts texts;
  for (const pugi::xml_node& node : document.root.children()) {
    if (local_name(node) == "CommonPrefixes") add_folders(node, &texts.folders);
    if (local_name(node) != "Contents") continue;
    ListedObject object;
    const std::string_view key = value(node, "Key");
    const std::optional<int64_t> modified_us = parse_iso_time_us(value(node, "LastModified"));
    if (key.empty()) return not_understood("a listed object has no key");
    if (!number(value(node, "Size"), &object.size_bytes) || !modified_us) {
      return not_understood("size or time of " + quote(key) + " cannot be read");
    }
    object.modified_us = *modified_us;
    texts.objects.push_back(key);
    page.objects.push_back(std::move(object));
  }
  Names names;
  if (!decode_names(texts, says_encoded(document.root), prefix, after, &names)) {
    return not_understood("the names of the listed objects cannot be decoded");
  }
  assert(names.objects.size() == page.objects.size());
  for (size_t i = 0; i < names.objects.size(); ++i) page.objects[i].key = std::move(names.objects[i]);
  add_in_order(std::move(names.folders), &page.objects);
  TM_TRY(read_end(document.root, &page));
  return page;
}

Error not_a_page(const StoreAnswer& answer, const Result<ListPage>& page, std::string_view what) {
  Error error = page ? Error() : page.error();
  std::string why = error.message;
  if (answer.status != 200) {
    error.status = TIDEMARK_E_RETRYABLE;
    why = "HTTP " + std::to_string(answer.status) + " with " + what_it_is(answer.text) +
          " is not a page of a listing; is endpoint right, is a proxy in the way?";
  }
  error.message = std::string(what) + ": " + why;
  if (!answer.via.empty()) error.message += ", " + answer.via;
  return error;
}

Result<std::string> parse_upload_id(std::string_view text) {
  const XmlDocument document(text);
  if (!document.is("InitiateMultipartUploadResult")) {
    return unexpected_document(text, "InitiateMultipartUploadResult");
  }
  std::string id(value(document.root, "UploadId"));
  if (id.empty()) return broken("no UploadId");
  return id;
}

Result<UploadsPage> parse_uploads(std::string_view text, std::string_view prefix) {
  const XmlDocument document(text);
  if (!document.is("ListMultipartUploadsResult"))
    return unexpected_document(text, "ListMultipartUploadsResult");
  UploadsPage page;
  Texts texts;
  for (const pugi::xml_node& node : document.root.children()) {
    if (local_name(node) != "Upload") continue;
    ListedUpload upload;
    upload.id = value(node, "UploadId");
    const std::optional<int64_t> initiated_us = parse_iso_time_us(value(node, "Initiated"));
    const std::string_view key = value(node, "Key");
    if (upload.id.empty() || key.empty() || !initiated_us) {
      return not_understood("a listed upload has no key, id or time");
    }
    upload.initiated_us = *initiated_us;
    texts.objects.push_back(key);
    page.uploads.push_back(std::move(upload));
  }
  Names names;
  if (!decode_names(texts, says_encoded(document.root), prefix, "", &names)) {
    return not_understood("the names of the listed uploads cannot be decoded");
  }
  assert(names.objects.size() == page.uploads.size());
  for (size_t i = 0; i < names.objects.size(); ++i) page.uploads[i].key = std::move(names.objects[i]);
  if (lower_trimmed(value(document.root, "IsTruncated")) == "true" && !page.uploads.empty()) {
    page.next_key = page.uploads.back().key;
    page.next_id = page.uploads.back().id;
  }
  return page;
}

std::string complete_text(const std::vector<UploadedPart>& parts) {
  pugi::xml_document document;
  pugi::xml_node root = append_root("CompleteMultipartUpload", &document);
  int number = 0;
  for (const UploadedPart& part : parts) {
    pugi::xml_node node = root.append_child("Part");
    node.append_child("PartNumber").text().set(++number);
    node.append_child("ETag").text().set(part.etag.c_str());
    if (!part.crc32c.empty()) node.append_child("ChecksumCRC32C").text().set(part.crc32c.c_str());
  }
  return text_of(document);
}

std::optional<std::string> parse_complete(std::string_view text) {
  const XmlDocument document(text);
  if (!document.is("CompleteMultipartUploadResult")) return std::nullopt;
  return std::string(value(document.root, "ETag"));
}

std::string delete_text(const std::vector<std::string>& names) {
  pugi::xml_document document;
  pugi::xml_node root = append_root("Delete", &document);
  for (const std::string& name : names) {
    root.append_child("Object").append_child("Key").text().set(name.c_str());
  }
  root.append_child("Quiet").text().set("false");
  return text_of(document);
}

std::optional<Removals> parse_delete(std::string_view text) {
  const XmlDocument document(text);
  if (!document.is("DeleteResult")) return std::nullopt;
  Removals removals;
  for (const pugi::xml_node& node : document.root.children()) {
    std::string name(value(node, "Key"));
    if (local_name(node) == "Deleted")
      removals.gone.insert(std::move(name));
    else if (local_name(node) == "Error") {
      StoreError error;
      error.code = value(node, "Code");
      error.message = value(node, "Message");
      if (error.code == "NoSuchKey")
        removals.gone.insert(std::move(name));
      else
        removals.refused.insert_or_assign(std::move(name), std::move(error));
    }
  }
  // Of a name that is there twice the bad news counts.
  for (const auto& [name, error] : removals.refused) removals.gone.erase(name);
  return removals;
}

}  // namespace tidemark::sinks::s3
