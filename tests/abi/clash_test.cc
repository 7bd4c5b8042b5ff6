// A host that is linked with another libcrypto, and loads the plugin with RTLD_DEEPBIND as README says: each
// has its own, and so have the sinks.
#define TIDEMARK_TEST_DLOPEN_FLAGS (RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND)
#include "peer.h"

namespace tidemark::abi_test {
namespace {

class Clash : public PluginTest {};

TEST_F(Clash, TheHostsIsInFront) {
  void* const program = dlopen(nullptr, RTLD_NOW);
  void* const theirs = dlsym(program, "EVP_DigestUpdate");
  ASSERT_NE(theirs, nullptr);
  Dl_info info = {};
  ASSERT_NE(dladdr(theirs, &info), 0);
  EXPECT_NE(std::string_view(info.dli_fname).find("clash"), std::string_view::npos) << info.dli_fname;
}

TEST_F(Clash, ArchivesAndReadsBack) {
  ASSERT_NO_FATAL_FAILURE(start());
  ErrorOut error;
  for (tidemark_lsn lsn = 1; lsn <= 3; ++lsn) host_.commit(lsn, "entry " + std::to_string(lsn));
  ASSERT_EQ(notify("orders", 1, 3, &error), TIDEMARK_OK) << error.message;
  ASSERT_TRUE(host_.wait_for_acknowledge(3));
  const auto* readback =
      static_cast<const tidemark_readback_api*>(api_->get_extension(archiver_, TIDEMARK_EXT_READBACK));
  const tidemark_writer nowhere = {nullptr,
                                   [](void*, const void*, size_t) -> tidemark_status { return TIDEMARK_OK; }};
  EXPECT_EQ(readback->fetch(archiver_, str("orders/7/0000000000003.tar"), &nowhere, nullptr, &error),
            TIDEMARK_OK)
      << error.message;
}

// Its known answers are right, its signature is made: what is left to fail is that nobody listens there.
TEST_F(Clash, TheS3SinkHasItsOwnToo) {
  ASSERT_NO_FATAL_FAILURE(create());
  ErrorOut error;
  const tidemark_option options[] = {option("endpoint", "http://127.0.0.1:9"), option("region", "here"),
                                     option("access_key_id", "id"), option("secret_access_key", "key")};
  const tidemark_status status =
      api_->set_sink(archiver_, str("s3://bucket/prefix"), options, std::size(options), nullptr, &error);
  EXPECT_EQ(status, TIDEMARK_E_RETRYABLE) << error.message;
  EXPECT_NE(std::string_view(error.message).find("127.0.0.1"), std::string_view::npos) << error.message;
}

}  // namespace
}  // namespace tidemark::abi_test
