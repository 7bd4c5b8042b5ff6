// What an archive's stored bytes decode to: frames of zstd, a file of age, and frames that an enemy has
// sealed, for whom a recipient is enough. However they come in pieces they decode to the same, or are
// CORRUPT; no more comes out than the footer says.
#include <algorithm>
#include <optional>
#include <random>

#include "codec/age_open.h"
#include "codec/age_seal.h"
#include "codec/zstd_decompress.h"
#include "fuzz.h"
#include "tar/archive_proof.h"

namespace tidemark {
namespace {

constexpr std::string_view kIdentity =
    "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX\n";
constexpr size_t kPlainMax = 1 << 20;
constexpr Range kRange = {1, 3};

const codec::Keys& keys() {
  static const codec::Keys made = [] {
    codec::Keys keys;
    keys.identities = *codec::parse_identities(kIdentity, "identity");
    return keys;
  }();
  return made;
}

class TextReader final : public codec::ByteReader {
 public:
  explicit TextReader(std::string_view text) : text_(text) {}
  Result<size_t> read(uint64_t offset, uint8_t* out, size_t size) override {
    if (offset >= text_.size()) return size_t{0};
    return text_.copy(reinterpret_cast<char*>(out), size, offset);
  }

 private:
  const std::string_view text_;
};

std::string sealed(std::string_view text) {
  static codec::AgeSealer sealer({keys().identities.front().recipient()});
  TextReader reader(text);
  fuzz::require(sealer.begin(reader).has_value(), "anything can be sealed");
  std::string file(sealer.size_bytes_of(text.size()), '\0');
  const auto count = sealer.read(0, reinterpret_cast<uint8_t*>(file.data()), file.size());
  fuzz::require(count && *count == file.size(), "and how long it is then is known");
  sealer.end();
  return file;
}

struct Decoded {
  std::string plain;
  bool is_right = false;
  bool is_too_much = false;
};

Decoded decode(codec::Decoder& decoder, std::string_view stored, size_t step) {
  Decoded decoded;
  const codec::Give give = [&](std::span<const uint8_t> bytes) -> Status {
    decoded.plain.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    decoded.is_too_much = decoded.plain.size() > kPlainMax;
    return decoded.is_too_much ? fail(TIDEMARK_E_CANCELLED, "enough") : Status();
  };
  Status status;
  while (status && !stored.empty()) {
    const std::string_view piece = stored.substr(0, step);
    status = decoder.push(fuzz::bytes_of(piece), give);
    stored.remove_prefix(piece.size());
  }
  if (status) status = decoder.finish(give);
  decoded.is_right = status.has_value();
  fuzz::require(status || decoded.is_too_much || status.error().status == TIDEMARK_E_CORRUPT ||
                    status.error().status == TIDEMARK_E_SEALED,
                "bytes are right, CORRUPT, or for somebody else");
  return decoded;
}

void check_frames(std::string_view stored, bool with_header) {
  codec::ZstdDecompressor decoder;
  decoder.begin(std::nullopt, with_header);
  const Decoded whole = decode(decoder, stored, SIZE_MAX);
  decoder.begin(std::nullopt, with_header);
  const Decoded pieces = decode(decoder, stored, 7);
  fuzz::require(whole.is_right == pieces.is_right, "how bytes come makes no difference");
  if (!whole.is_right) return;
  fuzz::require(whole.plain == pieces.plain, "nor to what comes out");
  decoder.begin(whole.plain.size(), with_header);
  fuzz::require(decode(decoder, stored, 100).is_right, "the right size is right");
  for (const uint64_t size : {whole.plain.size() + 1, whole.plain.size() - 1}) {
    decoder.begin(size, with_header);
    const Decoded other = decode(decoder, stored, 100);
    fuzz::require(!other.is_right && other.plain.size() <= size, "another one is not, and no more comes out");
  }
}

void check_proof(std::string_view stored, Coding coding, const std::string& plain) {
  Footer footer;
  footer.sha256 = fuzz::sha256_of(stored);
  footer.storage = "db";
  footer.partition = 7;
  footer.range = kRange;
  if (encrypts(coding)) footer.tag.emplace();
  if (!encrypts(coding)) footer.content = {fuzz::sha256_of(plain), plain.size()};
  const FooterBlock block = format_footer(footer);
  const std::string object = std::string(stored).append(block.data(), block.size());
  tar::ContentVisitor nothing;
  tar::ArchiveProof proof({"db", 7, {kRange, ObjectKind::kArchive, kFirstEpoch, coding}}, keys(), &nothing);
  Status status;
  for (std::string_view rest = object; status && !rest.empty();) {
    const std::string_view piece = rest.substr(0, 1000);
    status = proof.push(fuzz::bytes_of(piece));
    rest.remove_prefix(piece.size());
  }
  if (status) {
    const auto proven = proof.finish();
    if (!proven) status = proven.error();
  }
  fuzz::require(
      status || status.error().status == TIDEMARK_E_CORRUPT || status.error().status == TIDEMARK_E_SEALED,
      "an archive is right, CORRUPT, or for somebody else");
}

}  // namespace
}  // namespace tidemark

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tidemark;
  if (size == 0) return 0;
  const std::string_view stored = fuzz::text_of(data + 1, size - 1);
  switch (data[0] % 3) {
    case 0:
      check_frames(stored, true);
      check_proof(stored, Coding::kZstd, std::string(stored));
      break;
    case 1:
      check_frames(stored, false);
      check_proof(sealed(stored), Coding::kZstdAge, {});
      check_proof(sealed(stored), Coding::kAge, {});
      break;
    default: {
      codec::AgeDecoder decoder(keys().identities);
      decoder.begin();
      const Decoded whole = decode(decoder, stored, SIZE_MAX);
      decoder.begin();
      const Decoded pieces = decode(decoder, stored, 7);
      fuzz::require(whole.is_right == pieces.is_right, "how bytes come makes no difference");
      fuzz::require(!whole.is_right || whole.plain == pieces.plain, "nor to what comes out");
      check_proof(stored, Coding::kAge, {});
    }
  }
  return 0;
}
