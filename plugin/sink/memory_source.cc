#include "sink/memory_source.h"

#include <algorithm>
#include <cstring>

#include "base/crc32c.h"
#include "base/sha256.h"

namespace tidemark::sink {

MemorySource::MemorySource(const Sink& sink, std::string_view bytes)
    : bytes_(bytes), source_{sizeof source_,
                             0,
                             bytes.size(),
                             nullptr,
                             this,
                             read,
                             reinterpret_cast<const uint8_t*>(bytes.data()),
                             nullptr} {
  if (sink.wants_sha256()) {
    Sha256 sha256;
    sha256.update(bytes.data(), bytes.size());
    const Result<Sha256::Digest> digest = sha256.finish();
    if (digest) {
      sha256_ = *digest;
      source_.sha256 = sha256_.data();
    } else {
      digested_ = digest.error();
    }
  }
  if (sink.wants_crc32c()) {
    crc32c_ = extend_crc32c(0, bytes.data(), bytes.size());
    source_.crc32c = &crc32c_;
  }
}

Result<const tidemark_source*> MemorySource::source() const {
  if (!digested_) return digested_.error();
  return &source_;
}

tidemark_status MemorySource::read(void* ctx, uint64_t offset, void* buffer, size_t size, size_t* out_size,
                                   tidemark_error*) {
  const std::string_view bytes = static_cast<MemorySource*>(ctx)->bytes_;
  const auto begin = static_cast<size_t>(std::min<uint64_t>(offset, bytes.size()));
  const size_t count = std::min(size, bytes.size() - begin);
  std::memcpy(buffer, bytes.data() + begin, count);
  *out_size = count;
  return TIDEMARK_OK;
}

}  // namespace tidemark::sink
