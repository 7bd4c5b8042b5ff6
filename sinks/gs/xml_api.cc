// The XML API (https://cloud.google.com/storage/docs/xml-api/overview), as far as a creation in it can have a
// condition: one request, and sessions. Its multipart uploads overwrite, so they are not used. It describes
// objects in headers.
#include <utility>

#include "gs/api.h"
#include "http/iso_time.h"
#include "http/xml_listing.h"

namespace tidemark::sinks::gs {
namespace {

// "crc32c=…" among the digests, which come in one header or in one each.
std::string crc32c_in(const Headers& headers) {
  constexpr std::string_view kBegin = "crc32c=";
  for (const Header& one : headers) {
    if (one.name != "x-goog-hash") continue;
    std::string_view left = one.value;
    while (!left.empty()) {
      const size_t end = left.find(',');
      std::string_view part = left.substr(0, end);
      left.remove_prefix(end == std::string_view::npos ? left.size() : end + 1);
      while (part.starts_with(' ')) part.remove_prefix(1);
      if (part.starts_with(kBegin)) return std::string(part.substr(kBegin.size()));
    }
  }
  return "";
}

class XmlApi final : public Api {
 public:
  explicit XmlApi(const Config& config) : config_(config) {}

  Request describe(std::string_view name) const override { return make("HEAD", name); }
  Request read(std::string_view name) const override { return make("GET", name); }
  Request remove(std::string_view name) const override { return make("DELETE", name); }

  Request list(const PageWanted& page, bool by_folders, uint32_t names) const override {
    Request request = make("GET", "");
    request.query = {{"list-type", "2"}, {"encoding-type", "url"}, {"max-keys", std::to_string(names)}};
    if (by_folders) request.query.emplace_back("delimiter", "/");
    if (!page.prefix.empty()) request.query.emplace_back("prefix", page.prefix);
    if (!page.after.empty()) request.query.emplace_back("start-after", page.after);
    if (!page.token.empty()) request.query.emplace_back("continuation-token", page.token);
    return request;
  }

  Request insert(std::string_view name, bool if_absent) const override {
    return create("PUT", name, if_absent);
  }
  Request begin(std::string_view name, bool if_absent, uint64_t) const override {
    Request request = create("POST", name, if_absent);
    request.headers.push_back({"x-goog-resumable", "start"});
    return request;
  }
  std::string_view begin_body() const override { return ""; }

  // Where it is said twice how long the object is, an answer without a body of its own says it here only.
  std::optional<StoredObject> object_of(const StoreAnswer& answer) const override {
    StoredObject object;
    if (!parse_number(header(answer.headers, "x-goog-stored-content-length"), &object.size_bytes)) {
      return std::nullopt;
    }
    object.crc32c = crc32c_in(answer.headers);
    object.modified_us = date_us(answer.headers, "last-modified").value_or(0);
    return object;
  }
  std::optional<ListPage> page_of(StoreAnswer&& answer, const PageWanted& page,
                                  std::string* problem) const override {
    const XmlDocument document(answer.text);
    if (!document.is("ListBucketResult")) {
      *problem = what_it_is(answer.text);
      return std::nullopt;
    }
    Result<ListPage> read = parse_xml_listing(document, page.prefix, page.after);
    if (read) return *std::move(read);
    *problem = "a listing that makes no sense: " + read.error().message;
    return std::nullopt;
  }

 private:
  // An empty name: the bucket.
  Request make(const char* method, std::string_view name) const {
    Request request;
    request.method = method;
    request.path = "/" + config_.bucket;
    if (!name.empty()) request.path.append("/").append(name);
    if (!config_.user_project.empty()) {
      request.headers.push_back({"x-goog-user-project", config_.user_project});
    }
    return request;
  }
  Request create(const char* method, std::string_view name, bool if_absent) const {
    Request request = make(method, name);
    request.headers.push_back({"content-type", "application/octet-stream"});
    if (if_absent) request.headers.push_back({"x-goog-if-generation-match", "0"});
    if (!config_.kms_key.empty()) {
      request.headers.push_back({"x-goog-encryption-kms-key-name", config_.kms_key});
    }
    return request;
  }

  const Config& config_;
};

}  // namespace

std::unique_ptr<Api> make_xml_api(const Config& config) { return std::make_unique<XmlApi>(config); }

}  // namespace tidemark::sinks::gs
