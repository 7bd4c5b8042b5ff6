// The hammer: a hostile and unlucky host drives the plugin through the real ABI, by seed. What it demands is
// at the head of hammer_host.h; what it does is drawn here.
//
//   hammer                       20 seeds
//   hammer --seeds N --first S   others
//   hammer --seed S              one of them, again, as far as threads allow: what each thread does comes
//   from
//                                the seed, which of them is first does not
//
// Each seed is two archivers at once in one process, that share the directories they write to.
#include <dlfcn.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <thread>

#include "hammer_host.h"
#include "harness.h"

namespace tidemark::integration {
namespace {

constexpr size_t kRoots = 3;
constexpr auto kSettleWithin = std::chrono::seconds(60);  // reached only by a failure

// One archiver, its host and their threads.
class Hammer {
 public:
  Hammer(uint64_t seed, const std::string& storage, const std::vector<std::string>& roots);
  ~Hammer() { api_->destroy(archiver_); }
  Hammer(const Hammer&) = delete;
  Hammer& operator=(const Hammer&) = delete;

  void run();
  const HammerHost& host() const { return host_; }
  const std::vector<std::string>& problems() const { return problems_; }
  std::string describe() const;

 private:
  HammerPlan draw_plan(uint64_t seed, const std::string& storage, const std::vector<std::string>& roots);
  Options draw_options();
  void fill_valve(uint64_t seed);
  bool swap_sink(bool calm);
  void live(bool calm_end);
  void settle();
  void write_log(uint64_t seed);
  void tell(uint64_t seed);
  void look(uint64_t seed);
  void expect(tidemark_status status, const char* call, const ErrorOut& error);

  sim::Random random_;  // of the thread of [control]
  const HammerPlan plan_;
  const Options options_;
  const tidemark_archiver_api* const api_ = plugin_api();
  Valve valve_;
  HammerHost host_;
  tidemark_archiver* archiver_ = nullptr;
  std::vector<std::string> problems_;
  std::atomic<bool> calm_{false};
  std::atomic<bool> quiet_{false};
  std::atomic<uint64_t> valve_calls_{0};
  uint64_t swaps_ = 0;

  std::mutex late_mutex_;
  std::vector<HammerHost::Notice> late_;  // notifications on their way
};

Hammer::Hammer(uint64_t seed, const std::string& storage, const std::vector<std::string>& roots)
    : random_(seed), plan_(draw_plan(seed, storage, roots)), options_(draw_options()), host_(plan_) {
  fill_valve(seed);
  const auto list = abi_options(options_);
  ErrorOut error;
  expect(api_->create(&host_.table(), list.data(), static_cast<uint32_t>(list.size()), &archiver_, &error),
         "create", error);
  host_.notify_through = [this](const tidemark_partition* partition, Lsn low, Lsn high) {
    ErrorOut ignored;
    return api_->notify(archiver_, partition, low, high, &ignored);
  };
}

void Hammer::expect(tidemark_status status, const char* call, const ErrorOut& error) {
  if (status != TIDEMARK_OK)
    problems_.push_back(plan_.storage + ": " + call + ": status " + std::to_string(status) + ", " +
                        error.message);
}

// ---- What is drawn ------------------------------------------------------------------------------

HammerPlan Hammer::draw_plan(uint64_t seed, const std::string& storage,
                             const std::vector<std::string>& roots) {
  HammerPlan plan;
  plan.seed = seed;
  plan.storage = storage;
  plan.roots = roots;
  plan.partitions = random_.between(1, 6);
  plan.swaps = random_.chance(50);
  plan.forgets = random_.chance(20);
  plan.in_order = random_.chance(50);
  plan.fault_percent = random_.chance(30) ? 0 : random_.between(1, 30);
  plan.slow_percent = random_.chance(30) ? 0 : random_.between(1, 30);
  plan.slow_us = random_.chance(20) ? 20'000 : 2000;
  plan.recall_percent = random_.below(30);
  return plan;
}

Options Hammer::draw_options() {
  const auto one_of = [this](std::initializer_list<const char*> values) {
    return std::string(values.begin()[random_.below(values.size())]);
  };
  return {{"workers", one_of({"1", "2", "4", "8"})},
          {"batch_entries", one_of({"1", "1", "3", "64"})},
          {"batch_bytes", one_of({"20000", "16777216"})},
          {"partition_inflight", plan_.in_order ? "1" : one_of({"2", "4"})},
          {"retry_min_ms", one_of({"2", "5"})},
          {"retry_max_ms", one_of({"10", "30"})},
          {"partition_idle_ms", plan_.forgets ? "2" : "600000"},
          {"memory_budget_bytes", one_of({"1048576", "67108864"})},
          {"max_bytes_per_second", one_of({"0", "0", "3000000"})},
          {"verify_existing", one_of({"full", "full", "footer"})},
          {"verify_max_bytes_per_second", one_of({"0", "67108864", "300000"})},
          {"log_level", "debug"}};
}

// The sink's own misbehaviour: failures before and after the deed, and times when nothing works.
void Hammer::fill_valve(uint64_t seed) {
  const uint64_t rate = random_.chance(30) ? 0 : random_.between(1, 20);
  const uint64_t slow = random_.below(20);
  const auto dice = [this, seed] { return sim::Random(seed * 104'729 + valve_calls_++); };
  valve_.before = [=, this](std::string_view verb, std::string_view key,
                            const tidemark_call*) -> tidemark_status {
    if (verb == "put" || verb == "head") host_.asks(key);
    if (calm_) return TIDEMARK_OK;
    sim::Random random = dice();
    if (random.chance(slow)) std::this_thread::sleep_for(std::chrono::microseconds(random.below(3000)));
    if (!random.chance(rate)) return TIDEMARK_OK;
    static constexpr tidemark_status kStatuses[] = {TIDEMARK_E_RETRYABLE, TIDEMARK_E_RETRYABLE,
                                                    TIDEMARK_E_THROTTLED, TIDEMARK_E_NO_SPACE,
                                                    TIDEMARK_E_PERMANENT, TIDEMARK_E_CANCELLED};
    return kStatuses[random.below(std::size(kStatuses))];
  };
  valve_.proved = [this](std::string_view key) { host_.proved(key); };
  valve_.after = [=, this](std::string_view, std::string_view) -> tidemark_status {
    return !calm_ && dice().chance(rate) ? TIDEMARK_E_RETRYABLE : TIDEMARK_OK;
  };
}

std::string Hammer::describe() const {
  std::string text = plan_.storage + ": " + std::to_string(plan_.partitions) + " partitions, faults " +
                     std::to_string(plan_.fault_percent) + "%" + (plan_.swaps ? ", swaps" : "");
  for (const auto& [key, value] : options_) text += ", " + key + "=" + value;
  return text;
}

// ---- The thread of [control] --------------------------------------------------------------------

// The valve in front of the file sink, or one of the others where the sink changes anyway.
bool Hammer::swap_sink(bool calm) {
  const std::string& root = plan_.roots[plan_.swaps ? random_.below(plan_.roots.size()) : 0];
  std::string url = "file://" + root;
  Options options;
  const uint64_t kind = calm ? 0 : random_.below(10);
  if (!plan_.swaps || kind < 6) {
    options = {{"library", TIDEMARK_TEST_VALVE},
               {"valve", std::to_string(reinterpret_cast<uintptr_t>(&valve_))},
               {"of_library", TIDEMARK_TEST_MODULES "/tidemark-sink-file.so"}};
  } else if (kind < 8) {
    url = "faulty:///?of=" + percent_encoded(url) + "&seed=" + std::to_string(random_.below(1000)) +
          "&error_rate=0.05&throttle_rate=0.02&lose_answer_rate=0.1&short_read_rate=0.1&delay_jitter_ms=3";
  }
  const auto list = abi_options(options);
  ErrorOut error;
  const tidemark_status status =
      api_->set_sink(archiver_, str(url), list.data(), static_cast<uint32_t>(list.size()), nullptr, &error);
  expect(status, "set_sink", error);
  ++swaps_;
  return status == TIDEMARK_OK;
}

void Hammer::live(bool calm_end) {
  ErrorOut error;
  quiet_ = calm_ = false;
  swaps_ = 0;
  late_.clear();  // what was on its way in the last run may call gone what is there again
  host_.begin_run();
  expect(api_->start(archiver_, &error), "start", error);
  std::vector<std::thread> threads;
  const uint64_t seed = random_.next();
  threads.emplace_back([this, seed] { write_log(seed); });
  for (uint64_t i = 1; i <= 3; ++i) threads.emplace_back([this, seed, i] { tell(seed + i); });
  threads.emplace_back([this, seed] { look(seed + 4); });
  for (uint64_t steps = random_.between(5, 60); steps > 0; --steps) {
    std::this_thread::sleep_for(std::chrono::microseconds(random_.below(6000)));
    if (plan_.swaps && random_.chance(60)) swap_sink(false);
  }
  // At a brusque end they continue, into what is stopping and what has stopped.
  if (calm_end) {
    quiet_ = true;
    for (std::thread& thread : threads) thread.join();
    threads.clear();
    settle();
  }
  const uint32_t drain_ms =
      calm_end ? 60'000 : static_cast<uint32_t>(random_.chance(50) ? 0 : random_.below(30));
  expect(api_->stop(archiver_, drain_ms, &error), "stop", error);
  host_.end_run(swaps_);
  quiet_ = true;
  for (std::thread& thread : threads) thread.join();
}

// No more faults: all that is there is archived, and all else was told.
void Hammer::settle() {
  calm_ = true;
  host_.be_calm();
  if (plan_.swaps) swap_sink(true);
  const auto deadline = std::chrono::steady_clock::now() + kSettleWithin;
  for (std::string why; !(why = host_.unsettled()).empty();) {
    if (std::chrono::steady_clock::now() > deadline) {
      problems_.push_back(plan_.storage + ": without faults it does not come to an end: " + why);
      return;
    }
    for (size_t i = 0; i < plan_.partitions; ++i) host_.notify(host_.notice(i));
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

void Hammer::run() {
  if (archiver_ == nullptr || !swap_sink(false)) return;
  const uint64_t runs = random_.between(1, 4);
  for (uint64_t run = 1; run <= runs && problems_.empty() && host_.violations().empty(); ++run) {
    live(run == runs || random_.chance(30));
    // What happens while nobody runs.
    for (size_t i = 0; i < plan_.partitions; ++i) {
      if (random_.chance(20)) host_.lose(i, random_);
      if (random_.chance(20)) host_.commit(i);
    }
    if (plan_.swaps && random_.chance(30)) swap_sink(false);
  }
}

// ---- The host's threads -------------------------------------------------------------------------

void Hammer::write_log(uint64_t seed) {
  sim::Random random(seed);
  while (!quiet_) {
    const size_t partition = random.below(plan_.partitions);
    const uint64_t what = random.below(100);
    if (what < 60) host_.commit(partition);
    if (what >= 60 && what < 66) host_.lose(partition, random);
    if (what >= 66 && what < 69) host_.lose_one(partition, random);
    if (what >= 69 && what < 77) host_.hide(partition, random);
    if (what >= 77 && what < 85) host_.show(partition);
    {
      const std::lock_guard<std::mutex> lock(late_mutex_);
      for (uint64_t copies = random.below(3); copies > 0; --copies) late_.push_back(host_.notice(partition));
    }
    if (random.chance(70)) std::this_thread::sleep_for(std::chrono::microseconds(random.below(3000)));
  }
}

// Late, twice, and in any order.
void Hammer::tell(uint64_t seed) {
  sim::Random random(seed);
  while (!quiet_) {
    HammerHost::Notice notice = host_.notice(random.below(plan_.partitions));
    {
      const std::lock_guard<std::mutex> lock(late_mutex_);
      if (!late_.empty()) {
        std::swap(late_[random.below(late_.size())], late_.back());
        notice = late_.back();
        if (!random.chance(20)) late_.pop_back();
      }
    }
    host_.notify(notice);
    std::this_thread::sleep_for(std::chrono::microseconds(random.below(4000)));
  }
}

// What may be asked at any time, from any thread.
void Hammer::look(uint64_t seed) {
  sim::Random random(seed);
  const auto* const readback =
      static_cast<const tidemark_readback_api*>(api_->get_extension(archiver_, TIDEMARK_EXT_READBACK));
  const tidemark_writer nowhere = {nullptr,
                                   [](void*, const void*, size_t) -> tidemark_status { return TIDEMARK_OK; }};
  const auto visit = [](void*, const tidemark_archive*) -> int32_t { return 0; };
  while (!quiet_) {
    ErrorOut error;
    if (api_->write_metrics(archiver_, &nowhere, &error) != TIDEMARK_OK) return;
    const tidemark_partition partition = {str(plan_.storage), 10 + random.below(plan_.partitions)};
    readback->list(archiver_, &partition, 1 + random.below(20), visit, nullptr, nullptr, &error);
    std::this_thread::sleep_for(std::chrono::microseconds(random.below(10'000)));
  }
}

// ---- Seeds --------------------------------------------------------------------------------------

struct Totals {
  uint64_t entries = 0, acknowledgements = 0, gaps = 0;
};

bool run_seed(uint64_t seed, Totals* totals) {
  const test::TempDir dir;
  std::vector<std::string> roots;
  for (size_t i = 0; i < kRoots; ++i) roots.push_back(dir / ("sink" + std::to_string(i)));
  Hammer left(2 * seed, "left", roots);
  std::vector<std::string> turned = roots;
  std::rotate(turned.begin(), turned.begin() + 1, turned.end());
  Hammer right(2 * seed + 1, "right", turned);
  std::thread other([&right] { right.run(); });
  left.run();
  other.join();
  bool good = true;
  for (const Hammer* hammer : {&left, &right}) {
    std::vector<std::string> problems = hammer->problems();
    for (const std::string& violation : hammer->host().violations()) problems.push_back(violation);
    totals->entries += hammer->host().entries();
    totals->acknowledgements += hammer->host().acknowledgements();
    totals->gaps += hammer->host().gaps();
    if (problems.empty()) continue;
    good = false;
    for (const std::string& line : hammer->host().log_lines()) std::printf("    %s\n", line.c_str());
    std::printf("%s\n", hammer->describe().c_str());
    for (const std::string& problem : problems) std::printf("violated: %s\n", problem.c_str());
    std::printf("replay: hammer --seed %llu\n", static_cast<unsigned long long>(seed));
  }
  return good;
}

// ThreadSanitizer does not see the dynamic linker's own lock: a name that it made for one thread and shows to
// another looks like a race. Elsewhere modules come and go as the sinks do.
void keep_modules() {
#ifdef __SANITIZE_THREAD__
  for (const char* module : {TIDEMARK_TEST_MODULES "/tidemark-sink-file.so",
                             TIDEMARK_TEST_MODULES "/tidemark-sink-faulty.so", TIDEMARK_TEST_VALVE})
    dlopen(module, RTLD_NOW | RTLD_LOCAL);
#endif
}

int run(uint64_t first, uint64_t seeds) {
  keep_modules();
  Totals totals;
  for (uint64_t seed = first; seed < first + seeds; ++seed) {
    if (!run_seed(seed, &totals)) return 1;
  }
  std::printf("%llu seeds: %llu entries, %llu acknowledgements, %llu gaps: the promise was kept\n",
              static_cast<unsigned long long>(seeds), static_cast<unsigned long long>(totals.entries),
              static_cast<unsigned long long>(totals.acknowledgements),
              static_cast<unsigned long long>(totals.gaps));
  return 0;
}

}  // namespace
}  // namespace tidemark::integration

int main(int argc, char** argv) {
  uint64_t first = 1;
  uint64_t seeds = 20;
  for (int i = 1; i < argc; i += 2) {
    uint64_t value = 0;
    const char* const text = i + 1 < argc ? argv[i + 1] : "";
    const auto [end, problem] = std::from_chars(text, text + std::strlen(text), value);
    const bool is_number = problem == std::errc() && *text != '\0' && *end == '\0';
    if (is_number && std::strcmp(argv[i], "--seeds") == 0) {
      seeds = value;
    } else if (is_number && std::strcmp(argv[i], "--first") == 0) {
      first = value;
    } else if (is_number && std::strcmp(argv[i], "--seed") == 0) {
      first = value;
      seeds = 1;
    } else {
      std::fprintf(stderr, "usage: hammer [--seeds N] [--first S] [--seed S]\n");
      return 2;
    }
  }
  return tidemark::integration::run(first, seeds);
}
