#include <string>

#include "store/deadline.h"
#include "store/maintain.h"

namespace tidemark::store {
namespace {

StoredInfo describe(std::string_view key, const sink::ObjectInfo& object) {
  StoredInfo info;
  info.key = key;
  info.size_bytes = object.size_bytes;
  info.modified_us = object.modified_us;
  info.folder = core::parse_folder(key);
  if (info.folder) info.name = core::parse_object_name(info.folder->name);
  return info;
}

}  // namespace

Status scan(sink::Sink& sink, std::string_view storage, std::optional<uint64_t> partition, core::Lsn from,
            const std::function<bool(const StoredInfo&)>& visit, const tidemark_call* call) {
  std::string prefix;
  if (!storage.empty()) {
    if (const char* problem = core::storage_name_problem(storage)) return fail(TIDEMARK_E_INVALID, problem);
    prefix = partition ? core::partition_prefix(storage, *partition) : std::string(storage) + "/";
  } else if (partition) {
    return fail(TIDEMARK_E_INVALID, "a partition without a storage name cannot be listed");
  }
  if (from > 1 && !partition) {
    return fail(TIDEMARK_E_INVALID, "a listing from an entry on needs a partition");
  }
  std::string start_after;
  if (from > 1) {
    const auto text = core::lsn_text(from);
    start_after = prefix;
    start_after.append(text.data(), text.size());
  }
  Deadline deadline(call);
  const auto limited = deadline.next_call();
  if (!limited) return tl::unexpected(limited.error());
  return sink.list(
      prefix, start_after,
      [&](std::string_view key, const sink::ObjectInfo& object) { return visit(describe(key, object)); },
      *limited);
}

}  // namespace tidemark::store
