// The body of a put that is an archive of another sink: proven before its last bytes are given out, so that a
// sink makes nothing visible of one that is damaged.
//
// One thread. Borrows the sink, the key and the call. An archive that fits the buffer is read with one
// request and lies in memory; of a larger one the buffer holds the pieces that were read last, and the put
// may ask for any of them again: what is read twice must be the same.
#ifndef TIDEMARK_STORE_PROVEN_BODY_H
#define TIDEMARK_STORE_PROVEN_BODY_H

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/call.h"
#include "base/page_buffer.h"
#include "codec/keys.h"
#include "format/footer.h"
#include "sink/sink.h"
#include "store/copied_body.h"
#include "store/recent_pieces.h"
#include "store/stream.h"
#include "tar/archive_proof.h"

namespace tidemark::store {

class ProvenBody final : public CopiedBody {
 public:
  // keys: with tag keys its tag has to be of one of them; with identities too it is decoded, and the tag has
  // to be of what it holds.
  ProvenBody(sink::Sink& from, std::string_view key, const ParsedKey& parsed, uint64_t size_bytes,
             const codec::Keys& keys, const Progress& progress, const Call& deadline);

  // Reads what `to` wants to have known before the first byte.
  Status prepare(uint64_t buffer_bytes, const sink::Sink& to);
  // Once all was read and found right.
  const std::optional<Footer>& footer() const { return footer_; }

 private:
  Result<size_t> read_some(uint64_t offset, uint8_t* out, size_t size) override;
  Status read_at_once(bool wants_crc32c);
  Result<const uint8_t*> piece_of(uint64_t number);
  Status read_up_to(uint64_t number);
  Result<const uint8_t*> fetch(uint64_t number);
  Status finish();
  void report(uint64_t read_bytes);
  uint64_t bytes_of(uint64_t number) const;

  sink::Sink& from_;
  const std::string_view key_;
  const uint64_t size_bytes_;
  const codec::Keys& keys_;
  const Progress& progress_;
  const Call& deadline_;
  tar::ContentVisitor nothing_;
  tar::ArchiveProof proof_;
  std::optional<Footer> footer_;
  Digest sha256_{};
  uint32_t crc32c_ = 0;

  PageBuffer whole_;
  uint64_t piece_bytes_ = 0;
  RecentPieces pieces_;
  std::vector<uint32_t> checksums_;  // of the pieces that were read once, which happens in order
};

}  // namespace tidemark::store

#endif  // TIDEMARK_STORE_PROVEN_BODY_H
