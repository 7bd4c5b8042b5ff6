#include "s3/xml.h"

#include <pugixml.hpp>

#include <charconv>

#include "common/url.h"
#include "s3/iso_time.h"

namespace tidemark::sinks::s3 {
namespace {

// A key may be nothing but spaces.
constexpr unsigned kParse = pugi::parse_default | pugi::parse_ws_pcdata_single;

tl::unexpected<Error> broken(const std::string& what) {
  return fail(TIDEMARK_E_RETRYABLE, "the store's answer is not whole: " + what);
}

// The document's one element, if it is `name` and the text is whole.
pugi::xml_node root_of(const pugi::xml_parse_result& parsed, const pugi::xml_document& document,
                       const char* name) {
  return parsed ? document.child(name) : pugi::xml_node();
}

template <typename T>
bool number(const pugi::xml_node& node, T* out) {
  const std::string_view text = node.child_value();
  const auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return problem == std::errc() && rest == text.data() + text.size();
}

// encoding-type=url is the encoding of forms: '+' is a space, and a plus is %2B.
bool decode_key(std::string_view text, bool encoded, std::string* out) {
  if (!encoded) {
    *out = text;
    return true;
  }
  std::string spaced(text);
  for (char& c : spaced) c = c == '+' ? ' ' : c;
  return percent_decode(spaced, out);
}

bool is_url_encoded(const pugi::xml_node& root) {
  return std::string_view(root.child_value("EncodingType")) == "url";
}

}  // namespace

std::optional<StoreError> parse_error(std::string_view text) {
  if (text.empty()) return std::nullopt;
  pugi::xml_document document;
  const pugi::xml_node root =
      root_of(document.load_buffer(text.data(), text.size(), kParse), document, "Error");
  if (!root) return std::nullopt;
  StoreError error;
  error.code = root.child_value("Code");
  error.message = root.child_value("Message");
  error.region = root.child_value("Region");
  error.request_id = root.child_value("RequestId");
  return error;
}

Result<ListPage> parse_list(std::string text) {
  pugi::xml_document document;
  const pugi::xml_node root =
      root_of(document.load_buffer_inplace(text.data(), text.size(), kParse), document, "ListBucketResult");
  if (!root) return broken("no ListBucketResult");
  const bool encoded = is_url_encoded(root);
  ListPage page;
  for (const pugi::xml_node& node : root.children("Contents")) {
    ListedObject object;
    const std::optional<int64_t> modified_us = parse_iso_time_us(node.child_value("LastModified"));
    if (!node.child("Key") || !decode_key(node.child_value("Key"), encoded, &object.key)) {
      return broken("a listed object has no key that can be read");
    }
    if (!number(node.child("Size"), &object.size_bytes) || !modified_us) {
      return broken("size or time of " + quote(object.key) + " cannot be read");
    }
    object.modified_us = *modified_us;
    page.objects.push_back(std::move(object));
  }
  const std::string_view truncated = root.child_value("IsTruncated");
  if (truncated != "true" && truncated != "false") return broken("it does not say whether there is more");
  if (truncated == "true") {
    page.next_token = root.child_value("NextContinuationToken");
    if (page.next_token.empty()) return broken("there is more, and no token to ask for it");
  }
  return page;
}

Result<std::string> parse_upload_id(std::string_view text) {
  pugi::xml_document document;
  const pugi::xml_node root = root_of(document.load_buffer(text.data(), text.size(), kParse), document,
                                      "InitiateMultipartUploadResult");
  std::string id = root.child_value("UploadId");
  if (id.empty()) return broken("no UploadId");
  return id;
}

Result<std::vector<ListedUpload>> parse_uploads(std::string_view text) {
  pugi::xml_document document;
  const pugi::xml_node root =
      root_of(document.load_buffer(text.data(), text.size(), kParse), document, "ListMultipartUploadsResult");
  if (!root) return broken("no ListMultipartUploadsResult");
  const bool encoded = is_url_encoded(root);
  std::vector<ListedUpload> uploads;
  for (const pugi::xml_node& node : root.children("Upload")) {
    ListedUpload upload;
    upload.id = node.child_value("UploadId");
    const std::optional<int64_t> initiated_us = parse_iso_time_us(node.child_value("Initiated"));
    if (upload.id.empty() || !initiated_us || !decode_key(node.child_value("Key"), encoded, &upload.key)) {
      return broken("a listed upload has no key, id or time");
    }
    upload.initiated_us = *initiated_us;
    uploads.push_back(std::move(upload));
  }
  return uploads;
}

std::string complete_text(const std::vector<UploadedPart>& parts) {
  pugi::xml_document document;
  pugi::xml_node root = document.append_child("CompleteMultipartUpload");
  root.append_attribute("xmlns") = "http://s3.amazonaws.com/doc/2006-03-01/";
  int number = 0;
  for (const UploadedPart& part : parts) {
    pugi::xml_node node = root.append_child("Part");
    node.append_child("PartNumber").text().set(++number);
    node.append_child("ETag").text().set(part.etag.c_str());
    if (!part.crc32c.empty()) node.append_child("ChecksumCRC32C").text().set(part.crc32c.c_str());
  }
  struct Writer : pugi::xml_writer {
    std::string text;
    void write(const void* data, size_t size) override { text.append(static_cast<const char*>(data), size); }
  } writer;
  document.save(writer, "", pugi::format_raw | pugi::format_no_declaration);
  return std::move(writer.text);
}

std::optional<std::string> parse_complete(std::string_view text) {
  pugi::xml_document document;
  const pugi::xml_node root = root_of(document.load_buffer(text.data(), text.size(), kParse), document,
                                      "CompleteMultipartUploadResult");
  if (!root) return std::nullopt;
  return root.child_value("ETag");
}

}  // namespace tidemark::sinks::s3
