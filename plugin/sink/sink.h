// C++ view of an open sink: the table of tidemark/sink.h with errors as values.
//
// Any thread, concurrently. Owns the open sink and keeps its library loaded; the destructor closes the
// sink and then lets go of the library, on whichever thread drops the last reference.
#ifndef TIDEMARK_SINK_SINK_H
#define TIDEMARK_SINK_SINK_H

#include <tidemark/draft/list_folders.h>
#include <tidemark/draft/remove_many.h>
#include <tidemark/sink.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"

namespace tidemark::sink {

struct ObjectInfo {
  uint64_t size_bytes = 0;
  int64_t modified_us = 0;
  bool is_irregular = false;  // in a listing: no object, see TIDEMARK_OBJECT_IRREGULAR
};

class Sink {
 public:
  // `api` has passed the loader's checks; `keep_alive` (the library, the log it writes to) goes last.
  Sink(const tidemark_sink_api* api, tidemark_sink* handle, std::shared_ptr<void> keep_alive);
  ~Sink();
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  bool wants_sha256() const;
  bool wants_crc32c() const;

  // For all: statuses as tidemark/sink.h gives them; `call` may be NULL.
  Status put(std::string_view key, const tidemark_source& source, uint32_t flags, const tidemark_call* call);
  Result<ObjectInfo> head(std::string_view key, const tidemark_call* call);
  // `write` returns false to stop; get() is then TIDEMARK_E_CANCELLED. What it throws stops too and is the
  // error.
  Status get(std::string_view key, int64_t offset, uint64_t size,
             const std::function<bool(const void* data, size_t size)>& write, const tidemark_call* call);
  // `visit` returns false to stop, which is not an error; what it throws is.
  using Visit = std::function<bool(std::string_view key, const ObjectInfo& object)>;
  Status list(std::string_view prefix, std::string_view start_after, const Visit& visit,
              const tidemark_call* call);
  // The same, but what lies in a folder directly below the prefix is told by one visit, of the folder's path
  // with '/'. Where the sink cannot, everything is listed, and jumped over where there is much of it.
  Status list_folders(std::string_view prefix, std::string_view start_after, const Visit& visit,
                      const tidemark_call* call);
  // Listing neighbouring folders in one call takes fewer requests than each by itself.
  bool lists_in_pages() const { return folders_ == nullptr || folders_->page_keys > 1; }
  Status remove(std::string_view key, const tidemark_call* call);
  // The most keys of one request that removes many; 0: the sink does not offer that.
  uint32_t removals_max() const { return many_ == nullptr ? 0 : many_->keys_max; }
  // That request itself, as draft/remove_many.h has it; only where it is offered.
  Status remove_at_once(std::span<const std::string_view> keys, const tidemark_call* call);
  // Removes all, many with one request where the sink offers that, else and in doubt one after the other.
  // `gone` is called for each, in the order of the keys, once it is gone; it returns false to stop, which is
  // not an error, and some of those that it was not called for may be gone as well. So it is after an error.
  // What `gone` throws passes through: no code of the sink's is on the way.
  Status remove_many(std::span<const std::string_view> keys, const std::function<bool(size_t index)>& gone,
                     const tidemark_call* call);

 private:
  // UNSUPPORTED: not all was visited.
  Status list_folders_at_once(std::string_view prefix, std::string_view start_after, const Visit& visit,
                              const tidemark_call* call);

  std::shared_ptr<void> keep_alive_;
  const tidemark_sink_api* api_;
  tidemark_sink* handle_;
  const tidemark_draft_remove_many_api* many_;      // NULL: not offered
  const tidemark_draft_list_folders_api* folders_;  // NULL: not offered
};

}  // namespace tidemark::sink

#endif  // TIDEMARK_SINK_SINK_H
