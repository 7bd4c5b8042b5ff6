#include "restore_all.h"

#include <dirent.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>

#include "each_partition.h"
#include "nothing.h"
#include "text.h"
#include "verbs.h"

namespace tidemark::cli {

namespace {

// A name in DIR that no partition's directory begins with; empty: there is none.
Result<std::string> foreign_name(const RestoreOptions& options,
                                 const std::vector<PartitionName>& partitions) {
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(options.directory.c_str()), &::closedir);
  if (!dir && errno == ENOENT) return std::string();
  if (!dir) return errno_error("cannot list " + options.directory);
  for (errno = 0; const dirent* item = ::readdir(dir.get()); errno = 0) {
    const std::string_view name = item->d_name;
    if (name == "." || name == ".." || name == "lost+found") continue;
    const bool is_ours = std::any_of(partitions.begin(), partitions.end(), [&](const PartitionName& one) {
      return name == (options.scope.storage.empty() ? one.storage : std::to_string(one.id));
    });
    if (!is_ours) return std::string(name);
  }
  if (errno != 0) return errno_error("cannot list " + options.directory);
  return std::string();
}

// What was meant for a part of the archive would become a directory of that name.
bool is_part_of_archive(const std::string& directory, const std::vector<PartitionName>& partitions) {
  return std::any_of(partitions.begin(), partitions.end(), [&](const PartitionName& one) {
    return directory == one.storage || directory == partition_text(one.storage, one.id);
  });
}

Result<void> check_directory(const RestoreOptions& options, const std::vector<PartitionName>& partitions) {
  if (options.scope.storage.empty() && is_part_of_archive(options.directory, partitions)) {
    return usage_error(options.directory +
                       " is a part of this archive: name the directory that it goes to, too (./" +
                       options.directory + " if that is the directory)");
  }
  if (options.into_existing || options.check) return {};
  TM_ASSIGN(const std::string foreign, foreign_name(options, partitions));
  if (foreign.empty()) return {};
  return usage_error(options.directory + " has something else in it, '" + printable(foreign) +
                     "'; name an empty or a new directory, or give --into-existing");
}

// Each partition takes the keys that lie in its folder; one that lies in none would be passed over silently.
Result<void> check_preferred(const RestoreOptions& options, const std::vector<PartitionName>& partitions) {
  for (const std::string& key : options.prefer) {
    const bool is_of_one = std::any_of(partitions.begin(), partitions.end(), [&](const PartitionName& one) {
      return key.starts_with(partition_text(one.storage, one.id) + "/");
    });
    if (!is_of_one)
      return usage_error("--prefer " + printable(key) +
                         ": no partition of this archive has it (tidemark ls shows " + "the keys)");
  }
  return {};
}

RestoreOptions options_for(const RestoreOptions& all, const PartitionName& name) {
  RestoreOptions one = all;
  one.scope = {name.storage, name.id};
  one.directory += (all.scope.storage.empty() ? "/" + name.storage : "") + "/" + std::to_string(name.id);
  const std::string folder = partition_text(name.storage, name.id) + "/";
  std::erase_if(one.prefer, [&](const std::string& key) { return !key.starts_with(folder); });
  return one;
}

}  // namespace

int restore_all(const RestoreOptions& options, Archive& archive) {
  Stop stop;
  const auto partitions = find_partitions(archive, options.scope, stop);
  if (!partitions) return fail_with(partitions.error());
  if (partitions->empty()) return tell_nothing(archive, options, "", stop);
  if (const auto checked = check_directory(options, *partitions); !checked) return fail_with(checked.error());
  if (const auto checked = check_preferred(options, *partitions); !checked) return fail_with(checked.error());
  const std::string did = options.check ? "compared" : options.dry_run ? "looked at" : "restored";
  return each_partition(
      *partitions, options.json, did, " into " + options.directory,
      [&](const PartitionName& name) { return restore_partition(options_for(options, name), archive); });
}

}  // namespace tidemark::cli
