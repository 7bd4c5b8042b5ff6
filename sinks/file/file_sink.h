// The sink that keeps objects as files below one directory; the key is the relative path.
//
// put, head, get, list, list_folders and remove on any thread, concurrently; there is no lock between them
// but a short one for staging=named and that of SyncGroup. Every answer is about the directory that the url
// names, and about no other: see root.h.
#ifndef TIDEMARK_SINKS_FILE_FILE_SINK_H
#define TIDEMARK_SINKS_FILE_FILE_SINK_H

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/mutex.h"
#include "common/table.h"
#include "file/body_writer.h"
#include "file/directories.h"
#include "file/root.h"
#include "file/staging.h"
#include "file/sync_group.h"

namespace tidemark::sinks::file {

class FileSink {
 public:
  static Result<std::unique_ptr<FileSink>> open(const OpenRequest& request, const Call& call);
  ~FileSink() = default;

  Status put(std::string_view key, const Source& source, uint32_t flags, const Call& call);
  Result<ObjectInfo> head(std::string_view key, const Call& call);
  Status get(std::string_view key, const Range& range, const Writer& out, const Call& call);
  Status list(std::string_view prefix, std::string_view start_after, const Visitor& visit, const Call& call);
  static constexpr uint32_t kPageKeys = 1;  // each directory is read by itself
  Status list_folders(std::string_view prefix, std::string_view start_after, const Visitor& visit,
                      const Call& call);
  Status remove(std::string_view key, const Call& call);

  // Whether the fsyncs of concurrent puts go in rounds.
  bool shares_syncs() const { return syncs_.is_shared(); }
  // Whether new files have no name until they are whole, or one in the staging area.
  bool uses_unnamed_files() const { return unnamed_; }

 private:
  struct NewFile;  // one put's file until it has its final name

  FileSink(UniqueFd root, std::string path, uint64_t put_buffer_bytes);
  Status probe(const std::string& staging);
  Status probe_unnamed(StagingArea& area);
  Status probe_named(StagingArea& area);

  Status put_once(std::string_view key, const Source& source, uint32_t flags, const Call& call);
  Result<NewFile> new_file(int directory_fd, std::string_view key);
  Status write_body(int fd, std::string_view key, const Source& source, const Call& call);
  Status write_pieces(BodyWriter& writer, std::string_view key, const Source& source, const Call& call);
  Status written(std::string_view key, int problem) const;
  Status publish(NewFile& file, const SyncGroup::Directory& directory, std::string_view key, uint32_t flags);
  Status publish_new(NewFile& file, int directory_fd, std::string_view key);
  Status replace(NewFile& file, int directory_fd, std::string_view key);
  Status settle_existing(int directory_fd, std::string_view key);
  Status make_durable(int fd, std::string_view key);
  Status name_in_staging(NewFile& file);
  Status sync_directory(const SyncGroup::Directory& directory, std::string_view key);
  // A regular file, open for reading, and its size.
  Result<UniqueFd> open_object(std::string_view key, int flags, ObjectInfo* info);
  Status remove_here(std::string_view key);
  Result<std::shared_ptr<StagingArea>> staging_area(const StagingArea* broken = nullptr);

  Root root_;
  Directories directories_;
  BufferPool buffers_;
  std::atomic<uint32_t> bodies_{0};  // that are being written
  SyncGroup syncs_;
  bool unnamed_ = true;  // set by open
  Mutex staging_mutex_;
  std::shared_ptr<StagingArea> staging_ TM_GUARDED_BY(staging_mutex_);  // made when first needed
  uint64_t staging_returns_ TM_GUARDED_BY(staging_mutex_) = 0;          // of the root, when it was made
};

}  // namespace tidemark::sinks::file

#endif  // TIDEMARK_SINKS_FILE_FILE_SINK_H
