#include "restore_space.h"

#include "console.h"
#include "restore_dir.h"
#include "text.h"

namespace tidemark::cli {

Result<void> check_space(const RestoreOptions& options, const RestoreCounts& all) {
  const auto free_bytes = free_bytes_at(options.directory);
  const std::string what = bytes_text(all.new_bytes) + " into " + options.directory;
  const std::string free = free_bytes ? bytes_text(*free_bytes) + " are free" : "what is free is not known";
  if (free_bytes && *free_bytes < all.new_bytes && !options.ignore_free_space) {
    return Error{kExitLocal, "restoring " + what + " will not fit: " + free +
                                 " on its file system. Nothing was begun; make room, restore into another "
                                 "directory, or give --ignore-free-space"};
  }
  if (console().progress_kind() == ProgressKind::kNone || all.wanted_archives == 0) return {};
  console().print("restoring " + count_text(all.wanted_entries, "entry", "entries") + " from " +
                  count_text(all.wanted_archives, "archive", "archives") + ", " + what + "; " + free);
  return {};
}

}  // namespace tidemark::cli
