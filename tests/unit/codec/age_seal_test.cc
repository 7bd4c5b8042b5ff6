#include "codec/age_seal.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>

#include "codec/age_fixture.h"

namespace tidemark::codec {
namespace {

using test::identities;
using test::kFrontBytes;
using test::kIdentity;
using test::kOtherIdentity;
using test::opened;
using test::random_text;
using test::read_all;
using test::recipients;
using test::TextReader;

constexpr size_t kSealedSizes[] = {0, 1, 65535, 65536, 65537, 131071, 131072, 131073, 300'000};

std::string both() { return std::string(kIdentity) + "\n" + std::string(kOtherIdentity); }

TEST(AgeSeal, HasTheLengthThatItSaysAndOpens) {
  for (const auto& to : {std::string(kIdentity), both()}) {
    AgeSealer sealer(recipients(to));
    for (const size_t size : kSealedSizes) {
      const std::string plain = random_text(size);
      TextReader reader(plain);
      ASSERT_TRUE(sealer.begin(reader));
      const auto file = read_all(sealer);
      ASSERT_TRUE(file) << file.error().message;
      EXPECT_EQ(file->size(), sealer.size_bytes_of(size)) << size;
      EXPECT_EQ(reader.back, 0) << "it was read in order";
      for (const auto with : {kIdentity, kOtherIdentity}) {
        if (with == kOtherIdentity && to == kIdentity) continue;
        const auto result = opened(*file, with);
        EXPECT_TRUE(result.status) << result.status.error().message;
        EXPECT_TRUE(result.plain == plain) << size;
      }
    }
  }
}

TEST(AgeSeal, AddsSixteenBytesToEachChunk) {
  const AgeSealer sealer(recipients(kIdentity));
  EXPECT_EQ(sealer.size_bytes_of(0), 200U);
  EXPECT_EQ(sealer.size_bytes_of(65536), 200U + 65536);
  EXPECT_EQ(sealer.size_bytes_of(65537), 200U + 65537 + 16);
  EXPECT_EQ(sealer.size_bytes_of(uint64_t{1} << 50), 200U - 16 + (uint64_t{1} << 50) + (uint64_t{1} << 38));
}

TEST(AgeSeal, PiecesOfAnySizeAreTheSameFile) {
  std::mt19937 random(3);
  for (const size_t size : kSealedSizes) {
    for (const size_t plain_piece : {size_t{1000}, size_t{65536}, size_t{65537}, SIZE_MAX}) {
      const std::string plain = random_text(size);
      TextReader reader(plain, plain_piece);
      AgeSealer sealer(recipients(kIdentity));
      ASSERT_TRUE(sealer.begin(reader));
      std::string file;
      for (bool is_end = false; !is_end;) {
        std::string part(1 + random() % (random() % 2 == 0 ? 200 : 200'000), '\0');
        const auto got = sealer.read(file.size(), reinterpret_cast<uint8_t*>(part.data()), part.size());
        ASSERT_TRUE(got) << got.error().message;
        is_end = *got < part.size();
        file.append(part, 0, *got);
      }
      EXPECT_EQ(reader.back, 0);
      EXPECT_TRUE(opened(file).plain == plain) << size;
      const auto again = read_all(sealer, 1 + random() % 100'000);
      ASSERT_TRUE(again) << again.error().message;
      EXPECT_TRUE(*again == file) << size << ": the second pass";
    }
  }
}

TEST(AgeSeal, AReadFromAnyOffsetGivesTheSameBytes) {
  const std::string plain = random_text(300'000);
  TextReader reader(plain);
  AgeSealer sealer(recipients(kIdentity));
  ASSERT_TRUE(sealer.begin(reader));
  const auto file = read_all(sealer);
  ASSERT_TRUE(file);
  std::mt19937 random(4);
  for (int round = 0; round < 300; ++round) {
    const size_t offset = random() % (file->size() + 1);
    std::string part(1 + random() % (round % 2 == 0 ? 50 : 150'000), '\0');
    const auto got = sealer.read(offset, reinterpret_cast<uint8_t*>(part.data()), part.size());
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_EQ(*got, std::min(part.size(), file->size() - offset));
    ASSERT_TRUE(file->compare(offset, *got, part, 0, *got) == 0) << offset;
  }
}

TEST(AgeSeal, MayGoBackBeforeTheEndWasSeen) {
  const std::string plain = random_text(300'000);
  TextReader reader(plain);
  AgeSealer sealer(recipients(kIdentity));
  ASSERT_TRUE(sealer.begin(reader));
  std::string file(sealer.size_bytes_of(plain.size()), '\0'), again(file.size(), '\0');
  auto* const out = reinterpret_cast<uint8_t*>(file.data());
  ASSERT_EQ(*sealer.read(0, out, 150'000), 150'000U);
  ASSERT_EQ(*sealer.read(0, reinterpret_cast<uint8_t*>(again.data()), 70'000), 70'000U);
  ASSERT_EQ(*sealer.read(150'000, out + 150'000, file.size()), file.size() - 150'000);
  ASSERT_EQ(*sealer.read(70'000, reinterpret_cast<uint8_t*>(again.data()) + 70'000, file.size()),
            file.size() - 70'000);
  EXPECT_TRUE(file == again);
  EXPECT_TRUE(opened(file).plain == plain);
}

TEST(AgeSeal, EachPutIsAnotherFile) {
  AgeSealer sealer(recipients(kIdentity));
  std::set<std::string> shares, nonces, chunks;
  for (int round = 0; round < 20; ++round) {
    TextReader reader("the same");
    ASSERT_TRUE(sealer.begin(reader));
    const auto file = read_all(sealer);
    ASSERT_TRUE(file);
    EXPECT_EQ(file->size(), 208U);
    EXPECT_EQ(opened(*file).plain, "the same");
    shares.insert(file->substr(32, 43));
    nonces.insert(file->substr(kFrontBytes - 16, 16));
    chunks.insert(file->substr(kFrontBytes));
    if (round % 2 == 0) sealer.end();
  }
  EXPECT_EQ(shares.size(), 20U);
  EXPECT_EQ(nonces.size(), 20U);
  EXPECT_EQ(chunks.size(), 20U);
}

TEST(AgeSeal, EachRecipientHasAShareOfItsOwn) {
  const std::string file = test::sealed("x", both());
  EXPECT_EQ(file.substr(0, 32), "age-encryption.org/v1\n-> X25519 ");
  EXPECT_EQ(file.substr(32 + 88, 10), "-> X25519 ");
  EXPECT_NE(file.substr(32, 43), file.substr(32 + 98, 43));
}

TEST(AgeSeal, ShowsNothingOfThePlaintext) {
  const std::string marker = "a marker that is looked for";
  std::string plain;
  while (plain.size() < 200'000) plain += marker;
  const std::string file = test::sealed(plain);
  EXPECT_EQ(file.find(marker.substr(0, 6)), std::string::npos);
}

// One key and nonce never seal two texts.
TEST(AgeSeal, PlaintextThatChangedIsNotSealedAgain) {
  const std::string plain = random_text(200'000);
  for (const size_t changed : {size_t{0}, size_t{65535}, size_t{65536}, size_t{199'999}}) {
    TextReader reader(plain);
    AgeSealer sealer(recipients(kIdentity));
    ASSERT_TRUE(sealer.begin(reader));
    const auto file = read_all(sealer);
    ASSERT_TRUE(file);
    reader.text[changed] ^= 1;
    const size_t chunk = changed / kAgeChunkBytes;
    const size_t begin = kFrontBytes + chunk * kAgeSealedChunkBytes;
    for (const size_t size : {size_t{10}, kAgeSealedChunkBytes}) {  // with and without a copy
      std::string part(size, 'u');
      // The chunk that the sealer holds is not the changed one.
      ASSERT_TRUE(sealer.read(chunk == 0 ? begin + kAgeSealedChunkBytes : kFrontBytes,
                              reinterpret_cast<uint8_t*>(part.data()), 1));
      part[0] = 'u';
      const auto got = sealer.read(begin, reinterpret_cast<uint8_t*>(part.data()), size);
      ASSERT_FALSE(got);
      EXPECT_EQ(got.error().status, TIDEMARK_E_CORRUPT);
      EXPECT_EQ(got.error().message, "what is encrypted changed between two reads: chunk " +
                                         std::to_string(chunk + 1) + " has other bytes");
      const bool is_untouched = part == std::string(size, 'u');
      const bool is_wiped = part.substr(0, 10) == std::string(10, '\0');
      EXPECT_TRUE(is_untouched || is_wiped) << "none of it is given out";
    }
    reader.text[changed] ^= 1;
    const auto again = read_all(sealer);
    ASSERT_TRUE(again) << "back to what it was";
    EXPECT_TRUE(*again == *file);
  }
}

TEST(AgeSeal, PlaintextOfAnotherLengthIsNotSealedAgain) {
  for (const size_t size : {size_t{100'000}, size_t{131072}, size_t{131073}}) {
    for (const size_t other : {size_t{0}, size_t{1}, size_t{65535}, size_t{65536}, size_t{65537},
                               size_t{100'001}, size_t{131072}, size_t{131073}, size_t{200'000}}) {
      if (size == other) continue;
      std::string plain = random_text(200'000);
      TextReader reader(plain.substr(0, size));
      AgeSealer sealer(recipients(kIdentity));
      ASSERT_TRUE(sealer.begin(reader));
      ASSERT_TRUE(read_all(sealer));
      std::string part(1, '\0');
      ASSERT_TRUE(sealer.read(kFrontBytes, reinterpret_cast<uint8_t*>(part.data()), 1));
      reader.text = plain.substr(0, other);
      const auto again = read_all(sealer);
      ASSERT_FALSE(again) << size << " " << other;
      EXPECT_EQ(again.error().status, TIDEMARK_E_CORRUPT);
      EXPECT_EQ(again.error().message, "what is encrypted changed between two reads: it has another length");
    }
  }
}

TEST(AgeSeal, AnErrorOfThePlaintextIsPassedOnAndTheReadCanBeTriedAgain) {
  const std::string plain = random_text(200'000);
  TextReader reader(plain);
  AgeSealer sealer(recipients(kIdentity));
  ASSERT_TRUE(sealer.begin(reader));
  reader.fails_at = 65537;
  const auto failed = read_all(sealer);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "this reader fails");
  reader.fails_at = UINT64_MAX;
  const auto file = read_all(sealer);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_TRUE(opened(*file).plain == plain);
}

TEST(AgeSeal, ARecipientThatNobodyCanBeIsNamed) {
  AgeSealer sealer({recipients(kIdentity).front(), Recipient{}});
  TextReader reader("x");
  const auto begun = sealer.begin(reader);
  ASSERT_FALSE(begun);
  EXPECT_EQ(begun.error().status, TIDEMARK_E_PERMANENT);
  EXPECT_EQ(begun.error().message,
            "nothing can be encrypted to " + recipient_text({}) +
                ": it is not a key that anybody has the identity of; remove it from the recipients");
  EXPECT_EQ(reader.reads, 0);
}

}  // namespace
}  // namespace tidemark::codec
