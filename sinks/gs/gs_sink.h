// The sink that keeps objects in a bucket of Google Cloud Storage; an object's name there is the prefix and
// the key.
//
// put, head, get, list, list_folders and remove on any thread, concurrently; they share the pool of
// connections and the token. One thread of its own, that of Refresh.
#ifndef TIDEMARK_SINKS_GS_GS_SINK_H
#define TIDEMARK_SINKS_GS_GS_SINK_H

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "common/source.h"
#include "common/table.h"
#include "gs/api.h"
#include "gs/client.h"
#include "gs/config.h"
#include "http/listing.h"
#include "http/patience.h"
#include "http/transport.h"

namespace tidemark::sinks::gs {

// An object as it was sent: what an answer has to show.
struct Sent {
  uint64_t size_bytes = 0;
  std::string crc32c = {};  // base64
};

class GsSink {
 public:
  static Result<std::unique_ptr<GsSink>> open(const OpenRequest& request, const Call& call);

  Status put(std::string_view key, const Source& source, uint32_t flags, const Call& call);
  Result<ObjectInfo> head(std::string_view key, const Call& call);
  Status get(std::string_view key, const Range& range, const Writer& out, const Call& call);
  Status list(std::string_view prefix, std::string_view start_after, const Visitor& visit, const Call& call);
  static constexpr uint32_t kPageKeys = 1000;  // of the service
  Status list_folders(std::string_view prefix, std::string_view start_after, const Visitor& visit,
                      const Call& call);
  Status remove(std::string_view key, const Call& call);

 private:
  friend class Upload;

  GsSink(Config config, HostLog log, uint64_t put_buffer_bytes)
      : config_(std::move(config)), log_(log), buffers_(put_buffer_bytes) {}
  Status connect();
  Status find_bucket(Patience& patience, const Call& call);
  // Begins an upload that nobody finishes: proves that objects may be created, and leaves none.
  Status prove_writing(Patience& patience, const Call& call);

  std::string name_in_bucket(std::string_view key) const { return config_.prefix + std::string(key); }
  // `request` with the words of its messages. `needs` are the permissions, a literal.
  Request about(std::string_view verb, std::string_view key, std::string_view needs, Request request) const;
  Request begin_request(std::string_view verb, std::string_view key, bool if_absent,
                        uint64_t size_bytes) const;

  Status put_once(std::string_view key, const Source& source, uint32_t flags, const Call& call);
  Status put_media(std::string_view key, const Source& source, bool if_absent, const Call& call);
  // Of the whole body, base64: the caller's, or by a pass over it.
  Result<std::string> crc32c_of(const Source& source);
  // What is there, by its description; NOT_FOUND.
  Result<StoredObject> look(std::string_view key, const Call& call);
  Error confirm_absence(std::string_view key, const StoreAnswer& answer, const Call& call);
  // EXISTS if there is one, else OK.
  Status expect_absent(std::string_view key, const Call& call);
  // What an answer to the end of a put means, whatever its status.
  Status settle(std::string_view key, const StoreAnswer& answer, const Sent& sent, bool if_absent,
                const Call& call);
  Status settle_refusal(std::string_view key, const StoreAnswer& answer, const Call& call);
  Status settle_doubt(std::string_view key, Error error, const Sent& sent, const Call& call);
  Status list_in_pages(Listing listing, const Visitor& visit, const Call& call);

  const Config config_;
  const HostLog log_;
  std::unique_ptr<Transport> transport_;         // with ca_file
  std::unique_ptr<Transport> public_transport_;  // with the system's CAs: token and metadata services
  std::unique_ptr<TokenProvider> tokens_;
  std::unique_ptr<Api> api_;
  std::unique_ptr<Client> client_;
  BufferPool buffers_;
};

}  // namespace tidemark::sinks::gs

#endif  // TIDEMARK_SINKS_GS_GS_SINK_H
