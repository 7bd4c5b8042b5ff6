#include <algorithm>
#include <string>
#include <utility>

#include "base/call.h"
#include "base/line.h"
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

FolderKind kind_of_folder(std::string_view path) {
  const size_t slash = path.find('/');
  if (storage_name_problem(path.substr(0, slash)) != nullptr) return FolderKind::kOther;
  if (slash == std::string_view::npos) return FolderKind::kStorage;
  return parse_decimal(path.substr(slash + 1)) ? FolderKind::kPartition : FolderKind::kOther;
}

StoredInfo describe(std::string_view key, const sink::ObjectInfo& object) {
  StoredInfo info;
  info.key = key;
  info.size_bytes = object.size_bytes;
  info.modified_us = object.modified_us;
  info.is_irregular = object.is_irregular && may_hold_ours(key);
  info.folder = parse_folder(key);
  if (key.ends_with('/')) {
    info.folder_kind = kind_of_folder(key.substr(0, key.size() - 1));
  } else if (info.folder) {
    info.name = parse_object_name(info.folder->name);
  } else if (const auto epoch = parse_object_key(key)) {
    info.name = epoch->name;
  }
  return info;
}

// A listing of thousands of requests would never end if one that failed made it begin again: it continues
// after what was visited, as long as it gets on at all. Whether to wait and try again is the caller's
// business.
template <class ListFrom>
Status keep_on(std::string_view start_after, const std::function<bool(const StoredInfo&)>& visit,
               const ListFrom& list_from, const tidemark_call* call) {
  const Call deadline(call);
  std::string after(start_after);
  for (;;) {
    TM_ASSIGN(const auto limited, deadline.next_call());
    bool got_on = false;
    std::string newest;
    const sink::Sink::Visit give = [&](std::string_view key, const sink::ObjectInfo& object) {
      got_on = true;
      newest = key;
      return visit(describe(key, object));
    };
    const Status listed = list_from(after, give, &limited);
    if (listed || !got_on || !is_retryable(listed.error().status)) return listed;
    after = std::move(newest);
  }
}

Status list_all(sink::Sink& sink, std::string_view prefix, std::string_view start_after,
                const std::function<bool(const StoredInfo&)>& visit, const tidemark_call* call) {
  return keep_on(
      start_after, visit,
      [&](std::string_view after, const sink::Sink::Visit& give, const tidemark_call* limited) {
        return sink.list(prefix, after, give, limited);
      },
      call);
}

// "main/" of "main/7/".
std::string_view level_of(std::string_view folder) {
  return folder.substr(0, folder.rfind('/', folder.size() - 2) + 1);
}

Status check_folders(std::span<const std::string_view> folders) {
  if (folders.empty()) return fail(TIDEMARK_E_INVALID, "there is no folder to list");
  const std::string_view first = folders.front();
  if (folders.size() == 1 && first.empty()) return {};
  for (size_t i = 0; i < folders.size(); ++i) {
    const std::string_view folder = folders[i];
    if (folder.size() < 2 || !folder.ends_with('/'))
      return fail(TIDEMARK_E_INVALID, "not a folder's key: " + quote(folder));
    if (level_of(folder) != level_of(first) || (i > 0 && folder <= folders[i - 1])) {
      return fail(TIDEMARK_E_INVALID,
                  quote(folder) + " does not follow " + quote(folders[i > 0 ? i - 1 : 0]) + " in its level");
    }
  }
  return {};
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
  return list_all(sink, prefix, start_after, visit, call);
}

Status scan_level(sink::Sink& sink, std::string_view storage, std::string_view start_after,
                  const std::function<bool(const StoredInfo&)>& visit, const tidemark_call* call) {
  std::string prefix;
  if (!storage.empty()) {
    if (const char* problem = storage_name_problem(storage)) return fail(TIDEMARK_E_INVALID, problem);
    prefix = std::string(storage) + "/";
  }
  return keep_on(
      start_after, visit,
      [&](std::string_view after, const sink::Sink::Visit& give, const tidemark_call* limited) {
        return sink.list_folders(prefix, after, give, limited);
      },
      call);
}

Status scan_folders(sink::Sink& sink, std::span<const std::string_view> folders, std::string_view start_after,
                    const std::function<bool(const StoredInfo&)>& visit, const tidemark_call* call) {
  TM_TRY(check_folders(folders));
  const std::string_view first = folders.front(), last = folders.back();
  bool is_over = false;
  if (folders.size() > 1 && sink.lists_in_pages()) {
    const auto give = [&](const StoredInfo& stored) {
      return (stored.key <= last || stored.key.starts_with(last)) && visit(stored);
    };
    return list_all(sink, level_of(first), std::max(start_after, first), give, call);
  }
  for (const std::string_view folder : folders) {
    // All of it lies before.
    if (folder < start_after && !start_after.starts_with(folder)) continue;
    const auto give = [&](const StoredInfo& stored) {
      is_over = !visit(stored);
      return !is_over;
    };
    TM_TRY(list_all(sink, folder, start_after, give, call));
    if (is_over) break;
  }
  return {};
}

}  // namespace tidemark::store
