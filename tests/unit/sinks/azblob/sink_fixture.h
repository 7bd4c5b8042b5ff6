// The Azure sink against a strict store in this process: opening, bodies, what the store saw. One thread.
#ifndef TIDEMARK_TESTS_UNIT_SINKS_AZBLOB_SINK_FIXTURE_H
#define TIDEMARK_TESTS_UNIT_SINKS_AZBLOB_SINK_FIXTURE_H

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "azblob/azblob_sink.h"
#include "azblob/imposter/imposter.h"
#include "fixture.h"

namespace tidemark::sinks::azblob {

namespace az = imposter::azblob;
using imposter::Fault;

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

class AzblobSinkTest : public ::testing::Test {
 protected:
  using Secrets = std::vector<std::pair<std::string, std::string>>;

  // No test finds what the machine has.
  AzblobSinkTest() {
    for (const char* name :
         {"AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_KEY", "AZURE_STORAGE_SAS_TOKEN",
          "AZURE_STORAGE_CONNECTION_STRING", "AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET",
          "AZURE_FEDERATED_TOKEN_FILE", "AZURE_AUTHORITY_HOST", "IDENTITY_ENDPOINT"}) {
      unsetenv(name);
    }
    setenv("TIDEMARK_AZURE_METADATA_DISABLED", "true", 1);
  }

  void start(az::Config config = {}) { store_ = std::make_unique<az::Imposter>(std::move(config)); }
  az::Service& store() { return store_->service(); }
  void fail_with(Fault fault, double rate = 1) {
    store().reconfigure([&](az::Config& config) {
      config.faults = {};
      config.faults.most_in_a_row = 1'000'000;
      config.faults[fault] = rate;
    });
  }
  void heal() {
    store().reconfigure([](az::Config& config) { config.faults = {}; });
  }

  std::string url(const std::string& more = "", const std::string& prefix = "p") {
    return "azblob://tidemark/" + prefix + "?endpoint=" + store_->endpoint() + more;
  }
  Result<std::unique_ptr<AzblobSink>> open(const std::string& url, const Secrets& secrets,
                                           const Call& call = Call(nullptr, nullptr)) {
    std::vector<tidemark_option> options;
    for (const auto& [name, value] : secrets) {
      options.push_back({abi_str(name), abi_str(value), TIDEMARK_OPTION_SECRET, 0});
    }
    return AzblobSink::open(
        {HostLog(log_.host()), *parse_url(url), options.data(), static_cast<uint32_t>(options.size())}, call);
  }
  Result<std::unique_ptr<AzblobSink>> open(const std::string& url) {
    return open(url, {{"account_key", az::Config().key}});
  }
  std::unique_ptr<AzblobSink> must_open(const std::string& more = "") {
    Result<std::unique_ptr<AzblobSink>> sink = open(url(more));
    if (!sink) throw std::runtime_error(sink.error().message);
    return std::move(*sink);
  }

  static Status put(AzblobSink& sink, const std::string& key, const std::string& bytes,
                    uint32_t flags = TIDEMARK_PUT_IF_ABSENT) {
    return sinks::put(sink, key, bytes, flags);
  }
  std::string stored(const std::string& key) {
    const auto object = store().store.find("p/" + key);
    std::string bytes;
    if (object) object->read(0, object->size(), &bytes);
    return bytes;
  }
  bool is_stored(const std::string& key) { return store().store.contains("p/" + key); }
  uint64_t count(const std::string& what) {
    const std::map<std::string, uint64_t> counts = store().counts();
    const auto at = counts.find(what);
    return at == counts.end() ? 0 : at->second;
  }
  // What the last request of this operation had under this header; "-": none.
  std::string last_header(const std::string& operation, const std::string& name) {
    std::string found = "-";
    for (const imposter::Logged& line : store().logged()) {
      if (line.operation != operation) continue;
      found = "-";
      for (const auto& [key, value] : line.headers) {
        if (key == name) found = value;
      }
    }
    return found;
  }

  Log log_;
  std::unique_ptr<az::Imposter> store_;
};

inline std::string message_of(const Status& status) { return status ? "OK" : status.error().message; }
inline tidemark_status code_of(const Status& status) { return status ? TIDEMARK_OK : status.error().status; }

}  // namespace tidemark::sinks::azblob

#endif  // TIDEMARK_TESTS_UNIT_SINKS_AZBLOB_SINK_FIXTURE_H
