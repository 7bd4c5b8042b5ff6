// The plain tar of an archive in a sink, to be encoded anew: read whole and proven first, then given out from
// any place, as often as is wanted. One that fits lies in memory; of a larger one the checksums are kept, and
// it is read and decoded again: what is given out is what was proven.
//
// One thread. Borrows all that it is given.
#ifndef TIDEMARK_STORE_STORED_TAR_H
#define TIDEMARK_STORE_STORED_TAR_H

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/call.h"
#include "base/page_buffer.h"
#include "codec/coded_source.h"
#include "codec/keys.h"
#include "format/footer.h"
#include "format/object_name.h"
#include "sink/sink.h"
#include "store/stream.h"
#include "store/tar_stream.h"

namespace tidemark::store {

class StoredTar final : public codec::PlainTar {
 public:
  // `stored_bytes`: of the object, as the sink lists it.
  StoredTar(sink::Sink& from, std::string_view key, const ParsedKey& parsed, uint64_t stored_bytes,
            const codec::Keys& keys, const Progress& progress, const Call& deadline);

  // Before all else. Holds the tar if it has at most `hold_bytes`. CORRUPT, SEALED: as ArchiveProof.
  Status prove(uint64_t hold_bytes);
  // After that:
  const Footer& footer() const { return footer_; }  // of the archive as it is stored
  bool is_held() const { return held_ != nullptr; }
  uint64_t size_bytes() const override { return plain_bytes_; }
  Result<Digest> digest() override { return digest_; }
  // CORRUPT: read again it has other bytes.
  Result<size_t> read(uint64_t offset, uint8_t* out, size_t size) override;

 private:
  Status keep(std::span<const uint8_t> plain, uint64_t hold_bytes);
  Status go_to(uint64_t number);
  Status go_forward_to(uint64_t number);
  Status take_next();

  sink::Sink& from_;
  const std::string_view key_;
  const ParsedKey& parsed_;
  const uint64_t stored_bytes_;
  const codec::Keys& keys_;
  const Progress& progress_;
  const Call& deadline_;

  Footer footer_;
  Digest digest_{};
  uint64_t plain_bytes_ = 0;
  PageBuffer held_;
  std::vector<uint32_t> checksums_;  // of each TarStream::kPieceBytes of it

  std::optional<TarStream> stream_;
  PageBuffer piece_;
  uint64_t number_ = UINT64_MAX;  // of what lies in piece_
  uint64_t next_ = 0;             // of what the stream gives next
};

}  // namespace tidemark::store

#endif  // TIDEMARK_STORE_STORED_TAR_H
