// What archiving costs, through the real ABI: each scenario runs beside its yardstick, a bare loop or a tool
// that does the same file operations, in the same repetition. Read the ratios; machines are noisy.
//
//   bench_archiver [--benchmark_filter=REGEX] [--benchmark_repetitions=N]
//
// Data goes to $TIDEMARK_BENCH_DIR (default ./bench-data) and, for what is meant to run in memory, to
// /dev/shm.

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "bare_files.h"
#include "bench_host.h"

namespace tidemark::bench {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kPartitions = 64;
constexpr uint64_t kEntries = 500;
constexpr uint64_t kAll = kPartitions * kEntries;
constexpr int kFiles = 2;
constexpr size_t kFileBytes = 2048;
constexpr size_t kArchiveBytes =
    7168;  // of such an entry: three headers, two files, the end mark and the footer

std::string disk_dir() {
  const char* dir = std::getenv("TIDEMARK_BENCH_DIR");
  const fs::path path = fs::absolute(dir == nullptr ? "bench-data" : dir);
  fs::create_directories(path);
  return path.string();
}

// A directory in memory that is gone with the scenario.
class MemoryDir {
 public:
  MemoryDir() {
    char name[] = "/dev/shm/tidemark-bench-XXXXXX";
    if (mkdtemp(name) == nullptr) give_up_on(name);
    path_ = name;
  }
  ~MemoryDir() { fs::remove_all(path_); }
  MemoryDir(const MemoryDir&) = delete;
  MemoryDir& operator=(const MemoryDir&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

void write_file(const std::string& path, size_t size_bytes, bool sync) {
  static const std::vector<char> kBytes(1 << 20, 'w');
  const int fd = ::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
  if (fd < 0) give_up_on(path);
  for (size_t left = size_bytes; left > 0;) {
    const ssize_t n = ::write(fd, kBytes.data(), std::min(left, kBytes.size()));
    if (n <= 0) give_up_on(path);
    left -= static_cast<size_t>(n);
  }
  if (sync && ::fsync(fd) != 0) give_up_on(path);
  ::close(fd);
}

std::string entry_path(const std::string& root, uint64_t partition, uint64_t entry) {
  return root + "/" + std::to_string(partition) + "/" + std::to_string(entry);
}

// 64 x 500 entries of two small files; made once and kept.
const std::string& small_entries() {
  static const std::string root = [] {
    std::string dir = disk_dir() + "/small";
    if (fs::exists(dir + "/complete")) return dir;
    for (uint64_t p = 0; p < kPartitions; ++p) {
      for (uint64_t e = 1; e <= kEntries; ++e) {
        const std::string entry = entry_path(dir, p, e);
        fs::create_directories(entry);
        for (int f = 0; f < kFiles; ++f) write_file(entry + "/file" + std::to_string(f), kFileBytes, false);
      }
    }
    write_file(dir + "/complete", 0, false);
    return dir;
  }();
  return root;
}

// `body` for every entry, partitions dealt to as many threads as the machine has cores; entries per second.
double bare_loop(const std::function<void(uint64_t partition, uint64_t entry)>& body) {
  std::atomic<uint64_t> next{0};
  std::vector<std::thread> threads;
  const double begin = wall_seconds();
  for (unsigned t = 0; t < std::max(1U, std::thread::hardware_concurrency()); ++t) {
    threads.emplace_back([&] {
      for (uint64_t p = next++; p < kPartitions; p = next++) {
        for (uint64_t e = 1; e <= kEntries; ++e) body(p, e);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return static_cast<double>(kAll) / (wall_seconds() - begin);
}

void read_entry(uint64_t partition, uint64_t entry) {
  read_flat_directory(entry_path(small_entries(), partition, entry));
}

void report(benchmark::State& state, const Cost& cost, uint64_t entries, double yardstick_per_s) {
  const double per_s = static_cast<double>(entries) / cost.seconds;
  state.SetIterationTime(cost.seconds);
  state.counters["entries/s"] = per_s;
  state.counters["yardstick/s"] = yardstick_per_s;
  state.counters["ratio"] = per_s / yardstick_per_s;
  state.counters["cpu_us/entry"] = cost.cpu_seconds * 1e6 / static_cast<double>(entries);
}

// 64 partitions x 500 entries to the null sink, beside a loop that lists, opens, looks at and reads the same.
void null_sink(benchmark::State& state) {
  for (auto _ : state) {
    const double yardstick = bare_loop(read_entry);
    BenchHost host({{"workers", std::to_string(state.range(0))}}, "faulty:///");
    report(state, host.archive({kPartitions, kEntries, small_entries()}), kAll, yardstick);
  }
}

// What one request of 20 ms costs: the rate it allows at best is the yardstick, requests * entries of one /
// 20 ms.
void slow_sink(benchmark::State& state) {
  const auto partitions = static_cast<uint64_t>(state.range(0));
  const auto entries = static_cast<uint64_t>(state.range(1));
  const auto batch = static_cast<uint64_t>(state.range(2));
  const auto workers = static_cast<uint64_t>(state.range(3));
  const auto inflight = static_cast<uint64_t>(state.range(4));
  const std::string entry = entry_path(small_entries(), 0, 1);
  for (auto _ : state) {
    BenchHost host({{"workers", std::to_string(workers)},
                    {"batch_entries", std::to_string(batch)},
                    {"partition_inflight", std::to_string(inflight)}},
                   "faulty:///?delay_ms=20");
    const auto at_once = static_cast<double>(std::min(workers, partitions * inflight));
    report(state, host.archive({partitions, entries, entry, true}), partitions * entries,
           at_once * static_cast<double>(batch) / 0.020);
    // Each partition also costs a look at what is there.
    const double requests =
        static_cast<double>(partitions) + host.metric("tidemark_archives_total{result=\"archived\"}");
    state.counters["requests/1000"] = requests * 1000 / static_cast<double>(partitions * entries);
    state.counters["limit"] = host.metric("tidemark_concurrency_limit_jobs");
  }
}

// From notify to acknowledge when nothing else is to do, with batches off and on.
void slow_sink_latency(benchmark::State& state) {
  const std::string entry = entry_path(small_entries(), 0, 1);
  for (auto _ : state) {
    BenchHost host({{"batch_entries", std::to_string(state.range(0))}}, "faulty:///?delay_ms=20");
    const std::vector<double> seconds = host.latencies(entry, 200);
    state.SetIterationTime(seconds[seconds.size() / 2]);
    state.counters["p50_ms"] = seconds[seconds.size() / 2] * 1000;
    state.counters["p99_ms"] = seconds[seconds.size() * 99 / 100] * 1000;
  }
}

// 63 partitions beside one whose entries always fail, with the yardstick of the 63 alone.
void bad_partition(benchmark::State& state) {
  constexpr uint64_t kHealthy = kPartitions - 1;
  const auto run = [](uint64_t partitions) {
    BenchHost host({{"workers", "8"}, {"retry_min_ms", "1"}, {"retry_max_ms", "1000"}}, "faulty:///");
    return host.archive({partitions, kEntries, small_entries(), false, kHealthy});
  };
  for (auto _ : state) {
    const Cost alone = run(kHealthy);
    const uint64_t entries = kHealthy * kEntries;
    report(state, run(kPartitions), entries, static_cast<double>(entries) / alone.seconds);
  }
}

// The same to the file sink in memory, beside a loop that reads the same and writes as many files of their
// size.
void file_sink_memory(benchmark::State& state) {
  for (auto _ : state) {
    double yardstick = 0;
    {
      const MemoryDir dir;
      for (uint64_t p = 0; p < kPartitions; ++p) fs::create_directory(dir.path() + "/" + std::to_string(p));
      const std::string body(kArchiveBytes, 'w');
      yardstick = bare_loop([&](uint64_t p, uint64_t e) {
        read_entry(p, e);
        write_durably(dir.path() + "/" + std::to_string(p), std::to_string(e), body);
      });
    }
    const MemoryDir dir;
    BenchHost host({{"workers", std::to_string(state.range(0))}}, "file://" + dir.path());
    report(state, host.archive({kPartitions, kEntries, small_entries()}), kAll, yardstick);
  }
}

// 4 partitions x 8 entries of 64 MiB to the file sink on disk, beside cp -r and fsync of the same files.
void large_entries(benchmark::State& state) {
  constexpr uint64_t kLargePartitions = 4;
  constexpr uint64_t kLargeEntries = 8;
  const std::string root = disk_dir() + "/large";
  for (uint64_t p = 0; p < kLargePartitions; ++p) {
    for (uint64_t e = 1; e <= kLargeEntries; ++e) {
      const std::string entry = entry_path(root, p, e);
      if (fs::exists(entry + "/data")) continue;
      fs::create_directories(entry);
      write_file(entry + "/data", 64U << 20U, true);
    }
  }
  constexpr double kBytes = 64.0 * (1 << 20) * kLargePartitions * kLargeEntries;
  for (auto _ : state) {
    const std::string copy = disk_dir() + "/copy";
    const std::string archive = disk_dir() + "/archive";
    fs::remove_all(copy);
    fs::remove_all(archive);
    ::sync();
    const double begin = wall_seconds();
    const std::string command =
        "cp -r '" + root + "' '" + copy + "' && find '" + copy + "' -type f -exec sync {} +";
    if (std::system(command.c_str()) != 0) give_up_on(command);
    const double copy_seconds = wall_seconds() - begin;
    fs::remove_all(copy);
    ::sync();

    Cost cost;
    {
      BenchHost host({{"workers", std::to_string(state.range(0))}}, "file://" + archive);
      cost = host.archive({kLargePartitions, kLargeEntries, root});
    }
    fs::remove_all(archive);
    state.SetIterationTime(cost.seconds);
    state.counters["cpu_s"] = cost.cpu_seconds;
    state.counters["MB/s"] = kBytes / 1e6 / cost.seconds;
    state.counters["yardstick_MB/s"] = kBytes / 1e6 / copy_seconds;
    state.counters["ratio"] = copy_seconds / cost.seconds;
  }
}

// One and the same small entry for everyone: what the number of partitions costs. Compare the rows: both
// archive 300,000 entries.
void partitions(benchmark::State& state) {
  constexpr uint64_t kEntriesInAll = 300'000;
  const auto count = static_cast<uint64_t>(state.range(0));
  for (auto _ : state) {
    const double yardstick = bare_loop(read_entry);
    BenchHost host({{"workers", "8"}}, "faulty:///");
    const Load load = {count, kEntriesInAll / count, entry_path(small_entries(), 0, 1), true};
    const Cost cost = host.archive(load);
    report(state, cost, kEntriesInAll, yardstick);
  }
}

// Partitions that were looked up, answered and have nothing to archive: what remembering one costs.
void partition_memory(benchmark::State& state) {
  constexpr uint64_t kCount = 300'000;
  for (auto _ : state) {
    BenchHost host({{"workers", "8"}}, "faulty:///");
    host.archive({1000, 0, ""});
    const Cost cost = host.archive({kCount, 0, ""});
    state.SetIterationTime(cost.seconds);
    state.counters["bytes/partition"] = static_cast<double>(cost.rss_growth_bytes) / kCount;
  }
}

// Partitions that have nothing to archive: what notify costs its caller.
void notify(benchmark::State& state) {
  constexpr uint64_t kCalls = 500'000;
  for (auto _ : state) {
    BenchHost host({{"workers", "8"}}, "faulty:///");
    const NotifyCost cost = host.notify_cost(static_cast<uint32_t>(state.range(0)), kCalls, 1000);
    state.SetIterationTime(cost.cpu_ns * 1e-9);
    state.counters["cpu_ns/call"] = cost.cpu_ns;
    state.counters["wall_ns/call"] = cost.wall_ns;
  }
}

// A started archiver that knows partitions and has nothing to do: context switches of the whole process in 5
// s.
void idle(benchmark::State& state) {
  for (auto _ : state) {
    BenchHost host({{"workers", "8"}}, "faulty:///");
    host.archive({kPartitions, 10, small_entries()});
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    const auto switches = [] {
      uint64_t sum = 0;
      for (const auto& task : fs::directory_iterator("/proc/self/task")) {
        FILE* file = std::fopen((task.path() / "status").c_str(), "r");
        char line[256];
        while (file != nullptr && std::fgets(line, sizeof line, file) != nullptr) {
          unsigned long long count = 0;
          if (std::sscanf(line, "voluntary_ctxt_switches: %llu", &count) == 1) sum += count;
        }
        if (file != nullptr) std::fclose(file);
      }
      return sum;
    };
    const uint64_t before = switches();
    std::this_thread::sleep_for(std::chrono::seconds(5));
    state.SetIterationTime(5);
    state.counters["wakeups"] = static_cast<double>(switches() - before) - 1;  // one is this thread's
  }
}

BENCHMARK(null_sink)->Arg(8)->Iterations(1)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(slow_sink)
    ->ArgNames({"partitions", "entries", "batch", "workers", "inflight"})
    ->Args({1, 5000, 256, 4, 1})
    ->Args({64, 500, 64, 32, 1})
    ->Args({1, 1000, 1, 16, 16})
    ->Iterations(1)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(slow_sink_latency)->Arg(1)->Arg(256)->Iterations(1)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(bad_partition)->Iterations(1)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(file_sink_memory)->Arg(8)->Iterations(1)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(large_entries)->Arg(4)->Iterations(1)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(partitions)
    ->Arg(1'000)
    ->Arg(300'000)
    ->Iterations(1)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(partition_memory)->Iterations(1)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(notify)->Arg(1)->Arg(4)->Iterations(1)->UseManualTime()->Unit(benchmark::kNanosecond);
BENCHMARK(idle)->Iterations(1)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tidemark::bench

BENCHMARK_MAIN();
