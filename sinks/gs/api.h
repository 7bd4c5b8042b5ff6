// The two ways to ask the service: the JSON API with a token, and the XML API, which alone takes HMAC keys.
// What is asked is the same, and what the answers mean too (answer.h); how both are written lies here.
//
// Constant once made; any thread.
#ifndef TIDEMARK_SINKS_GS_API_H
#define TIDEMARK_SINKS_GS_API_H

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gs/client.h"
#include "gs/config.h"
#include "gs/json.h"
#include "http/listing.h"

namespace tidemark::sinks::gs {

class Api {
 public:
  virtual ~Api() = default;
  Api() = default;
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  // What to ask with, but for the words of messages. `name` is that of the object in the bucket.
  virtual Request describe(std::string_view name) const = 0;
  virtual Request read(std::string_view name) const = 0;
  virtual Request remove(std::string_view name) const = 0;
  virtual Request list(const PageWanted& page, bool by_folders, uint32_t names) const = 0;
  // Of a new object: with its body, and as the beginning of a session for so many bytes, whose body is
  // begin_body().
  virtual Request insert(std::string_view name, bool if_absent) const = 0;
  virtual Request begin(std::string_view name, bool if_absent, uint64_t size_bytes) const = 0;
  virtual std::string_view begin_body() const = 0;

  // What an answer to describe(), or one of success to the end of a creation, says of the object; nothing if
  // it is not the service's.
  virtual std::optional<StoredObject> object_of(const StoreAnswer& answer) const = 0;
  // A page of the listing, folders among the objects where they are asked for, in byte order. Nothing, and
  // why in *problem, if it is anything else.
  virtual std::optional<ListPage> page_of(StoreAnswer&& answer, const PageWanted& page,
                                          std::string* problem) const = 0;
};

std::unique_ptr<Api> make_json_api(const Config& config);
std::unique_ptr<Api> make_xml_api(const Config& config);

}  // namespace tidemark::sinks::gs

#endif  // TIDEMARK_SINKS_GS_API_H
