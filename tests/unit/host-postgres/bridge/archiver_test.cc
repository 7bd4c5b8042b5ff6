#include "bridge/archiver.h"

#include <gtest/gtest.h>

namespace tidemark::postgres {
namespace {

tidemark_host idle_host() {
  tidemark_host host{};
  host.struct_size = sizeof(host);
  host.abi_minor = TIDEMARK_ARCHIVER_ABI_MINOR;
  host.acquire_entry = [](void*, const tidemark_partition*, tidemark_lsn, tidemark_entry*,
                          tidemark_error*) -> tidemark_status { return TIDEMARK_E_NOT_FOUND; };
  host.release_entry = [](void*, const tidemark_partition*, tidemark_entry*) {};
  host.acknowledge = [](void*, const tidemark_partition*, tidemark_lsn, tidemark_error*) -> tidemark_status {
    return TIDEMARK_OK;
  };
  return host;
}

class ArchiverTest : public testing::Test {
 protected:
  Result<std::unique_ptr<Archiver>> create(const Options& options) {
    return Archiver::create(TIDEMARK_TEST_MODULES "/tidemark.so", host_, options);
  }
  const tidemark_host host_ = idle_host();
};

TEST_F(ArchiverTest, NoPasswordOfASinksUrlIsRepeated) {
  auto archiver = create({});
  ASSERT_TRUE(archiver) << archiver.error().message;
  tidemark_call call{};
  call.struct_size = sizeof(call);
  for (const char* url :
       {"file://u:SECRET@h/p", "file://AKIA:wJal/SECRET@bucket/p", "file:u:SECRET@b", "//u:SECRET@h",
        "file://u%3ASECRET%40b", "file://u:pa?SECRET@b", "file://b#SECRET"}) {
    const Status set = (*archiver)->set_sink(url, {}, call);
    ASSERT_FALSE(set);
    EXPECT_NE(set.error().message.find("cannot open the sink "), std::string::npos) << set.error().message;
    EXPECT_EQ(set.error().message.find("SECRET"), std::string::npos) << set.error().message;
  }
}

TEST_F(ArchiverTest, NoKeyInPlaceOfItsFileIsRepeated) {
  for (const std::string& key : {std::string(64, 'a') + "\n", "/x/" + std::string(64, 'a') + "/"}) {
    const auto archiver = create({{"encrypt_tag_key_file", key}});
    ASSERT_FALSE(archiver);
    EXPECT_EQ(archiver.error().message.find("aaaa"), std::string::npos) << archiver.error().message;
  }
}

TEST(CheckSinkDirectory, NamesOneThatIsNotThere) {
  EXPECT_TRUE(check_sink_directory("file:///"));
  EXPECT_NE(check_sink_directory("file:///nonexistent/a").error().message.find("/nonexistent/a"),
            std::string::npos);
  EXPECT_TRUE(check_sink_directory("file://u:SECRET@h/p"));  // the sink refuses it
}

}  // namespace
}  // namespace tidemark::postgres
