// The tar of a stored archive, from any place and again; and the thread that reads it.
#include "store/stored_tar.h"

#include <chrono>
#include <thread>

#include "codec/coded_object.h"
#include "store/maintenance_fixture.h"

namespace tidemark::store {
namespace {

class StoredTarTest : public MaintenanceTest {
 protected:
  StoredTarTest() {
    std::string body(7 * kMiB + 123, '\0');
    for (size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 31 + i / 4099);
    test::RawTar tar;
    tar.member('0', lsn_string(9), body);
    const std::string object = tar.object({9, 9});
    tar_ = object.substr(0, object.size() - kFooterSize);
    fake_.chunk_bytes = 100'000;
  }
  void add(Coding coding) {
    parsed_.name.coding = coding;
    key_ = object_key("db", 7, parsed_.name);
    fake_.objects[key_] = test::coded_object(parsed_, tar_);
  }
  StoredTar make(const Call& deadline) {
    return StoredTar(fake_.sink(), key_, parsed_, fake_.objects[key_].size(), keys_, progress_, deadline);
  }
  std::string read(StoredTar& tar, uint64_t offset, size_t size) {
    std::string bytes(size, '\0');
    size_t filled = 0;
    while (filled < size) {
      const auto count =
          tar.read(offset + filled, reinterpret_cast<uint8_t*>(bytes.data()) + filled, size - filled);
      EXPECT_TRUE(count) << count.error().message;
      if (!count || *count == 0) break;
      filled += *count;
    }
    return bytes.substr(0, filled);
  }

  std::string tar_;
  ParsedKey parsed_{"db", 7, {{9, 9}, ObjectKind::kArchive, 1, Coding::kNone}};
  std::string key_;
  const codec::Keys keys_ = test::keys_of(test::kIdentity, test::kTagKey, true);
  uint64_t read_bytes_ = 0;
  const Progress progress_ = [this](uint64_t bytes) { read_bytes_ = bytes; };
};

TEST_F(StoredTarTest, AnyPlaceAndAgain) {
  for (const Coding coding : {Coding::kNone, Coding::kZstd, Coding::kAge, Coding::kZstdAge}) {
    add(coding);
    for (const uint64_t hold_bytes : {uint64_t{0}, kMiB, 8 * kMiB}) {
      fake_.gets = 0;
      const Call deadline(nullptr);
      StoredTar tar = make(deadline);
      const Status proven = tar.prove(hold_bytes);
      ASSERT_TRUE(proven) << proven.error().message;
      EXPECT_EQ(tar.is_held(), hold_bytes == 8 * kMiB);
      EXPECT_EQ(tar.size_bytes(), tar_.size());
      EXPECT_EQ(tar.footer(), test::footer_of(fake_.objects[key_]));
      EXPECT_EQ(read_bytes_, fake_.objects[key_].size());
      EXPECT_TRUE(read(tar, 0, tar_.size() + 1) == tar_);
      EXPECT_TRUE(read(tar, 0, 3 * kMiB) == tar_.substr(0, 3 * kMiB)) << "from the beginning again";
      EXPECT_TRUE(read(tar, 5 * kMiB - 1, 2) == tar_.substr(5 * kMiB - 1, 2));
      EXPECT_TRUE(read(tar, kMiB + 7, 100) == tar_.substr(kMiB + 7, 100)) << "and half-way left";
      EXPECT_EQ(read(tar, tar_.size(), 1), "");
      if (tar.is_held()) {
        EXPECT_LE(fake_.gets, 2) << "it, and its footer";
      }
    }
    fake_.objects.erase(key_);
  }
}

TEST_F(StoredTarTest, WhatIsDamagedMeanwhileIsNotGivenOut) {
  for (const Coding coding : {Coding::kNone, Coding::kZstd, Coding::kAge}) {
    add(coding);
    const Call deadline(nullptr);
    StoredTar tar = make(deadline);
    ASSERT_TRUE(tar.prove(0));
    const std::string whole = fake_.objects[key_];
    std::string bytes(64, '\0');
    auto* const out = reinterpret_cast<uint8_t*>(bytes.data());
    for (const std::string& other : {whole.substr(0, whole.size() / 2) + std::string(whole.size() / 2, '\0'),
                                     whole.substr(0, whole.size() / 2)}) {
      fake_.objects[key_] = other;
      expect_error(tar.read(tar_.size() - 64, out, 64), TIDEMARK_E_CORRUPT, "a second time");
    }
    fake_.objects[key_] = whole;
    EXPECT_TRUE(tar.read(tar_.size() - 64, out, 64)) << "nothing of it was kept";
    EXPECT_EQ(bytes, tar_.substr(tar_.size() - 64));
    fake_.fail_get = TIDEMARK_E_RETRYABLE;
    expect_error(tar.read(0, out, 64), TIDEMARK_E_RETRYABLE, "");
    fake_.fail_get = TIDEMARK_OK;
    fake_.objects.erase(key_);
  }
}

TEST_F(StoredTarTest, EndsWhenItIsCancelled) {
  add(Coding::kZstd);
  std::atomic<bool> cancelled{false};
  const tidemark_call call = {sizeof call, 0, &cancelled, [](void* ctx) -> int32_t {
                                return static_cast<std::atomic<bool>*>(ctx)->load() ? 1 : 0;
                              }};
  const Call deadline(&call);
  StoredTar tar = make(deadline);
  ASSERT_TRUE(tar.prove(0));
  uint8_t byte = 0;
  ASSERT_TRUE(tar.read(0, &byte, 1));
  cancelled = true;
  EXPECT_FALSE(tar.read(6 * kMiB, &byte, 1));
}

TEST_F(StoredTarTest, WhatIsNotAllReadIsLeft) {
  add(Coding::kZstd);
  const Call deadline(nullptr);
  StoredTar tar = make(deadline);
  ASSERT_TRUE(tar.prove(0));
  uint8_t byte = 0;
  ASSERT_TRUE(tar.read(0, &byte, 1));  // its thread waits for somebody who takes the rest
}

}  // namespace
}  // namespace tidemark::store
