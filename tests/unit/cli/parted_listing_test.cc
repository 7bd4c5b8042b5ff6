#include "parted_listing.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "format/object_name.h"

namespace tidemark::cli {
namespace {

using std::chrono::milliseconds;

// An archive of names, and how it is asked for them.
class Names {
 public:
  std::set<std::string> keys;
  std::atomic<int> listings{0}, levels{0}, at_once{0}, most_at_once{0}, visited{0};
  std::string fails_at;   // a listing that comes to this key
  milliseconds delay{0};  // of each listing
  std::atomic<bool> is_stopped{false};

  ListingCalls calls() {
    ListingCalls calls;
    calls.level = [this](const auto& storage, const auto& after, const auto& visit) {
      ++levels;
      return list_level(storage, after, visit);
    };
    calls.folders = [this](const auto& folders, const auto& after, const auto& visit) {
      ++listings;
      const int now = ++at_once;
      for (int most = most_at_once; most < now && !most_at_once.compare_exchange_weak(most, now);) {
      }
      std::this_thread::sleep_for(delay);
      auto listed = list_folders(folders, after, visit);
      --at_once;
      return listed;
    };
    calls.prove = [](const ListObjects& list, const auto& visit) {
      return list([&](const Stored& stored) { return visit(stored, {}); });
    };
    calls.stop = [this] { is_stopped = true; };
    return calls;
  }

  static Stored stored_of(const std::string& key) {
    Stored stored;
    stored.key = key;
    if (const auto folder = parse_folder(key)) {
      stored.storage = folder->storage;
      stored.partition = folder->partition;
    }
    return stored;
  }

 private:
  using Visit = std::function<bool(const Stored&)>;

  Result<void> list_level(const std::string& storage, const std::string& after, const Visit& visit) const {
    const std::string prefix = storage.empty() ? "" : storage + "/";
    std::string newest;
    for (const std::string& key : keys) {
      if (!key.starts_with(prefix)) continue;
      const size_t slash = key.find('/', prefix.size());
      const std::string name = key.substr(0, slash == std::string::npos ? slash : slash + 1);
      if (name <= after || name == newest) continue;
      newest = name;
      if (!visit(stored_of(name))) return {};
    }
    return {};
  }

  Result<void> list_folders(const std::vector<std::string>& folders, const std::string& after,
                            const Visit& visit) {
    for (const std::string& key : keys) {
      if (key <= after || key < folders.front()) continue;
      if (key > folders.back() && !key.starts_with(folders.back())) break;
      if (is_stopped) return Error{kExitInterrupted, "stopped"};
      if (key == fails_at) return Error{kExitSink, "the sink fails at " + key};
      ++visited;
      if (!visit(stored_of(key))) break;
    }
    return {};
  }
};

// Keeps the keys of its part, and tells them to all.
class KeysPart : public ListedPart {
 public:
  KeysPart(std::vector<std::string>& told, size_t room, size_t most)
      : told_(told), room_(room), most_(most) {}
  void add(const Stored& stored, const Proof&) override {
    EXPECT_FALSE(is_finished_);
    const std::string folder = stored.storage.empty() ? "" : partition_text(stored.storage, stored.partition);
    if (folder != current_ && !current_.empty()) ended_.push_back(current_);
    current_ = folder;
    keys_.push_back(stored.key);
  }
  void finish() override {
    EXPECT_FALSE(is_finished_);
    is_finished_ = true;
  }
  bool is_full() const override { return keys_.size() >= room_; }
  bool tell() override {
    for (std::string& key : keys_) told_.push_back(std::move(key));
    keys_.clear();
    return told_.size() < most_;
  }

 private:
  std::vector<std::string>& told_;
  const size_t room_, most_;
  std::vector<std::string> keys_, ended_;
  std::string current_;
  bool is_finished_ = false;
};

class PartedListingTest : public ::testing::Test {
 protected:
  static ListingPace small_pace() {
    ListingPace pace;
    pace.plain_objects = 3;
    pace.plain_time = std::chrono::hours(1);
    pace.level_entries = 3;
    return pace;
  }
  std::vector<std::string> told(const Scope& scope, unsigned jobs, ListingPace pace, size_t room = SIZE_MAX,
                                size_t most = SIZE_MAX) {
    std::vector<std::string> told;
    names_.is_stopped = false;
    names_.listings = names_.levels = names_.most_at_once = names_.visited = 0;
    result_ = list_in_parts(
        names_.calls(), scope, jobs, [&] { return std::make_unique<KeysPart>(told, room, most); }, pace);
    EXPECT_EQ(names_.at_once, 0) << "nothing runs any more";
    return told;
  }
  std::vector<std::string> in(const std::string& prefix) const {
    std::vector<std::string> found;
    for (const std::string& key : names_.keys) {
      if (key.starts_with(prefix)) found.push_back(key);
    }
    return found;
  }
  void fill(const std::string& folder, int count) {
    for (int i = 0; i < count; ++i) names_.keys.insert(folder + std::to_string(1000 + i));
  }

  Names names_;
  Result<void> result_;
};

TEST_F(PartedListingTest, ASmallArchiveIsListedOnce) {
  fill("main/1/", 3);
  fill("main/2/", 3);
  EXPECT_EQ(told({}, 8, {}), in(""));
  EXPECT_EQ(names_.listings, 1);
  EXPECT_EQ(names_.levels, 0);
}

TEST_F(PartedListingTest, OneAtATimeIsOneListing) {
  for (int i = 0; i < 50; ++i) fill("main/" + std::to_string(i) + "/", 5);
  EXPECT_EQ(told({}, 1, small_pace()), in(""));
  EXPECT_EQ(told({"main", 7}, 8, small_pace()), in("main/7/"));
  EXPECT_EQ(names_.listings, 1);
}

// Whatever lies where, however it is cut.
TEST_F(PartedListingTest, AllOfItInOrder) {
  std::mt19937 random(20'261'128);
  const auto any = [&](int below) { return static_cast<int>(random() % static_cast<unsigned>(below)); };
  const char* const kStorages[] = {"a", "main", "main-2", "main.old", "zz"};
  const char* const kOdd[] = {"README",
                              "main",
                              "main/README",
                              "main/7x/1",
                              "main/x/y/z",
                              "main/\xC3\xA9/1",
                              "main/\xC3\xA9/\xC3\xA9",
                              "lost+found/x",
                              "zz/a",
                              "zzz",
                              "b/c/d"};
  for (int round = 0; round < 60; ++round) {
    SCOPED_TRACE(round);
    names_.keys.clear();
    for (const char* storage : kStorages) {
      const int partitions = any(3) == 0 ? 0 : any(30);
      for (int i = 0; i < partitions; ++i)
        fill(std::string(storage) + "/" + std::to_string(any(200)) + "/", any(4) == 0 ? any(40) : any(3));
    }
    for (const char* key : kOdd) {
      if (any(2) == 0) names_.keys.insert(key);
    }
    if (any(2) == 0) names_.keys.insert("main/3/\xC3\xA9");
    ListingPace pace = small_pace();
    pace.plain_objects = 1 + static_cast<uint64_t>(any(20));
    pace.folders_of_part = 1 + static_cast<size_t>(any(8));
    pace.level_entries = 1 + static_cast<size_t>(any(10));
    if (any(3) == 0) pace.long_time = milliseconds(-1);  // every part gives back what it has not begun
    if (any(3) == 0) pace.plain_time = milliseconds(0);
    const size_t room = any(3) == 0 ? 1 + static_cast<size_t>(any(10)) : SIZE_MAX;
    const auto jobs = 2 + static_cast<unsigned>(any(7));
    EXPECT_EQ(told({}, jobs, pace, room), in(""));
    EXPECT_TRUE(result_);
    EXPECT_EQ(told({"main", {}}, jobs, pace, room), in("main/"));
  }
}

TEST_F(PartedListingTest, SideBySideAndNotMoreThanSo) {
  for (int i = 0; i < 40; ++i) fill("main/" + std::to_string(i) + "/", 4);
  ListingPace pace = small_pace();
  pace.folders_of_part = 1;
  names_.delay = milliseconds(5);
  EXPECT_EQ(told({}, 4, pace), in(""));
  EXPECT_GT(names_.most_at_once, 2);
  EXPECT_LE(names_.most_at_once, 5) << "those of the threads, and the one that tells";
}

// What a small partition takes decides how many go together: not a listing for each.
TEST_F(PartedListingTest, SmallOnesGoTogether) {
  for (int i = 0; i < 1000; ++i) fill("main/" + std::to_string(i) + "/", 2);
  ListingPace pace;
  pace.plain_objects = 10;
  EXPECT_EQ(told({}, 4, pace), in(""));
  EXPECT_LT(names_.listings, 200);
  EXPECT_EQ(names_.levels, 1);
}

TEST_F(PartedListingTest, WhatFailsEndsItAfterAllBeforeWasTold) {
  for (int i = 10; i < 50; ++i) fill("main/" + std::to_string(i) + "/", 4);
  ListingPace pace = small_pace();
  pace.folders_of_part = 1;
  for (const char* at : {"main/10/1001", "main/10/1003", "main/11/1000", "main/30/1002"}) {
    SCOPED_TRACE(at);
    names_.fails_at = at;
    const auto keys = told({}, 4, pace);
    ASSERT_FALSE(result_);
    EXPECT_EQ(result_.error().message, std::string("the sink fails at ") + at);
    std::vector<std::string> before;
    for (const std::string& key : names_.keys) {
      if (key < at) before.push_back(key);
    }
    EXPECT_EQ(keys, before);
    EXPECT_EQ(names_.is_stopped, std::string(at) > "main/10/1002") << "what still ran is of no use";
  }
}

TEST_F(PartedListingTest, NobodyWantsToHearMore) {
  for (int i = 10; i < 60; ++i) fill("main/" + std::to_string(i) + "/", 100);
  ListingPace pace = small_pace();
  pace.folders_of_part = 1;
  for (const size_t most : {1, 3, 150, 900}) {
    const auto keys = told({}, 4, pace, SIZE_MAX, most);
    EXPECT_TRUE(result_);
    EXPECT_GE(keys.size(), most);
    EXPECT_LT(names_.visited, 5000);
    EXPECT_EQ(names_.is_stopped, most > 100) << "those that run are stopped";
  }
}

// A part that holds too much is dropped and listed again in its turn: memory has a bound.
TEST_F(PartedListingTest, APartThatIsFullWaitsForItsTurn) {
  for (int i = 10; i < 20; ++i) fill("main/" + std::to_string(i) + "/", i == 15 ? 500 : 3);
  ListingPace pace = small_pace();
  pace.folders_of_part = 1;
  EXPECT_EQ(told({}, 4, pace, 50), in(""));
  EXPECT_EQ(names_.listings, 1 + 1 + 9 + 1 + 1)
      << "all, the rest of the first, nine parts, one of them again, what comes after the storage";
}

}  // namespace
}  // namespace tidemark::cli
