#include "coded_put.h"

#include "base/guard.h"
#include "codec/coded_object.h"
#include "codec/decode.h"

namespace tidemark::sinks::file {
namespace {

constexpr size_t kBufferBytes =
    64 << 10;  // the least there is: a large body is encoded again while it is read

tidemark_status read(void* ctx, uint64_t offset, void* buffer, size_t size, size_t* out,
                     tidemark_error* error) {
  return guard(error, [&]() -> Status {
    TM_ASSIGN(*out, static_cast<codec::CodedSource*>(ctx)->read(offset, buffer, size));
    return {};
  });
}

}  // namespace

Status put_coded(FileSink& sink, const std::string& key, const std::string& body, Coding coding,
                 uint32_t flags) {
  codec::Encoding encoding;
  encoding.coding = coding;
  if (encrypts(coding)) encoding.recipients = test::recipients(test::kIdentity);
  const codec::Keys keys = test::keys_of("", test::kTagKey);
  codec::CodedSource coded(encoding, keys.tag_keys, kBufferBytes);
  test::TextTar tar(body);
  Footer footer;
  footer.storage = "s";
  footer.range = {1, 1};
  const Call call(nullptr);
  TM_TRY(coded.open(tar, footer, call));
  const tidemark_source source = {sizeof source, 0,    coded.size_bytes(), nullptr,
                                  &coded,        read, coded.data(),       nullptr};
  return sink.put(key, Source(&source, call), flags, call);
}

std::optional<std::string> decoded(const std::string& stored, Coding coding) {
  if (stored.size() < kFooterSize) return std::nullopt;
  const size_t coded_bytes = stored.size() - kFooterSize;
  const auto footer = parse_footer(ObjectKind::kArchive, stored.substr(coded_bytes), nullptr);
  if (!footer) return std::nullopt;
  static const codec::Keys keys = test::keys_of(test::kIdentity, test::kTagKey);
  std::string plain;
  const codec::Give give = [&](std::span<const uint8_t> bytes) -> Status {
    plain.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  };
  const auto decoder = codec::make_decoder(coding, keys, std::nullopt);
  const auto* const bytes = reinterpret_cast<const uint8_t*>(stored.data());
  if (!decoder || !(*decoder)->push({bytes, coded_bytes}, give) || !(*decoder)->finish(give))
    return std::nullopt;
  return plain;
}

}  // namespace tidemark::sinks::file
