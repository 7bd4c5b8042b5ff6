#include "tar/unpacker.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "format/object_name.h"

namespace tidemark::tar {
namespace {

std::string name_of(Lsn lsn) {
  const auto text = lsn_text(lsn);
  return {text.data(), text.size()};
}

}  // namespace

Unpacker::Unpacker(std::unique_ptr<StagingArea> area, Range wanted)
    : area_(std::move(area)), wanted_(wanted), can_sync_at_once_(can_sync_at_once(area_->fd())) {}

Result<std::unique_ptr<Unpacker>> Unpacker::create(std::string_view directory, Range wanted) {
  TM_ASSIGN(auto area, StagingArea::create(directory));
  return std::unique_ptr<Unpacker>(new Unpacker(std::move(area), wanted));
}

Status Unpacker::begin_entry(Lsn lsn) {
  if (!wanted_.contains(lsn)) return {};
  const std::string target = area_->directory_path() + "/" + name_of(lsn);
  struct stat info;
  if (fstatat(area_->directory_fd(), name_of(lsn).c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) {
    return fail_exists(target);
  }
  if (errno != ENOENT) return fail_errno(errno, target);
  builder_.emplace();
  return builder_->begin_staged(area_->fd(), area_->directory_path(), lsn);
}

Status Unpacker::member(const ParsedMember& member) {
  if (!builder_) return {};
  builder_->sync_each(!can_sync_at_once_ || ++members_ <= kSyncEachMax);
  switch (member.type) {
    case MemberType::kDirectory:
      return builder_->add_directory(member.path, member.mode);
    case MemberType::kSymlink:
      return builder_->add_symlink(member.path, std::string(member.link));
    case MemberType::kFile:
      break;
  }
  return builder_->begin_file(member.path, member.mode);
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
  if (members_ > kSyncEachMax && can_sync_at_once_) {
    if (syncfs(area_->fd()) != 0) return fail_errno(errno, area_->directory_path());
  } else if (fsync(area_->fd()) != 0) {
    return fail_errno(errno, area_->directory_path());
  }
  return {};
}

Status Unpacker::publish() {
  Status status;
  // From the first to the last no memory is needed.
  std::string target = area_->directory_path() + "/" + name_of(built_.last);
  const size_t name_at = target.size() - kLsnTextSize;
  for (Lsn lsn = built_.first; lsn != kNoLsn; lsn = lsn == built_.last ? kNoLsn : lsn + 1) {
    target.replace(name_at, kLsnTextSize, name_of(lsn));
    status = publish_one(lsn, target);
    if (!status) break;
    published_ = {built_.first, lsn};
  }
  if (published_.first != kNoLsn && fsync(area_->directory_fd()) != 0) {
    return fail_errno(errno, area_->directory_path());
  }
  return status;
}

Status Unpacker::publish_one(Lsn lsn, const std::string& target) {
  const std::string name = name_of(lsn);
  Status status = rename_into_place(area_->fd(), name, area_->directory_fd(), name, target);
  if (status || status.error().sys_errno != EACCES) return status;
  // A directory that its owner may not write cannot be moved either; so it is writable for a moment.
  struct stat info;
  if (fstatat(area_->fd(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(info.st_mode) ||
      fchmodat(area_->fd(), name.c_str(), S_IRWXU, 0) != 0) {
    return status;
  }
  const UniqueFd fd(openat(area_->fd(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) return fail_errno(errno, target);
  status = rename_into_place(area_->fd(), name, area_->directory_fd(), name, target);
  if (!status) return status;
  if (fchmod(fd.get(), info.st_mode & 07777) != 0 || fsync(fd.get()) != 0) return fail_errno(errno, target);
  return {};
}

}  // namespace tidemark::tar
