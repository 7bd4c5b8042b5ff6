#include "tar/unpacker.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/remove_tree.h"
#include "format/object_name.h"

namespace tidemark::tar {
namespace {

std::string name_of(Lsn lsn) {
  const auto text = lsn_text(lsn);
  return {text.data(), text.size()};
}

}  // namespace

Unpacker::Unpacker(std::unique_ptr<tree::StagingArea> area, UniqueFd directory, std::string_view path,
                   Range wanted)
    : area_(std::move(area)),
      directory_(std::move(directory)),
      path_(path),
      wanted_(wanted),
      can_sync_at_once_(tree::can_sync_at_once(build_fd())) {}

Result<std::unique_ptr<Unpacker>> Unpacker::create(std::string_view directory, Range wanted) {
  TM_ASSIGN(auto area, tree::StagingArea::create(directory));
  return std::unique_ptr<Unpacker>(new Unpacker(std::move(area), UniqueFd(), directory, wanted));
}

Result<std::unique_ptr<Unpacker>> Unpacker::create_private(std::string_view directory, Range wanted) {
  const std::string path(directory);
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail_errno(errno, path);
  return std::unique_ptr<Unpacker>(new Unpacker(nullptr, std::move(fd), directory, wanted));
}

Unpacker::~Unpacker() {
  if (area_ || stays_ || built_.first == kNoLsn) return;
  for (Lsn lsn = built_.first;; ++lsn) {
    remove_tree(directory_.get(), name_of(lsn).c_str());  // short: no memory is needed
    if (lsn == built_.last) break;
  }
}

Status Unpacker::begin_entry(Lsn lsn) {
  if (!wanted_.contains(lsn)) return {};
  const std::string target = path_ + "/" + name_of(lsn);
  struct stat info;
  if (fstatat(directory_fd(), name_of(lsn).c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) {
    return tree::fail_exists(target);
  }
  if (errno != ENOENT) return fail_errno(errno, target);
  builder_.emplace();
  return builder_->begin_staged(build_fd(), path_, lsn);
}

Status Unpacker::member(const ParsedMember& member) {
  if (!builder_) return {};
  const mode_t mode = keep_setid_ ? member.mode : member.mode & ~(S_ISUID | S_ISGID);
  builder_->sync_each(!syncs_later_ && (!can_sync_at_once_ || ++members_ <= tree::kSyncEachMax));
  switch (member.type) {
    case MemberType::kDirectory:
      return builder_->add_directory(member.path, mode);
    case MemberType::kSymlink:
      return builder_->add_symlink(member.path, std::string(member.link));
    case MemberType::kFile:
      break;
  }
  return builder_->begin_file(member.path, mode);
}

Status Unpacker::file_bytes(std::span<const uint8_t> bytes) {
  return builder_ ? builder_->write(bytes.data(), bytes.size()) : Status();
}

Status Unpacker::end_file() { return builder_ ? builder_->end_file() : Status(); }

Status Unpacker::end_entry(Lsn lsn, uint64_t) {
  if (!builder_) return {};
  TM_TRY(builder_->finish());
  builder_->release();
  builder_.reset();
  if (built_.first == kNoLsn) built_.first = lsn;
  built_.last = lsn;
  return {};
}

Status Unpacker::make_durable() {
  if (members_ > tree::kSyncEachMax && can_sync_at_once_) {
    if (syncfs(build_fd()) != 0) return fail_errno(errno, path_);
  } else if (area_ && fsync(area_->fd()) != 0) {
    return fail_errno(errno, path_);
  }
  return {};
}

Status Unpacker::publish() {
  stays_ = true;
  if (!area_ || built_.first == kNoLsn) return {};
  // From the first to the last no memory is needed.
  std::string target = path_ + "/" + name_of(built_.last);
  const size_t name_at = target.size() - kLsnTextSize;
  for (Lsn lsn = built_.first;; ++lsn) {
    const std::string name = name_of(lsn);
    target.replace(name_at, kLsnTextSize, name);
    Status status = tree::rename_into_place(area_->fd(), name, area_->directory_fd(), name, target);
    if (!status && lsn == built_.first) return status;
    if (status && lsn != built_.last) continue;
    if (fsync(area_->directory_fd()) != 0) return fail_errno(errno, path_);
    return status;
  }
}

}  // namespace tidemark::tar
