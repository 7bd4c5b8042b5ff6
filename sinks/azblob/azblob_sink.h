// The sink that keeps objects as block blobs in a container of Azure; a blob's name is the prefix and the
// key.
//
// put, head, get, list, list_folders and remove on any thread, concurrently; they share the pool of
// connections. No threads of its own, but for the one that renews tokens (http/refresh.h).
#ifndef TIDEMARK_SINKS_AZBLOB_AZBLOB_SINK_H
#define TIDEMARK_SINKS_AZBLOB_AZBLOB_SINK_H

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "azblob/auth/credentials.h"
#include "azblob/client.h"
#include "azblob/config.h"
#include "common/table.h"
#include "http/listing.h"
#include "http/transport.h"

namespace tidemark::sinks::azblob {

class AzblobSink {
 public:
  static Result<std::unique_ptr<AzblobSink>> open(const OpenRequest& request, const Call& call);

  Status put(std::string_view key, const Source& source, uint32_t flags, const Call& call);
  Result<ObjectInfo> head(std::string_view key, const Call& call);
  Status get(std::string_view key, const Range& range, const Writer& out, const Call& call);
  Status list(std::string_view prefix, std::string_view start_after, const Visitor& visit, const Call& call);
  static constexpr uint32_t kPageKeys = 5000;  // of Azure
  Status list_folders(std::string_view prefix, std::string_view start_after, const Visitor& visit,
                      const Call& call);
  Status remove(std::string_view key, const Call& call);

 private:
  friend class Upload;

  AzblobSink(Config config, HostLog log) : config_(std::move(config)), log_(log) {}
  Status connect();
  Status find_container(Patience& patience, const Call& call);
  void look_at_account(const Call& call);
  Status prove_writable(Patience& patience, const Call& call);

  // `needs` are the permissions, a literal.
  Request blob_request(std::string_view verb, std::string method, std::string_view key,
                       std::string_view needs) const;
  Request container_request(std::string_view verb, std::string_view needs) const;
  // What a new blob is made with.
  void add_blob_headers(Headers* headers, const char* type_header) const;

  // was_replaced: between a look at its size and the reading.
  Status get_once(std::string_view key, const Range& range, const Writer& out, bool* was_replaced,
                  const Call& call);
  // The answer to HEAD, or NOT_FOUND.
  Result<StoreAnswer> head_answer(std::string_view key, const Call& call);
  // EXISTS if there is one, else OK.
  Status expect_absent(std::string_view key, const Call& call);
  Status put_single(std::string_view key, const Source& source, bool if_absent, bool* is_absent,
                    const Call& call);
  // What a refusal of a conditional put means, of which `error` says what it is by itself: EXISTS if a blob
  // is there, else `error`. *is_absent: the store says that one is there, and has none.
  Status decide(std::string_view key, Refusal refusal, Error error, bool* is_absent, const Call& call);
  // The answer to a put was a 2xx that proves nothing: looks at the blob itself. `match` says of the headers
  // of one of that size whether it is what was sent.
  enum class Match : uint8_t { kSame, kOther, kUnknown };
  Status settle_doubt(std::string_view key, uint64_t size_bytes,
                      const std::function<Match(const Headers&)>& match, Error error, bool if_absent,
                      const Call& call);
  Status list_in_pages(Listing listing, const Visitor& visit, const Call& call);
  // How one listing begins, from page to page.
  struct Begun {
    std::string start;               // names up to this are passed over
    bool is_from_start = false;      // the store does that, from a version of its interface on that knows how
    bool is_tried = false;           // whether it does is seen by this page
    std::string marker_before = {};  // of the page that comes next if it does not
  };
  Result<ListPage> read_page(const PageWanted& wanted, const Listing& listing, Begun* begun,
                             const Call& call);
  Result<StoreAnswer> ask_page(const PageWanted& wanted, const Listing& listing, const Begun& begun,
                               const std::string& marker, const Call& call);
  bool settle_try(const StoreAnswer& answer, Begun* begun);

  const Config config_;
  const HostLog log_;
  std::unique_ptr<Transport> transport_;         // with ca_file
  std::unique_ptr<Transport> public_transport_;  // with the system's CAs: token services
  std::unique_ptr<CredentialsProvider> credentials_;
  std::unique_ptr<Client> client_;
  bool is_hierarchical_ = false;  // the account has directories; set by open
  enum class StartsFrom : uint8_t { kUnknown, kYes, kNo };
  std::atomic<StartsFrom> starts_from_{StartsFrom::kUnknown};
  BufferPool buffers_;
};

}  // namespace tidemark::sinks::azblob

#endif  // TIDEMARK_SINKS_AZBLOB_AZBLOB_SINK_H
