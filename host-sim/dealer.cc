#include "dealer.h"

#include <sys/stat.h>

#include <algorithm>

#include "fs.h"

namespace tidemark::host {

namespace {

// Pre-order with names in byte order is not quite byte order of the paths ("a.txt" < "a/b"), so the caller
// sorts.
Result<void> collect(const std::string& directory, std::vector<std::pair<std::string, uint64_t>>& out) {
  TM_ASSIGN(auto names, list_names(directory));
  for (const std::string& name : names) {
    const std::string path = directory == "/" ? "/" + name : directory + "/" + name;
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) {
      if (errno == ENOENT) continue;  // vanished while we looked
      return fail_errno(errno, "cannot stat " + path);
    }
    if (S_ISREG(status.st_mode)) {
      out.emplace_back(path, static_cast<uint64_t>(status.st_size));
    } else if (S_ISDIR(status.st_mode)) {
      TM_TRY(collect(path, out));
    }
  }
  return {};
}

}  // namespace

Dealer::Dealer(uint64_t entries, const std::vector<uint64_t>& committed, uint32_t threads)
    : entries_(entries),
      committed_(committed),
      partitions_(committed.size()),
      threads_(threads),
      cursors_(threads) {
  for (uint64_t p = 0; p < partitions_; ++p) total_ += target(p) - std::min(target(p), committed_[p]);
  for (uint32_t t = 0; t < threads_; ++t) cursors_[t].partition = t;
}

Dealer::Dealer(std::vector<std::string> files, uint64_t partitions, uint64_t first_partition,
               uint32_t threads)
    : files_(std::move(files)),
      partitions_(partitions),
      first_partition_(first_partition),
      threads_(threads),
      total_(files_.size()),
      cursors_(threads) {}

uint64_t Dealer::target(uint64_t partition) const {
  return entries_ / partitions_ + (partition < entries_ % partitions_ ? 1 : 0);
}

std::optional<CommitRequest> Dealer::next(uint32_t thread) {
  Cursor& cursor = cursors_[thread];
  if (!files_.empty()) {
    while (cursor.round < files_.size()) {
      const uint64_t index = cursor.round++;
      const uint64_t partition = (first_partition_ + index) % partitions_;
      if (partition % threads_ == thread) return CommitRequest{partition, files_[index]};
    }
    return std::nullopt;
  }
  const uint64_t rounds = (entries_ + partitions_ - 1) / partitions_;
  while (cursor.round < rounds) {
    for (; cursor.partition < partitions_; cursor.partition += threads_) {
      if (cursor.round < committed_[cursor.partition] || cursor.round >= target(cursor.partition)) continue;
      const uint64_t partition = cursor.partition;
      cursor.partition += threads_;
      return CommitRequest{partition, {}};
    }
    ++cursor.round;
    cursor.partition = thread;
  }
  return std::nullopt;
}

Result<FileList> list_files(const std::string& directory, uint64_t limit) {
  std::vector<std::pair<std::string, uint64_t>> found;
  TM_TRY(collect(directory, found));
  std::sort(found.begin(), found.end());
  if (found.size() > limit) found.resize(limit);
  FileList list;
  uint64_t bytes = 0;
  for (auto& [path, size_bytes] : found) {
    bytes += size_bytes;
    list.paths.push_back(std::move(path));
  }
  if (!list.paths.empty()) list.mean_bytes = bytes / list.paths.size();
  return list;
}

}  // namespace tidemark::host
