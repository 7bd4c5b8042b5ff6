#include "codec/age_open.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "codec/age_fixture.h"

namespace tidemark::codec {
namespace {

using test::identities;
using test::is_refused;
using test::kFrontBytes;
using test::kHeaderBytes;
using test::kIdentity;
using test::kOtherIdentity;
using test::Opened;
using test::opened;
using test::random_text;
using test::sealed;

TEST(AgeOpen, PiecesOfAnySize) {
  std::mt19937 random(5);
  for (const size_t size : {0, 1, 65535, 65536, 65537, 131072, 200'000}) {
    const std::string plain = random_text(size), file = sealed(plain);
    for (const size_t piece :
         {size_t{1}, size_t{7}, size_t{4096}, size_t{65536}, size_t{65552}, size_t{65553}}) {
      const Opened result = opened(file, kIdentity, piece);
      EXPECT_TRUE(result.status) << result.status.error().message;
      EXPECT_TRUE(result.plain == plain) << size << " " << piece;
    }
    for (int round = 0; round < 5; ++round) {
      const auto keys = identities(kIdentity);
      AgeDecoder decoder(keys);
      std::string given;
      const Give give = [&](std::span<const uint8_t> bytes) {
        given.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        return Status();
      };
      for (std::string_view rest = file; !rest.empty();) {
        const auto part = rest.substr(0, 1 + random() % 100'000);
        rest.remove_prefix(part.size());
        ASSERT_TRUE(decoder.push(bytes_of(part), give));
      }
      ASSERT_TRUE(decoder.finish(give));
      EXPECT_TRUE(given == plain);
    }
  }
}

TEST(AgeOpen, OneOfSeveralIdentities) {
  const std::string both = std::string(kOtherIdentity) + "\n" + std::string(kIdentity);
  EXPECT_EQ(opened(sealed("text"), both).plain, "text");
  EXPECT_EQ(opened(sealed("text", both), kIdentity).plain, "text");
  EXPECT_EQ(opened(sealed("text", both), kOtherIdentity).plain, "text");
}

TEST(AgeOpen, NoIdentityThatDecryptsItIsNotDamage) {
  EXPECT_TRUE(is_refused(
      opened(sealed("text"), kOtherIdentity), TIDEMARK_E_SEALED,
      "none of the 1 identities can decrypt it: it is for others, or somebody changed its header"));
  AgeDecoder none({});
  EXPECT_TRUE(is_refused(opened(none, sealed("text")), TIDEMARK_E_SEALED,
                         "it is encrypted, and no identity was given to decrypt it with"));
}

TEST(AgeOpen, EachChangedByteAndEachCutIsRefused) {
  const std::string plain = "some short text", file = sealed(plain);
  for (size_t i = 0; i < file.size(); ++i) {
    for (const unsigned change : {1U, 0x20U, 0x80U, 0xffU}) {
      std::string wrong = file;
      wrong[i] = static_cast<char>(static_cast<unsigned char>(wrong[i]) ^ change);
      const Opened result = opened(wrong);
      ASSERT_FALSE(result.status) << i << " " << change;
      EXPECT_EQ(result.plain, "");
      const auto status = result.status.error().status;
      EXPECT_TRUE(status == TIDEMARK_E_CORRUPT || status == TIDEMARK_E_SEALED) << i;
      if (i >= kHeaderBytes) {
        EXPECT_EQ(status, TIDEMARK_E_CORRUPT);
      }
    }
    const Opened cut = opened(std::string_view(file).substr(0, i));
    ASSERT_FALSE(cut.status) << i;
    EXPECT_EQ(cut.status.error().status, TIDEMARK_E_CORRUPT) << i;
    EXPECT_EQ(cut.plain, "");
  }
}

TEST(AgeOpen, WhatIsGivenOutOfADamagedFileIsTheBeginOfThePlaintext) {
  const std::string plain = random_text(150'000), file = sealed(plain);
  std::mt19937 random(6);
  for (int round = 0; round < 60; ++round) {
    std::string wrong = file;
    const size_t at = kFrontBytes + random() % (file.size() - kFrontBytes);
    wrong[at] = static_cast<char>(wrong[at] ^ (1 << random() % 8));
    const size_t chunk = (at - kFrontBytes) / kAgeSealedChunkBytes;
    const Opened result = opened(wrong, kIdentity, 1 + random() % 100'000);
    EXPECT_TRUE(is_refused(
        result, TIDEMARK_E_CORRUPT,
        "its age chunk " + std::to_string(chunk + 1) + " is damaged, cut off or not in its place"));
    EXPECT_TRUE(result.plain == plain.substr(0, chunk * kAgeChunkBytes));
    const size_t size = kFrontBytes + random() % (file.size() - kFrontBytes);
    const Opened cut = opened(std::string_view(file).substr(0, size));
    EXPECT_FALSE(cut.status) << size;
    EXPECT_TRUE(plain.starts_with(cut.plain));
  }
}

TEST(AgeOpen, NamesWhatIsWrongWithThePayload) {
  const std::string plain = random_text(3 * kAgeChunkBytes), file = sealed(plain);
  const std::string_view text = file, front = text.substr(0, kFrontBytes);
  const auto chunk = [&](size_t i) {
    return std::string(text.substr(kFrontBytes + i * kAgeSealedChunkBytes, kAgeSealedChunkBytes));
  };
  const std::string begin(front);
  const auto refused = [&](const std::string& wrong, size_t chunks, std::string_view words) {
    const Opened result = opened(wrong);
    EXPECT_TRUE(is_refused(result, TIDEMARK_E_CORRUPT, words));
    EXPECT_TRUE(result.plain == plain.substr(0, chunks * kAgeChunkBytes));
  };
  refused(begin.substr(0, kHeaderBytes), 0, "it ends within the nonce after its age header");
  refused(begin.substr(0, kFrontBytes - 1), 0, "it ends within the nonce after its age header");
  refused(begin, 0, "it ends before its last age chunk, after number 0");
  refused(begin + chunk(0) + chunk(1), 2, "it ends before its last age chunk, after number 2");
  refused(begin + chunk(1) + chunk(0) + chunk(2), 0,
          "its age chunk 1 is damaged, cut off or not in its place");
  refused(begin + chunk(0) + chunk(2), 1, "its age chunk 2 is damaged, cut off or not in its place");
  refused(begin + chunk(0) + chunk(0), 1, "its age chunk 2 is damaged, cut off or not in its place");
  refused(begin + chunk(0) + chunk(1).substr(0, 5), 1,
          "its age chunk 2 is damaged, cut off or not in its place");
  refused(file + "x", 3, "bytes follow its last age chunk, number 3");
  refused(file + chunk(2), 3, "bytes follow its last age chunk, number 3");
  const std::string other = sealed(plain);
  refused(begin + chunk(0) + other.substr(kFrontBytes + kAgeSealedChunkBytes), 1,
          "its age chunk 2 is damaged, cut off or not in its place");
}

// A writer that knows the keys, and not the rules.
class Forger {
 public:
  Forger() {
    EXPECT_TRUE(fill_random(file_key_.fill()));
    const auto to = test::recipients(kIdentity);
    file_ = headers_.make(to, file_key_).value() + std::string(16, 'n');
    PayloadNonce nonce;
    nonce.fill('n');
    EXPECT_TRUE(aead_.set_key(headers_.payload_key(file_key_, nonce).value(), Aead::Use::kSeal));
  }
  Forger& add(std::string_view plain, bool is_last) {
    std::string chunk(plain.size() + Aead::kTagSize, '\0');
    EXPECT_TRUE(aead_.seal(age_chunk_nonce(index_++, is_last), bytes_of(plain),
                           reinterpret_cast<uint8_t*>(chunk.data())));
    file_ += chunk;
    return *this;
  }
  const std::string& file() const { return file_; }

 private:
  AgeHeaders headers_;
  FileKey file_key_;
  Aead aead_;
  uint64_t index_ = 0;
  std::string file_;
};

TEST(AgeOpen, ChunksThatNoHonestWriterMakes) {
  const std::string full(kAgeChunkBytes, 'f');
  EXPECT_EQ(opened(Forger().add("", true).file()).plain, "");
  EXPECT_TRUE(opened(Forger().add(full, false).add("x", true).file()).status);
  const Opened empty = opened(Forger().add(full, false).add("", true).file());
  EXPECT_TRUE(is_refused(empty, TIDEMARK_E_CORRUPT, "its last age chunk, number 2, is empty"));
  EXPECT_TRUE(empty.plain == full);
  EXPECT_TRUE(is_refused(opened(Forger().add("short", false).file()), TIDEMARK_E_CORRUPT,
                         "its age chunk 1 is damaged"));
  const Opened middle = opened(Forger().add("short", false).add(full, true).file());
  EXPECT_TRUE(is_refused(middle, TIDEMARK_E_CORRUPT, "its age chunk 1 is damaged"));
  EXPECT_EQ(middle.plain, "");
  EXPECT_TRUE(is_refused(opened(Forger().add(full, false).file()), TIDEMARK_E_CORRUPT,
                         "it ends before its last age chunk, after number 1"));
  const Opened two = opened(Forger().add(full, true).add(full, true).file());
  EXPECT_TRUE(is_refused(two, TIDEMARK_E_CORRUPT, "bytes follow its last age chunk, number 1"));
}

TEST(AgeOpen, WhatIsNoAgeFileIsRefusedAtItsFirstByte) {
  const auto keys = identities(kIdentity);
  const Give give = [](std::span<const uint8_t>) { return Status(); };
  AgeDecoder decoder(keys);
  Status pushed = decoder.push(bytes_of("\x28"), give);
  ASSERT_FALSE(pushed);
  EXPECT_EQ(pushed.error().message, "it is not an age file: it does not begin as one");
  decoder.begin();
  ASSERT_TRUE(decoder.push(bytes_of("age-encryption.org/v"), give));
  pushed = decoder.push(bytes_of("2"), give);
  ASSERT_FALSE(pushed);
  EXPECT_EQ(pushed.error().message,
            "it is an age file of another version than v1, or damaged in its first line");
  decoder.begin();
  pushed = decoder.finish(give);
  ASSERT_FALSE(pushed);
  EXPECT_EQ(pushed.error().message, "it ends within its age header");
}

TEST(AgeOpen, AHeaderWithoutEndIsReadOnlyToTheLimit) {
  const auto keys = identities(kIdentity);
  const Give give = [](std::span<const uint8_t>) { return Status(); };
  for (const std::string filler : {"x", "x\n"}) {
    AgeDecoder decoder(keys);
    size_t pushed = kAgeVersionLine.size();
    Status status = decoder.push(bytes_of(kAgeVersionLine), give);
    while (status) {
      ASSERT_LE(pushed, kAgeHeaderMaxBytes);
      status = decoder.push(bytes_of(filler), give);
      pushed += filler.size();
    }
    EXPECT_EQ(status.error().message, "its age header is longer than 65536 bytes");
    EXPECT_GT(pushed, kAgeHeaderMaxBytes);
  }
  AgeDecoder decoder(keys);
  const Status whole = decoder.push(bytes_of(std::string(kAgeVersionLine) + std::string(70'000, 'x')), give);
  ASSERT_FALSE(whole);
  EXPECT_EQ(whole.error().status, TIDEMARK_E_CORRUPT);
}

TEST(AgeOpen, AnErrorOfWhoGetsTheBytesEndsIt) {
  const std::string file = sealed(random_text(200'000));
  const auto keys = identities(kIdentity);
  AgeDecoder decoder(keys);
  int given = 0;
  const Give give = [&](std::span<const uint8_t>) -> Status {
    if (++given == 2) return fail(TIDEMARK_E_NO_SPACE, "full");
    return {};
  };
  const Status status = decoder.push(bytes_of(file), give);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message, "full");
  EXPECT_EQ(given, 2);
}

TEST(AgeOpen, OneFileAfterAnotherWhateverBecameOfTheLast) {
  const auto keys = identities(kIdentity);
  AgeDecoder decoder(keys);
  const std::string plain = random_text(100'000), file = sealed(plain);
  for (const size_t cut :
       {size_t{0}, size_t{30}, kHeaderBytes, kHeaderBytes + 5, kFrontBytes, size_t{70'000}}) {
    EXPECT_FALSE(opened(decoder, file.substr(0, cut)).status);
    decoder.begin();
    EXPECT_TRUE(opened(decoder, file).plain == plain);
    decoder.begin();
  }
}

}  // namespace
}  // namespace tidemark::codec
