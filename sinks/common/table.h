// The table of sink.h made from a C++ class. Here, once for all sinks, arguments are checked, structs of
// older and newer callers are read by their struct_size, and exceptions are caught.
//
// The class has
//   static Result<std::unique_ptr<S>> open(const OpenRequest&, const Call&);
//   Status put(std::string_view key, const Source&, uint32_t flags, const Call&);
//   Result<ObjectInfo> head(std::string_view key, const Call&);
//   Status get(std::string_view key, const Range&, const Writer&, const Call&);
//   Status list(std::string_view prefix, std::string_view start_after, const Visitor&, const Call&);
//   Status remove(std::string_view key, const Call&);
// and, if its store takes many removals at once, as draft/remove_many.h says:
//   static constexpr uint32_t kRemovalsMax;  // the most of one call
//   Status remove_many(std::span<const std::string_view> keys, const Call&);
// and, if it can tell folders without what they hold, as draft/list_folders.h says:
//   static constexpr uint32_t kPageKeys;
//   Status list_folders(std::string_view prefix, std::string_view start_after, const Visitor&, const Call&);
// all but open callable by many threads at once, with keys that obey sink.h. Its destructor closes it.
#ifndef TIDEMARK_SINKS_COMMON_TABLE_H
#define TIDEMARK_SINKS_COMMON_TABLE_H

#include <tidemark/draft/list_folders.h>
#include <tidemark/draft/remove_many.h>
#include <tidemark/sink.h>

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/call.h"
#include "base/guard.h"
#include "base/line.h"
#include "base/result.h"
#include "common/key.h"
#include "common/options.h"
#include "common/source.h"
#include "common/tree_list.h"
#include "common/url.h"

namespace tidemark::sinks {

// The log of the host, in clean lines; does nothing where the host has none.
class HostLog {
 public:
  explicit HostLog(const tidemark_sink_host* host) : host_(host) {}
  void write(int32_t level, std::string_view message) const {
    if (host_ == nullptr || !TIDEMARK_HAS(host_, tidemark_sink_host, log) || host_->log == nullptr) return;
    if (is_clean_line(message)) return host_->log(host_->ctx, level, abi_str(message));
    const std::string clean = clean_line(message);
    host_->log(host_->ctx, level, abi_str(clean));
  }
  const tidemark_sink_host* host() const { return host_; }

 private:
  const tidemark_sink_host* host_;  // outlives the sink
};

struct OpenRequest {
  HostLog log;
  Url url;
  const tidemark_option* options;
  uint32_t option_count;
  uint64_t put_buffer_bytes = UINT64_MAX;  // what one put may hold in buffers of the sink
  bool read_only = false;                  // put and remove are never called; open must change nothing
};

inline bool is_read_only(const tidemark_sink_host* host) {
  return host != nullptr && TIDEMARK_HAS(host, tidemark_sink_host, flags) &&
         (host->flags & TIDEMARK_OPEN_READ_ONLY) != 0;
}

inline uint64_t put_buffer_bytes_of(const tidemark_sink_host* host) {
  if (host == nullptr || !TIDEMARK_HAS(host, tidemark_sink_host, put_buffer_bytes)) return UINT64_MAX;
  return host->put_buffer_bytes == 0 ? UINT64_MAX : host->put_buffer_bytes;
}

// The range that get() is asked for; where it lies in the object is known only when the object's size is.
struct Range {
  int64_t offset;
  uint64_t size;

  // The bytes [*begin, *end) of an object of `object_size` bytes.
  void resolve(uint64_t object_size, uint64_t* begin, uint64_t* end) const {
    if (offset >= 0) {
      *begin = std::min(static_cast<uint64_t>(offset), object_size);
    } else {
      const uint64_t back = -static_cast<uint64_t>(offset);
      *begin = back >= object_size ? 0 : object_size - back;
    }
    *end = *begin + std::min(size, object_size - *begin);
  }
};

// Where get() puts the bytes.
class Writer {
 public:
  explicit Writer(const tidemark_writer* raw) : raw_(raw) {}
  Status write(const void* data, size_t size) const {
    const tidemark_status status = raw_->write(raw_->ctx, data, size);
    if (status == TIDEMARK_OK) return {};
    return fail(status, "the receiver of the data stopped the transfer");
  }
  const tidemark_writer* raw() const { return raw_; }

 private:
  const tidemark_writer* raw_;
};

template <typename S>
concept RemovesMany = requires(S& sink, std::span<const std::string_view> keys, const Call& call) {
  { S::kRemovalsMax } -> std::convertible_to<uint32_t>;
  { sink.remove_many(keys, call) } -> std::same_as<Status>;
};

template <typename S>
concept ListsFolders = requires(S& sink, std::string_view text, const Visitor& visit, const Call& call) {
  { S::kPageKeys } -> std::convertible_to<uint32_t>;
  { sink.list_folders(text, text, visit, call) } -> std::same_as<Status>;
};

template <typename S>
class Table {
 public:
  static constexpr tidemark_sink_api make(const char* name, uint32_t capabilities,
                                          std::span<const tidemark_sink_option> options) {
    return {sizeof(tidemark_sink_api),
            TIDEMARK_SINK_ABI_MAJOR,
            TIDEMARK_SINK_ABI_MINOR,
            capabilities,
            name,
            TIDEMARK_VERSION,
            open,
            close,
            put,
            head,
            get,
            list,
            remove,
            get_extension,
            options.data(),
            static_cast<uint32_t>(options.size()),
            0};
  }

 private:
  struct Open {
    std::unique_ptr<S> sink;
    bool read_only;
  };
  static Open& opened(tidemark_sink* handle) { return *reinterpret_cast<Open*>(handle); }
  static S& self(tidemark_sink* handle) { return *opened(handle).sink; }

  static Status may_write(tidemark_sink* handle, const char* verb) {
    if (!opened(handle).read_only) return {};
    return fail(TIDEMARK_E_INVALID, std::string(verb) + ": the sink was opened for reading only");
  }

  // What every call checks first: an open sink, a good key, a caller who still wants it.
  static Status begin(tidemark_sink* handle, const Call& call) {
    if (handle == nullptr) return fail(TIDEMARK_E_INVALID, "the sink is NULL");
    return call.check();
  }
  static Status begin(tidemark_sink* handle, tidemark_str key, const Call& call) {
    TM_TRY(begin(handle, call));
    return check(key);
  }
  static Status check(tidemark_str key) {
    if (key.data == nullptr && key.size > 0)
      return fail(TIDEMARK_E_INVALID, "the key is NULL but has a size");
    return check_key(view(key));
  }

  static tidemark_status open(const tidemark_sink_host* host, tidemark_str url,
                              const tidemark_option* options, uint32_t option_count,
                              const tidemark_call* raw_call, tidemark_sink** out, tidemark_error* error) {
    return guard(error, [&]() -> Status {
      if (out == nullptr) return fail(TIDEMARK_E_INVALID, "open: out is NULL");
      *out = nullptr;
      const Call call(raw_call, error);
      TM_TRY(call.check());
      TM_ASSIGN(Url parsed, parse_url(view(url)));
      const OpenRequest request = {HostLog(host), std::move(parsed),         options,
                                   option_count,  put_buffer_bytes_of(host), is_read_only(host)};
      auto sink = S::open(request, call);
      if (!sink) return without_secret_values(std::move(sink.error()), options, option_count);
      *out = reinterpret_cast<tidemark_sink*>(new Open{std::move(*sink), request.read_only});
      return {};
    });
  }

  static void close(tidemark_sink* handle) {
    guard(nullptr, [&]() -> Status {
      delete reinterpret_cast<Open*>(handle);
      return {};
    });
  }

  static tidemark_status put(tidemark_sink* handle, tidemark_str key, const tidemark_source* source,
                             uint32_t flags, const tidemark_call* raw_call, tidemark_error* error) {
    return guard(error, [&]() -> Status {
      const Call call(raw_call, error);
      TM_TRY(begin(handle, key, call));
      TM_TRY(may_write(handle, "put"));
      TM_TRY(Source::check(source));
      if ((flags & ~TIDEMARK_PUT_IF_ABSENT) != 0) {
        return fail(TIDEMARK_E_INVALID, "put: unknown flags " + std::to_string(flags));
      }
      return self(handle).put(view(key), Source(source, call), flags, call);
    });
  }

  static tidemark_status head(tidemark_sink* handle, tidemark_str key, const tidemark_call* raw_call,
                              tidemark_object* out, tidemark_error* error) {
    return guard(error, [&]() -> Status {
      const Call call(raw_call, error);
      TM_TRY(begin(handle, key, call));
      if (out == nullptr) return fail(TIDEMARK_E_INVALID, "head: out is NULL");
      TM_ASSIGN(const ObjectInfo object, self(handle).head(view(key), call));
      out->struct_size = std::min<uint32_t>(out->struct_size, sizeof *out);
      if (TIDEMARK_HAS(out, tidemark_object, size_bytes)) out->size_bytes = object.size_bytes;
      if (TIDEMARK_HAS(out, tidemark_object, modified_us)) out->modified_us = object.modified_us;
      return {};
    });
  }

  static tidemark_status get(tidemark_sink* handle, tidemark_str key, int64_t offset, uint64_t size,
                             const tidemark_writer* out, const tidemark_call* raw_call,
                             tidemark_error* error) {
    return guard(error, [&]() -> Status {
      const Call call(raw_call, error);
      TM_TRY(begin(handle, key, call));
      if (out == nullptr || out->write == nullptr) return fail(TIDEMARK_E_INVALID, "get: the writer is NULL");
      return self(handle).get(view(key), Range{offset, size}, Writer(out), call);
    });
  }

  static tidemark_status list(tidemark_sink* handle, tidemark_str prefix, tidemark_str start_after,
                              Visitor::Function visit, void* visit_ctx, const tidemark_call* raw_call,
                              tidemark_error* error) {
    return guard(error, [&]() -> Status {
      const Call call(raw_call, error);
      TM_TRY(begin(handle, call));
      if (visit == nullptr) return fail(TIDEMARK_E_INVALID, "list: visit is NULL");
      return self(handle).list(view(prefix), view(start_after), Visitor(visit, visit_ctx), call);
    });
  }

  static tidemark_status remove(tidemark_sink* handle, tidemark_str key, const tidemark_call* raw_call,
                                tidemark_error* error) {
    return guard(error, [&]() -> Status {
      const Call call(raw_call, error);
      TM_TRY(begin(handle, key, call));
      TM_TRY(may_write(handle, "remove"));
      return self(handle).remove(view(key), call);
    });
  }

  static tidemark_status remove_many(tidemark_sink* handle, const tidemark_str* raw_keys, uint32_t count,
                                     const tidemark_call* raw_call,
                                     tidemark_error* error) requires RemovesMany<S> {
    return guard(error, [&]() -> Status {
      const Call call(raw_call, error);
      TM_TRY(begin(handle, call));
      TM_TRY(may_write(handle, "remove_many"));
      if (raw_keys == nullptr && count > 0) return fail(TIDEMARK_E_INVALID, "remove_many: the keys are NULL");
      if (count > S::kRemovalsMax) {
        return fail(TIDEMARK_E_INVALID, "remove_many: " + std::to_string(count) + " keys; at most " +
                                            std::to_string(S::kRemovalsMax) + " go in one call");
      }
      std::vector<std::string_view> keys;
      keys.reserve(count);
      for (const tidemark_str key : std::span(raw_keys, count)) {
        TM_TRY(check(key));
        keys.push_back(view(key));
      }
      if (keys.empty()) return {};
      return self(handle).remove_many(keys, call);
    });
  }

  static tidemark_status list_folders(tidemark_sink* handle, tidemark_str prefix, tidemark_str start_after,
                                      Visitor::Function visit, void* visit_ctx, const tidemark_call* raw_call,
                                      tidemark_error* error) requires ListsFolders<S> {
    return guard(error, [&]() -> Status {
      const Call call(raw_call, error);
      TM_TRY(begin(handle, call));
      if (visit == nullptr) return fail(TIDEMARK_E_INVALID, "list_folders: visit is NULL");
      return self(handle).list_folders(view(prefix), view(start_after), Visitor(visit, visit_ctx), call);
    });
  }

  static const void* get_extension(tidemark_sink*, const char* id) {
    const std::string_view wanted = id == nullptr ? "" : id;
    if constexpr (RemovesMany<S>) {
      static constexpr tidemark_draft_remove_many_api kRemoveMany = {sizeof kRemoveMany, S::kRemovalsMax,
                                                                     remove_many};
      if (wanted == TIDEMARK_EXT_DRAFT_REMOVE_MANY) return &kRemoveMany;
    }
    if constexpr (ListsFolders<S>) {
      static constexpr tidemark_draft_list_folders_api kListFolders = {sizeof kListFolders, S::kPageKeys,
                                                                       list_folders};
      if (wanted == TIDEMARK_EXT_DRAFT_LIST_FOLDERS) return &kListFolders;
    }
    return nullptr;
  }
};

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_COMMON_TABLE_H
