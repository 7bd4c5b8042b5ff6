#include "gs/json.h"

#include <algorithm>
#include <utility>

#include "http/iso_time.h"
#include "http/json.h"

namespace tidemark::sinks::gs {
namespace {

using rapidjson::Value;

std::optional<ListedObject> item_of(const Value& item) {
  const std::optional<uint64_t> size = number_of(item, "size");
  const std::optional<int64_t> updated_us = parse_iso_time_us(text_of(item, "updated"));
  const std::string_view name = text_of(item, "name");
  if (name.empty() || !size || !updated_us) return std::nullopt;
  return ListedObject{std::string(name), *size, *updated_us};
}

// Where the member is not there, there are none.
bool take_items(const Value& page, std::vector<ListedObject>* objects) {
  const Value* items = member(page, "items");
  if (items == nullptr) return true;
  if (!items->IsArray()) return false;
  objects->reserve(items->Size());
  for (const Value& item : items->GetArray()) {
    std::optional<ListedObject> object = item_of(item);
    if (!object) return false;
    objects->push_back(std::move(*object));
  }
  return true;
}

bool take_folders(const Value& page, std::vector<ListedObject>* objects) {
  const Value* folders = member(page, "prefixes");
  if (folders == nullptr) return true;
  if (!folders->IsArray()) return false;
  const auto middle = static_cast<std::ptrdiff_t>(objects->size());
  for (const Value& folder : folders->GetArray()) {
    if (!folder.IsString() || folder.GetStringLength() == 0) return false;
    objects->push_back({std::string(folder.GetString(), folder.GetStringLength()), 0, 0});
  }
  std::inplace_merge(objects->begin(), objects->begin() + middle, objects->end(),
                     [](const ListedObject& a, const ListedObject& b) { return a.key < b.key; });
  return true;
}

}  // namespace

std::optional<StoredObject> parse_object(std::string text) {
  rapidjson::Document document;
  if (!read_object(&text, &document) || text_of(document, "kind") != "storage#object") return std::nullopt;
  const std::optional<uint64_t> size = number_of(document, "size");
  const std::optional<int64_t> updated_us = parse_iso_time_us(text_of(document, "updated"));
  if (!size || !updated_us) return std::nullopt;
  return StoredObject{*size, std::string(text_of(document, "crc32c")), *updated_us};
}

std::optional<ListPage> parse_list(std::string text, std::string* problem) {
  rapidjson::Document document;
  if (!read_object(&text, &document)) {
    *problem = "not a whole JSON object";
    return std::nullopt;
  }
  if (text_of(document, "kind") != "storage#objects") {
    *problem = "JSON, but not a listing";
    return std::nullopt;
  }
  ListPage page;
  if (!take_items(document, &page.objects) || !take_folders(document, &page.objects)) {
    *problem = "a listing with something else than objects in it";
    return std::nullopt;
  }
  // On the last page it is not there.
  page.next_token = text_of(document, "nextPageToken");
  if (page.next_token.empty() && member(document, "nextPageToken") != nullptr) {
    *problem = "a listing that continues, and does not say with what";
    return std::nullopt;
  }
  page.is_truncated = !page.next_token.empty();
  return page;
}

std::optional<ServiceError> parse_error(std::string text) {
  rapidjson::Document document;
  if (!read_object(&text, &document)) return std::nullopt;
  const Value* error = member(document, "error");
  if (error == nullptr || !error->IsObject() || member(*error, "code") == nullptr) return std::nullopt;
  ServiceError found;
  found.message = text_of(*error, "message");
  const Value* errors = member(*error, "errors");
  if (errors != nullptr && errors->IsArray() && !errors->Empty()) {
    found.reason = text_of((*errors)[0], "reason");
  }
  return found;
}

}  // namespace tidemark::sinks::gs
