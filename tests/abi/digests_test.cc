// A host that exports functions of OpenSSL's names: the plugin finds the host's instead of libcrypto's.
// Whatever they do, nothing is acknowledged that has no digest.
#include <atomic>

#include "peer.h"

namespace {

enum class Crypto { kReal, kRefuses, kDoesNothing };
std::atomic<Crypto> update_does{Crypto::kReal}, final_does{Crypto::kReal};

template <typename F>
F real(const char* name) {
  static void* const library = dlopen("libcrypto.so.3", RTLD_NOW | RTLD_LOCAL);
  return reinterpret_cast<F>(dlsym(library, name));
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) int EVP_DigestUpdate(void* context, const void* data, size_t size) {
  static const auto theirs = real<int (*)(void*, const void*, size_t)>("EVP_DigestUpdate");
  if (update_does == Crypto::kReal) return theirs(context, data, size);
  return update_does == Crypto::kDoesNothing ? 1 : 0;
}

__attribute__((visibility("default"))) int EVP_DigestFinal_ex(void* context, unsigned char* out,
                                                              unsigned* size) {
  static const auto theirs = real<int (*)(void*, unsigned char*, unsigned*)>("EVP_DigestFinal_ex");
  if (final_does == Crypto::kReal) return theirs(context, out, size);
  return final_does == Crypto::kDoesNothing ? 1 : 0;
}

}  // extern "C"

namespace tidemark::abi_test {
namespace {

class HostsCrypto : public PluginTest {
 protected:
  void TearDown() override { update_does = final_does = Crypto::kReal; }

  void expect_create_fails(std::string_view first, std::string_view second) {
    ErrorOut error;
    const tidemark_status status = api_->create(&host_.table(), nullptr, 0, &archiver_, &error);
    EXPECT_TRUE(status == TIDEMARK_E_RETRYABLE || status == TIDEMARK_E_PERMANENT) << status;
    EXPECT_EQ(archiver_, nullptr);
    const std::string message = error.message;
    EXPECT_NE(message.find(first), std::string::npos) << message;
    EXPECT_NE(message.find(second), std::string::npos) << message;
  }
  size_t objects() const {
    size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(sink_dir_.path())) {
      count += entry.path().extension() == ".tar" ? 1 : 0;
    }
    return count;
  }
  tidemark_status fetch(const std::string& key) {
    const auto* readback =
        static_cast<const tidemark_readback_api*>(api_->get_extension(archiver_, TIDEMARK_EXT_READBACK));
    const tidemark_writer nowhere = {
        nullptr, [](void*, const void*, size_t) -> tidemark_status { return TIDEMARK_OK; }};
    return readback->fetch(archiver_, str(key), &nowhere, nullptr, nullptr);
  }
};

TEST_F(HostsCrypto, CreateKnowsOneThatRefuses) {
  update_does = Crypto::kRefuses;
  expect_create_fails("EVP_DigestUpdate failed in", "abi_digests");  // the file that it was found in
  update_does = Crypto::kReal;
  final_does = Crypto::kRefuses;
  expect_create_fails("EVP_DigestFinal_ex failed in", "SHA-256");
}

TEST_F(HostsCrypto, CreateKnowsOneThatDoesNothing) {
  update_does = Crypto::kDoesNothing;
  expect_create_fails("SHA-256 as computed by", "RTLD_DEEPBIND");
  update_does = Crypto::kReal;
  final_does = Crypto::kDoesNothing;
  expect_create_fails("EVP_DigestFinal_ex failed in", "SHA-256");
}

// Begins to fail under a running archiver, and comes back.
class FailsLater : public HostsCrypto, public ::testing::WithParamInterface<int> {};

TEST_P(FailsLater, NothingIsAcknowledged) {
  std::atomic<int> failing{0};
  std::atomic<bool> named{false};
  struct Context {
    tidemark_host inner;
    std::atomic<int>& failing;
    std::atomic<bool>& named;
  } context = {host_.table(), failing, named};
  tidemark_host& table = host_.table();
  table.ctx = &context;
  table.acquire_entry = [](void* ctx, const tidemark_partition* p, tidemark_lsn lsn, tidemark_entry* out,
                           tidemark_error* error) {
    auto& inner = static_cast<Context*>(ctx)->inner;
    return inner.acquire_entry(inner.ctx, p, lsn, out, error);
  };
  table.acknowledge = [](void* ctx, const tidemark_partition* p, tidemark_lsn lsn, tidemark_error* error) {
    auto& inner = static_cast<Context*>(ctx)->inner;
    return inner.acknowledge(inner.ctx, p, lsn, error);
  };
  table.event = [](void* ctx, const tidemark_event* event) {
    auto& self = *static_cast<Context*>(ctx);
    if (event->kind != TIDEMARK_EVENT_FAILING) return;
    if (std::string_view(event->error->message).find("failed in") != std::string_view::npos)
      self.named = true;
    ++self.failing;
  };
  create({option("retry_min_ms", "1"), option("retry_max_ms", "5")});
  open_file_sink();
  ErrorOut error;
  ASSERT_EQ(api_->start(archiver_, &error), TIDEMARK_OK) << error.message;
  host_.commit(1, "first");
  ASSERT_EQ(notify("orders", 1, 1, &error), TIDEMARK_OK);
  ASSERT_TRUE(host_.wait_for_acknowledge(1));

  (GetParam() % 2 == 0 ? update_does : final_does) = GetParam() < 2 ? Crypto::kRefuses : Crypto::kDoesNothing;
  host_.commit(2, "held in memory");
  host_.commit(3, std::string(20 << 20, 'x'));  // and one that is streamed
  ASSERT_EQ(notify("orders", 2, 3, &error), TIDEMARK_OK);
  ASSERT_EQ(notify("other", 2, 3, &error), TIDEMARK_OK);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (failing < 2 && std::chrono::steady_clock::now() < until) usleep(1000);
  EXPECT_GE(failing, 2);
  EXPECT_TRUE(named);
  EXPECT_EQ(objects(), 1u) << "something was stored without a digest";

  update_does = final_does = Crypto::kReal;
  ASSERT_TRUE(host_.wait_for_acknowledge(3));
  ASSERT_EQ(api_->stop(archiver_, 30'000, &error), TIDEMARK_OK) << error.message;
  EXPECT_EQ(objects(), 5u);
  for (const char* key :
       {"orders/7/0000000000001.tar", "orders/7/0000000000002.tar", "orders/7/0000000000003.tar",
        "other/7/0000000000002.tar", "other/7/0000000000003.tar"}) {
    EXPECT_EQ(fetch(key), TIDEMARK_OK) << key;
  }
  update_does = Crypto::kRefuses;
  EXPECT_EQ(fetch("orders/7/0000000000001.tar"), TIDEMARK_E_RETRYABLE) << "not CORRUPT: nobody knows";
}

// An update that does nothing and says 1 is what create is there to find; a final that does nothing is found
// always.
INSTANTIATE_TEST_SUITE_P(, FailsLater, ::testing::Values(0, 1, 3));

}  // namespace
}  // namespace tidemark::abi_test
