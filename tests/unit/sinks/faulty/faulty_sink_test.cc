#include "faulty/faulty_sink.h"

#include <dlfcn.h>

#include <algorithm>
#include <chrono>

#include "fixture.h"

namespace tidemark::sinks::faulty {
namespace {

std::string encoded(std::string_view text) {
  std::string out;
  for (const unsigned char c : text) {
    char hex[4];
    std::snprintf(hex, sizeof hex, "%%%02X", c);
    out += hex;
  }
  return out;
}

class FaultySinkTest : public ::testing::Test {
 protected:
  // In front of a file sink in a directory of its own.
  std::unique_ptr<FaultySink> open(const std::string& faults) {
    Result<std::unique_ptr<FaultySink>> sink =
        open_sink<FaultySink>("faulty:///?of=" + encoded("file://" + (dir_ / "root")) +
                              "&of_library=" + encoded(FILE_SINK_LIBRARY) + "&" + faults);
    if (!sink) throw std::runtime_error(sink.error().message);
    return std::move(*sink);
  }
  TempDir dir_;
};

TEST_F(FaultySinkTest, LostAnswerIsStored) {
  auto sink = open("lose_answer_rate=1");
  const Status done = put(*sink, "a/b", "text", TIDEMARK_PUT_IF_ABSENT);
  EXPECT_EQ(status_of(done), TIDEMARK_E_RETRYABLE);
  EXPECT_NE(done.error().message.find("injected"), std::string::npos);
  EXPECT_EQ(read_file(dir_ / "root/a/b"), "text");
  EXPECT_EQ(status_of(put(*sink, "a/b", "text", TIDEMARK_PUT_IF_ABSENT)), TIDEMARK_E_EXISTS)
      << "a real failure is not hidden behind an injected one";
  EXPECT_EQ(status_of(sink->remove("a/b", Call(nullptr, nullptr))), TIDEMARK_E_RETRYABLE);
  EXPECT_FALSE(std::filesystem::exists(dir_ / "root/a/b"));
}

TEST_F(FaultySinkTest, InjectedErrorsDoNothing) {
  for (const auto& [option, status] :
       std::vector<std::pair<std::string, tidemark_status>>{{"error_rate", TIDEMARK_E_RETRYABLE},
                                                            {"throttle_rate", TIDEMARK_E_THROTTLED},
                                                            {"no_space_rate", TIDEMARK_E_NO_SPACE}}) {
    auto sink = open(option + "=1");
    EXPECT_EQ(status_of(put(*sink, "a", "x")), status);
    EXPECT_TRUE(std::filesystem::is_empty(dir_ / "root")) << option;
    if (option == "no_space_rate") continue;
    std::string got;
    const Call call(nullptr, nullptr);
    const Visitor visit([](void*, tidemark_str, const tidemark_object*) -> int32_t { return 0; }, nullptr);
    EXPECT_EQ(status_of(get(*sink, "a", &got)), status);
    EXPECT_EQ(status_of(sink->head("a", call)), status);
    EXPECT_EQ(status_of(sink->remove("a", call)), status);
    EXPECT_EQ(status_of(sink->list("", "", visit, call)), status);
  }
}

TEST_F(FaultySinkTest, SameSeedSameOutcomes) {
  const auto outcomes = [&](const std::string& seed) {
    auto sink = open("error_rate=0.4&seed=" + seed);
    std::string all;
    for (int i = 0; i < 60; ++i) all += put(*sink, "a", "x") ? '+' : '-';
    return all;
  };
  const std::string first = outcomes("11");
  EXPECT_EQ(first, outcomes("11"));
  EXPECT_NE(first, outcomes("12"));
  EXPECT_NE(first.find('+'), std::string::npos);
  EXPECT_NE(first.find('-'), std::string::npos);
}

TEST_F(FaultySinkTest, ShortReadDeliversAPart) {
  const std::string bytes(100'000, 'x');
  ASSERT_TRUE(put(*open(""), "a", bytes));
  auto sink = open("short_read_rate=1&seed=3");
  std::string got;
  EXPECT_EQ(status_of(get(*sink, "a", &got)), TIDEMARK_E_RETRYABLE);
  EXPECT_GT(got.size(), 0u);
  EXPECT_LT(got.size(), bytes.size());
  got.clear();
  EXPECT_EQ(status_of(get(*sink, "absent", &got)), TIDEMARK_E_NOT_FOUND);
  const tidemark_writer refusing = {nullptr,
                                    [](void*, const void*, size_t) -> tidemark_status { return 42; }};
  EXPECT_EQ(status_of(sink->get("a", {0, UINT64_MAX}, Writer(&refusing), Call(nullptr, nullptr))), 42);
}

TEST_F(FaultySinkTest, FailPutsOf) {
  auto sink = open("fail_puts_of=" + encoded("/7/"));
  EXPECT_TRUE(put(*sink, "s/8/1.tar", "x"));
  EXPECT_EQ(status_of(put(*sink, "s/7/1.tar", "x")), TIDEMARK_E_PERMANENT);
  EXPECT_EQ(list(*sink), std::vector<std::string>{"s/8/1.tar"});
}

TEST_F(FaultySinkTest, FailGetsOf) {
  auto sink = open("fail_gets_of=" + encoded("/7/"));
  for (const char* key : {"s/7/1.tar", "s/8/1.tar"}) EXPECT_TRUE(put(*sink, key, "x"));
  std::string got;
  EXPECT_TRUE(get(*sink, "s/8/1.tar", &got));
  EXPECT_EQ(status_of(get(*sink, "s/7/1.tar", &got)), TIDEMARK_E_PERMANENT);
}

TEST_F(FaultySinkTest, DelayIsCancelled) {
  auto sink = open("delay_ms=1min");
  const auto begin = std::chrono::steady_clock::now();
  const tidemark_call raw = {sizeof raw, 100, nullptr, nullptr};
  EXPECT_EQ(status_of(sink->head("a", Call(&raw, nullptr))), TIDEMARK_E_RETRYABLE);
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(took, std::chrono::milliseconds(100));
  EXPECT_LT(took, std::chrono::seconds(5));
}

TEST_F(FaultySinkTest, TheLinkIsWaitedFor) {
  auto sink = open("bytes_per_second=1000");
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(put(*sink, "a", std::string(100, 'x')));
  EXPECT_TRUE(put(*sink, "b", std::string(100, 'x')));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(198));
}

TEST_F(FaultySinkTest, OptionsOfTheWrappedSinkArePassedOn) {
  const std::string of = "file://" + (dir_ / "root"), name = "of.staging", library = FILE_SINK_LIBRARY;
  const std::vector<tidemark_option> good = {{abi_str("of"), abi_str(of), 0, 0},
                                             {abi_str("of_library"), abi_str(library), 0, 0},
                                             {abi_str("of.staging"), abi_str("named"), 0, 0}};
  ASSERT_TRUE(open_sink<FaultySink>("faulty:", good));
  std::vector<tidemark_option> bad = good;
  bad[2].value = abi_str("sideways");
  const Result<Url> url = parse_url("faulty:");
  tidemark_error error = {sizeof error, 0, 0, 0, {}, {}};
  const auto sink = FaultySink::open({HostLog(nullptr), *url, bad.data(), 3}, Call(nullptr, &error));
  EXPECT_EQ(status_of(sink), TIDEMARK_E_INVALID);
  EXPECT_NE(std::string(error.message).find("sideways"), std::string::npos) << error.message;
}

TEST(FaultyUrl, ALibraryThatIsNotASink) {
  Dl_info libc = {};
  ASSERT_NE(dladdr(dlsym(RTLD_DEFAULT, "getpid"), &libc), 0);
  const auto sink =
      open_sink<FaultySink>("faulty:///?of=file%3A%2F%2F%2Fx&of_library=" + encoded(libc.dli_fname));
  ASSERT_EQ(status_of(sink), TIDEMARK_E_INVALID);
  EXPECT_NE(sink.error().message.find("tidemark_sink_entry"), std::string::npos) << sink.error().message;
}

TEST(FaultyUrl, BadOnes) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"faulty://host/", "faulty:///"},
      {"faulty:///path", "faulty:///"},
      {"file:///x", "faulty:///"},
      {"faulty:///?error_rate=2", "error_rate"},
      {"faulty:///?delay=2", "delay_ms"},
      {"faulty:///?max_objects=0", "max_objects"},
      {"faulty:///?of_library=x", "of"},
      {"faulty:///?of.x=1", "of"},
      {"faulty:///?of=x", "of"},
      {"faulty:///?of=file%3A%2F%2F%2Fx&of_library=%2Fno%2Fsuch.so", "/no/such.so"},
      {"faulty:///?of=file%3A%2F%2F%2Fx&of_library=libc.so.6", "./libc.so.6"},
      {"faulty:///?of=nosuchsink%3A%2F%2F%2Fx", "tidemark-sink-nosuchsink.so"}};
  for (const auto& [url, part] : cases) {
    const auto sink = open_sink<FaultySink>(url);
    ASSERT_EQ(status_of(sink), TIDEMARK_E_INVALID) << url;
    EXPECT_NE(sink.error().message.find(part), std::string::npos) << sink.error().message;
  }
}

}  // namespace
}  // namespace tidemark::sinks::faulty
