// Small durable puts from many threads, straight to the file sink's table, beside a bare loop of the same
// system calls: write, fsync, link, fsync of the directory. Both run in the same repetition, in turns of a
// second, because disks change their mind.
//
//   bench_file_sink [--benchmark_filter=REGEX] [--benchmark_repetitions=N]
//
// Data goes to $TIDEMARK_BENCH_DIR (default ./bench-data): put it on the file system you mean.

#include <benchmark/benchmark.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <tidemark/sink.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "bare_files.h"

namespace tidemark::bench {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr size_t kBodyBytes = 6144;  // the tar of an entry of two small files, about
constexpr int kTurns = 3;
constexpr std::chrono::milliseconds kTurn{1000};

const std::vector<uint8_t>& body() {
  static const std::vector<uint8_t> bytes(kBodyBytes, 'w');
  return bytes;
}

std::string key(int directory, int thread, uint64_t number) {
  return std::to_string(directory) + "/" + std::to_string(thread) + "-" + std::to_string(number);
}

// `put` from each of `threads` threads until the turn is over; puts that were done.
uint64_t run_turn(int threads, const std::function<void(int thread, uint64_t number)>& put) {
  std::atomic<uint64_t> done{0};
  const Clock::time_point end = Clock::now() + kTurn;
  std::vector<std::thread> running;
  for (int t = 0; t < threads; ++t) {
    running.emplace_back([&, t] {
      for (uint64_t i = 0; Clock::now() < end; ++i, ++done) put(t, i);
    });
  }
  for (std::thread& thread : running) thread.join();
  return done;
}

class OpenSink {
 public:
  explicit OpenSink(const std::string& url) {
    void* library = dlopen(FILE_SINK_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) give_up_on(dlerror());
    const auto entry = reinterpret_cast<tidemark_sink_entry_fn>(dlsym(library, TIDEMARK_SINK_ENTRY_NAME));
    if (entry == nullptr) give_up_on(dlerror());
    api_ = entry(TIDEMARK_SINK_ABI_MAJOR);
    tidemark_error error = {sizeof error, 0, 0, 0, {}, {}};
    if (api_->open(nullptr, {url.data(), url.size()}, nullptr, 0, nullptr, &sink_, &error) != TIDEMARK_OK)
      give_up_on(error.message);
  }
  ~OpenSink() { api_->close(sink_); }
  OpenSink(const OpenSink&) = delete;
  OpenSink& operator=(const OpenSink&) = delete;

  void put(const std::string& name) {
    tidemark_source source = {};
    source.struct_size = sizeof source;
    source.size_bytes = kBodyBytes;
    source.data = body().data();
    tidemark_error error = {sizeof error, 0, 0, 0, {}, {}};
    if (api_->put(sink_, {name.data(), name.size()}, &source, TIDEMARK_PUT_IF_ABSENT, nullptr, &error) !=
        TIDEMARK_OK)
      give_up_on(error.message);
  }

 private:
  const tidemark_sink_api* api_;
  tidemark_sink* sink_ = nullptr;
};

// Arguments: threads, directories they share. Label: the sink's way to fsync.
void small_puts(benchmark::State& state, const std::string& sync) {
  const auto threads = static_cast<int>(state.range(0));
  const auto directories = static_cast<int>(state.range(1));
  const char* dir = std::getenv("TIDEMARK_BENCH_DIR");
  const std::string root = fs::absolute(dir == nullptr ? "bench-data" : dir).string() + "/puts";
  for (auto _ : state) {
    uint64_t bare = 0, sunk = 0;
    for (int turn = 0; turn < kTurns; ++turn) {
      for (const bool is_sink : {false, true}) {
        fs::remove_all(root);
        for (int d = 0; d < directories; ++d) fs::create_directories(root + "/" + std::to_string(d));
        if (is_sink) {
          OpenSink sink("file://" + root + "?sync=" + sync);
          sunk += run_turn(threads, [&](int t, uint64_t i) { sink.put(key(t % directories, t, i)); });
        } else {
          bare += run_turn(threads, [&](int t, uint64_t i) {
            const std::string directory = root + "/" + std::to_string(t % directories);
            write_durably(directory, std::to_string(t) + "-" + std::to_string(i),
                          {reinterpret_cast<const char*>(body().data()), body().size()});
          });
        }
      }
    }
    fs::remove_all(root);
    const double seconds = kTurns * std::chrono::duration<double>(kTurn).count();
    state.SetIterationTime(seconds);
    state.counters["puts/s"] = static_cast<double>(sunk) / seconds;
    state.counters["yardstick/s"] = static_cast<double>(bare) / seconds;
    state.counters["ratio"] = static_cast<double>(sunk) / static_cast<double>(bare);
  }
}

void each(benchmark::State& state) { small_puts(state, "each"); }
void shared(benchmark::State& state) { small_puts(state, "shared"); }
void automatic(benchmark::State& state) { small_puts(state, "auto"); }

void sizes(benchmark::internal::Benchmark* bench) {
  for (const int threads : {8, 16, 32}) {
    bench->Args({threads, threads})->Args({threads, 2});
  }
  bench->Iterations(1)->UseManualTime()->Unit(benchmark::kMillisecond);
}
BENCHMARK(each)->Apply(sizes);
BENCHMARK(shared)->Apply(sizes);
BENCHMARK(automatic)->Apply(sizes);

}  // namespace
}  // namespace tidemark::bench

BENCHMARK_MAIN();
