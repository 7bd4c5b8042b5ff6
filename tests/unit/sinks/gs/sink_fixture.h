// The sink against a strict service in this process: opening, faults, what was stored. One thread.
#ifndef TIDEMARK_TESTS_UNIT_SINKS_GS_SINK_FIXTURE_H
#define TIDEMARK_TESTS_UNIT_SINKS_GS_SINK_FIXTURE_H

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "fixture.h"
#include "gs/gs_sink.h"
#include "imposter/imposter.h"

namespace tidemark::sinks::gs {

inline tidemark_option option(std::string_view key, std::string_view value, uint32_t flags = 0) {
  return {{key.data(), key.size()}, {value.data(), value.size()}, flags, 0};
}

// The log of a host.
class Log {
 public:
  const tidemark_sink_host* host() const { return &host_; }
  size_t count(std::string_view text, int32_t least = TIDEMARK_LOG_DEBUG) const {
    const std::lock_guard lock(mutex_);
    return static_cast<size_t>(std::count_if(lines_.begin(), lines_.end(), [&](const auto& line) {
      return line.first >= least && line.second.find(text) != std::string::npos;
    }));
  }

 private:
  static void write(void* ctx, int32_t level, tidemark_str message) {
    auto& self = *static_cast<Log*>(ctx);
    const std::lock_guard lock(self.mutex_);
    self.lines_.emplace_back(level, view(message));
  }
  mutable std::mutex mutex_;
  std::vector<std::pair<int32_t, std::string>> lines_;
  tidemark_sink_host host_ = {sizeof host_, 0, this, write, 0, 0, 0};
};

class GsSinkTest : public ::testing::Test {
 protected:
  GsSinkTest() {
    // Nothing of the machine's own, and nobody's metadata server.
    setenv("NO_GCE_CHECK", "true", 1);
    setenv("CLOUDSDK_CONFIG", (dir_ / "none").c_str(), 1);
    for (const char* name : {"GOOGLE_APPLICATION_CREDENTIALS", "STORAGE_EMULATOR_HOST", "GCE_METADATA_HOST",
                             "GS_ACCESS_KEY_ID", "GS_SECRET_ACCESS_KEY", "http_proxy"}) {
      unsetenv(name);
    }
  }

  void start(imposter::Config config = {}) {
    service_ = std::make_unique<imposter::Imposter>(std::move(config));
    write_file(dir_ / "account", service_->service_account_json());
  }
  imposter::Service& service() { return service_->service(); }
  void change(const std::function<void(imposter::Config&)>& change) { service().reconfigure(change); }
  void fail_with(imposter::Fault fault, double rate = 1) {
    change([&](imposter::Config& config) {
      config.faults = {};
      config.faults.most_in_a_row = 1'000'000;
      config.faults[fault] = rate;
    });
  }
  void heal() {
    change([](imposter::Config& config) {
      config.faults = {};
      config.odd = {};
    });
  }

  std::string url(const std::string& more = "", const std::string& prefix = "p") {
    return "gs://tidemark/" + prefix + "?endpoint=" + service_->endpoint() +
           "&credentials_file=" + (dir_ / "account") + more;
  }
  Result<std::unique_ptr<GsSink>> open(const std::string& url, bool read_only = false) {
    OpenRequest request = {HostLog(log_.host()), *parse_url(url), nullptr, 0};
    request.read_only = read_only;
    return GsSink::open(request, Call());
  }
  std::unique_ptr<GsSink> must_open(const std::string& more = "") {
    Result<std::unique_ptr<GsSink>> sink = open(url(more));
    if (!sink) throw std::runtime_error(sink.error().message);
    return std::move(*sink);
  }

  // With an HMAC key, by the XML API.
  Result<std::unique_ptr<GsSink>> open_signed(const std::string& more = "",
                                              const char* secret = imposter::kHmacSecret) {
    const std::string place = "gs://tidemark/p?endpoint=" + service_->endpoint() + more;
    const tidemark_option options[] = {option("hmac_access_id", imposter::kHmacId),
                                       option("hmac_secret", secret, TIDEMARK_OPTION_SECRET)};
    return GsSink::open({HostLog(log_.host()), *parse_url(place), options, 2}, Call());
  }
  std::unique_ptr<GsSink> must_open_signed(const std::string& more = "") {
    Result<std::unique_ptr<GsSink>> sink = open_signed(more);
    if (!sink) throw std::runtime_error(sink.error().message);
    return std::move(*sink);
  }

  Status put(GsSink& sink, const std::string& key, const std::string& bytes,
             uint32_t flags = TIDEMARK_PUT_IF_ABSENT) {
    return sinks::put(sink, key, bytes, flags);
  }
  bool is_stored(const std::string& key) { return service().store.contains("p/" + key); }
  std::string stored(const std::string& key) {
    std::string bytes;
    const std::optional<imposter::Object> object = service().store.find("p/" + key);
    if (object) object->read(0, object->size(), &bytes);
    return bytes;
  }
  uint64_t count(const std::string& what) {
    const std::map<std::string, uint64_t> counts = service().counts();
    const auto at = counts.find(what);
    return at == counts.end() ? 0 : at->second;
  }

  TempDir dir_;
  Log log_;
  std::unique_ptr<imposter::Imposter> service_;
};

// Bytes that do not repeat in step with a piece.
inline std::string bytes_of(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 131 + i / 4096);
  return bytes;
}
inline constexpr const char* kSmallPieces = "&resumable_threshold=256KiB&resumable_piece=512KiB";

}  // namespace tidemark::sinks::gs

#endif  // TIDEMARK_TESTS_UNIT_SINKS_GS_SINK_FIXTURE_H
