// The sink that keeps objects in a bucket of an S3-compatible store; an object's name there is the prefix and
// the key.
//
// put, head, get, list, list_folders, remove and remove_many on any thread, concurrently; they share the pool
// of connections and what was learned about the store. No threads of its own.
#ifndef TIDEMARK_SINKS_S3_S3_SINK_H
#define TIDEMARK_SINKS_S3_S3_SINK_H

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/table.h"
#include "http/listing.h"
#include "http/transport.h"
#include "s3/auth/credentials.h"
#include "s3/busy_keys.h"
#include "s3/client.h"
#include "s3/config.h"
#include "s3/proof.h"
#include "s3/traits.h"
#include "s3/xml.h"

namespace tidemark::sinks::s3 {

class S3Sink {
 public:
  static Result<std::unique_ptr<S3Sink>> open(const OpenRequest& request, const Call& call);

  Status put(std::string_view key, const Source& source, uint32_t flags, const Call& call);
  Result<ObjectInfo> head(std::string_view key, const Call& call);
  Status get(std::string_view key, const Range& range, const Writer& out, const Call& call);
  Status list(std::string_view prefix, std::string_view start_after, const Visitor& visit, const Call& call);
  static constexpr uint32_t kPageKeys = 1000;  // of S3
  Status list_folders(std::string_view prefix, std::string_view start_after, const Visitor& visit,
                      const Call& call);
  Status remove(std::string_view key, const Call& call);
  static constexpr uint32_t kRemovalsMax = 1000;  // of S3
  Status remove_many(std::span<const std::string_view> keys, const Call& call);

  const Traits& traits() const { return traits_; }

 private:
  friend class Probe;
  friend class Upload;
  friend void sweep_uploads(S3Sink& sink, const std::string& known, const Call& call);

  S3Sink(Config config, HostLog log) : config_(std::move(config)), log_(log) {}
  Status connect(Patience& patience, const Call& call);
  Status find_bucket(Patience& patience, bool is_region_guessed, const Call& call);

  // `needs` are the permissions, a literal.
  Request object_request(std::string_view verb, std::string method, std::string_view key,
                         std::string_view needs) const;
  Request bucket_request(std::string_view verb, std::string method, std::string_view needs) const;
  std::string_view put_permissions() const;
  // What a new object is made with: storage class, encryption, tags, lock.
  void add_object_headers(Headers* headers, bool with_lock) const;

  // The answer to HEAD, or NOT_FOUND. A 404 that does not show whose it is is asked about again, with GET.
  Result<StoreAnswer> head_answer(std::string_view key, const Call& call, bool with_checksum = false);
  Error confirm_absence(std::string_view key, const StoreAnswer& answer, const Call& call);
  // EXISTS if there is one, else OK: the fallback for stores that ignore the condition.
  Status expect_absent(std::string_view key, const Call& call);
  Status put_single(std::string_view key, const Source& source, bool if_absent, const Call& call);
  Status send_put(std::string_view key, const std::string& sha256, const Header& checksum, bool if_absent,
                  Sent& sent, const Call& call);
  // The answer to a put was a 2xx that proves nothing: looks at the object itself.
  Status settle_doubt(std::string_view key, const Doubt& doubt, Error error, bool if_absent, Sent& sent,
                      const Call& call);
  // After an object was created without a condition: is it still ours? EXISTS if not. Waits before, as long
  // as another's creation takes that had looked for the object just before ours was there.
  Status look_back(std::string_view key, std::string_view etag, std::chrono::steady_clock::duration took,
                   Sent& sent, const Call& call);
  Status list_in_pages(Listing listing, const Visitor& visit, const Call& call);
  Result<StoreAnswer> send_removals(const std::vector<std::string>& names, const std::string& what,
                                    const Call& call);
  Error give_up_removals(Error why);
  Status all_removed(const std::vector<std::string>& names, const Removals& done, const std::string& what,
                     const StoreAnswer& answer) const;

  const Config config_;
  const HostLog log_;
  std::unique_ptr<Transport> transport_;         // with ca_file
  std::unique_ptr<Transport> public_transport_;  // with the system's CAs: token and metadata services
  std::unique_ptr<CredentialsProvider> credentials_;
  std::unique_ptr<Client> client_;
  Traits traits_;
  // Found out when it is first needed, by a removal of many and a listing of folders.
  std::atomic<bool> takes_removals_{true}, lists_folders_{true};
  std::atomic<uint32_t> removal_pages_{0};  // 404s that are not the store's own, one after the other
  BusyKeys busy_keys_;                      // for stores without conditions
  BufferPool buffers_;
};

}  // namespace tidemark::sinks::s3

#endif  // TIDEMARK_SINKS_S3_S3_SINK_H
