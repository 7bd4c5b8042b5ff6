// Compares the entries that archives give back with the journal's digests: a pool of threads, one partition
// after the other, each archive read once for all that is wanted of it. Owns the sources it reads through.
#ifndef TIDEMARK_HOST_SIM_VERIFIER_H
#define TIDEMARK_HOST_SIM_VERIFIER_H

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "digest.h"
#include "readback.h"

namespace tidemark::host {

struct ExpectedEntry {
  uint64_t lsn = 0;
  Digest digest{};
};

// The journal, by partition.
struct ExpectedPartition {
  std::string storage;
  uint64_t id = 0;
  std::vector<ExpectedEntry> entries;
};

// kBefore: it was committed before any of the sources began with its partition, so none ever had it.
enum class Finding { kSame, kMissing, kDifferent, kUnreadable, kBefore };

struct Flaw {
  Finding finding = Finding::kMissing;
  std::string text;  // "missing main/3 LSN 17 (000000000000h): ..."
};

class Verifier {
 public:
  using Source = std::unique_ptr<Readback>;

  // The sources are asked in this order; the first one that lists an entry counts. Entries are restored below
  // `directory`. `finished` is called once, by the last thread.
  Verifier(std::vector<Source> sources, std::vector<ExpectedPartition> partitions, std::string directory,
           std::function<void()> finished);
  ~Verifier() { stop(); }

  void start(uint32_t threads);
  void stop();  // ends after the archives at hand; joins. Idempotent
  bool done() const { return running_.load() == 0; }

  uint64_t total() const { return total_; }
  uint64_t verified() const { return verified_.load(); }  // whatever was found
  uint64_t archives() const { return archives_.load(); }  // that the found entries are in
  uint64_t count(Finding finding) const { return counts_[static_cast<size_t>(finding)].load(); }
  std::vector<Flaw> take_flaws() TM_EXCLUDES(mutex_);  // at most kMaxFlaws in all
  // A listing that failed: nothing can be said about that partition.
  std::vector<std::string> errors() TM_EXCLUDES(mutex_);

  static constexpr uint64_t kMaxFlaws = 100;

 private:
  // What one source holds of one partition.
  class Listing {
   public:
    explicit Listing(std::vector<StoredArchive> archives);
    // The first archive by its last LSN that holds the entry, or NULL.
    const StoredArchive* find(uint64_t lsn) const;

   private:
    std::vector<StoredArchive> archives_;  // ascending by last LSN
    std::vector<uint64_t> least_first_;    // of the archive at that place and all after it
  };
  // A partition at hand; entries are restored in `directory`.
  struct Work {
    const ExpectedPartition& partition;
    std::vector<Listing> listings;  // of the sources, in their order
    uint64_t origin_last;           // up to here none of the sources ever had anything
    std::string directory;
    std::unordered_set<const StoredArchive*> used;
  };
  using Entries = std::span<const ExpectedEntry>;

  void run(uint32_t thread);
  Result<void> verify_partition(const ExpectedPartition& partition, const std::string& directory);
  // Archive by archive, as the sources from that one on hold them.
  void verify_entries(Work& work, Entries entries, size_t source);
  void verify_archive(Work& work, Entries entries, size_t source, const StoredArchive& archive);
  void found(const Work& work, const ExpectedEntry& entry, Finding finding, const std::string& where);

  const std::vector<Source> sources_;
  const std::vector<ExpectedPartition> partitions_;
  const std::string directory_;
  const std::function<void()> finished_;
  uint64_t total_ = 0;
  std::vector<std::thread> threads_;
  std::atomic<bool> stopping_{false};
  std::atomic<uint32_t> running_{0};
  std::atomic<size_t> next_partition_{0};
  std::atomic<uint64_t> verified_{0}, archives_{0}, flaw_count_{0};
  std::array<std::atomic<uint64_t>, 5> counts_{};
  Mutex mutex_;
  std::vector<Flaw> flaws_ TM_GUARDED_BY(mutex_);
  std::vector<std::string> errors_ TM_GUARDED_BY(mutex_);
};

}  // namespace tidemark::host

#endif  // TIDEMARK_HOST_SIM_VERIFIER_H
