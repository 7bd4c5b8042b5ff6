// Tars as an enemy would write them: raw headers with whatever fields, and a footer that fits, unless asked
// otherwise.
#ifndef TIDEMARK_TESTS_UNIT_TAR_RAW_TAR_H
#define TIDEMARK_TESTS_UNIT_TAR_RAW_TAR_H

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "base/sha256.h"
#include "format/footer.h"
#include "format/object_name.h"
#include "tar/extract.h"

namespace tidemark::test {

inline const std::string kRoot = "0000000000010";  // what entry 36 is called in its tar

class RawTar {
 public:
  RawTar& member(char type, std::string_view name, std::string_view content = {}, std::string_view link = {},
                 unsigned mode = 0755) {
    return member_of_size(type, name, content.size(), content, link, mode);
  }
  // The header says `size`, whatever the content.
  RawTar& member_of_size(char type, std::string_view name, unsigned long long size, std::string_view content,
                         std::string_view link = {}, unsigned mode = 0755) {
    char header[512] = {};
    name.copy(header, 100);
    std::snprintf(header + 100, 8, "%07o", mode);
    std::memcpy(header + 108,
                "0000000\0"
                "0000000\0",
                16);
    std::snprintf(header + 124, 12, "%011llo", size);
    std::memcpy(header + 136, "00000000000", 11);
    std::memset(header + 148, ' ', 8);
    header[156] = type;
    link.copy(header + 157, 100);
    std::memcpy(header + 257,
                "ustar\0"
                "00",
                8);
    unsigned sum = 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    std::snprintf(header + 148, 8, "%06o", sum);
    bytes_.append(header, sizeof header);
    bytes_.append(content);
    bytes_.resize((bytes_.size() + 511) / 512 * 512);
    return *this;
  }
  RawTar& pax(std::string_view key, std::string_view value) {
    return member('x', "././@PaxHeader", record(key, value));
  }
  static std::string record(std::string_view key, std::string_view value) {
    const std::string rest = " " + std::string(key) + "=" + std::string(value) + "\n";
    size_t size = rest.size() + 1;
    while (std::to_string(size).size() + rest.size() != size) ++size;
    return std::to_string(size) + rest;
  }
  RawTar& raw(std::string_view bytes) {
    bytes_.append(bytes);
    return *this;
  }

  // With end mark and footer, of db/7 unless told otherwise.
  std::string object(Range range = {36, 36}, std::string_view storage = "db", uint64_t partition = 7) const {
    return object(ParsedKey{storage, partition, {range}});
  }
  std::string object(const ParsedKey& of) const {
    std::string bytes = bytes_ + std::string(1024, '\0');
    Sha256 sha;
    sha.update(bytes.data(), bytes.size());
    const auto footer = format_footer({.sha256 = sha.finish().value(),
                                       .storage = std::string(of.storage),
                                       .partition = of.partition,
                                       .range = of.name.range,
                                       .epoch = of.name.epoch});
    return bytes.append(footer.data(), footer.size());
  }

 private:
  std::string bytes_;
};

// An object in memory, given out in pieces.
class StringStream final : public tar::ByteStream {
 public:
  StringStream(std::string bytes, size_t piece) : bytes_(std::move(bytes)), piece_(piece) {}

  Result<std::span<const uint8_t>> next() override {
    if (at_ >= fail_at_) return fail(TIDEMARK_E_RETRYABLE, "the line went dead");
    const size_t size = std::min(piece_, bytes_.size() - at_);
    at_ += size;
    return std::span(reinterpret_cast<const uint8_t*>(bytes_.data()) + at_ - size, size);
  }
  void fail_at(size_t offset) { fail_at_ = offset; }

 private:
  const std::string bytes_;
  const size_t piece_;
  size_t at_ = 0;
  size_t fail_at_ = SIZE_MAX;
};

}  // namespace tidemark::test

#endif  // TIDEMARK_TESTS_UNIT_TAR_RAW_TAR_H
