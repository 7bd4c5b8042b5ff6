#include "sink/sink.h"

#include <optional>
#include <string>

#include "base/guard.h"

namespace tidemark::sink {
namespace {

Status outcome(tidemark_status status, const tidemark_error& error, const char* verb, std::string_view key) {
  if (status == TIDEMARK_OK) return {};
  return from_abi(status, error, std::string(verb) + " " + std::string(key));
}

// A function of ours that the sink calls: what it throws must not pass through the sink's code.
template <typename Function>
struct Callback {
  const Function& function;
  std::optional<Error> thrown;

  template <typename... Args>
  bool operator()(Args&&... args) noexcept {
    Result<bool> more = guarded([&]() -> Result<bool> { return function(std::forward<Args>(args)...); });
    if (more) return *more;
    thrown = std::move(more.error());
    return false;
  }
};

}  // namespace

Sink::Sink(const tidemark_sink_api* api, tidemark_sink* handle, std::shared_ptr<void> keep_alive)
    : keep_alive_(std::move(keep_alive)), api_(api), handle_(handle) {}

Sink::~Sink() { api_->close(handle_); }

bool Sink::wants_sha256() const { return (api_->capabilities & TIDEMARK_CAPABILITY_WANTS_SHA256) != 0; }

bool Sink::wants_crc32c() const { return (api_->capabilities & TIDEMARK_CAPABILITY_WANTS_CRC32C) != 0; }

Status Sink::put(std::string_view key, const tidemark_source& source, uint32_t flags,
                 const tidemark_call* call) {
  tidemark_error error = empty_abi_error();
  return outcome(api_->put(handle_, abi_str(key), &source, flags, call, &error), error, "put", key);
}

Result<ObjectInfo> Sink::head(std::string_view key, const tidemark_call* call) {
  tidemark_error error = empty_abi_error();
  tidemark_object object = {sizeof object, 0, 0, 0};
  const tidemark_status status = api_->head(handle_, abi_str(key), call, &object, &error);
  TM_TRY(outcome(status, error, "head", key));
  return ObjectInfo{object.size_bytes, object.modified_us};
}

Status Sink::get(std::string_view key, int64_t offset, uint64_t size,
                 const std::function<bool(const void* data, size_t size)>& write, const tidemark_call* call) {
  using Write = Callback<std::function<bool(const void*, size_t)>>;
  Write callback{write, std::nullopt};
  const tidemark_writer writer = {
      &callback, [](void* ctx, const void* data, size_t count) -> tidemark_status {
        return (*static_cast<Write*>(ctx))(data, count) ? TIDEMARK_OK : TIDEMARK_E_CANCELLED;
      }};
  tidemark_error error = empty_abi_error();
  const tidemark_status status = api_->get(handle_, abi_str(key), offset, size, &writer, call, &error);
  if (callback.thrown) return std::move(*callback.thrown);
  return outcome(status, error, "get", key);
}

Status Sink::list(std::string_view prefix, std::string_view start_after,
                  const std::function<bool(std::string_view key, const ObjectInfo& object)>& visit,
                  const tidemark_call* call) {
  using Visit = Callback<std::function<bool(std::string_view, const ObjectInfo&)>>;
  Visit callback{visit, std::nullopt};
  tidemark_error error = empty_abi_error();
  const tidemark_status status = api_->list(
      handle_, abi_str(prefix), abi_str(start_after),
      [](void* ctx, tidemark_str key, const tidemark_object* object) -> int32_t {
        const ObjectInfo info = {object->size_bytes, object->modified_us,
                                 (object->flags & TIDEMARK_OBJECT_IRREGULAR) != 0};
        return (*static_cast<Visit*>(ctx))(view(key), info) ? 0 : 1;
      },
      &callback, call, &error);
  if (callback.thrown) return std::move(*callback.thrown);
  return outcome(status, error, "list", prefix);
}

Status Sink::remove(std::string_view key, const tidemark_call* call) {
  tidemark_error error = empty_abi_error();
  return outcome(api_->remove(handle_, abi_str(key), call, &error), error, "remove", key);
}

}  // namespace tidemark::sink
