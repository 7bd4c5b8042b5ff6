// One large object in blocks, several on their way at a time, all driven by the thread of the put.
//
// Lives on the stack of one put; one thread. Memory: a buffer of the pool for each block on its way, and
// libcurl's. A failure leaves its blocks: nobody sees them, and Azure throws them away after a week. Nothing
// is ever removed here: there is no request that takes back blocks alone, and by then the name may be
// another writer's.
#ifndef TIDEMARK_SINKS_AZBLOB_UPLOAD_H
#define TIDEMARK_SINKS_AZBLOB_UPLOAD_H

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "azblob/azblob_sink.h"
#include "http/digests.h"

namespace tidemark::sinks::azblob {

// So that the blocks are at most kBlocksMax: at least `least_bytes`, a multiple of 1 MiB.
uint64_t block_size_bytes(uint64_t object_bytes, uint64_t least_bytes);

// The id of a block: base64 of 32 bytes, always. Azure refuses ids of another length than those that lie
// under the name already, whoever has left them, so the length is a promise across versions. The nonce, 16
// hex digits, is of one attempt, so that nobody's blocks are mixed with another's.
std::string block_id(const std::string& nonce, uint64_t index);
Result<std::string> new_nonce();

class Upload {
 public:
  Upload(AzblobSink& sink, std::string_view key, const Source& source, bool if_absent, const Call& call);
  Status run();

 private:
  struct Block {
    Block(const Source& source, uint64_t begin, uint64_t end, BufferPool& pool)
        : body(source, begin, end - begin, &pool) {}

    Body body;
    Request request;
  };
  Status send_blocks();
  Status start_block(uint64_t begin, uint64_t end, Digests& digests, Session& session);
  // False: it was started again.
  Result<bool> settle_block(const HttpRequest& ended, Session& session);
  Status commit();
  Status look_back(std::string_view etag, Error error);
  Status settle(Error error);

  AzblobSink& sink_;
  const std::string key_;
  const Source& source_;
  const bool if_absent_;
  const Call& call_;
  const uint64_t block_bytes_;
  std::string nonce_;
  std::deque<std::unique_ptr<Block>> running_;
  std::vector<std::string> ids_;
  bool are_blocks_proven_ = true;  // each answer had the digest of what arrived
};

}  // namespace tidemark::sinks::azblob

#endif  // TIDEMARK_SINKS_AZBLOB_UPLOAD_H
