// Negotiation, and everything wrong that can be given to create(): always INVALID with a name, never a crash.
#include <memory>

#include "peer.h"

namespace tidemark::abi_test {
namespace {

TEST(NegotiationTest, OnlyTheMajorSpokenIsAnswered) {
  EXPECT_EQ(load_plugin(0), nullptr);
  EXPECT_EQ(load_plugin(2), nullptr);
  EXPECT_EQ(load_plugin(UINT32_MAX), nullptr);
  const tidemark_archiver_api* api = load_plugin(1);
  ASSERT_NE(api, nullptr);
  EXPECT_EQ(api, load_plugin(1)) << "one table for the life of the library";
  EXPECT_GE(api->struct_size, sizeof *api) << "a plugin is never older than the frozen headers";
  EXPECT_EQ(api->abi_major, 1u);
  EXPECT_STRNE(api->version, "");
  EXPECT_TRUE(api->create && api->destroy && api->set_sink && api->start && api->stop && api->notify &&
              api->write_metrics && api->get_extension);
}

class CreateTest : public PluginTest {
 protected:
  void expect_refused(const tidemark_host* host, const std::vector<tidemark_option>& options,
                      std::string_view culprit) {
    tidemark_archiver* out = nullptr;
    ErrorOut error;
    const auto count = static_cast<uint32_t>(options.size());
    expect_invalid(api_->create(host, options.data(), count, &out, &error), error, culprit);
    EXPECT_EQ(out, nullptr);
    EXPECT_EQ(api_->create(host, options.data(), count, &out, nullptr), TIDEMARK_E_INVALID);
    EXPECT_EQ(out, nullptr);
  }
};

TEST_F(CreateTest, NullHostAndNullOut) {
  expect_refused(nullptr, {}, "host");
  ErrorOut error;
  expect_invalid(api_->create(&host_.table(), nullptr, 0, nullptr, &error), error, "out");
}

// The host's table lies at the very end of its memory, so that a sanitizer sees every byte read too many.
TEST_F(CreateTest, EveryLengthOfTheHostTable) {
  const size_t required = offsetof(tidemark_host, acknowledge) + sizeof host_.table().acknowledge;
  for (size_t size = 0; size <= sizeof(tidemark_host); ++size) {
    SCOPED_TRACE(size);
    host_.table().struct_size = static_cast<uint32_t>(size);
    const size_t allocated = std::max(size, sizeof(uint32_t));
    const std::unique_ptr<void, decltype(&free)> memory(malloc(allocated), free);
    std::memcpy(memory.get(), &host_.table(), allocated);
    const auto* host = static_cast<const tidemark_host*>(memory.get());
    if (size < required) {
      expect_refused(host, {}, "host");
      continue;
    }
    tidemark_archiver* out = nullptr;
    ErrorOut error;
    EXPECT_EQ(api_->create(host, nullptr, 0, &out, &error), TIDEMARK_OK) << error.message;
    api_->destroy(out);
  }
}

TEST_F(CreateTest, ANewerHostWithMoreMembers) {
  struct {
    tidemark_host known;
    void* unknown[8];
  } newer{};
  newer.known = host_.table();
  newer.known.struct_size = sizeof newer;
  newer.known.abi_minor = 99;
  std::memset(newer.unknown, 0xEE, sizeof newer.unknown);
  ErrorOut error;
  ASSERT_EQ(api_->create(&newer.known, nullptr, 0, &archiver_, &error), TIDEMARK_OK) << error.message;
  std::memset(&newer, 0xEE, sizeof newer);  // create() has copied the table
  open_file_sink();
  ASSERT_EQ(api_->start(archiver_, &error), TIDEMARK_OK) << error.message;
  host_.commit(1, "one");
  ASSERT_EQ(notify("orders", 1, 1, &error), TIDEMARK_OK) << error.message;
  EXPECT_TRUE(host_.wait_for_acknowledge(1));
  EXPECT_EQ(api_->stop(archiver_, 1000, &error), TIDEMARK_OK) << error.message;
}

TEST_F(CreateTest, EveryRequiredCallbackIsNamed) {
  const tidemark_host whole = host_.table();
  tidemark_host host = whole;
  host.acquire_entry = nullptr;
  expect_refused(&host, {}, "acquire_entry");
  host = whole;
  host.release_entry = nullptr;
  expect_refused(&host, {}, "release_entry");
  host = whole;
  host.acknowledge = nullptr;
  expect_refused(&host, {}, "acknowledge");
}

TEST_F(CreateTest, UnknownAndDuplicateOptionsAreNamed) {
  expect_refused(&host_.table(), {option("workres", "4")}, "workres");
  expect_refused(&host_.table(), {option("Workers", "4")}, "Workers");
  expect_refused(&host_.table(), {option("", "4")}, "option");
  expect_refused(&host_.table(),
                 {option("workers", "4"), option("log_level", "info"), option("workers", "4")}, "workers");
}

TEST_F(CreateTest, EveryNumberIsCheckedAndNamed) {
  const char* const keys[] = {"workers",           "retry_min_ms",        "retry_max_ms",
                              "partition_idle_ms", "memory_budget_bytes", "verify_max_bytes_per_second"};
  const char* const values[] = {"",
                                "abc",
                                "-1",
                                "+1",
                                " 4",
                                "4 ",
                                "4\n",
                                "1e3",
                                "0x10",
                                "4.0",
                                "1_000",
                                "4k",
                                "99999999999999999999",
                                "18446744073709551616"};
  for (const char* key : keys) {
    for (const char* value : values) {
      SCOPED_TRACE(std::string(key) + "='" + value + "'");
      expect_refused(&host_.table(), {option(key, value)}, key);
    }
    SCOPED_TRACE(key);
    expect_refused(&host_.table(), {option(key, std::string_view("4\0", 2))}, key);
    expect_refused(&host_.table(), {option(key, "18446744073709551615")}, key);
  }
}

TEST_F(CreateTest, NumbersOutOfRange) {
  expect_refused(&host_.table(), {option("workers", "0")}, "workers");
  expect_refused(&host_.table(), {option("workers", "1000000")}, "workers");
  expect_refused(&host_.table(), {option("retry_min_ms", "0")}, "retry_min_ms");
  expect_refused(&host_.table(), {option("memory_budget_bytes", "1")}, "memory_budget_bytes");
  expect_refused(&host_.table(), {option("retry_min_ms", "2000"), option("retry_max_ms", "1000")}, "retry_m");
}

TEST_F(CreateTest, WordsAndPaths) {
  expect_refused(&host_.table(), {option("log_level", "loud")}, "log_level");
  expect_refused(&host_.table(), {option("log_level", "")}, "log_level");
  expect_refused(&host_.table(), {option("log_level", std::string_view("info\0x", 6))}, "log_level");
  expect_refused(&host_.table(), {option("verify_existing", "head")}, "verify_existing");
  expect_refused(&host_.table(), {option("verify_existing", "")}, "verify_existing");
  expect_refused(&host_.table(), {option("sink_dir", "")}, "sink_dir");
  expect_refused(&host_.table(), {option("sink_dir", "sinks")}, "sink_dir");
  expect_refused(&host_.table(), {option("sink_dir", std::string_view("/tmp\0/x", 7))}, "sink_dir");
}

TEST_F(CreateTest, EveryOptionInItsGoodForm) {
  create({option("workers", "2"), option("retry_min_ms", "10"), option("retry_max_ms", "1000"),
          option("partition_idle_ms", "60000"), option("sink_dir", "/nowhere/to/be/found"),
          option("log_level", "debug"), option("memory_budget_bytes", "67108864"),
          option("verify_existing", "footer"), option("verify_max_bytes_per_second", "0")});
}

TEST_F(CreateTest, ListsOfOptionsThatCannotBe) {
  tidemark_archiver* out = nullptr;
  ErrorOut error;
  expect_invalid(api_->create(&host_.table(), nullptr, 1, &out, &error), error, "options");
  const std::vector<tidemark_option> many(TIDEMARK_OPTIONS_MAX + 1, option("workers", "4"));
  expect_refused(&host_.table(), many, "option");
  tidemark_option bad = option("workers", "4");
  bad.value = {nullptr, 4};
  expect_refused(&host_.table(), {bad}, "options[0]");
  bad = option("workers", "4");
  bad.key = {nullptr, 4};
  expect_refused(&host_.table(), {bad}, "option");
}

TEST_F(CreateTest, SecretsAreNotRepeated) {
  tidemark_option secret = option("pass-phrase", "hunter2-hunter2");
  secret.flags = TIDEMARK_OPTION_SECRET;
  tidemark_archiver* out = nullptr;
  ErrorOut error;
  expect_invalid(api_->create(&host_.table(), &secret, 1, &out, &error), error, "pass-phrase");
  EXPECT_EQ(std::string(error.message).find("hunter2"), std::string::npos) << error.message;
}

// The caller's struct is written up to its struct_size, member by member, and not one byte further.
TEST_F(CreateTest, EveryLengthOfTheErrorStruct) {
  constexpr size_t kGuard = 64;
  for (size_t size = 0; size <= sizeof(tidemark_error) + kGuard; ++size) {
    alignas(tidemark_error) unsigned char memory[sizeof(tidemark_error) + 2 * kGuard];
    std::memset(memory, 0xAB, sizeof memory);
    auto* error = reinterpret_cast<tidemark_error*>(memory);
    error->struct_size = static_cast<uint32_t>(size);
    tidemark_archiver* out = nullptr;
    ASSERT_EQ(api_->create(nullptr, nullptr, 0, &out, error), TIDEMARK_E_INVALID);
    ASSERT_EQ(error->struct_size, size) << "struct_size is the caller's";
    const size_t end = std::max(std::min(size, sizeof(tidemark_error)), sizeof error->struct_size);
    for (size_t i = end; i < sizeof memory; ++i) ASSERT_EQ(memory[i], 0xAB) << "byte " << i << " of " << size;
    if (size < sizeof(tidemark_error)) continue;
    ASSERT_NE(std::strstr(error->message, "host"), nullptr);
  }
}

}  // namespace
}  // namespace tidemark::abi_test
