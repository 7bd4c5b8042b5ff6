// The JSON that the service answers with (https://cloud.google.com/storage/docs/json_api/v1). Each document
// that is expected names its kind, so that nothing that somebody on the way says is taken for one.
//
// Functions without state. Any thread.
#ifndef TIDEMARK_SINKS_GS_JSON_H
#define TIDEMARK_SINKS_GS_JSON_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/listing.h"

namespace tidemark::sinks::gs {

// What is asked for with `fields`; answers have nothing else.
inline constexpr char kObjectFields[] = "kind,size,crc32c,updated";
inline constexpr char kListFields[] = "kind,nextPageToken,prefixes,items(name,size,updated)";

struct StoredObject {
  uint64_t size_bytes = 0;
  std::string crc32c;  // base64; empty: not said
  int64_t modified_us = 0;
};
// Nothing if the text is not the whole description of an object.
std::optional<StoredObject> parse_object(std::string text);

// A page of a listing, folders among the objects where they are asked for, in byte order. Nothing, and why in
// *problem, if the text is not a whole one.
std::optional<ListPage> parse_list(std::string text, std::string* problem);

struct ServiceError {
  std::string reason;   // "notFound", "conditionNotMet"
  std::string message;  // the service's words
};
// Nothing if the text is not the service's {"error": …}.
std::optional<ServiceError> parse_error(std::string text);

}  // namespace tidemark::sinks::gs

#endif  // TIDEMARK_SINKS_GS_JSON_H
