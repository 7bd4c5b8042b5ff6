// What the fuzz targets share. Each is one function that gets bytes and must not fail, whatever they are;
// what must hold is checked with require(), which stays in every build.
#ifndef TIDEMARK_FUZZ_FUZZ_H
#define TIDEMARK_FUZZ_FUZZ_H

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "base/sha256.h"
#include "format/footer.h"
#include "tar/format.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace tidemark::fuzz {

inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

inline std::string_view text_of(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}
inline std::span<const uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

inline Digest sha256_of(std::string_view bytes) {
  Sha256 sha;
  sha.update(bytes.data(), bytes.size());
  return sha.finish().value();
}

// The input as the content of an archive: whole blocks, and header checksums that are right, which chance
// alone would never make.
inline std::string as_content(std::string_view input) {
  std::string content(input);
  content.resize(tar::padded(content.size()));
  for (size_t at = 0; at < content.size(); at += tar::kBlockSize) {
    char* const block = content.data() + at;
    if (std::memcmp(block + 257, "ustar", 5) != 0) continue;
    std::memset(block + 148, ' ', 8);
    unsigned sum = 0;
    for (size_t i = 0; i < tar::kBlockSize; ++i) sum += static_cast<unsigned char>(block[i]);
    std::snprintf(block + 148, 8, "%06o", sum);
  }
  return content;
}

// With the footer that fits: an enemy can compute it too.
inline std::string as_object(std::string content, Range range) {
  const auto footer =
      format_footer({.sha256 = sha256_of(content), .storage = "db", .partition = 7, .range = range});
  return content.append(footer.data(), footer.size());
}

}  // namespace tidemark::fuzz

#endif  // TIDEMARK_FUZZ_FUZZ_H
