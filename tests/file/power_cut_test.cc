// Many threads put, heads are asked, disks fail; then the power goes at every point of the record. What was
// said to be durable must be there, and nothing that is there may be a part.
#include "power_cut.h"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <random>
#include <thread>

#include "coded_put.h"
#include "file/file_sink.h"
#include "fixture.h"

namespace tidemark::sinks::file {
namespace {

using power_cut::Event;
using power_cut::Faults;

constexpr int kThreads = 8;
constexpr uint64_t kLargeBytes = 1100 * 1024;  // reserved, not waited for in rounds

// Says what it is, so that it can be recognised, and has a length of its own.
std::string body(const std::string& key, uint64_t version) {
  std::string bytes = key + "|" + std::to_string(version) + "|";
  std::mt19937_64 random(std::hash<std::string>()(bytes));
  const uint64_t size = random() % 64 == 0 ? kLargeBytes : 100 + random() % 20'000;
  while (bytes.size() < size) bytes += static_cast<char>('a' + random() % 26);
  return bytes;
}

uint64_t recognise_plain(const std::string& key, const std::string& bytes) {
  if (bytes.compare(0, key.size() + 1, key + "|") != 0) return 0;
  const uint64_t version = std::strtoull(bytes.c_str() + key.size() + 1, nullptr, 10);
  return bytes == body(key, version) ? version : 0;
}

struct Tally {
  std::atomic<int> done{0}, failed{0};
};

struct Mode {
  const char* staging;
  const char* sync;
  Faults faults;
  Coding coding = Coding::kNone;
};

class PowerCut : public ::testing::TestWithParam<Mode> {
 protected:
  static Status put_version(FileSink& sink, const std::string& key, uint64_t version, uint32_t flags = 0) {
    const Coding coding = GetParam().coding;
    const std::string bytes = body(key, version);
    return coding == Coding::kNone ? put(sink, key, bytes, flags)
                                   : put_coded(sink, key, bytes, coding, flags);
  }
  static uint64_t recognise(const std::string& key, const std::string& bytes) {
    const Coding coding = GetParam().coding;
    if (coding == Coding::kNone) return recognise_plain(key, bytes);
    const auto plain = decoded(bytes, coding);
    return plain ? recognise_plain(key, *plain) : 0;
  }

  static std::string directory(int thread, int round) {
    return "s/" + std::to_string(thread / 2 + 10 * (round / 8)) + "/";
  }

  // Two threads in each directory. On a disk that works half of what they put is wanted by both, and is
  // asked for; the rest has versions. One that failed may lose what others only found, and no later fsync
  // says so: there each looks after its own.
  static void work(FileSink& sink, int thread, int rounds, Tally* tally) {
    for (int i = 0; i < rounds; ++i) {
      const bool is_common = i % 2 == 0 && !has_faults();
      const std::string key =
          directory(thread, i) + (is_common ? "common" + std::to_string(i)
                                            : "own" + std::to_string(thread) + "-" + std::to_string(i / 4));
      const uint64_t version = is_common ? 1 : static_cast<uint64_t>(i) + 1;
      const Status done = put_version(sink, key, version, is_common ? TIDEMARK_PUT_IF_ABSENT : 0);
      const bool is_durable = done || done.error().status == TIDEMARK_E_EXISTS;
      if (is_durable) power_cut::note_done(key, version);
      ++(is_durable ? tally->done : tally->failed);
      const std::string asked = directory(thread, i) + "common" + std::to_string(i - i % 2);
      if (!has_faults() && sink.head(asked, Call(nullptr, nullptr))) power_cut::note_done(asked, 1);
    }
  }

  static bool has_faults() { return GetParam().faults.fsync_per_mille > 0; }

  std::vector<Event> record(uint64_t seed, int rounds, Tally* tally) {
    TempDir dir;
    const Mode& mode = GetParam();
    auto sink =
        open_sink<FileSink>("file://" + (dir / "root") + "?staging=" + mode.staging + "&sync=" + mode.sync);
    if (!sink) throw std::runtime_error(sink.error().message);
    power_cut::start(dir / "root", seed);
    for (int t = 0; has_faults() && t < kThreads; ++t) {
      for (int i = 0; i < rounds; i += 8) {
        const std::string key = directory(t, i) + "first";
        if (put_version(**sink, key, 1)) power_cut::note_done(key, 1);
      }
    }
    power_cut::fail_from_now_on(mode.faults);
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] { work(**sink, t, rounds, tally); });
    }
    for (std::thread& thread : threads) thread.join();
    return power_cut::stop();
  }
};

class PowerCutRecord : public PowerCut {};  // on disks that work

bool is_long() {
  const char* wanted = std::getenv("TIDEMARK_LONG");
  return wanted != nullptr && std::string_view(wanted) == "1";
}

TEST_P(PowerCut, WhatIsAcknowledgedIsThereAndNothingIsAPart) {
  const uint64_t seeds = is_long() ? 40 : 1;
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    Tally tally;
    const std::vector<Event> record = this->record(seed, 24, &tally);
    EXPECT_EQ(power_cut::replay(record, recognise), "") << "seed " << seed;
    EXPECT_GT(tally.done, 0);
    EXPECT_EQ(tally.failed > 0, has_faults()) << tally.failed << " puts failed";
  }
}

// That it can fail: a record without some of its fsyncs, or with one that came too late.
TEST_P(PowerCutRecord, MissingFsyncsAreNoticed) {
  Tally tally;
  const std::vector<Event> good = record(7, 8, &tally);
  ASSERT_EQ(power_cut::replay(good, recognise), "");
  std::vector<bool> is_directory, is_level;
  for (const Event& event : good) {
    const size_t needed = std::max(event.inode, event.target) + 1;
    if (is_directory.size() < needed) is_directory.resize(needed), is_level.resize(needed);
    if (event.kind != Event::kName) continue;
    is_directory[event.inode] = true;
    if (event.text.find_first_not_of("0123456789s") == std::string::npos && event.text[0] != '.')
      is_level[event.inode] = true;  // it has directories in it (staging has names of digits, and no fsync)
  }
  const auto without = [&](const std::function<bool(const Event&)>& drop) {
    std::vector<Event> record = good;
    for (Event& event : record) {
      if (event.kind == Event::kSyncEnd && drop(event)) event.ok = false;
    }
    return power_cut::replay(record, recognise);
  };
  EXPECT_NE(without([&](const Event& e) { return !is_directory[e.inode]; }), "") << "files";
  EXPECT_NE(without([&](const Event& e) { return is_directory[e.inode] && !is_level[e.inode]; }), "")
      << "directories of objects";
  EXPECT_NE(without([&](const Event& e) { return is_level[e.inode]; }), "") << "levels above them";
  // Each fsync ends where it began, but counts only from the end of the record: too late for anybody.
  std::vector<Event> late = good;
  std::stable_partition(late.begin(), late.end(), [](const Event& e) { return e.kind != Event::kSyncEnd; });
  EXPECT_NE(power_cut::replay(late, recognise), "");
}

constexpr Faults kWorks = {};
constexpr Faults kFails = {60, 15};
std::string text(const Mode& mode) {
  const std::string coding = mode.coding == Coding::kNone ? ""
                             : encrypts(mode.coding)      ? "_encrypted"
                                                          : "_compressed";
  return std::string(mode.staging) + "_" + mode.sync + (mode.faults.fsync_per_mille > 0 ? "_failing" : "") +
         coding;
}
void PrintTo(const Mode& mode, std::ostream* out) { *out << text(mode); }
std::string name_of(const ::testing::TestParamInfo<Mode>& with) { return text(with.param); }
INSTANTIATE_TEST_SUITE_P(, PowerCut,
                         ::testing::Values(Mode{"unnamed", "shared", kWorks}, Mode{"named", "shared", kWorks},
                                           Mode{"unnamed", "each", kWorks}, Mode{"named", "each", kWorks},
                                           Mode{"unnamed", "shared", kFails}, Mode{"named", "shared", kFails},
                                           Mode{"unnamed", "each", kFails},
                                           Mode{"unnamed", "shared", kWorks, Coding::kZstd},
                                           Mode{"named", "shared", kFails, Coding::kZstdAge}),
                         name_of);
INSTANTIATE_TEST_SUITE_P(, PowerCutRecord,
                         ::testing::Values(Mode{"unnamed", "shared", kWorks}, Mode{"named", "each", kWorks},
                                           Mode{"unnamed", "shared", kWorks, Coding::kZstdAge}),
                         name_of);

}  // namespace
}  // namespace tidemark::sinks::file
