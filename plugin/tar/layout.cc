#include "tar/layout.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>

namespace tidemark::tar {
namespace {

// The last component of a member's name, or the whole of it for an entry's root.
std::string_view last_component(std::string_view member) {
  if (member.ends_with('/')) member.remove_suffix(1);
  return member.substr(member.rfind('/') + 1);
}

}  // namespace

Layout::Layout(tree::ByteBudget& budget) : budget_(budget), members_(budget), names_(budget) {}

Status Layout::begin() {
  begin_piece(0, 0);
  if (!members_.reserve() || !names_.reserve())
    return fail_errno(errno, "cannot reserve memory for a layout");
  return {};
}

void Layout::trim() {
  members_.trim();
  names_.trim();
}

void Layout::begin_piece(uint64_t offset, uint32_t entry) {
  members_.shrink(0);
  names_.shrink(0);
  offset_ = offset;
  begin_entry(entry);
  ++piece_;
}

bool Layout::add_parent(std::string_view name, const tree::FileStamp& stamp) {
  LaidOut member;
  member.offset = offset_;
  member.stamp = stamp;
  member.stamp.size_bytes = 0;
  member.parent = parent_;
  member.entry = entry_;
  member.name_size = static_cast<uint16_t>(name.size());
  member.header_blocks = 0;
  member.type = MemberType::kDirectory;
  if (!add_text(name.data(), name.size(), member.name) || !members_.push(member)) return false;
  parent_ = static_cast<uint32_t>(members_.size()) - 1;
  return true;
}

size_t Layout::find(uint64_t offset) const {
  assert(holds(offset));
  const LaidOut* const first = members_.data();
  const LaidOut* const after =
      std::upper_bound(first, first + members_.size(), offset,
                       [](uint64_t wanted, const LaidOut& member) { return wanted < member.offset; });
  return static_cast<size_t>(after - first) - 1;
}

std::string_view Layout::path(const LaidOut& member, char* buffer) const {
  // From the back: the walker has checked that every path fits.
  char* const end = buffer + tree::kMemberNameMax;
  char* begin = end;
  if (member.type == MemberType::kDirectory) *--begin = '/';
  for (const LaidOut* at = &member;; at = &members_[at->parent]) {
    begin -= at->name_size;
    std::memcpy(begin, name(*at), at->name_size);
    if (at->parent == LaidOut::kNoParent) break;
    *--begin = '/';
  }
  return {begin, static_cast<size_t>(end - begin)};
}

bool Layout::add_text(const char* text, size_t size, uint32_t& offset) {
  offset = static_cast<uint32_t>(names_.size());
  const char nul = '\0';
  return names_.append(text, size) && names_.push(nul);
}

Status Layout::add(const tree::Place& place, LaidOut& member, std::string_view link) {
  const std::string_view name = last_component(place.member);
  member.offset = end();
  member.parent = parent_;
  member.entry = entry_;
  member.name_size = static_cast<uint16_t>(name.size());
  member.link_size = static_cast<uint16_t>(link.size());
  const size_t headers = header_size({place.member, link, member.stamp.size_bytes, member.mode, member.type});
  member.header_blocks = static_cast<uint8_t>(headers / kBlockSize);
  if (member.stamp.size_bytes > kMembersBytesMax - member.offset) {
    return fail(TIDEMARK_E_PERMANENT, place.path() + ": the archive would be larger than 2^63 bytes");
  }
  if (member.end() > most_end_) {
    has_too_many_bytes_ = true;
    return fail(TIDEMARK_E_PERMANENT, {});
  }
  const bool has_link = member.type == MemberType::kSymlink;
  if (!add_text(name.data(), name.size(), member.name) ||
      (has_link && !add_text(link.data(), link.size(), member.link)) || !members_.push(member)) {
    return tree::fail_budget(place.entry_path, budget_.limit);
  }
  return {};
}

Status Layout::on_directory(const tree::Place& place, const struct stat& info) {
  LaidOut member;
  member.stamp = tree::stamp_of(info);
  member.stamp.size_bytes = 0;
  member.mode = info.st_mode & 07777;
  member.type = MemberType::kDirectory;
  Status status = add(place, member, {});
  parent_ = static_cast<uint32_t>(members_.size()) - 1;
  return status;
}

void Layout::on_directory_end() { parent_ = members_[parent_].parent; }

Status Layout::on_file(const tree::Place& place) {
  struct stat info;
  if (fstatat(place.directory_fd, place.name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
    return tree::fail_inside(errno, place.path());
  }
  if (!S_ISREG(info.st_mode)) return tree::fail_type(place.path(), info.st_mode);
  LaidOut member;
  member.stamp = tree::stamp_of(info);
  member.mode = info.st_mode & 07777;
  return add(place, member, {});
}

Status Layout::on_symlink(const tree::Place& place) {
  char buffer[tree::kLinkTargetMax + 1];
  TM_ASSIGN(const auto link, tree::read_link(place, buffer));
  LaidOut member;
  member.mode = 0777;
  member.type = MemberType::kSymlink;
  return add(place, member, link);
}

}  // namespace tidemark::tar
