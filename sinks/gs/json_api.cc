// The JSON API (https://cloud.google.com/storage/docs/json_api/v1).
#include <utility>

#include "gs/api.h"

namespace tidemark::sinks::gs {
namespace {

class JsonApi final : public Api {
 public:
  explicit JsonApi(const Config& config) : config_(config) {}

  Request describe(std::string_view name) const override {
    return of_object("GET", name, {{"fields", kObjectFields}});
  }
  Request read(std::string_view name) const override { return of_object("GET", name, {{"alt", "media"}}); }
  Request remove(std::string_view name) const override { return of_object("DELETE", name, {}); }

  // "startOffset" is of all pages: the token is of a listing that began there. The object of that name comes
  // too, if there is one.
  Request list(const PageWanted& page, bool by_folders, uint32_t names) const override {
    Request request = make("GET", bucket_path());
    request.query = {{"maxResults", std::to_string(names)}, {"fields", kListFields}};
    if (by_folders) request.query.emplace_back("delimiter", "/");
    if (!page.prefix.empty()) request.query.emplace_back("prefix", page.prefix);
    if (!page.after.empty()) request.query.emplace_back("startOffset", page.after);
    if (!page.token.empty()) request.query.emplace_back("pageToken", page.token);
    return bill(std::move(request));
  }

  Request insert(std::string_view name, bool if_absent) const override {
    Request request = create("media", name, if_absent);
    request.headers = {{"content-type", "application/octet-stream"}};
    return request;
  }
  Request begin(std::string_view name, bool if_absent, uint64_t size_bytes) const override {
    Request request = create("resumable", name, if_absent);
    request.headers = {{"content-type", "application/json; charset=UTF-8"},
                       {"x-upload-content-type", "application/octet-stream"},
                       {"x-upload-content-length", std::to_string(size_bytes)}};
    return request;
  }
  // Nothing that the address does not say.
  std::string_view begin_body() const override { return "{}"; }

  std::optional<StoredObject> object_of(const StoreAnswer& answer) const override {
    return parse_object(answer.text);
  }
  std::optional<ListPage> page_of(StoreAnswer&& answer, const PageWanted&,
                                  std::string* problem) const override {
    return parse_list(std::move(answer.text), problem);
  }

 private:
  std::string bucket_path() const { return "/storage/v1/b/" + encode_component(config_.bucket) + "/o"; }

  static Request make(const char* method, std::string path) {
    Request request;
    request.method = method;
    request.path = std::move(path);
    return request;
  }
  Request bill(Request request) const {
    if (!config_.user_project.empty()) request.query.emplace_back("userProject", config_.user_project);
    return request;
  }
  // In a name '/' is %2F.
  Request of_object(const char* method, std::string_view name, QueryPairs query) const {
    Request request = make(method, bucket_path() + "/" + encode_component(std::string(name)));
    request.query = std::move(query);
    return bill(std::move(request));
  }
  Request create(const char* type, std::string_view name, bool if_absent) const {
    Request request = make("POST", "/upload" + bucket_path());
    request.query = {{"uploadType", type}, {"name", std::string(name)}, {"fields", kObjectFields}};
    if (if_absent) request.query.emplace_back("ifGenerationMatch", "0");
    if (!config_.kms_key.empty()) request.query.emplace_back("kmsKeyName", config_.kms_key);
    return bill(std::move(request));
  }

  const Config& config_;
};

}  // namespace

std::unique_ptr<Api> make_json_api(const Config& config) { return std::make_unique<JsonApi>(config); }

}  // namespace tidemark::sinks::gs
