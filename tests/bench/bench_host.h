// A host for benchmarks: it lends entries that lie on disk, counts acknowledgements and measures what the
// archiving of all of them costs. Not thread-safe but for the callbacks; one run at a time.
#ifndef TIDEMARK_BENCH_BENCH_HOST_H
#define TIDEMARK_BENCH_BENCH_HOST_H

#include <tidemark/archiver.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace tidemark::bench {

struct Load {
  uint64_t partitions = 1;
  uint64_t entries = 1;    // of each partition; 0: they are only asked for their position
  std::string entry_root;  // entry e of partition p is <entry_root>/<p>/<e>, or entry_root itself:
  bool one_entry_for_all = false;
  // Partitions from here on are notified too, but their entries cannot be acquired and are not waited for.
  uint64_t failing_from = UINT64_MAX;
};

struct Cost {
  double seconds = 0;
  double cpu_seconds = 0;  // user and system, of the whole process
  int64_t rss_growth_bytes = 0;
};

// Of one call, averaged over the calling threads.
struct NotifyCost {
  double cpu_ns = 0;
  double wall_ns = 0;  // with more threads than cores: waiting for a core included
};

using Options = std::vector<std::pair<std::string, std::string>>;

// The plugin as loaded from TIDEMARK_PLUGIN_FILE, with one archiver. Any failure ends the program with its
// text: a benchmark of something broken is of no use.
class BenchHost {
 public:
  BenchHost(const Options& options, const std::string& sink_url);
  ~BenchHost();
  BenchHost(const BenchHost&) = delete;
  BenchHost& operator=(const BenchHost&) = delete;

  // From the first notify to the last acknowledge.
  Cost archive(const Load& load);
  // Notifies `entries` entries of one partition one by one, each when the one before is acknowledged: the
  // seconds from notify to acknowledge, ascending. Each entry is load.entry_root itself.
  std::vector<double> latencies(const std::string& entry_root, uint64_t entries);
  // A number of the metrics by the line's beginning up to the blank.
  double metric(const std::string& name) const;
  // Calls notify `calls` times from each of `threads` threads, over `partitions` that have nothing to
  // archive, while the workers answer.
  NotifyCost notify_cost(uint32_t threads, uint64_t calls, uint64_t partitions);

 private:
  static tidemark_status acquire(void* ctx, const tidemark_partition*, tidemark_lsn, tidemark_entry*,
                                 tidemark_error*);
  static void release(void* ctx, const tidemark_partition*, tidemark_entry*);
  static tidemark_status acknowledge(void* ctx, const tidemark_partition*, tidemark_lsn, tidemark_error*);
  void notify(uint64_t partition, uint64_t low, uint64_t high);

  const tidemark_archiver_api* api_ = nullptr;
  tidemark_archiver* archiver_ = nullptr;
  Load load_;
  std::unique_ptr<std::atomic<uint64_t>[]> acked_;
  std::atomic<uint64_t> left_{0};
  std::mutex mutex_;
  std::condition_variable all_acked_;
};

int64_t rss_bytes();
double process_cpu_seconds();
double wall_seconds();

}  // namespace tidemark::bench

#endif  // TIDEMARK_BENCH_BENCH_HOST_H
