// Keys, plaintexts and readers for tests of the age files.
#ifndef TIDEMARK_TESTS_UNIT_CODEC_AGE_FIXTURE_H
#define TIDEMARK_TESTS_UNIT_CODEC_AGE_FIXTURE_H

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "codec/age_keys.h"
#include "codec/age_open.h"
#include "codec/age_seal.h"

namespace tidemark::test {

// The example of the specification, and two more of age-keygen's.
constexpr std::string_view kIdentity =
    "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
constexpr std::string_view kRecipient = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";
constexpr std::string_view kOtherIdentity =
    "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0";

// Of a file for one recipient: its header, and all before its first chunk.
inline constexpr size_t kHeaderBytes = codec::AgeHeaders::size_bytes(1);
inline constexpr size_t kFrontBytes = kHeaderBytes + sizeof(codec::PayloadNonce);

inline std::vector<codec::Identity> identities(std::string_view text) {
  auto parsed = codec::parse_identities(text, "identities");
  EXPECT_TRUE(parsed) << parsed.error().message;
  return parsed ? *std::move(parsed) : std::vector<codec::Identity>();
}

inline std::vector<codec::Recipient> recipients(std::string_view identities_text) {
  std::vector<codec::Recipient> found;
  for (const codec::Identity& identity : identities(identities_text)) found.push_back(identity.recipient());
  return found;
}

inline std::string random_text(size_t size, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

// Bytes in memory, given in pieces; notices whoever reads ahead of what was read before.
class TextReader final : public codec::ByteReader {
 public:
  explicit TextReader(std::string bytes, size_t piece = SIZE_MAX) : text(std::move(bytes)), piece_(piece) {}

  Result<size_t> read(uint64_t offset, uint8_t* out, size_t size) override {
    ++reads;
    if (fails_at <= offset) return tidemark::fail(TIDEMARK_E_RETRYABLE, "this reader fails");
    EXPECT_LE(offset, seen_);
    if (offset < last_end_) ++back;
    if (offset >= text.size()) return size_t{0};
    const size_t count = std::min({size, piece_, text.size() - static_cast<size_t>(offset)});
    text.copy(reinterpret_cast<char*>(out), count, offset);
    last_end_ = offset + count;
    seen_ = std::max<uint64_t>(seen_, last_end_);
    return count;
  }

  std::string text;
  uint64_t fails_at = UINT64_MAX;
  int reads = 0;
  int back = 0;  // reads of what was read before

 private:
  const size_t piece_;
  uint64_t seen_ = 0, last_end_ = 0;
};

// What a reader gives from its begin, asked for `piece` bytes each time.
inline Result<std::string> read_all(codec::ByteReader& reader, size_t piece = 1 << 20) {
  std::string all;
  for (;;) {
    std::string part(piece, '\0');
    TM_ASSIGN(const size_t got, reader.read(all.size(), reinterpret_cast<uint8_t*>(part.data()), piece));
    if (got == 0) return all;
    all.append(part, 0, got);
  }
}

inline std::string sealed(const std::string& plain, std::string_view to = kIdentity) {
  codec::AgeSealer sealer(recipients(to));
  TextReader reader(plain);
  const Status begun = sealer.begin(reader);
  EXPECT_TRUE(begun) << begun.error().message;
  auto file = read_all(sealer);
  EXPECT_TRUE(file) << file.error().message;
  return file ? *file : "";
}

// What a decoder gave out, and how it ended.
struct Opened {
  std::string plain;
  Status status;
};

inline Opened opened(codec::AgeDecoder& decoder, std::string_view file, size_t piece = SIZE_MAX) {
  Opened result;
  const codec::Give give = [&](std::span<const uint8_t> bytes) {
    EXPECT_FALSE(bytes.empty());
    result.plain.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return Status();
  };
  while (!file.empty() && result.status) {
    const std::string_view part = file.substr(0, piece);
    file.remove_prefix(part.size());
    result.status = decoder.push(codec::bytes_of(part), give);
  }
  if (result.status) result.status = decoder.finish(give);
  return result;
}

inline Opened opened(std::string_view file, std::string_view with = kIdentity, size_t piece = SIZE_MAX) {
  const auto keys = identities(with);
  codec::AgeDecoder decoder(keys);
  return opened(decoder, file, piece);
}

inline std::string text_of(const Status& status) { return status ? "no error" : status.error().message; }

inline testing::AssertionResult is_refused(const Opened& result, tidemark_status status,
                                           std::string_view words) {
  if (result.status) return testing::AssertionFailure() << "no error";
  const Error& error = result.status.error();
  if (error.status != status || error.message.find(words) == std::string::npos) {
    return testing::AssertionFailure() << error.status << ": " << error.message;
  }
  return testing::AssertionSuccess();
}

}  // namespace tidemark::test

#endif  // TIDEMARK_TESTS_UNIT_CODEC_AGE_FIXTURE_H
