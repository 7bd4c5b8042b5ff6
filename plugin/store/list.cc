#include "store/list.h"

#include <optional>
#include <string>

namespace tidemark::store {

Status list_within(sink::Sink& sink, std::string_view storage, uint64_t partition, Lsn from,
                   const std::function<bool(const ArchiveInfo&)>& visit, const Call& deadline) {
  if (const char* problem = storage_name_problem(storage)) return fail(TIDEMARK_E_INVALID, problem);
  TM_ASSIGN(const auto call, deadline.next_call());
  const std::string prefix = partition_prefix(storage, partition);
  // Every name that reaches `from` begins with a text equal to or above it, and is longer.
  std::string start_after;
  if (from > 1) {
    const auto text = lsn_text(from);
    start_after = prefix;
    start_after.append(text.data(), text.size());
  }
  return sink.list(
      prefix, start_after,
      [&](std::string_view key, const sink::ObjectInfo& object) {
        if (!key.starts_with(prefix) || object.is_irregular) return true;
        const auto name = parse_object_name(key.substr(prefix.size()));
        if (!name || name->range.last < from) return true;
        return visit({*name, name->range, key, object.size_bytes, object.modified_us});
      },
      &call);
}

Status list_chain(sink::Sink& sink, std::string_view storage, uint64_t partition, Lsn from,
                  const Chain& chain, const std::function<bool(const ArchiveInfo&)>& visit,
                  const Call& deadline) {
  struct Item {
    std::string key;
    uint64_t size_bytes;
    int64_t modified_us;
  };
  ChainCut<Item> cut(chain);
  bool is_over = false;
  const auto give = [&](const Item& item, const ParsedName& name, std::optional<Range> part) {
    if (!part) return true;
    is_over = !visit({name, *part, item.key, item.size_bytes, item.modified_us});
    return !is_over;
  };
  TM_TRY(list_within(
      sink, storage, partition, from,
      [&](const ArchiveInfo& info) {
        return cut.add(info, {std::string(info.key), info.size_bytes, info.modified_us}, give);
      },
      deadline));
  if (!is_over) cut.finish(give);
  return {};
}

Status list(sink::Sink& sink, std::string_view storage, uint64_t partition, Lsn from,
            const std::function<bool(const ArchiveInfo&)>& visit, const tidemark_call* call) {
  const Call deadline(call);
  return list_within(sink, storage, partition, from, visit, deadline);
}

}  // namespace tidemark::store
