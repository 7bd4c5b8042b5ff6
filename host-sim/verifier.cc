#include "verifier.h"

#include <algorithm>
#include <chrono>

#include "fs.h"
#include "lsn.h"

namespace tidemark::host {

namespace {

constexpr int kAttempts = 3;
constexpr auto kRetryDelay = std::chrono::milliseconds(300);

tidemark_error fresh_error() {
  tidemark_error error{};
  error.struct_size = sizeof(error);
  return error;
}

bool worth_retrying(tidemark_status status) { return status >= 100; }

}  // namespace

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

Verifier::Listing::Archive* Verifier::Listing::find(uint64_t lsn) {
  const auto at =
      std::lower_bound(archives.begin(), archives.end(), lsn,
                       [](const Archive& archive, uint64_t wanted) { return archive.last < wanted; });
  return at != archives.end() && at->first <= lsn ? &*at : nullptr;
}

void Verifier::run(uint32_t thread) {
  const std::string directory = directory_ + "/" + std::to_string(thread);
  auto made = make_dirs(directory, Durability::kUnsafe);
  while (!stopping_) {
    const size_t index = next_partition_++;
    if (index >= partitions_.size()) break;
    auto verified = made ? verify_partition(partitions_[index], directory) : made;
    if (verified) continue;
    MutexLock lock(mutex_);
    errors_.push_back(partitions_[index].storage + "/" + std::to_string(partitions_[index].id) + ": " +
                      verified.error().message);
  }
  if (--running_ == 0) finished_();
}

Result<Verifier::Listing> Verifier::list(const Source& source, const ExpectedPartition& partition) {
  auto readback = source.archiver->readback();
  if (!readback) return readback.error();
  const tidemark_partition id{to_str(partition.storage), partition.id};
  tidemark_call call{};
  call.struct_size = sizeof(call);
  const auto visit = [](void* ctx, const tidemark_archive* archive) -> int32_t {
    static_cast<Listing*>(ctx)->archives.push_back({archive->first, archive->last, false});
    return 0;
  };
  for (int attempt = 1;; ++attempt) {
    Listing listing;
    tidemark_error error = fresh_error();
    const auto status = (*readback)->list(source.archiver->handle(), &id, 1, visit, &listing, &call, &error);
    if (status == TIDEMARK_OK) return listing;
    if (attempt == kAttempts || !worth_retrying(status)) {
      return Error{"cannot list " + source.url + ": " + status_text(status, &error)};
    }
    std::this_thread::sleep_for(kRetryDelay);
  }
}

Result<void> Verifier::verify_partition(const ExpectedPartition& partition, const std::string& directory) {
  std::vector<Listing> listings;
  for (const Source& source : sources_) {
    auto listing = list(source, partition);
    if (!listing) return listing.error();
    listings.push_back(std::move(*listing));
  }
  for (const ExpectedEntry& entry : partition.entries) {
    if (stopping_) return {};
    Flaw flaw = verify_entry(partition, entry, listings, directory);
    ++counts_[static_cast<size_t>(flaw.finding)];
    ++verified_;
    if (flaw.finding == Finding::kSame || ++flaw_count_ > kMaxFlaws) continue;
    MutexLock lock(mutex_);
    flaws_.push_back(std::move(flaw));
  }
  return {};
}

Flaw Verifier::verify_entry(const ExpectedPartition& partition, const ExpectedEntry& entry,
                            std::vector<Listing>& listings, const std::string& directory) {
  const std::string name = partition.storage + "/" + std::to_string(partition.id) + " LSN " +
                           std::to_string(entry.lsn) + " (" + lsn_text(entry.lsn) + ")";
  for (size_t i = 0; i < sources_.size(); ++i) {
    Listing::Archive* archive = listings[i].find(entry.lsn);
    if (archive == nullptr) continue;
    Flaw found = compare(sources_[i], partition, entry, directory);
    if (found.finding == Finding::kMissing) continue;  // gone between the listing and now
    if (!std::exchange(archive->used, true)) ++archives_;
    static constexpr const char* kWords[] = {"same", "missing", "different", "unreadable"};
    found.text = std::string(kWords[static_cast<size_t>(found.finding)]) + " " + name + " in " +
                 sources_[i].url + (found.text.empty() ? "" : ": " + found.text);
    return found;
  }
  return {Finding::kMissing, "missing " + name};
}

Flaw Verifier::compare(const Source& source, const ExpectedPartition& partition, const ExpectedEntry& entry,
                       const std::string& directory) {
  auto readback = source.archiver->readback();
  if (!readback) return {Finding::kUnreadable, readback.error().message};
  const tidemark_partition id{to_str(partition.storage), partition.id};
  tidemark_call call{};
  call.struct_size = sizeof(call);
  tidemark_error error = fresh_error();
  tidemark_status status = TIDEMARK_OK;
  for (int attempt = 1; attempt <= kAttempts; ++attempt) {
    if (attempt > 1) std::this_thread::sleep_for(kRetryDelay);
    error = fresh_error();
    status =
        (*readback)->restore(source.archiver->handle(), &id, entry.lsn, to_str(directory), &call, &error);
    if (!worth_retrying(status)) break;
  }
  if (status == TIDEMARK_E_NOT_FOUND) return {Finding::kMissing, {}};
  if (status == TIDEMARK_E_CORRUPT) return {Finding::kDifferent, status_text(status, &error)};
  if (status != TIDEMARK_OK) return {Finding::kUnreadable, status_text(status, &error)};
  const std::string restored = directory + "/" + lsn_text(entry.lsn);
  auto digest = digest_tree(restored);
  auto removed = remove_tree(restored);
  if (!digest) return {Finding::kUnreadable, digest.error().message};
  if (!removed) return {Finding::kUnreadable, removed.error().message};
  if (*digest == entry.digest) return {Finding::kSame, {}};
  return {Finding::kDifferent,
          "digest " + digest_text(*digest) + ", committed as " + digest_text(entry.digest)};
}

}  // namespace tidemark::host
