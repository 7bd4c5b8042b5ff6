// Pruning: what goes, what stays, and what is left wherever it is stopped.
#include <set>

#include "store/list.h"
#include "store/maintenance_fixture.h"

namespace tidemark::store {
namespace {

class PruneTest : public MaintenanceTest {
 protected:
  Status run(Lsn before, bool dry_run = false, const tidemark_call* call = nullptr) {
    gone_.clear();
    return prune(
        fake_.sink(), {"db", 7, before, dry_run, kNow},
        [&](const StoredInfo& info) {
          gone_.push_back(std::string(info.folder->name));
          EXPECT_TRUE(info.name);
          EXPECT_GT(info.size_bytes, 0u);
          return gone_.size() < stop_after_;
        },
        call);
  }
  // Singles 1 to 4, a recorded gap, a batch, an accepted loss, singles.
  void fill() {
    for (Lsn lsn = 1; lsn <= 4; ++lsn) add({lsn, lsn});
    add({5, 6}, ObjectKind::kGap);
    add({7, 10});
    add({11, 12}, ObjectKind::kAccepted, "lost");
    add({13, 13});
    add({14, 14});
    fake_.objects["db/7/README"] = "foreign";
    fake_.objects["db/70/0000000000001.tar"] = "another partition's";
  }
  // Nothing lies between what is left that no record explains.
  bool is_contiguous() {
    std::set<Lsn> known;
    const Status status = list(
        fake_.sink(), "db", 7, 1,
        [&](const ArchiveInfo& info) {
          for (Lsn lsn = info.range.first; lsn <= info.range.last; ++lsn) known.insert(lsn);
          return true;
        },
        nullptr);
    EXPECT_TRUE(status);
    return known.size() == 14 && *known.begin() == 1 && *known.rbegin() == 14;
  }

  std::vector<std::string> gone_;
  size_t stop_after_ = SIZE_MAX;
};

TEST_F(PruneTest, RemovesTheOldestAndSaysHowFar) {
  fill();
  ASSERT_TRUE(run(13));
  EXPECT_EQ(gone_, (std::vector<std::string>{"0000000000001.tar", "0000000000002.tar", "0000000000003.tar",
                                             "0000000000004.tar", "0000000000006-0000000000005.gap",
                                             "000000000000a-0000000000007.tar",
                                             "000000000000c-000000000000b.accepted"}));
  EXPECT_EQ(keys(),
            (std::vector<std::string>{"db/7/000000000000c-0000000000001.pruned", "db/7/000000000000d.tar",
                                      "db/7/000000000000e.tar", "db/7/README", "db/70/0000000000001.tar"}));
  EXPECT_EQ(read_record(fake_.sink(), "db/7/000000000000c-0000000000001.pruned", nullptr)->made_us, kNow);
  EXPECT_TRUE(is_contiguous());
}

TEST_F(PruneTest, WhatReachesTheLimitStaysWhole) {
  fill();
  ASSERT_TRUE(run(10));
  EXPECT_EQ(gone_.size(), 5u) << "the batch 7 to 10 holds entry 10";
  EXPECT_EQ(fake_.objects.count("db/7/0000000000006-0000000000001.pruned"), 1u);
  EXPECT_TRUE(is_contiguous());
}

TEST_F(PruneTest, ADryRunOnlySays) {
  fill();
  const auto before = fake_.objects;
  ASSERT_TRUE(run(13, true));
  const auto would_go = gone_;
  EXPECT_EQ(fake_.objects, before);
  ASSERT_TRUE(run(13));
  EXPECT_EQ(gone_, would_go);
}

TEST_F(PruneTest, GoesOnFromWhereItWas) {
  fill();
  ASSERT_TRUE(run(4));
  EXPECT_EQ(fake_.objects.count("db/7/0000000000003-0000000000001.pruned"), 1u);
  ASSERT_TRUE(run(11));
  EXPECT_EQ(gone_.back(), "0000000000003-0000000000001.pruned") << "the older record, last";
  EXPECT_EQ(fake_.objects.count("db/7/000000000000a-0000000000001.pruned"), 1u);
  EXPECT_TRUE(is_contiguous());
  const auto after = fake_.objects;
  ASSERT_TRUE(run(11));
  EXPECT_TRUE(gone_.empty());
  ASSERT_TRUE(run(2)) << "less than was pruned";
  EXPECT_TRUE(gone_.empty());
  EXPECT_EQ(fake_.objects, after);
}

TEST_F(PruneTest, NothingToRemoveLeavesNoRecord) {
  fill();
  const auto before = fake_.objects;
  ASSERT_TRUE(run(1));
  EXPECT_EQ(fake_.objects, before);
  fake_.objects.clear();
  ASSERT_TRUE(run(100));
  EXPECT_TRUE(fake_.objects.empty());
}

TEST_F(PruneTest, EverythingMayGoButTheRecord) {
  fill();
  ASSERT_TRUE(run(1000));
  EXPECT_EQ(keys(), (std::vector<std::string>{"db/7/000000000000e-0000000000001.pruned", "db/7/README",
                                              "db/70/0000000000001.tar"}));
  EXPECT_EQ(*find_gap_before(fake_.sink(), "db", 7, 15, nullptr), std::nullopt);
}

TEST_F(PruneTest, AHoleThatNobodyExplainsIsNotForgotten) {
  fill();
  fake_.objects.erase("db/7/0000000000006-0000000000005.gap");
  const auto before = fake_.objects;
  for (const bool dry_run : {true, false}) {
    expect_error(run(13, dry_run), TIDEMARK_E_INVALID,
                 "entries 5 to 6 of db/7 are missing and no record says why");
    EXPECT_EQ(fake_.objects, before);
  }
  ASSERT_TRUE(run(5)) << "up to the hole";
  EXPECT_EQ(gone_.size(), 4u);
  ASSERT_TRUE(accept_gap(fake_.sink(), Chain(), {"db", 7, {5, 6}, "lost", kNow}, nullptr));
  ASSERT_TRUE(run(13));
  EXPECT_TRUE(is_contiguous());
}

// Killed after any change: what is left is contiguous, and the same call finishes.
TEST_F(PruneTest, SurvivesBeingKilledAtAnyInstant) {
  fill();
  ASSERT_TRUE(run(3));
  const auto start = fake_.objects;
  ASSERT_TRUE(run(13));
  const auto finished = keys();
  const size_t changes = 1 + gone_.size();
  for (size_t kill_after = 0; kill_after < changes; ++kill_after) {
    test::FakeSink other;
    other.objects = start;
    other.fail_changes_after = kill_after;
    const Pruning what = {"db", 7, 13, false, kNow};
    const Status killed = prune(other.sink(), what, {}, nullptr);
    ASSERT_FALSE(killed) << kill_after;
    fake_.objects = other.objects;
    EXPECT_TRUE(is_contiguous()) << kill_after;
    ASSERT_TRUE(run(13)) << kill_after;
    EXPECT_EQ(keys(), finished) << kill_after;
  }
}

TEST_F(PruneTest, AVisitorMayStopIt) {
  fill();
  stop_after_ = 2;
  ASSERT_TRUE(run(13));
  EXPECT_EQ(gone_.size(), 2u);
  EXPECT_TRUE(is_contiguous());
}

TEST_F(PruneTest, ManyGoInPages) {
  for (const Lsn last : {Lsn{999}, Lsn{1000}, Lsn{1001}, Lsn{2345}}) {
    fake_.objects.clear();
    for (Lsn lsn = 1; lsn <= last + 1; ++lsn) add({lsn, lsn});
    ASSERT_TRUE(run(last + 1, true));
    EXPECT_EQ(gone_.size(), last);
    ASSERT_TRUE(run(last + 1));
    EXPECT_EQ(gone_.size(), last);
    EXPECT_EQ(fake_.objects.size(), 2u);
  }
}

// ---- With a sink that removes many at once.

TEST_F(PruneTest, ManyGoAtOnce) {
  for (Lsn lsn = 1; lsn <= 2500; ++lsn) add({lsn, lsn});
  test::FakeSink many(true);
  many.objects = fake_.objects;
  ASSERT_TRUE(run(2500));
  const auto one_by_one = gone_;
  EXPECT_EQ(fake_.removes, 2499);
  std::vector<std::string> gone;
  const Pruning what = {"db", 7, 2500, false, kNow};
  ASSERT_TRUE(prune(
      many.sink(), what,
      [&](const StoredInfo& info) {
        gone.push_back(std::string(info.folder->name));
        EXPECT_FALSE(many.objects.contains(std::string(info.key))) << "told before it is gone";
        return true;
      },
      nullptr));
  EXPECT_EQ(gone, one_by_one);
  EXPECT_EQ(many.objects, fake_.objects);
  EXPECT_EQ(many.removes_of_many, 5) << "700 and 300 of a page of 1,000, twice, and 499";
  EXPECT_EQ(many.removes, 0);
}

// Killed after any change, and in the middle of the one that removes many: what is left lies below the record
// with holes in between, and nothing takes these for a loss. The same call finishes.
TEST_F(PruneTest, KilledInTheMiddleOfMany) {
  for (Lsn lsn = 1; lsn <= 1600; ++lsn) add({lsn, lsn});
  add({100, 100}, ObjectKind::kGap);
  fake_.objects.erase("db/7/" + lsn_string(100) + ".tar");
  ASSERT_TRUE(run(3));
  const auto start = fake_.objects;
  ASSERT_TRUE(run(1500));
  const auto finished = keys();
  bool leaves_holes = false;
  for (size_t kill_after = 0;; ++kill_after) {
    test::FakeSink other(true);
    other.objects = start;
    other.fail_changes_after = kill_after;
    const Pruning what = {"db", 7, 1500, false, kNow};
    const Status killed = prune(other.sink(), what, {}, nullptr);
    if (killed) {
      EXPECT_EQ(kill_after, 1u + 3u + 1u) << "the record, 1,496 of two pages, the older record";
      break;
    }
    leaves_holes = leaves_holes || (other.objects.contains("db/7/" + lsn_string(5) + ".tar") &&
                                    !other.objects.contains("db/7/" + lsn_string(6) + ".tar"));
    fake_.objects = other.objects;
    EXPECT_EQ(*find_gap_before(fake_.sink(), "db", 7, 1500, nullptr), std::nullopt);
    EXPECT_EQ(*find_gap_before(fake_.sink(), "db", 7, 1601, nullptr), std::nullopt);
    ASSERT_TRUE(run(1500, true)) << "a dry run names what is left";
    ASSERT_TRUE(run(1500)) << kill_after;
    EXPECT_EQ(keys(), finished) << kill_after;
  }
  EXPECT_TRUE(leaves_holes) << "else this tests nothing";
}

// Every second archive below the record: no hole, for whoever looks, from wherever.
TEST_F(PruneTest, WhatIsLeftBelowTheRecordHidesNothing) {
  for (Lsn lsn = 1; lsn <= 40; ++lsn) {
    if (lsn > 30 || lsn % 2 == 0) add({lsn, lsn});
  }
  add({1, 30}, ObjectKind::kPruned);
  for (Lsn low = 2; low <= 41; ++low) {
    EXPECT_EQ(*find_gap_before(fake_.sink(), "db", 7, low, nullptr), std::nullopt) << low;
  }
  fake_.objects.erase("db/7/" + lsn_string(33) + ".tar");
  EXPECT_EQ(*find_gap_before(fake_.sink(), "db", 7, 41, nullptr), (Range{33, 33}));
  expect_error(run(35), TIDEMARK_E_INVALID, "entries 33 to 33 of db/7 are missing");
  ASSERT_TRUE(run(33)) << "further than before";
  EXPECT_EQ(gone_.size(), 15u + 2u + 1u);
  EXPECT_EQ(keys().size(), 1u + 7u);
}

TEST_F(PruneTest, AnOriginGoesWithWhatComesAfterIt) {
  add({1, 12}, ObjectKind::kOrigin);
  for (Lsn lsn = 13; lsn <= 20; ++lsn) add({lsn, lsn});
  const auto before = fake_.objects;
  for (const Lsn limit : {Lsn{12}, Lsn{13}}) {
    ASSERT_TRUE(run(limit));
    EXPECT_EQ(fake_.objects, before) << "nothing was archived below " << limit << ", so nothing is pruned";
  }
  ASSERT_TRUE(run(15));
  EXPECT_EQ(gone_, (std::vector<std::string>{"000000000000c-0000000000001.origin", "000000000000d.tar",
                                             "000000000000e.tar"}));
  EXPECT_EQ(fake_.objects.count("db/7/000000000000e-0000000000001.pruned"), 1u);
  EXPECT_EQ(*find_gap_before(fake_.sink(), "db", 7, 15, nullptr), std::nullopt);
  EXPECT_EQ(*find_gap_before(fake_.sink(), "db", 7, 13, nullptr), std::nullopt);
  fake_.objects = before;
  fake_.objects.erase("db/7/000000000000d.tar");
  expect_error(run(15), TIDEMARK_E_INVALID, "entries 13 to 13 of db/7 are missing");
  ASSERT_TRUE(run(13));
}

TEST_F(PruneTest, AnOriginAfterArchivesHidesNoHole) {
  add({3, 3});
  add({1, 12}, ObjectKind::kOrigin);
  add({13, 13});
  expect_error(run(14), TIDEMARK_E_INVALID, "entries 4 to 12 of db/7 are missing");
  ASSERT_TRUE(run(4));
  EXPECT_EQ(keys(),
            (std::vector<std::string>{"db/7/0000000000003-0000000000001.pruned",
                                      "db/7/000000000000c-0000000000001.origin", "db/7/000000000000d.tar"}));
  expect_error(run(14), TIDEMARK_E_INVALID, "entries 4 to 12 of db/7 are missing");
}

TEST_F(PruneTest, WhatThisBuildCannotReadGoesByItsName) {
  add({1, 1});
  const std::string coded = object_key("db", 7, {{2, 3}, ObjectKind::kArchive, 1, Coding::kAge});
  fake_.objects[coded] = "age";
  add({4, 4});
  ASSERT_TRUE(run(4));
  EXPECT_EQ(gone_, (std::vector<std::string>{"0000000000001.tar", "0000000000003-0000000000002.tar.age"}));
}

// The bound is one for all histories; what is missing is judged in the newest alone.
TEST_F(PruneTest, OneBoundForAllEpochs) {
  add_epoch(1, 0);
  add_epoch(2, 1);
  add_epoch(3, 1);
  add({1, 10});
  add({11, 12});
  add_of(2, {11, 11});
  add_of(2, {14, 14});  // after a hole
  add_of(3, {5, 6});
  add_of(3, {7, 7});
  const std::string newest = add_of(3, {8, 8});
  ASSERT_TRUE(run(8));
  EXPECT_EQ(gone_, (std::vector<std::string>{"0000000000006-0000000000005.e3.tar", "0000000000007.e3.tar"}))
      << "of a larger one some lies above, and how far is told by the newest history";
  EXPECT_TRUE(fake_.objects.contains("db/7/0000000000007-0000000000001.e3.pruned"));
  gone_.clear();
  add_of(3, {9, 13});
  add_of(3, {14, 14});
  ASSERT_TRUE(run(14));
  EXPECT_EQ(gone_, (std::vector<std::string>{"0000000000008.e3.tar", "000000000000a-0000000000001.tar",
                                             "000000000000b.e2.tar", "000000000000c-000000000000b.tar",
                                             "000000000000d-0000000000009.e3.tar",
                                             "0000000000007-0000000000001.e3.pruned"}));
  EXPECT_FALSE(fake_.objects.contains(newest));
}

// Else the record would say of entries that are still to come that they were removed.
TEST_F(PruneTest, GoesNoFurtherThanTheNewestHistory) {
  add_epoch(1, 0);
  add_epoch(2, 1);
  const std::string cut = add({1, 10});
  add_of(2, {5, 6});
  ASSERT_TRUE(run(20));
  EXPECT_EQ(keys(), (std::vector<std::string>{"db/7/0000000000006-0000000000001.e2.origin",
                                              "db/7/0000000000006-0000000000001.e2.pruned", cut,
                                              epoch_key("db", 1), epoch_key("db", 2)}));
}

TEST_F(PruneTest, AHoleOfTheNewestHistoryStopsIt) {
  add_epoch(1, 0);
  add_epoch(2, 1);
  add({1, 10});
  add_of(2, {5, 5});
  add_of(2, {7, 7});
  expect_error(run(8), TIDEMARK_E_INVALID, "entries 6 to 6 of db/7 are missing");
}

// Its host may be about to claim it, or somebody has copied half of the storage.
TEST_F(PruneTest, AnEpochWithoutARecordStopsIt) {
  add_epoch(1, 0);
  add({1, 1});
  const std::string stranger = add_of(7, {2, 2});
  add({3, 3});
  const auto before = keys();
  expect_error(run(2), TIDEMARK_E_INVALID, stranger + ": epoch 7 has no record");
  expect_error(run(2), TIDEMARK_E_INVALID, "copy db/epoch/0000000000007.epoch too");
  EXPECT_EQ(keys(), before);
}

// Written by a tool that knew of epochs: it counts as any other.
TEST_F(PruneTest, GoesOnFromARecordOfALaterEpoch) {
  add_epoch(1, 0);
  add_epoch(2, 1);
  add_of(2, {1, 3}, ObjectKind::kPruned);
  add_of(2, {3, 3});
  add_of(2, {4, 4});
  ASSERT_TRUE(run(4));
  EXPECT_EQ(gone_, (std::vector<std::string>{"0000000000003.e2.tar"}));
}

TEST_F(PruneTest, ARecordThatIsNoneStopsIt) {
  fill();
  fake_.objects["db/7/000000000000c-0000000000001.pruned"] = "damaged";
  const auto before = fake_.objects;
  expect_error(run(13), TIDEMARK_E_CORRUPT, "db/7/000000000000c-0000000000001.pruned");
  EXPECT_EQ(fake_.objects, before);
}

// Its name promises that it explains 11..12, or that all to 9 went.
TEST_F(PruneTest, ADamagedRecordExplainsNothing) {
  fill();
  const std::string accepted = "db/7/000000000000c-000000000000b.accepted";
  fake_.objects[accepted] = "";
  const auto before = keys();
  expect_error(run(14), TIDEMARK_E_INVALID,
               "entries 11 to 12 of db/7 are missing and no record that is right");
  expect_error(run(14), TIDEMARK_E_INVALID, accepted);
  EXPECT_EQ(keys(), before);
  fake_.objects["db/7/0000000000009-0000000000001.pruned"] = "";
  ASSERT_TRUE(run(4));
  EXPECT_TRUE(fake_.objects.contains("db/7/0000000000003-0000000000001.pruned"))
      << "the one that is right stays, whatever a damaged one is called";
  EXPECT_EQ(gone_.size(), 3u);
}

TEST_F(PruneTest, PassesOnWhatTheSinkSays) {
  fill();
  const auto before = fake_.objects;
  fake_.fail_list_after = 3;
  expect_error(run(13), TIDEMARK_E_RETRYABLE, "broke off");
  fake_.fail_list_after.reset();
  tidemark_call call = {sizeof call, 0, nullptr, [](void*) { return 1; }};
  expect_error(run(13, false, &call), TIDEMARK_E_CANCELLED, "cancelled");
  expect_error(run(0), TIDEMARK_E_INVALID, "nothing lies before");
  EXPECT_EQ(fake_.objects, before);
}

// Killed after any change, what is left is a shorter branch; the same again, or for its newest epoch,
// finishes.
TEST_F(PruneTest, ABranchGoesWholeHoweverItIsStopped) {
  for (const auto& [epoch, parent] : std::map<uint64_t, uint64_t>{{1, 0}, {2, 1}, {3, 2}, {4, 1}})
    add_epoch(epoch, parent);
  add({1, 9});
  add_of(4, {10, 10});
  const auto rest = fake_.objects;
  add_of(2, {8, 8});
  add_of(3, {9, 9});
  add_of(3, {9, 9}, ObjectKind::kAccepted, "lost");
  add_of(3, {1, 1}, ObjectKind::kPruned);
  for (size_t kill_after = 0; kill_after <= 5; ++kill_after) {
    test::FakeSink other;
    other.objects = fake_.objects;
    other.fail_changes_after = kill_after;
    const auto prune = [&](uint64_t epoch) {
      return prune_branch(other.sink(), {"db", epoch, false}, {}, nullptr);
    };
    EXPECT_EQ(prune(3).has_value(), kill_after == 5);
    EXPECT_TRUE(read_chain(other.sink(), "db", 0, nullptr));
    const auto left = *read_epochs(other.sink(), "db", nullptr);
    EXPECT_TRUE(!left.contains(3) || left.contains(2)) << "no record without its parent";
    other.fail_changes_after = SIZE_MAX;
    if (left.contains(2)) {
      EXPECT_TRUE(prune(left.contains(3) ? 3 : 2));
    }
    auto expected = rest;
    expected.erase(epoch_key("db", 2));
    expected.erase(epoch_key("db", 3));
    const std::string pruned = object_key("db", 7, {{1, 1}, ObjectKind::kPruned, 3});
    expected[pruned] = fake_.objects[pruned];
    EXPECT_EQ(other.objects, expected) << kill_after;
  }
}

TEST_F(PruneTest, ABranchThatIsNotOneIsRefused) {
  for (const auto& [epoch, parent] : std::map<uint64_t, uint64_t>{{1, 0}, {2, 1}, {3, 2}, {4, 1}})
    add_epoch(epoch, parent);
  add_of(2, {8, 8});
  const auto before = fake_.objects;
  const auto prune = [&](uint64_t epoch, bool dry_run = false) {
    return prune_branch(fake_.sink(), {"db", epoch, dry_run}, {}, nullptr);
  };
  expect_error(prune(4), TIDEMARK_E_INVALID, "epoch 4 of db is in the history of the newest epoch");
  expect_error(prune(1), TIDEMARK_E_INVALID, "is in the history of the newest epoch");
  expect_error(prune(2), TIDEMARK_E_INVALID, "is continued by another one");
  expect_error(prune(5), TIDEMARK_E_INVALID, "has no record");
  expect_error(prune(0), TIDEMARK_E_INVALID, "has no record");
  EXPECT_TRUE(prune(3, true));
  EXPECT_EQ(fake_.objects, before);
  fake_.objects[epoch_key("db", 2)] = "cut";
  expect_error(prune(3), TIDEMARK_E_CORRUPT, epoch_key("db", 2));
}

// It was dropped while its host still wrote: what came after that nobody can read, and it stands in the way.
TEST_F(PruneTest, TheRestOfADroppedBranchGoesToo) {
  for (const auto& [epoch, parent] : std::map<uint64_t, uint64_t>{{1, 0}, {2, 1}, {4, 1}})
    add_epoch(epoch, parent);
  add({1, 9});
  add_of(4, {10, 10});
  fake_.objects.erase(epoch_key("db", 2));
  const auto without = fake_.objects;
  add_of(2, {10, 10});
  add_of(3, {10, 11});
  expect_error(run(5), TIDEMARK_E_INVALID, "tidemark prune URL db --branch 2");
  const auto drop = [&](uint64_t epoch) {
    return prune_branch(fake_.sink(), {"db", epoch, false}, {}, nullptr);
  };
  EXPECT_TRUE(drop(2));
  EXPECT_TRUE(drop(3));
  EXPECT_EQ(fake_.objects, without);
  expect_error(drop(5), TIDEMARK_E_INVALID, "has no record");
}

// What an epoch cut off must not come back when the last of the epoch goes: it is another history's.
TEST_F(PruneTest, WhatAnEpochHidStaysHidden) {
  add_epoch(1, 0);
  add_epoch(2, 1);
  add_epoch(3, 1);  // the newest has nothing here
  add_epoch(4, 2);  // nor has what continues the second
  for (Lsn lsn = 1; lsn <= 20; ++lsn) add({lsn, lsn});
  add_of(2, {9, 10});
  ASSERT_TRUE(prune(fake_.sink(), {"db", 7, 11, false, kNow}, {}, nullptr));
  const Chain chain = *Chain::parse("1-2,4");
  const auto held = [&](const Chain& history) {
    return discover(fake_.sink(), "db", 7, 11, {.chain = &history}, nullptr)->archives.size();
  };
  EXPECT_EQ(held(chain), 0U);
  EXPECT_EQ(held(*Chain::parse("1,3")), 10U);
  // And the next time, when only the record knows of it.
  ASSERT_TRUE(prune(fake_.sink(), {"db", 7, 15, false, kNow}, {}, nullptr));
  EXPECT_EQ(held(chain), 0U);
  add_of(4, {11, 12});
  add_of(4, {13, 14});
  ASSERT_TRUE(prune(fake_.sink(), {"db", 7, 13, false, kNow}, {}, nullptr));
  EXPECT_EQ(held(chain), 1U);
  EXPECT_EQ(fake_.objects.count("db/7/000000000000c-0000000000001.e4.origin"), 0U) << "what is left says it";
  EXPECT_EQ(fake_.objects.count("db/7/000000000000a-0000000000001.e2.origin"), 0U);
}

// All up to 9 was pruned; then a host came back from an older state, and wrote 5 again. That is its own, and
// prunes are of it as of anything else.
TEST_F(PruneTest, AHostThatWasSetBackWritesBelowWhatWasPruned) {
  add_epoch(1, 0);
  for (Lsn lsn = 1; lsn <= 10; ++lsn) add({lsn, lsn});
  ASSERT_TRUE(run(10));
  add_epoch(2, 1);
  for (Lsn lsn = 5; lsn <= 8; ++lsn) add_of(2, {lsn, lsn});
  const auto read = [&](const Chain& history) {
    std::vector<Range> archives, pruned;
    EXPECT_TRUE(list_chain(
        fake_.sink(), "db", 7, 1, history,
        [&](const ArchiveInfo& info) {
          (info.kind == ObjectKind::kArchive ? archives : pruned).push_back(info.part);
          return true;
        },
        Call(nullptr)));
    return std::pair(archives, pruned);
  };
  const Chain newest = *Chain::parse("1-2");
  EXPECT_EQ(read(newest),
            (std::pair(std::vector<Range>{{5, 5}, {6, 6}, {7, 7}, {8, 8}}, std::vector<Range>{{1, 4}})));
  EXPECT_EQ(read(Chain()), (std::pair(std::vector<Range>{{10, 10}}, std::vector<Range>{{1, 9}})));
  gone_.clear();
  ASSERT_TRUE(run(7));
  EXPECT_EQ(gone_, (std::vector<std::string>{"0000000000005.e2.tar", "0000000000006.e2.tar"}));
  EXPECT_EQ(read(newest),
            (std::pair(std::vector<Range>{{7, 7}, {8, 8}}, std::vector<Range>{{1, 6}, {1, 6}})));
  ASSERT_TRUE(run(9));
  const auto [archives, pruned] = read(newest);
  EXPECT_EQ(archives, (std::vector<Range>{})) << "10 is of the older history, and stays hidden";
  EXPECT_EQ(pruned.front(), (Range{1, 8}));
  add_of(2, {9, 9});
  EXPECT_EQ(read(newest).first, (std::vector<Range>{{9, 9}}));
}

}  // namespace
}  // namespace tidemark::store
