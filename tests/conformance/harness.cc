#include "harness.h"

#include <openssl/sha.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <random>

namespace conformance {
namespace {

constexpr uint64_t kTailBytes = 512;

std::string unique_prefix() {
  static constexpr char kDigits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::random_device random;
  std::string prefix = "conformance-" + std::to_string(getpid()) + "-";
  for (int i = 0; i < 10; ++i) prefix += kDigits[random() % 36];
  return prefix + "/";
}

}  // namespace

Config& config() {
  static Config the_config;
  return the_config;
}

int many_objects() { return config().many > 0 ? config().many : config().page_keys * 5 / 2; }

std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
  return out << "status " << outcome.status << " (" << outcome.error.message << ")";
}

::testing::AssertionResult has_status(const Outcome& outcome, tidemark_status status) {
  if (outcome.status != status) {
    return ::testing::AssertionFailure() << "expected status " << status << ", got " << outcome;
  }
  if (status == TIDEMARK_OK) return ::testing::AssertionSuccess();
  const char* end = std::find(outcome.error.message, std::end(outcome.error.message), '\0');
  if (end == std::end(outcome.error.message))
    return ::testing::AssertionFailure() << "the message has no NUL";
  if (end == outcome.error.message)
    return ::testing::AssertionFailure() << "status " << status << " without message";
  if (std::find(std::begin(outcome.error.message), end, '\n') != end) {
    return ::testing::AssertionFailure() << "the message has more than one line: " << outcome.error.message;
  }
  return ::testing::AssertionSuccess();
}

std::string make_body(size_t size_bytes, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string bytes(size_bytes, '\0');
  for (size_t i = 0; i < size_bytes; i += 8) {
    const uint64_t word = random();
    std::memcpy(bytes.data() + i, &word, std::min<size_t>(8, size_bytes - i));
  }
  return bytes;
}

Body::Body(std::string bytes) : declared_size(bytes.size()), bytes_(std::move(bytes)) {}

const tidemark_source* Body::source() {
  source_ = {sizeof source_, 0, declared_size, nullptr, this, read, nullptr, nullptr};
  if (with_data) source_.data = reinterpret_cast<const uint8_t*>(bytes_.data());
  if ((config().api->capabilities & TIDEMARK_CAPABILITY_WANTS_SHA256) != 0) {
    SHA256(reinterpret_cast<const uint8_t*>(bytes_.data()), bytes_.size(), digest_.data());
    source_.sha256 = digest_.data();
  }
  return &source_;
}

tidemark_status Body::read(void* ctx, uint64_t offset, void* buffer, size_t size, size_t* out_size,
                           tidemark_error* error) {
  auto& self = *static_cast<Body*>(ctx);
  if (self.on_read) self.on_read(offset);
  const uint64_t left = offset < self.bytes_.size() ? self.bytes_.size() - offset : 0;
  *out_size = std::min<uint64_t>({left, size, self.piece_size});
  if (offset + *out_size > self.fail_at) {
    if (error != nullptr) {
      error->sys_errno = 71;
      std::strcpy(error->code, "FromTheSource");
      std::strcpy(error->message, "the source failed");
    }
    return self.fail_status;
  }
  std::memcpy(buffer, self.bytes_.data() + offset, *out_size);
  return TIDEMARK_OK;
}

Cancel::Cancel(uint32_t timeout_ms) : since_(std::chrono::steady_clock::now()) {
  call_ = {sizeof call_, timeout_ms, this,
           [](void* ctx) -> int32_t { return static_cast<Cancel*>(ctx)->cancelled_.load() ? 1 : 0; }};
}

void Cancel::now() {
  since_ = std::chrono::steady_clock::now();
  cancelled_ = true;
}

std::chrono::milliseconds Cancel::elapsed() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - since_);
}

Outcome try_open(std::string_view url, const std::vector<std::pair<std::string, std::string>>& options,
                 const tidemark_call* call, tidemark_sink** out, const tidemark_sink_host* host) {
  std::vector<tidemark_option> list;
  // Any may be one, which a sink refuses without the flag.
  for (const auto& [name, value] : options) {
    list.push_back({str(name), str(value), TIDEMARK_OPTION_SECRET, 0});
  }
  Outcome outcome;
  outcome.status = config().api->open(host, str(url), list.data(), static_cast<uint32_t>(list.size()), call,
                                      out, &outcome.error);
  return outcome;
}

OpenSink::OpenSink(bool reads_only) {
  // Outlives the sink, as the contract says.
  static constexpr tidemark_sink_host kReader = {sizeof kReader,
                                                 TIDEMARK_SINK_ABI_MINOR,
                                                 nullptr,
                                                 [](void*, int32_t, tidemark_str) {},
                                                 0,
                                                 TIDEMARK_OPEN_READ_ONLY,
                                                 0};
  const tidemark_sink_host* const host = reads_only ? &kReader : nullptr;
  const Outcome outcome = try_open(config().url, config().options, nullptr, &handle_, host);
  EXPECT_STATUS(outcome, TIDEMARK_OK);
  if (handle_ == nullptr) throw std::runtime_error("the sink does not open");
}

OpenSink::~OpenSink() { config().api->close(handle_); }

Outcome OpenSink::put(std::string_view key, Body& body, uint32_t flags, const tidemark_call* call) {
  Outcome outcome;
  outcome.status = config().api->put(handle_, str(key), body.source(), flags, call, &outcome.error);
  return outcome;
}

Outcome OpenSink::put(std::string_view key, const std::string& bytes, uint32_t flags) {
  Body body(bytes);
  return put(key, body, flags);
}

Outcome OpenSink::head(std::string_view key, tidemark_object* out) {
  *out = {sizeof *out, 0, 0, 0};
  Outcome outcome;
  outcome.status = config().api->head(handle_, str(key), nullptr, out, &outcome.error);
  return outcome;
}

Outcome OpenSink::get(std::string_view key, std::string* out, int64_t offset, uint64_t size,
                      const tidemark_call* call) {
  out->clear();
  const tidemark_writer writer = {out, [](void* ctx, const void* data, size_t count) -> tidemark_status {
                                    static_cast<std::string*>(ctx)->append(static_cast<const char*>(data),
                                                                           count);
                                    return TIDEMARK_OK;
                                  }};
  Outcome outcome;
  outcome.status = config().api->get(handle_, str(key), offset, size, &writer, call, &outcome.error);
  return outcome;
}

Outcome OpenSink::list(std::string_view prefix, std::string_view start_after,
                       const std::function<bool(std::string_view, const tidemark_object&)>& visit,
                       const tidemark_call* call) {
  using Visit = std::function<bool(std::string_view, const tidemark_object&)>;
  Outcome outcome;
  outcome.status = config().api->list(
      handle_, str(prefix), str(start_after),
      [](void* ctx, tidemark_str key, const tidemark_object* object) -> int32_t {
        return (*static_cast<const Visit*>(ctx))(view(key), *object) ? 0 : 1;
      },
      const_cast<Visit*>(&visit), call, &outcome.error);
  return outcome;
}

std::vector<std::string> OpenSink::keys(std::string_view prefix, std::string_view start_after) {
  std::vector<std::string> found;
  const Outcome outcome = list(prefix, start_after, [&](std::string_view key, const tidemark_object&) {
    found.emplace_back(key);
    return true;
  });
  EXPECT_STATUS(outcome, TIDEMARK_OK);
  return found;
}

Outcome OpenSink::remove(std::string_view key, const tidemark_call* call) {
  Outcome outcome;
  outcome.status = config().api->remove(handle_, str(key), call, &outcome.error);
  return outcome;
}

SinkTest::SinkTest() : prefix_(unique_prefix()) {}

void SinkTest::TearDown() {
  for (const std::string& left : sink_.keys(prefix_)) EXPECT_STATUS(sink_.remove(left), TIDEMARK_OK);
}

bool SinkTest::keeps_bodies() {
  const std::string probe = key("probe");
  EXPECT_STATUS(sink_.put(probe, make_body(4 * kTailBytes)), TIDEMARK_OK);
  std::string got;
  const Outcome outcome = sink_.get(probe, &got);
  EXPECT_STATUS(sink_.remove(probe), TIDEMARK_OK);
  if (outcome.status == TIDEMARK_E_UNSUPPORTED) return false;
  EXPECT_STATUS(outcome, TIDEMARK_OK);
  return true;
}

void SinkTest::expect_object(std::string_view name, const std::string& bytes) {
  tidemark_object object;
  ASSERT_STATUS(sink_.head(name, &object), TIDEMARK_OK);
  EXPECT_EQ(object.size_bytes, bytes.size()) << name;
  std::string got;
  const Outcome outcome = sink_.get(name, &got);
  if (outcome.status != TIDEMARK_E_UNSUPPORTED) {
    ASSERT_STATUS(outcome, TIDEMARK_OK);
    EXPECT_TRUE(got == bytes) << name << " has other content";
  }
  ASSERT_STATUS(sink_.get(name, &got, -static_cast<int64_t>(kTailBytes)), TIDEMARK_OK);
  EXPECT_TRUE(got == bytes.substr(bytes.size() - std::min<size_t>(bytes.size(), kTailBytes))) << name;
}

void SinkTest::expect_absent(std::string_view name) {
  tidemark_object object;
  EXPECT_STATUS(sink_.head(name, &object), TIDEMARK_E_NOT_FOUND);
  std::string got;
  EXPECT_STATUS(sink_.get(name, &got), TIDEMARK_E_NOT_FOUND);
  EXPECT_TRUE(got.empty());
  EXPECT_EQ(sink_.keys(name), std::vector<std::string>()) << name;
}

void SinkTest::expect_refused(std::string_view name, const RefusedKind& kind) {
  // Up to where it would be shown in another way.
  const std::string_view shown = name.substr(0, std::find_if(name.begin(), name.end(), [](char c) {
                                                  return c == '\\' || c < ' ' || c > '~';
                                                }) - name.begin());
  for (const uint32_t flags : {0u, uint32_t{TIDEMARK_PUT_IF_ABSENT}}) {
    const Outcome outcome = sink_.put(name, "x", flags);
    EXPECT_STATUS(outcome, TIDEMARK_E_PERMANENT) << name;
    EXPECT_NE(outcome.message().find(kind.words), std::string::npos) << outcome;
    EXPECT_NE(outcome.message().find(shown.substr(0, 40)), std::string::npos) << outcome;
  }
  const std::vector<std::string> there = sink_.keys(prefix_);
  EXPECT_EQ(std::find(there.begin(), there.end(), name), there.end()) << name;
}

}  // namespace conformance
