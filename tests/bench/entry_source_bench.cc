// What it costs to turn an entry on disk into the bytes of its archive, beside the bare system calls that
// read the same files. Entries lie in a temporary directory; set TMPDIR to choose the file system.
#include <benchmark/benchmark.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/fd.h"
#include "tar/entry_source.h"

namespace tidemark::tar {
namespace {

namespace fs = std::filesystem;

class Entries {
 public:
  Entries(int count, int files, size_t file_bytes)
      : root_(fs::temp_directory_path() / ("tidemark-bench-" + std::to_string(getpid()))) {
    for (int i = 0; i < count; ++i) {
      paths_.push_back((root_ / std::to_string(i)).string());
      fs::create_directories(paths_.back());
      for (int file = 0; file < files; ++file) {
        std::ofstream(paths_.back() + "/payload-" + std::to_string(file))
            << std::string(file_bytes, static_cast<char>('a' + file));
      }
    }
  }
  ~Entries() { fs::remove_all(root_); }

  const std::string& next() { return paths_[turn_++ % paths_.size()]; }

 private:
  fs::path root_;
  std::vector<std::string> paths_;
  size_t turn_ = 0;
};

size_t read_bare(const std::string& path, char* buffer, size_t capacity) {
  const UniqueFd directory(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat info;
  fstat(directory.get(), &info);
  char listing[4096];
  size_t total = 0;
  for (ssize_t size; (size = getdents64(directory.get(), listing, sizeof listing)) > 0;) {
    for (ssize_t at = 0; at < size;) {
      const auto* found = reinterpret_cast<const dirent64*>(listing + at);
      at += found->d_reclen;
      if (found->d_type != DT_REG) continue;
      const UniqueFd fd(openat(directory.get(), found->d_name, O_RDONLY | O_CLOEXEC));
      fstat(fd.get(), &info);
      const ssize_t count = read(fd.get(), buffer, capacity);
      if (count > 0) total += static_cast<size_t>(count);
    }
  }
  return total;
}

void bare_reads(benchmark::State& state) {
  Entries entries(256, 2, 2048);
  std::vector<char> buffer(1 << 20);
  for (auto _ : state) benchmark::DoNotOptimize(read_bare(entries.next(), buffer.data(), buffer.size()));
}
BENCHMARK(bare_reads)->Unit(benchmark::kMicrosecond);

void small_entry(benchmark::State& state) {
  Entries entries(256, static_cast<int>(state.range(0)), static_cast<size_t>(state.range(1)));
  EntrySource source{SourceLimits()};
  for (auto _ : state) {
    const tree::EntryPath entry = {1, entries.next()};
    if (!source.open("bench", 1, {&entry, 1}, {})) return state.SkipWithError("open failed");
    benchmark::DoNotOptimize(source.data());
    source.close();
  }
}
BENCHMARK(small_entry)
    ->Args({2, 2048})
    ->Args({0, 0})
    ->Args({16, 512})
    ->Args({1, 65536})
    ->Unit(benchmark::kMicrosecond);

void large_entry(benchmark::State& state) {
  Entries entries(1, 2, static_cast<size_t>(state.range(0)) << 20);
  EntrySource source{SourceLimits()};
  std::vector<char> buffer(1 << 20);
  for (auto _ : state) {
    const tree::EntryPath entry = {1, entries.next()};
    if (!source.open("bench", 1, {&entry, 1}, {})) return state.SkipWithError("open failed");
    for (uint64_t offset = 0; offset < source.size_bytes();) {
      const auto count = source.read(offset, buffer.data(), buffer.size());
      if (!count) return state.SkipWithError("read failed");
      offset += *count;
    }
    state.SetBytesProcessed(state.bytes_processed() + static_cast<int64_t>(source.size_bytes()));
    source.close();
  }
}
BENCHMARK(large_entry)->Arg(1)->Arg(32)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tidemark::tar

BENCHMARK_MAIN();
