#include "sink/sink.h"

#include <algorithm>
#include <cassert>
#include <optional>
#include <string>
#include <vector>

#include "base/call.h"
#include "base/guard.h"
#include "base/module.h"

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

int32_t give_object(void* callback, tidemark_str key, const tidemark_object* object) {
  const ObjectInfo info = {object->size_bytes, object->modified_us,
                           (object->flags & TIDEMARK_OBJECT_IRREGULAR) != 0};
  return (*static_cast<Callback<Sink::Visit>*>(callback))(view(key), info) ? 0 : 1;
}

// The folders directly below a prefix, told from listings of all that lies below it. What lies in a folder is
// passed over; if that is much, the listing ends and the next one begins after nearly all of it.
class FoldersOfAll {
 public:
  FoldersOfAll(std::string_view prefix, std::string_view start_after, const Sink::Visit& visit)
      : prefix_size_(prefix.size()), after_(start_after), visit_(visit) {
    if (!start_after.starts_with(prefix)) return;
    // The rest of the folder that it lies in is not wanted.
    const std::string_view folder = folder_of(start_after);
    if (!folder.empty()) after_ = std::max(after_, std::string(folder) + kLastOfMost);
  }

  // What the sink tells by itself.
  bool pass_on(std::string_view key, const ObjectInfo& object) {
    after_ = key;
    if (key.ends_with('/')) {
      folder_ = key;
      after_ += kLastOfMost;
    }
    wants_more_ = visit_(key, object);
    return wants_more_;
  }

  bool wants_more() const { return wants_more_; }
  // Where the next listing begins: after what was visited.
  std::string begin_listing() {
    wants_more_ = false;
    passed_ = 0;
    return after_;
  }
  bool take(std::string_view key, const ObjectInfo& object) {
    const std::string_view folder = folder_of(key);
    const bool is_unreadable = object.is_irregular && key.ends_with("/.") && key.size() == folder.size() + 1;
    if (folder.empty() || is_unreadable) {
      after_ = key;
      return visit_(key, object);
    }
    // A caller that begins within a folder has seen it.
    if (folder != folder_) {
      const bool is_seen = folder <= after_;
      folder_ = folder;
      passed_ = 0;
      has_jumped_ = false;
      after_ = std::max(after_, folder_ + kLastOfMost);
      return is_seen || visit_(folder, {});
    }
    if (has_jumped_ || ++passed_ < kManyNames) return true;
    has_jumped_ = true;
    wants_more_ = true;
    return false;
  }

 private:
  // Up to the first '/' after the prefix; empty: there is none.
  std::string_view folder_of(std::string_view key) const {
    const size_t slash = key.find('/', prefix_size_);
    return key.substr(0, slash == std::string_view::npos ? 0 : slash + 1);
  }

  static constexpr size_t kManyNames = 1000;          // a page of a store
  static constexpr const char* kLastOfMost = "\x7F";  // after all names of ours, and is a character

  const size_t prefix_size_;
  std::string after_;  // what was visited lies before; with what is in its folder, but for odd names
  const Sink::Visit& visit_;
  std::string folder_;  // the newest
  size_t passed_ = 0;
  bool has_jumped_ = false, wants_more_ = true;
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
    : keep_alive_(std::move(keep_alive)),
      api_(api),
      handle_(handle),
      many_(remove_many_of(api, handle)),
      folders_(list_folders_of(api, handle)) {}

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

Status Sink::list(std::string_view prefix, std::string_view start_after, const Visit& visit,
                  const tidemark_call* call) {
  Callback<Visit> callback{visit, std::nullopt};
  tidemark_error error = empty_abi_error();
  const tidemark_status status =
      api_->list(handle_, abi_str(prefix), abi_str(start_after), give_object, &callback, call, &error);
  if (callback.thrown) return std::move(*callback.thrown);
  return outcome(status, error, "list", prefix);
}

Status Sink::list_folders_at_once(std::string_view prefix, std::string_view start_after, const Visit& visit,
                                  const tidemark_call* call) {
  if (folders_ == nullptr) return fail(TIDEMARK_E_UNSUPPORTED, "the sink does not list folders");
  Callback<Visit> callback{visit, std::nullopt};
  tidemark_error error = empty_abi_error();
  const tidemark_status status = folders_->list_folders(handle_, abi_str(prefix), abi_str(start_after),
                                                        give_object, &callback, call, &error);
  if (callback.thrown) return std::move(*callback.thrown);
  return outcome(status, error, "list folders of", prefix);
}

Status Sink::list_folders(std::string_view prefix, std::string_view start_after, const Visit& visit,
                          const tidemark_call* call) {
  const Call deadline(call);
  TM_ASSIGN(const tidemark_call at_once, deadline.next_call());
  FoldersOfAll folders(prefix, start_after, visit);
  const Status listed = list_folders_at_once(
      prefix, start_after,
      [&](std::string_view key, const ObjectInfo& object) { return folders.pass_on(key, object); }, &at_once);
  if (listed || listed.error().status != TIDEMARK_E_UNSUPPORTED) return listed;
  while (folders.wants_more()) {
    TM_ASSIGN(const tidemark_call next, deadline.next_call());
    const std::string after = folders.begin_listing();
    TM_TRY(list(
        prefix, after,
        [&](std::string_view key, const ObjectInfo& object) { return folders.take(key, object); }, &next));
  }
  return {};
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
