// The S3 sink against a strict store in this process: opening, bodies with digests, calls that end early. One
// thread.
#ifndef TIDEMARK_TESTS_UNIT_SINKS_S3_SINK_FIXTURE_H
#define TIDEMARK_TESTS_UNIT_SINKS_S3_SINK_FIXTURE_H

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "fixture.h"
#include "imposter/imposter.h"
#include "s3/s3_sink.h"

namespace tidemark::sinks::s3 {

// What ends early; the contract says 1 s; the rest is for a busy machine.
inline constexpr std::chrono::milliseconds kPrompt{2500};

// The log of a host.
class Log {
 public:
  const tidemark_sink_host* host() const { return &host_; }
  size_t count(std::string_view text) const {
    const std::lock_guard lock(mutex_);
    return static_cast<size_t>(std::count_if(lines_.begin(), lines_.end(), [&](const std::string& line) {
      return line.find(text) != std::string::npos;
    }));
  }
  void clear() {
    const std::lock_guard lock(mutex_);
    lines_.clear();
  }

 private:
  static void write(void* ctx, int32_t, tidemark_str message) {
    auto& self = *static_cast<Log*>(ctx);
    const std::lock_guard lock(self.mutex_);
    self.lines_.emplace_back(view(message));
  }
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
  tidemark_sink_host host_ = {sizeof host_, 0, this, write, 0, 0, 0};
};

class S3SinkTest : public ::testing::Test {
 protected:
  void start(imposter::Config config = {}) {
    store_ = std::make_unique<imposter::Imposter>(std::move(config));
  }
  imposter::Service& store() { return store_->service(); }
  void fail_with(imposter::Fault fault, double rate = 1) {
    store().reconfigure([&](imposter::Config& config) {
      config.faults = {};
      config.faults.most_in_a_row = 1'000'000;
      config.faults[fault] = rate;
    });
  }
  void heal() {
    store().reconfigure([](imposter::Config& config) { config.faults = {}; });
  }

  std::string url(const std::string& more = "", const std::string& prefix = "p") {
    return "s3://tidemark/" + prefix + "?endpoint=" + store_->endpoint() + more;
  }
  Result<std::unique_ptr<S3Sink>> open(const std::string& url, const Call& call = Call(nullptr, nullptr)) {
    const std::string key = imposter::Config().access_key, secret = imposter::Config().secret_key;
    const tidemark_option options[] = {
        {abi_str("access_key_id"), abi_str(key), 0, 0},
        {abi_str("secret_access_key"), abi_str(secret), TIDEMARK_OPTION_SECRET, 0}};
    return S3Sink::open({HostLog(log_.host()), *parse_url(url), options, 2}, call);
  }
  std::unique_ptr<S3Sink> must_open(const std::string& more = "") {
    Result<std::unique_ptr<S3Sink>> sink = open(url(more));
    if (!sink) throw std::runtime_error(sink.error().message);
    return std::move(*sink);
  }

  Status put(S3Sink& sink, const std::string& key, const std::string& bytes,
             uint32_t flags = TIDEMARK_PUT_IF_ABSENT) {
    return sinks::put(sink, key, bytes, flags);
  }
  bool is_stored(const std::string& key) { return store().store.contains("p/" + key); }
  uint64_t count(const std::string& what) {
    const std::map<std::string, uint64_t> counts = store().counts();
    const auto at = counts.find(what);
    return at == counts.end() ? 0 : at->second;
  }

  Log log_;
  std::unique_ptr<imposter::Imposter> store_;
};

// A call that is cancelled a while after it began.
class CancelledAfter {
 public:
  explicit CancelledAfter(std::chrono::milliseconds delay)
      : at_(std::chrono::steady_clock::now() + delay),
        raw_{sizeof raw_, 0, this, is_cancelled},
        call_(&raw_, nullptr) {}
  const Call& call() const { return call_; }
  std::chrono::milliseconds late() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - at_);
  }

 private:
  static int32_t is_cancelled(void* self) {
    return std::chrono::steady_clock::now() >= static_cast<CancelledAfter*>(self)->at_ ? 1 : 0;
  }
  std::chrono::steady_clock::time_point at_;
  tidemark_call raw_;
  Call call_;
};

}  // namespace tidemark::sinks::s3

#endif  // TIDEMARK_TESTS_UNIT_SINKS_S3_SINK_FIXTURE_H
