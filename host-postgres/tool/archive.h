// An archive that is open for this tool: the plugin's maintenance extension in its own types.
//
// Any thread once it is open. Errors are the plugin's, with their status.
#ifndef TIDEMARK_HOST_POSTGRES_TOOL_ARCHIVE_H
#define TIDEMARK_HOST_POSTGRES_TOOL_ARCHIVE_H

#include <tidemark/draft/maintenance.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "bridge/archiver.h"
#include "bridge/wal_names.h"

namespace tidemark::postgres {

// Where it is, and what opens it.
struct Access {
  std::string sink, options_file;
  std::string plugin;                  // empty: the one of this installation
  std::string identity_file, tag_key;  // absolute; empty: none
  bool accept_untagged = false;        // with a tag key: what bears no tag may be read too
  bool read_only = true;
};

struct Object {
  int32_t kind = 0;  // TIDEMARK_STORED_*
  std::string storage;
  uint64_t partition = 0, first = 0, last = 0, size_bytes = 0;
  int64_t modified_us = 0;
  std::string key;
};
using VisitObject = std::function<bool(const Object&)>;  // false: stop

class Archive {
 public:
  static Result<std::unique_ptr<Archive>> open(const Access& access);

  // In byte order of keys. A listing that could not be finished is an error.
  Status scan(const std::string& storage, std::optional<uint64_t> partition, uint64_t from,
              const VisitObject& visit);
  Result<std::vector<std::string>> storages();
  // One entry as <directory>/<lsn>, proven; nothing is made durable. The directory is the caller's own.
  Status unpack(const std::string& key, uint64_t lsn, const std::string& directory);
  // The content of what has a partition for itself: a history, or a backup's label. NOT_FOUND: it is not
  // there.
  Result<std::string> read_small(const Place& place);
  // Puts an object of its own, reads, lists and removes it; the first that fails. Opened to be written to.
  Status try_writing();
  Status prune(const std::string& storage, uint64_t partition, uint64_t before, bool dry_run,
               const VisitObject& visit);

 private:
  explicit Archive(std::unique_ptr<Archiver> archiver) : archiver_(std::move(archiver)) {}
  std::unique_ptr<Archiver> archiver_;
  const tidemark_maintenance_api* maintenance_ = nullptr;
  const tidemark_draft_maintenance_api* draft_ = nullptr;
};

// A directory of this process's own beside what it will hold, removed with everything in it.
class WorkDirectory {
 public:
  // Removes those of processes that are dead, too.
  static Result<WorkDirectory> make(const std::string& parent);
  WorkDirectory(WorkDirectory&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  WorkDirectory& operator=(WorkDirectory&&) = delete;
  WorkDirectory(const WorkDirectory&) = delete;
  WorkDirectory& operator=(const WorkDirectory&) = delete;
  ~WorkDirectory();
  const std::string& path() const { return path_; }

 private:
  explicit WorkDirectory(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace tidemark::postgres

#endif  // TIDEMARK_HOST_POSTGRES_TOOL_ARCHIVE_H
