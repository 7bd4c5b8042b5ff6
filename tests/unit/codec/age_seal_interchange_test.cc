// Debian's age reads what we write, and we read what it writes.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "codec/age_fixture.h"
#include "codec/age_keys.h"
#include "temp_dir.h"

namespace tidemark::codec {
namespace {

using test::kIdentity;
using test::kOtherIdentity;
using test::opened;
using test::random_text;

constexpr size_t kInterchangedSizes[] = {0, 1, 65535, 65536, 65537, 131072, 5'000'000};

class AgeInterchange : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(run("command -v age >/dev/null && command -v age-keygen >/dev/null"), 0)
        << "tests/setup.sh installs age";
    tidemark::test::write_file(dir_ / "id", std::string(kIdentity) + "\n", 0600);
    tidemark::test::write_file(dir_ / "other", std::string(kOtherIdentity) + "\n", 0600);
  }

  int run(const std::string& command) {
    return std::system(("cd '" + dir_.path().string() + "' && " + command).c_str());
  }
  std::string read(const char* name) { return tidemark::test::read_file(dir_ / name); }

  tidemark::test::TempDir dir_;
};

TEST_F(AgeInterchange, AgeReadsWhatWeWrite) {
  const std::string both = std::string(kIdentity) + "\n" + std::string(kOtherIdentity);
  for (const size_t size : kInterchangedSizes) {
    const std::string plain = random_text(size);
    tidemark::test::write_file(dir_ / "file.age", test::sealed(plain, both));
    for (const char* identity : {"id", "other"}) {
      ASSERT_EQ(run(std::string("age -d -i ") + identity + " file.age >plain"), 0) << size;
      EXPECT_TRUE(read("plain") == plain) << size;
    }
  }
}

TEST_F(AgeInterchange, WeReadWhatAgeWrites) {
  ASSERT_EQ(run("age-keygen -y id >readers && age-keygen -y other >>readers"), 0);
  EXPECT_EQ(read_recipients_file(dir_ / "readers").value(),
            test::recipients(std::string(kIdentity) + "\n" + std::string(kOtherIdentity)));
  for (const size_t size : kInterchangedSizes) {
    const std::string plain = random_text(size);
    tidemark::test::write_file(dir_ / "plain", plain);
    ASSERT_EQ(run("age -R readers -o file.age plain"), 0);
    for (const auto identity : {kIdentity, kOtherIdentity}) {
      const auto result = opened(read("file.age"), identity, 100'000);
      EXPECT_TRUE(result.status) << test::text_of(result.status);
      EXPECT_TRUE(result.plain == plain) << size;
    }
  }
}

TEST_F(AgeInterchange, KeysOfAgeKeygen) {
  ASSERT_EQ(run("age-keygen -o new 2>/dev/null && age-keygen -y new >reader"), 0);
  const auto keys = read_identity_file(dir_ / "new");
  ASSERT_TRUE(keys) << keys.error().message;
  EXPECT_EQ(recipient_text(keys->front().recipient()) + "\n", read("reader"));
}

TEST_F(AgeInterchange, ArmorIsRefused) {
  tidemark::test::write_file(dir_ / "plain", "text");
  ASSERT_EQ(run("age-keygen -y id >reader && age -a -R reader -o armored plain"), 0);
  EXPECT_TRUE(test::is_refused(opened(read("armored")), TIDEMARK_E_CORRUPT, "it is not an age file"));
}

}  // namespace
}  // namespace tidemark::codec
