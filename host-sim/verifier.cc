#include "verifier.h"

#include <algorithm>

#include "format/lsn.h"
#include "fs.h"

namespace tidemark::host {

Verifier::Verifier(std::vector<Source> sources, std::vector<ExpectedPartition> partitions,
                   std::string directory, std::function<void()> finished)
    : sources_(std::move(sources)),
      partitions_(std::move(partitions)),
      directory_(std::move(directory)),
      finished_(std::move(finished)) {
  for (const ExpectedPartition& partition : partitions_) total_ += partition.entries.size();
}

void Verifier::start(uint32_t threads) {
  running_ = threads;
  for (uint32_t i = 0; i < threads; ++i) threads_.emplace_back([this, i] { run(i); });
}

void Verifier::stop() {
  stopping_ = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

std::vector<Flaw> Verifier::take_flaws() {
  MutexLock lock(mutex_);
  return std::exchange(flaws_, {});
}

std::vector<std::string> Verifier::errors() {
  MutexLock lock(mutex_);
  return errors_;
}

Verifier::Listing::Listing(std::vector<StoredArchive> archives)
    : archives_(std::move(archives)), least_first_(archives_.size()) {
  uint64_t least = UINT64_MAX;
  for (size_t i = archives_.size(); i-- > 0;) least_first_[i] = least = std::min(least, archives_[i].first);
}

const StoredArchive* Verifier::Listing::find(uint64_t lsn) const {
  auto at =
      std::lower_bound(archives_.begin(), archives_.end(), lsn,
                       [](const StoredArchive& archive, uint64_t wanted) { return archive.last < wanted; });
  // Archives may overlap: one further on may begin earlier.
  for (; at != archives_.end() && least_first_[static_cast<size_t>(at - archives_.begin())] <= lsn; ++at) {
    if (at->first <= lsn) return &*at;
  }
  return nullptr;
}

void Verifier::run(uint32_t thread) {
  const std::string directory = directory_ + "/" + std::to_string(thread);
  while (!stopping_) {
    const size_t index = next_partition_++;
    if (index >= partitions_.size()) break;
    auto verified = verify_partition(partitions_[index], directory);
    if (verified) continue;
    MutexLock lock(mutex_);
    errors_.push_back(partitions_[index].storage + "/" + std::to_string(partitions_[index].id) + ": " +
                      verified.error().message);
  }
  if (--running_ == 0) finished_();
}

Result<void> Verifier::verify_partition(const ExpectedPartition& partition, const std::string& directory) {
  Work work{partition, {}, UINT64_MAX, directory, {}};
  for (const Source& source : sources_) {
    TM_ASSIGN(auto archives, source->list(partition.storage, partition.id));
    work.listings.emplace_back(std::move(archives));
    TM_ASSIGN(auto origin, source->origin(partition.storage, partition.id));
    work.origin_last = std::min(work.origin_last, origin);
  }
  verify_entries(work, partition.entries, 0);
  return {};
}

void Verifier::verify_entries(Work& work, Entries entries, size_t source) {
  const auto locate = [&](uint64_t lsn) {
    for (size_t i = source; i < sources_.size(); ++i) {
      if (const StoredArchive* archive = work.listings[i].find(lsn)) return std::pair(i, archive);
    }
    return std::pair<size_t, const StoredArchive*>(0, nullptr);
  };
  for (size_t begin = 0; begin < entries.size() && !stopping_;) {
    const auto [holder, archive] = locate(entries[begin].lsn);
    size_t end = begin + 1;
    while (end < entries.size() && locate(entries[end].lsn) == std::pair(holder, archive)) ++end;
    const Entries group = entries.subspan(begin, end - begin);
    if (archive != nullptr) {
      verify_archive(work, group, holder, *archive);
    } else {
      for (const ExpectedEntry& entry : group) {
        found(work, entry, entry.lsn <= work.origin_last ? Finding::kBefore : Finding::kMissing, "");
      }
    }
    begin = end;
  }
}

void Verifier::verify_archive(Work& work, Entries entries, size_t source, const StoredArchive& archive) {
  std::string why;
  tidemark_status status = TIDEMARK_OK;
  auto made = make_dirs(work.directory, Durability::kUnsafe);
  if (made) {
    status = sources_[source]->unpack(work.partition.storage, work.partition.id, archive, entries.front().lsn,
                                      entries.back().lsn, work.directory, Readback::Directory::kPrivate, why);
  }
  // Gone between the listing and now.
  if (status == TIDEMARK_E_NOT_FOUND) return verify_entries(work, entries, source + 1);
  if (work.used.insert(&archive).second) ++archives_;
  const std::string where = " in " + sources_[source]->url();
  for (const ExpectedEntry& entry : entries) {
    if (!made) {
      found(work, entry, Finding::kUnreadable, where + ": " + made.error().message);
    } else if (status != TIDEMARK_OK) {
      const bool is_corrupt = status == TIDEMARK_E_CORRUPT;
      found(work, entry, is_corrupt ? Finding::kDifferent : Finding::kUnreadable, where + ": " + why);
    } else if (auto digest = digest_tree(work.directory + "/" + lsn_text(entry.lsn)); !digest) {
      found(work, entry, Finding::kUnreadable, where + ": " + digest.error().message);
    } else if (*digest != entry.digest) {
      found(work, entry, Finding::kDifferent,
            where + ": digest " + digest_text(*digest) + ", committed as " + digest_text(entry.digest));
    } else {
      found(work, entry, Finding::kSame, where);
    }
  }
  // Nothing may be mistaken for an entry of the next archive.
  made = remove_tree(work.directory);
  if (!made) {
    MutexLock lock(mutex_);
    errors_.push_back(made.error().message);
    stopping_ = true;
  }
}

void Verifier::found(const Work& work, const ExpectedEntry& entry, Finding finding,
                     const std::string& where) {
  ++counts_[static_cast<size_t>(finding)];
  ++verified_;
  if (finding == Finding::kSame || finding == Finding::kBefore || ++flaw_count_ > kMaxFlaws) return;
  static constexpr const char* kWords[] = {"same", "missing", "different", "unreadable"};
  MutexLock lock(mutex_);
  flaws_.push_back({finding, std::string(kWords[static_cast<size_t>(finding)]) + " " +
                                 work.partition.storage + "/" + std::to_string(work.partition.id) + " LSN " +
                                 std::to_string(entry.lsn) + " (" + lsn_text(entry.lsn) + ")" + where});
}

}  // namespace tidemark::host
