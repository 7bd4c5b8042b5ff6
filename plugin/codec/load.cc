#include "codec/load.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <utility>

#include "codec/age_open.h"
#include "codec/age_seal.h"
#include "codec/coded_source.h"
#include "codec/decode.h"
#include "codec/zstd_compress.h"
#include "codec/zstd_decompress.h"

namespace tidemark::codec {
namespace {

constexpr std::string_view kMessage =
    "The tide leaves its mark, and whoever comes later reads how far it came.";

class MessageTar final : public PlainTar {
 public:
  Result<size_t> read(uint64_t offset, uint8_t* out, size_t size) override {
    const std::string_view rest = kMessage.substr(std::min<size_t>(offset, kMessage.size()));
    const size_t count = std::min(size, rest.size());
    std::memcpy(out, rest.data(), count);
    return count;
  }
  uint64_t size_bytes() const override { return kMessage.size(); }
  Result<Digest> digest() override { return Digest{}; }
};

Result<Identity> make_identity() {
  SecretBytes<X25519::kSize> bytes;
  TM_TRY(fill_random(bytes.fill()));
  X25519 curve;
  TM_ASSIGN(const X25519::Point point, curve.public_of(bytes.reveal()));
  const std::string_view drawn(reinterpret_cast<const char*>(bytes.reveal().data()), X25519::kSize);
  return Identity(Secret(drawn), Recipient{point});
}

}  // namespace

Result<Codec> load(const KeyFiles& files) {
  Codec codec;
  if (!files.recipients_file.empty()) {
    TM_ASSIGN(codec.encoding.recipients, read_recipients_file(files.recipients_file));
  }
  if (!files.tag_key_file.empty()) {
    TM_ASSIGN(codec.keys.tag_keys, read_tag_key_file(files.tag_key_file));
  }
  if (!files.identity_file.empty()) {
    TM_ASSIGN(codec.keys.identities, read_identity_file(files.identity_file));
  }
  codec.keys.accepts_untagged = files.accepts_untagged;
  codec.encoding.coding = coding_of(files.compress_level != 0, !codec.encoding.recipients.empty());
  codec.encoding.level = std::max(files.compress_level, 1);
  return codec;
}

namespace {

constexpr uint64_t kOwnWindowBytes = 2 << 20;  // of what was written here
constexpr uint64_t kHeldBytes = 512 << 10;     // until the footer is known, twice while it is decoded
constexpr uint64_t kDecompressBytes =
    ZstdDecompressor::kMemoryBytes - ZstdDecompressor::kMaxWindowBytes + kOwnWindowBytes + kHeldBytes;

}  // namespace

uint64_t decoding_bytes(const Keys& keys) {
  return kDecompressBytes + (keys.identities.empty() ? 0 : AgeDecoder::kMemoryBytes);
}

uint64_t memory_bytes(const Encoding& encoding) {
  uint64_t bytes = 0;
  if (compresses(encoding.coding)) {
    const auto compressor = ZstdCompressor::memory_bytes(encoding.level);
    // One archive is encoded or decoded at a time.
    bytes += std::max<uint64_t>(compressor ? *compressor : 0, kDecompressBytes);
  }
  if (encrypts(encoding.coding)) bytes += std::max(AgeSealer::kMemoryBytes, AgeDecoder::kMemoryBytes);
  return bytes;
}

Status self_test(const Encoding& encoding, const Keys& keys) {
  if (encoding.coding == Coding::kNone) return {};
  Encoding tried = encoding;
  Keys own;
  if (encrypts(encoding.coding)) {
    TM_ASSIGN(Identity identity, make_identity());
    tried.recipients.push_back(identity.recipient());
    own.identities.push_back(std::move(identity));
  }
  constexpr size_t kBufferBytes = 64 << 10;
  CodedSource source(tried, keys.tag_keys, kBufferBytes);
  MessageTar message;
  Footer footer;
  footer.storage = "self-test";
  footer.range = {1, 1};
  const Call call(nullptr);
  TM_TRY(source.open(message, footer, call));
  std::string decoded;
  const Give give = [&](std::span<const uint8_t> bytes) -> Status {
    decoded.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  };
  TM_ASSIGN(const auto decoder, make_decoder(encoding.coding, own, kMessage.size()));
  TM_TRY(decoder->push({source.data(), source.size_bytes() - kFooterSize}, give));
  TM_TRY(decoder->finish(give));
  source.close();
  if (decoded == kMessage) return {};
  return fail(TIDEMARK_E_PERMANENT,
              "what was compressed or encrypted here is not what comes back: this process "
              "computes wrong results");
}

}  // namespace tidemark::codec
