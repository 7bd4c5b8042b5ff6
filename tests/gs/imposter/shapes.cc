#include "shapes.h"

#include <algorithm>
#include <set>

#include "imposter/text.h"

namespace imposter {
namespace {

constexpr std::string_view kBegin = "/storage/v1/b/", kUploadBegin = "/upload/storage/v1/b/";
constexpr std::string_view kAnyHeaders[] = {"host",   "user-agent", "accept",       "authorization",
                                            "expect", "connection", "content-type", "content-length"};

const std::vector<Shape>& json_shapes() {
  static const auto* const all = new std::vector<Shape>{
      {Operation::kList,
       "list",
       "GET",
       {"fields"},
       {"maxResults", "prefix", "startOffset", "pageToken", "delimiter"},
       {}},
      {Operation::kDescribe, "describe", "GET", {"fields"}, {}, {}},
      {Operation::kRead, "read", "GET", {"alt"}, {}, {"range"}},
      {Operation::kRemove, "remove", "DELETE", {}, {}, {}},
      {Operation::kInsert,
       "insert",
       "POST",
       {"uploadType", "name", "fields"},
       {"ifGenerationMatch", "kmsKeyName"},
       {"x-goog-hash"}},
      {Operation::kBegin,
       "begin",
       "POST",
       {"uploadType", "name", "fields"},
       {"ifGenerationMatch", "kmsKeyName"},
       {"x-upload-content-type", "x-upload-content-length"}},
      {Operation::kSend,
       "send",
       "PUT",
       {"uploadType", "name", "upload_id"},
       {},
       {"content-range", "x-goog-hash"}},
      {Operation::kCancel, "cancel", "DELETE", {"uploadType", "name", "upload_id"}, {}, {}},
  };
  return *all;
}

template <typename List>
bool contains(const List& list, std::string_view word) {
  return std::find(std::begin(list), std::end(list), word) != std::end(list);
}

}  // namespace

Place place_of(const Request& request) {
  Place place;
  std::string_view path = request.raw_path;
  const bool is_upload = path.starts_with(kUploadBegin);
  if (!is_upload && !path.starts_with(kBegin)) return place;
  path.remove_prefix(is_upload ? kUploadBegin.size() : kBegin.size());
  const size_t end = path.find('/');
  if (!percent_decode(path.substr(0, end), &place.bucket) || end == std::string_view::npos) return place;
  path.remove_prefix(end);
  if (path == "/o") {
    place.kind = is_upload ? Place::Kind::kUpload : Place::Kind::kBucket;
  } else if (!is_upload && path.starts_with("/o/") && path.find('/', 3) == std::string_view::npos &&
             path.size() > 3 && percent_decode(path.substr(3), &place.object)) {
    place.kind = Place::Kind::kObject;  // a '/' in its name is %2F
  }
  return place;
}

const Shape* shape_of(const Request& request, const Place& place) {
  const auto named = [](Operation operation) {
    return &*std::find_if(json_shapes().begin(), json_shapes().end(),
                          [&](const Shape& shape) { return shape.operation == operation; });
  };
  const std::string* type = request.parameter("uploadType");
  switch (place.kind) {
    case Place::Kind::kNone:
      return nullptr;
    case Place::Kind::kBucket:
      return request.method == "GET" ? named(Operation::kList) : nullptr;
    case Place::Kind::kObject:
      if (request.method == "DELETE") return named(Operation::kRemove);
      if (request.method != "GET") return nullptr;
      return named(request.parameter("alt") != nullptr ? Operation::kRead : Operation::kDescribe);
    case Place::Kind::kUpload:
      break;
  }
  if (type == nullptr) return nullptr;
  if (request.method == "POST" && *type == "media") return named(Operation::kInsert);
  if (*type != "resumable") return nullptr;
  if (request.method == "POST") return named(Operation::kBegin);
  if (request.method == "PUT") return named(Operation::kSend);
  return request.method == "DELETE" ? named(Operation::kCancel) : nullptr;
}

std::string shape_problem(const Shape& shape, const Request& request) {
  std::set<std::string> seen;
  for (const auto& [name, value] : request.query) {
    const bool is_known = contains(shape.must, name) || contains(shape.may, name) || name == "userProject";
    if (!is_known) return "no parameter " + name + " here";
    if (!seen.insert(name).second) return "parameter " + name + " is given twice";
    if (value.empty()) return "parameter " + name + " has no value";
  }
  for (const std::string_view name : shape.must) {
    if (seen.count(std::string(name)) == 0) return "parameter " + std::string(name) + " is missing";
  }
  std::set<std::string> headers;
  for (const auto& [name, value] : request.headers) {
    if (!contains(kAnyHeaders, name) && !contains(shape.headers, name)) return "no header " + name + " here";
    if (!headers.insert(name).second) return "header " + name + " is given twice";
  }
  const bool has_body =
      request.method != "GET" && request.method != "HEAD" && shape.operation != Operation::kRemove;
  if (has_body && headers.count("content-length") == 0) return "header content-length is missing";
  return "";
}

}  // namespace imposter
