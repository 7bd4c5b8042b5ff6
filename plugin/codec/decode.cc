#include "codec/decode.h"

#include <cassert>

#include "codec/age_open.h"
#include "codec/zstd_decompress.h"

namespace tidemark::codec {
namespace {

// One decoder after another.
class Both final : public Decoder {
 public:
  Both(std::unique_ptr<Decoder> first, std::unique_ptr<Decoder> second)
      : first_(std::move(first)), second_(std::move(second)) {}

  Status push(std::span<const uint8_t> stored, const Give& give) override {
    return first_->push(stored, [&](std::span<const uint8_t> bytes) { return second_->push(bytes, give); });
  }
  Status finish(const Give& give) override {
    TM_TRY(first_->finish([&](std::span<const uint8_t> bytes) { return second_->push(bytes, give); }));
    return second_->finish(give);
  }

 private:
  const std::unique_ptr<Decoder> first_;
  const std::unique_ptr<Decoder> second_;
};

}  // namespace

Result<std::unique_ptr<Decoder>> make_decoder(Coding coding, const Keys& keys,
                                              std::optional<uint64_t> plain_bytes) {
  assert(coding != Coding::kNone);
  std::unique_ptr<Decoder> decrypts;
  std::unique_ptr<Decoder> decompresses;
  if (encrypts(coding)) {
    if (keys.identities.empty()) {
      return fail(TIDEMARK_E_SEALED,
                  "it is encrypted, and no identity is given to decrypt it (tidemark: --identity FILE; the "
                  "archiver's option: identity_file)");
    }
    decrypts = std::make_unique<AgeDecoder>(keys.identities);
  }
  if (compresses(coding)) {
    auto decompressor = std::make_unique<ZstdDecompressor>();
    decompressor->begin(plain_bytes, !encrypts(coding));
    decompresses = std::move(decompressor);
  }
  if (decrypts == nullptr) return decompresses;
  if (decompresses == nullptr) return decrypts;
  return std::make_unique<Both>(std::move(decrypts), std::move(decompresses));
}

}  // namespace tidemark::codec
