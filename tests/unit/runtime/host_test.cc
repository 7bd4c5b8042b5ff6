#include "runtime/host.h"

#include <gtest/gtest.h>

#include <cstring>

namespace tidemark::runtime {
namespace {

tidemark_host full_host() {
  tidemark_host host = {};
  host.struct_size = sizeof host;
  host.acquire_entry = [](void*, const tidemark_partition*, tidemark_lsn, tidemark_entry*,
                          tidemark_error*) -> tidemark_status { return TIDEMARK_OK; };
  host.release_entry = [](void*, const tidemark_partition*, tidemark_entry*) {};
  host.acknowledge = [](void*, const tidemark_partition*, tidemark_lsn, tidemark_error*) -> tidemark_status {
    return TIDEMARK_OK;
  };
  host.event = [](void*, const tidemark_event*) {};
  host.log = [](void*, int32_t, tidemark_str, tidemark_str) {};
  return host;
}

void expect_invalid(const tidemark_host* host, std::string_view culprit) {
  const Result<tidemark_host> copy = copy_host(host);
  ASSERT_FALSE(copy);
  EXPECT_EQ(copy.error().status, TIDEMARK_E_INVALID);
  EXPECT_NE(copy.error().message.find(culprit), std::string::npos) << copy.error().message;
}

TEST(CopyHost, CopiesAFullTable) {
  int ctx = 0;
  tidemark_host host = full_host();
  host.ctx = &ctx;
  const Result<tidemark_host> copy = copy_host(&host);
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->ctx, &ctx);
  EXPECT_EQ(copy->acquire_entry, host.acquire_entry);
  EXPECT_EQ(copy->release_entry, host.release_entry);
  EXPECT_EQ(copy->acknowledge, host.acknowledge);
  EXPECT_EQ(copy->event, host.event);
  EXPECT_EQ(copy->log, host.log);
}

TEST(CopyHost, NamesWhatIsMissing) {
  expect_invalid(nullptr, "host is NULL");
  tidemark_host host = full_host();
  host.acquire_entry = nullptr;
  expect_invalid(&host, "host.acquire_entry");
  host = full_host();
  host.release_entry = nullptr;
  expect_invalid(&host, "host.release_entry");
  host = full_host();
  host.acknowledge = nullptr;
  expect_invalid(&host, "host.acknowledge");
  host = full_host();
  host.struct_size = 0;
  expect_invalid(&host, "host.struct_size is 0");
  host.struct_size = offsetof(tidemark_host, event) - 1;
  expect_invalid(&host, "sizeof(tidemark_host)");
}

TEST(CopyHost, EventAndLogAreOptional) {
  tidemark_host host = full_host();
  host.event = nullptr;
  host.log = nullptr;
  const Result<tidemark_host> copy = copy_host(&host);
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->event, nullptr);
  EXPECT_EQ(copy->log, nullptr);
}

// An older host's table ends earlier; what lies behind it is not looked at.
TEST(CopyHost, AnOlderHostEndsEarlier) {
  tidemark_host host = full_host();
  host.struct_size = offsetof(tidemark_host, event);
  Result<tidemark_host> copy = copy_host(&host);
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->event, nullptr);
  EXPECT_EQ(copy->log, nullptr);
  host.struct_size = offsetof(tidemark_host, log) + 1;
  copy = copy_host(&host);
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->event, host.event);
  EXPECT_EQ(copy->log, nullptr) << "a member that only partly fits is absent";
}

TEST(CopyHost, ANewerHostIsLonger) {
  struct {
    tidemark_host host;
    uint64_t unknown[4];
  } newer = {full_host(), {1, 2, 3, 4}};
  newer.host.struct_size = sizeof newer;
  const Result<tidemark_host> copy = copy_host(&newer.host);
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->log, newer.host.log);
}

TEST(AbiPartition, OfNoStorageIsEmpty) {
  const tidemark_partition none = abi_partition({nullptr, 0});
  EXPECT_EQ(none.storage.size, 0U);
  const std::string name = "db";
  const tidemark_partition some = abi_partition({&name, 9});
  EXPECT_EQ(view(some.storage), "db");
  EXPECT_EQ(some.id, 9U);
}

}  // namespace
}  // namespace tidemark::runtime
