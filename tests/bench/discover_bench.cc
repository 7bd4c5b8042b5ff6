// What a look costs in a partition that many runs have written, each in an epoch of its own, beside one run
// that wrote as much: 10,000 names in the file sink on tmpfs. A restart looks from the last entries on; one
// that has lost its place looks at all of them.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "sink/loader.h"
#include "store/store.h"

namespace tidemark::store {
namespace {

namespace fs = std::filesystem;

constexpr Lsn kEntries = 10'000;

// Names are all that a look needs.
class Partition {
 public:
  explicit Partition(uint64_t epochs)
      : root_(fs::path("/dev/shm") /
              ("tidemark-bench-" + std::to_string(getpid()) + "-" + std::to_string(epochs))) {
    for (Lsn lsn = 1; lsn <= kEntries; ++lsn) {
      const uint64_t epoch = kFirstEpoch + (lsn - 1) * epochs / kEntries;
      const fs::path file = root_ / object_key("db", 7, {{lsn, lsn}, ObjectKind::kArchive, epoch});
      fs::create_directories(file.parent_path());
      std::ofstream(file) << "x";
    }
    for (uint64_t epoch = 2; epoch <= epochs; ++epoch) chain_.extend(epoch);
    const log::Log log(nullptr, nullptr, TIDEMARK_LOG_ERROR);
    auto sink = sink::open_sink("file://" + root_.string(), {}, TIDEMARK_BENCH_MODULES, log, {}, nullptr);
    if (sink) sink_ = *std::move(sink);
  }
  ~Partition() { fs::remove_all(root_); }
  Partition(const Partition&) = delete;
  Partition& operator=(const Partition&) = delete;

  sink::Sink* sink() { return sink_.get(); }
  const Chain& chain() const { return chain_; }

 private:
  const fs::path root_;
  Chain chain_;
  std::shared_ptr<sink::Sink> sink_;
};

// range(0): epochs; range(1): the entry that it looks from.
void look(benchmark::State& state) {
  Partition partition(static_cast<uint64_t>(state.range(0)));
  if (partition.sink() == nullptr) return state.SkipWithError("the file sink cannot be opened");
  const auto low = static_cast<Lsn>(state.range(1));
  for (auto _ : state) {
    DiscoverOptions options;
    options.chain = &partition.chain();
    options.max_archives = kEntries;
    const auto found = discover(*partition.sink(), "db", 7, low, options, nullptr);
    if (!found || found->archives.size() != kEntries - low + 1)
      return state.SkipWithError("not all was found");
    benchmark::DoNotOptimize(found);
  }
}
BENCHMARK(look)
    ->ArgNames({"epochs", "low"})
    ->ArgsProduct({{1, 1000}, {9'990, 1}})
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace tidemark::store

BENCHMARK_MAIN();
