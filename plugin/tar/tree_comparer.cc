#include "tar/tree_comparer.h"

namespace tidemark::tar {

Status TreeComparer::begin_entry(Lsn lsn) {
  if (wanted_.contains(lsn)) matcher_.emplace(directory_fd_, shown_, lsn, with_setid_);
  return {};
}

Status TreeComparer::member(const ParsedMember& member) {
  if (!matcher_) return {};
  switch (member.type) {
    case MemberType::kDirectory:
      matcher_->directory(member.path, member.mode);
      return {};
    case MemberType::kSymlink:
      matcher_->symlink(member.path, member.link);
      return {};
    case MemberType::kFile:
      break;
  }
  matcher_->begin_file(member.path, member.mode, member.size_bytes);
  return {};
}

Status TreeComparer::file_bytes(std::span<const uint8_t> bytes) {
  if (matcher_) matcher_->bytes(bytes.data(), bytes.size());
  return {};
}

Status TreeComparer::end_file() {
  if (matcher_) matcher_->end_file();
  return {};
}

Status TreeComparer::end_entry(Lsn lsn, uint64_t) {
  if (!matcher_) return {};
  matcher_->finish();
  Status status = take_(lsn, matcher_->verdict(), matcher_->why());
  matcher_.reset();
  return status;
}

}  // namespace tidemark::tar
