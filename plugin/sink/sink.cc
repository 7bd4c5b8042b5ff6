#include "sink/sink.h"

#include <algorithm>
#include <cassert>
#include <optional>
#include <string>
#include <vector>

#include "base/call.h"
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

const tidemark_draft_remove_many_api* remove_many_of(const tidemark_sink_api* api, tidemark_sink* handle) {
  if (!TIDEMARK_HAS(api, tidemark_sink_api, get_extension) || api->get_extension == nullptr) return nullptr;
  const auto* many = static_cast<const tidemark_draft_remove_many_api*>(
      api->get_extension(handle, TIDEMARK_EXT_DRAFT_REMOVE_MANY));
  const bool is_whole = many != nullptr && TIDEMARK_HAS(many, tidemark_draft_remove_many_api, remove_many) &&
                        many->remove_many != nullptr && many->keys_max > 0;
  return is_whole ? many : nullptr;
}

}  // namespace

Sink::Sink(const tidemark_sink_api* api, tidemark_sink* handle, std::shared_ptr<void> keep_alive)
    : keep_alive_(std::move(keep_alive)), api_(api), handle_(handle), many_(remove_many_of(api, handle)) {}

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

Status Sink::remove_at_once(std::span<const std::string_view> keys, const tidemark_call* call) {
  assert(many_ != nullptr && keys.size() <= many_->keys_max);
  std::vector<tidemark_str> raw;
  raw.reserve(keys.size());
  for (const std::string_view key : keys) raw.push_back(abi_str(key));
  tidemark_error error = empty_abi_error();
  const tidemark_status status =
      many_->remove_many(handle_, raw.data(), static_cast<uint32_t>(raw.size()), call, &error);
  return outcome(status, error, "remove", keys.front());
}

Status Sink::remove_many(std::span<const std::string_view> keys,
                         const std::function<bool(size_t index)>& gone, const tidemark_call* call) {
  const Call deadline(call);
  const size_t most = std::max<size_t>(removals_max(), 1);
  for (size_t begin = 0; begin < keys.size(); begin += most) {
    const auto some = keys.subspan(begin, std::min(most, keys.size() - begin));
    bool are_gone = false;
    if (many_ != nullptr && some.size() > 1) {
      TM_ASSIGN(const tidemark_call at_once, deadline.next_call());
      const Status removed = remove_at_once(some, &at_once);
      if (!removed && removed.error().status == TIDEMARK_E_CANCELLED) return removed;
      are_gone = removed.has_value();
    }
    for (size_t i = 0; i < some.size(); ++i) {
      if (!are_gone) {
        TM_ASSIGN(const tidemark_call one, deadline.next_call());
        TM_TRY(remove(some[i], &one));
      }
      if (!gone(begin + i)) return {};
    }
  }
  return {};
}

}  // namespace tidemark::sink
