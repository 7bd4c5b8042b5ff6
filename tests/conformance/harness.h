// What the suite's tests share: the sink under test, bodies and calls of all kinds.
//
// One thread unless it says otherwise. Everything here belongs to the test that made it.
#ifndef TIDEMARK_TESTS_CONFORMANCE_HARNESS_H
#define TIDEMARK_TESTS_CONFORMANCE_HARNESS_H

#include <gtest/gtest.h>
#include <tidemark/sink.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "refused.h"

namespace conformance {

// The command line, and the table of the library it names.
struct Config {
  std::string library;
  std::string url;
  std::vector<std::pair<std::string, std::string>> options;
  int page_keys = 1000;  // that the store lists at once, for it to be asked for more than two such pages
  int many = 0;          // objects where there are to be many; 0: two pages and a half
  std::vector<const RefusedKind*> refuses;
  tidemark_sink_entry_fn entry = nullptr;
  const tidemark_sink_api* api = nullptr;
};
Config& config();
int many_objects();

inline tidemark_str str(std::string_view s) { return {s.data(), s.size()}; }
inline std::string_view view(tidemark_str s) { return {s.data ? s.data : "", s.size}; }

// A status with its error.
struct Outcome {
  tidemark_status status = TIDEMARK_OK;
  tidemark_error error = {sizeof(tidemark_error), 0, 0, 0, {}, {}};
  std::string message() const { return error.message; }
};
std::ostream& operator<<(std::ostream& out, const Outcome& outcome);

// EXPECT_STATUS(outcome, TIDEMARK_E_...): the status, and for failures a message fit for a log.
::testing::AssertionResult has_status(const Outcome& outcome, tidemark_status status);
#define EXPECT_STATUS(outcome, status) EXPECT_TRUE(::conformance::has_status(outcome, status))
#define ASSERT_STATUS(outcome, status) ASSERT_TRUE(::conformance::has_status(outcome, status))

// Bytes that differ from seed to seed and never repeat in step with a block.
std::string make_body(size_t size_bytes, uint64_t seed = 1);

// The body of a put. By default both read() and data deliver it.
class Body {
 public:
  explicit Body(std::string bytes);

  bool with_data = true;
  uint64_t declared_size;                 // other than the real one: a source that lies
  size_t piece_size = SIZE_MAX;           // what one read delivers at most
  std::function<void(uint64_t)> on_read;  // before each read, with its offset
  uint64_t fail_at = UINT64_MAX;          // reads that reach it fail with fail_status
  tidemark_status fail_status = TIDEMARK_E_NOT_FOUND;

  const tidemark_source* source();
  const std::string& bytes() const { return bytes_; }

 private:
  static tidemark_status read(void* ctx, uint64_t offset, void* buffer, size_t size, size_t* out_size,
                              tidemark_error* error);
  std::string bytes_;
  std::array<uint8_t, 32> digest_{};
  tidemark_source source_{};
};

// A call that can be cancelled from any thread.
class Cancel {
 public:
  explicit Cancel(uint32_t timeout_ms = 0);
  void now();
  const tidemark_call* call() const { return &call_; }
  // Since now(), or since construction.
  std::chrono::milliseconds elapsed() const;

 private:
  std::atomic<bool> cancelled_{false};
  std::chrono::steady_clock::time_point since_;
  tidemark_call call_;
};

// An open sink; many threads may use it.
class OpenSink {
 public:
  explicit OpenSink(bool reads_only = false);  // fails the test if it cannot be opened
  ~OpenSink();
  OpenSink(const OpenSink&) = delete;
  OpenSink& operator=(const OpenSink&) = delete;

  tidemark_sink* handle() const { return handle_; }
  Outcome put(std::string_view key, Body& body, uint32_t flags = 0, const tidemark_call* call = nullptr);
  Outcome put(std::string_view key, const std::string& bytes, uint32_t flags = 0);
  Outcome head(std::string_view key, tidemark_object* out);
  Outcome get(std::string_view key, std::string* out, int64_t offset = 0, uint64_t size = UINT64_MAX,
              const tidemark_call* call = nullptr);
  // visit returns false to stop.
  Outcome list(std::string_view prefix, std::string_view start_after,
               const std::function<bool(std::string_view, const tidemark_object&)>& visit,
               const tidemark_call* call = nullptr);
  std::vector<std::string> keys(std::string_view prefix, std::string_view start_after = {});
  Outcome remove(std::string_view key, const tidemark_call* call = nullptr);

 private:
  tidemark_sink* handle_ = nullptr;
};

Outcome try_open(std::string_view url, const std::vector<std::pair<std::string, std::string>>& options,
                 const tidemark_call* call, tidemark_sink** out, const tidemark_sink_host* host = nullptr);

// Opens the sink, works below a prefix that no other run uses, and leaves nothing behind.
class SinkTest : public ::testing::Test {
 protected:
  SinkTest();
  void TearDown() override;

  std::string key(std::string_view rest) const { return prefix_ + std::string(rest); }
  bool keeps_bodies();  // false: a null sink, which remembers the last bytes only
  void expect_object(std::string_view key, const std::string& bytes);
  void expect_absent(std::string_view key);
  // A put that is refused as `kind` says, and leaves nothing.
  void expect_refused(std::string_view key, const RefusedKind& kind);

  OpenSink sink_;
  const std::string prefix_;  // ends in '/'
};

}  // namespace conformance

#endif  // TIDEMARK_TESTS_CONFORMANCE_HARNESS_H
