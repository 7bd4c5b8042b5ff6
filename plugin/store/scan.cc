#include <string>
#include <utility>

#include "base/call.h"
#include "store/maintenance.h"

namespace tidemark::store {
namespace {

// Whether something of ours may lie at a key or below it: what is irregular elsewhere, such as the lost+found
// of a file system, hides nothing.
bool may_hold_ours(std::string_view key) {
  const size_t slash = key.find('/');
  if (storage_name_problem(key.substr(0, slash)) != nullptr) return false;
  if (slash == std::string_view::npos) return true;
  const std::string_view below = key.substr(slash + 1);
  const std::string_view partition = below.substr(0, below.find('/'));
  return partition == "." || parse_decimal(partition).has_value();
}

StoredInfo describe(std::string_view key, const sink::ObjectInfo& object) {
  StoredInfo info;
  info.key = key;
  info.size_bytes = object.size_bytes;
  info.modified_us = object.modified_us;
  info.is_irregular = object.is_irregular && may_hold_ours(key);
  info.folder = parse_folder(key);
  if (info.folder) {
    info.name = parse_object_name(info.folder->name);
  } else if (const auto epoch = parse_object_key(key)) {
    info.name = epoch->name;
  }
  return info;
}

}  // namespace

Status scan(sink::Sink& sink, std::string_view storage, std::optional<uint64_t> partition, Lsn from,
            const std::function<bool(const StoredInfo&)>& visit, const tidemark_call* call) {
  std::string prefix;
  if (!storage.empty()) {
    if (const char* problem = storage_name_problem(storage)) return fail(TIDEMARK_E_INVALID, problem);
    prefix = partition ? partition_prefix(storage, *partition) : std::string(storage) + "/";
  } else if (partition) {
    return fail(TIDEMARK_E_INVALID, "a partition without a storage name cannot be listed");
  }
  if (from > 1 && !partition) {
    return fail(TIDEMARK_E_INVALID, "a listing that begins at an entry needs a partition");
  }
  std::string start_after;
  if (from > 1) {
    const auto text = lsn_text(from);
    start_after = prefix;
    start_after.append(text.data(), text.size());
  }
  // A listing of thousands of requests would never end if one that failed made it begin again: it continues
  // after what was visited, as long as it gets on at all. Whether to wait and try again is the caller's
  // business.
  const Call deadline(call);
  for (;;) {
    TM_ASSIGN(const auto limited, deadline.next_call());
    bool got_on = false;
    std::string newest;
    const Status listed = sink.list(
        prefix, start_after,
        [&](std::string_view key, const sink::ObjectInfo& object) {
          got_on = true;
          newest = key;
          return visit(describe(key, object));
        },
        &limited);
    if (listed || !got_on || !is_retryable(listed.error().status)) return listed;
    start_after = std::move(newest);
  }
}

}  // namespace tidemark::store
