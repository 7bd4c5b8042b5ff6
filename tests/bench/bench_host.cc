#include "bench_host.h"

#include <dlfcn.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

namespace tidemark::bench {
namespace {

constexpr char kStorage[] = "bench";

[[noreturn]] void give_up(const std::string& what) {
  std::fprintf(stderr, "bench: %s\n", what.c_str());
  std::exit(1);
}

void check(tidemark_status status, const tidemark_error& error, const char* what) {
  if (status != TIDEMARK_OK) give_up(std::string(what) + ": " + error.message);
}

tidemark_str str(const std::string& s) { return {s.data(), s.size()}; }

tidemark_error new_error() {
  tidemark_error error = {};
  error.struct_size = sizeof error;
  return error;
}

double thread_cpu_seconds() {
  timespec t = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

}  // namespace

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double process_cpu_seconds() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

int64_t rss_bytes() {
  long pages = 0;
  FILE* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr || std::fscanf(file, "%*d %ld", &pages) != 1) give_up("cannot read /proc/self/statm");
  std::fclose(file);
  return int64_t{pages} * sysconf(_SC_PAGESIZE);
}

BenchHost::BenchHost(const Options& options, const std::string& sink_url) {
  void* library = dlopen(TIDEMARK_PLUGIN_FILE, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) give_up(dlerror());
  const auto entry =
      reinterpret_cast<tidemark_archiver_entry_fn>(dlsym(library, TIDEMARK_ARCHIVER_ENTRY_NAME));
  if (entry == nullptr) give_up(dlerror());
  api_ = entry(TIDEMARK_ARCHIVER_ABI_MAJOR);
  if (api_ == nullptr) give_up("the plugin speaks another major version");

  tidemark_host host = {};
  host.struct_size = sizeof host;
  host.ctx = this;
  host.acquire_entry = acquire;
  host.release_entry = release;
  host.acknowledge = acknowledge;
  host.log = [](void*, int32_t level, tidemark_str, tidemark_str message) {
    if (level >= TIDEMARK_LOG_ERROR)
      std::fprintf(stderr, "%.*s\n", static_cast<int>(message.size), message.data);
  };
  std::vector<tidemark_option> list;
  for (const auto& [key, value] : options) list.push_back({str(key), str(value), 0, 0});
  tidemark_error error = new_error();
  check(api_->create(&host, list.data(), static_cast<uint32_t>(list.size()), &archiver_, &error), error,
        "create");
  check(api_->set_sink(archiver_, str(sink_url), nullptr, 0, nullptr, &error), error, "set_sink");
  check(api_->start(archiver_, &error), error, "start");
}

BenchHost::~BenchHost() {
  api_->stop(archiver_, 0, nullptr);
  api_->destroy(archiver_);
}

Cost BenchHost::archive(const Load& load) {
  load_ = load;
  acked_ = std::make_unique<std::atomic<uint64_t>[]>(load.partitions);
  left_.store(std::min(load.partitions, load.failing_from) * std::max<uint64_t>(1, load.entries));
  const int64_t rss_before = rss_bytes();
  const double wall_before = wall_seconds();
  const double cpu_before = process_cpu_seconds();
  for (uint64_t p = 0; p < load.partitions; ++p) notify(p, 1, load.entries);
  {
    std::unique_lock<std::mutex> lock(mutex_);
    all_acked_.wait(lock, [this] { return left_.load() == 0; });
  }
  return {wall_seconds() - wall_before, process_cpu_seconds() - cpu_before, rss_bytes() - rss_before};
}

std::vector<double> BenchHost::latencies(const std::string& entry_root, uint64_t entries) {
  load_ = {1, entries, entry_root, true};
  acked_ = std::make_unique<std::atomic<uint64_t>[]>(1);
  std::vector<double> seconds;
  for (uint64_t lsn = 1; lsn <= entries; ++lsn) {
    left_.store(1);
    const double begin = wall_seconds();
    notify(0, 1, lsn);
    std::unique_lock<std::mutex> lock(mutex_);
    all_acked_.wait(lock, [this] { return left_.load() == 0; });
    seconds.push_back(wall_seconds() - begin);
  }
  std::sort(seconds.begin(), seconds.end());
  return seconds;
}

double BenchHost::metric(const std::string& name) const {
  std::string text;
  const tidemark_writer writer = {&text, [](void* ctx, const void* data, size_t size) -> tidemark_status {
                                    static_cast<std::string*>(ctx)->append(static_cast<const char*>(data),
                                                                           size);
                                    return TIDEMARK_OK;
                                  }};
  tidemark_error error;
  error.struct_size = sizeof error;
  check(api_->write_metrics(archiver_, &writer, &error), error, "write_metrics");
  const size_t line = text.find("\n" + name + " ");
  return line == std::string::npos ? 0 : std::stod(text.substr(line + name.size() + 2));
}

NotifyCost BenchHost::notify_cost(uint32_t threads, uint64_t calls, uint64_t partitions) {
  load_ = {};
  acked_ = std::make_unique<std::atomic<uint64_t>[]>(partitions);
  std::atomic<uint32_t> ready{0};
  std::atomic<uint64_t> wall_ns{0};
  std::atomic<uint64_t> cpu_ns{0};
  std::vector<std::thread> callers;
  for (uint32_t t = 0; t < threads; ++t) {
    callers.emplace_back([&, t] {
      ready.fetch_add(1);
      while (ready.load() < threads) std::this_thread::yield();
      const double wall_begin = wall_seconds();
      const double cpu_begin = thread_cpu_seconds();
      for (uint64_t i = 0; i < calls; ++i) notify((i * 7919 + t) % partitions, 1, 0);
      cpu_ns.fetch_add(static_cast<uint64_t>((thread_cpu_seconds() - cpu_begin) * 1e9));
      wall_ns.fetch_add(static_cast<uint64_t>((wall_seconds() - wall_begin) * 1e9));
    });
  }
  for (std::thread& caller : callers) caller.join();
  const auto all_calls = static_cast<double>(calls * threads);
  return {static_cast<double>(cpu_ns.load()) / all_calls, static_cast<double>(wall_ns.load()) / all_calls};
}

void BenchHost::notify(uint64_t partition, uint64_t low, uint64_t high) {
  const tidemark_partition id = {{kStorage, sizeof kStorage - 1}, partition};
  tidemark_error error;
  error.struct_size = sizeof error;
  check(api_->notify(archiver_, &id, low, high, &error), error, "notify");
}

tidemark_status BenchHost::acquire(void* ctx, const tidemark_partition* partition, tidemark_lsn lsn,
                                   tidemark_entry* out, tidemark_error*) {
  const Load& load = static_cast<BenchHost*>(ctx)->load_;
  if (partition->id >= load.failing_from) return TIDEMARK_E_RETRYABLE;
  if (load.one_entry_for_all) {
    out->path = str(load.entry_root);
    return TIDEMARK_OK;
  }
  auto* path = new std::string(load.entry_root);
  path->append("/").append(std::to_string(partition->id)).append("/").append(std::to_string(lsn));
  out->path = str(*path);
  out->lease = path;
  return TIDEMARK_OK;
}

void BenchHost::release(void*, const tidemark_partition*, tidemark_entry* entry) {
  delete static_cast<std::string*>(entry->lease);
}

tidemark_status BenchHost::acknowledge(void* ctx, const tidemark_partition* partition, tidemark_lsn lsn,
                                       tidemark_error*) {
  auto* self = static_cast<BenchHost*>(ctx);
  const uint64_t before = self->acked_[partition->id].exchange(lsn);
  const uint64_t progress = self->load_.entries == 0 ? 1 : lsn - before;
  if (self->left_.fetch_sub(progress) == progress) {
    const std::lock_guard<std::mutex> lock(self->mutex_);
    self->all_acked_.notify_all();
  }
  return TIDEMARK_OK;
}

}  // namespace tidemark::bench
