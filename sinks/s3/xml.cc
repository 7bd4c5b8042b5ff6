#include "s3/xml.h"

#include <algorithm>
#include <cassert>

#include "base/line.h"
#include "common/url.h"
#include "http/iso_time.h"
#include "http/xml.h"
#include "http/xml_listing.h"

namespace tidemark::sinks::s3 {
namespace {

constexpr char kListing[] = "ListBucketResult";

// Another answer may be whole.
Error broken(const std::string& what) {
  return fail(TIDEMARK_E_RETRYABLE, "the store's answer is not whole: " + what);
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
    return not_understood_answer(
        "it lists buckets; the store takes no bucket in the host's name, set path_style=true");
  }
  return fail(TIDEMARK_E_RETRYABLE, "the answer is not <" + name + "> but " + what_it_is(text));
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
  if (!document.is(kListing)) return unexpected_document(text, kListing);
  return parse_xml_listing(document, prefix, after);
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
  ListedTexts texts;
  for (const pugi::xml_node& node : document.root.children()) {
    if (local_name(node) != "Upload") continue;
    ListedUpload upload;
    upload.id = value(node, "UploadId");
    const std::optional<int64_t> initiated_us = parse_iso_time_us(value(node, "Initiated"));
    const std::string_view key = value(node, "Key");
    if (upload.id.empty() || key.empty() || !initiated_us) {
      return not_understood_answer("a listed upload has no key, id or time");
    }
    upload.initiated_us = *initiated_us;
    texts.objects.push_back(key);
    page.uploads.push_back(std::move(upload));
  }
  ListedNames names;
  if (!decode_names(texts, document, prefix, "", &names)) {
    return not_understood_answer("the names of the listed uploads cannot be decoded");
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
