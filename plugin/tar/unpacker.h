// Restores many entries of one archive from its bytes, read once: built in a staging area while the bytes
// arrive, made durable, and given their names only after the caller has found the archive to be right. Or
// built directly under their names, in a directory that is a staging area of the caller's own.
//
// One thread at a time. The bytes may be hostile, see content_parser.h; the destructor removes whatever was
// not published.
#ifndef TIDEMARK_TAR_UNPACKER_H
#define TIDEMARK_TAR_UNPACKER_H

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"
#include "format/types.h"
#include "tar/content_parser.h"
#include "tree/staging_area.h"
#include "tree/tree_builder.h"

namespace tidemark::tar {

// A visitor of a ContentParser. EXISTS: <directory>/<LSN> is there already; NOT_FOUND: no such directory;
// NO_SPACE, RETRYABLE, PERMANENT: writing failed.
class Unpacker final : public ContentVisitor {
 public:
  static Result<std::unique_ptr<Unpacker>> create(std::string_view directory, Range wanted);
  // Nobody but the caller looks into the directory until all is well. Its names are not made durable.
  static Result<std::unique_ptr<Unpacker>> create_private(std::string_view directory, Range wanted);
  ~Unpacker() override;
  // Whether setuid and setgid bits are given; by default they are left out. Before the first entry.
  void keep_setid(bool on) { keep_setid_ = on; }
  // Private only: where much can be made durable at once, the caller does that (syncfs). Before the first
  // entry.
  void sync_later() { syncs_later_ = can_sync_at_once_; }

  Status begin_entry(Lsn lsn) override;
  Status member(const ParsedMember& member) override;
  Status file_bytes(std::span<const uint8_t> bytes) override;
  Status end_file() override;
  Status end_entry(Lsn lsn, uint64_t size_bytes) override;

  // After the last byte: all that was built is durable, only not published. (But see sync_later().)
  Status make_durable();
  // Then, ascending: gives each its name and makes the names durable. After an error those before it are
  // visible and durable. Private: what was built stays.
  Status publish();

 private:
  Unpacker(std::unique_ptr<tree::StagingArea> area, UniqueFd directory, std::string_view path, Range wanted);
  int build_fd() const { return area_ ? area_->fd() : directory_.get(); }
  int directory_fd() const { return area_ ? area_->directory_fd() : directory_.get(); }

  const std::unique_ptr<tree::StagingArea> area_;  // none: built in directory_ itself
  const UniqueFd directory_;
  const std::string path_;
  const Range wanted_;
  const bool can_sync_at_once_;
  bool keep_setid_ = false, syncs_later_ = false;
  uint64_t members_ = 0;
  Range built_;
  bool stays_ = false;                        // what was built in directory_
  std::optional<tree::TreeBuilder> builder_;  // of a wanted entry
};

}  // namespace tidemark::tar

#endif  // TIDEMARK_TAR_UNPACKER_H
