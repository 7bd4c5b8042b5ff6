// The body of a put that is an archive of another sink, encoded anew: proven and encoded before the put
// begins.
//
// One thread. Borrows all that it is given. What is encoded lies in memory if it fits; of more the pieces
// that were asked for last are kept, so that a sink which sends parts side by side does not make it be
// encoded from the beginning for each.
#ifndef TIDEMARK_STORE_ENCODED_BODY_H
#define TIDEMARK_STORE_ENCODED_BODY_H

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/call.h"
#include "codec/coded_source.h"
#include "codec/keys.h"
#include "format/footer.h"
#include "sink/sink.h"
#include "store/compare.h"
#include "store/copied_body.h"
#include "store/recent_pieces.h"
#include "store/stored_tar.h"
#include "store/stream.h"

namespace tidemark::store {

class EncodedBody final : public CopiedBody {
 public:
  // `keys` decode what is stored in `from`; the first of `tag_keys` tags what is put.
  struct How {
    const codec::Encoding& encoding;
    const codec::Keys& keys;
    const codec::TagKeys& tag_keys;
  };
  EncodedBody(sink::Sink& from, std::string_view key, const ParsedKey& parsed, uint64_t size_bytes,
              const How& how, const Progress& progress, const Call& deadline);

  // Takes up to `buffer_bytes`, and what the codecs take. SEALED: no identity decrypts what is stored.
  Status prepare(uint64_t buffer_bytes, const sink::Sink& to);
  // What it holds.
  ArchiveContent content() { return {tar_.size_bytes() + kFooterSize, digest_}; }

 private:
  Result<size_t> read_some(uint64_t offset, uint8_t* out, size_t size) override;
  Result<const uint8_t*> piece_of(uint64_t number);

  const How how_;
  const Call& deadline_;
  StoredTar tar_;
  Digest digest_{};
  std::optional<codec::CodedSource> coded_;
  RecentPieces pieces_;
  Digest sha256_{};
  uint32_t crc32c_ = 0;
};

}  // namespace tidemark::store

#endif  // TIDEMARK_STORE_ENCODED_BODY_H
