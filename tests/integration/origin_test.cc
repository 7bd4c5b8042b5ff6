// What one run leaves for the next: where an archive began, and losses that nobody has accepted.
#include <sys/wait.h>
#include <tidemark/draft/maintenance.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "harness.h"

namespace tidemark::integration {
namespace {

class OriginScenario : public Scenario {
 protected:
  // A run that is stopped before any archive is written.
  void notify_and_stop_before_it_is_archived(Lsn low, Lsn high) {
    std::atomic<bool> putting{false};
    Gate never;
    valve_.before = [&](std::string_view verb, std::string_view key,
                        const tidemark_call* call) -> tidemark_status {
      if (verb != "put" || !key.ends_with(".tar")) return TIDEMARK_OK;
      putting = true;
      return never.pass(call) ? TIDEMARK_OK : TIDEMARK_E_CANCELLED;
    };
    begin_with_valve();
    notify(p_, low, high);
    ASSERT_TRUE(host_.wait_until([&] { return putting.load(); }));
    destroy();
    valve_.before = nullptr;
  }
  void lose(Lsn lsn) {
    host_.prune(p_, lsn);
    host_.excuse(p_, lsn, lsn);
  }
  void run(Lsn low, Lsn high) {
    begin();
    notify(p_, low, high);
    ASSERT_TRUE(host_.wait_for_acknowledge(p_, high));
    destroy();
  }
  std::vector<std::pair<Lsn, Lsn>> gaps() {
    std::vector<std::pair<Lsn, Lsn>> told;
    for (const SeenEvent& seen : host_.events(TIDEMARK_EVENT_GAP)) told.emplace_back(seen.first, seen.last);
    return told;
  }
  void accept(Lsn first, Lsn last) {
    create();
    ErrorOut error;
    ASSERT_EQ(set_sink(file_url(archive_), {}, &error), TIDEMARK_OK) << error.message;
    const auto* draft = static_cast<const tidemark_draft_maintenance_api*>(
        api_->get_extension(archiver_, TIDEMARK_EXT_DRAFT_MAINTENANCE));
    ASSERT_NE(draft, nullptr);
    const tidemark_partition partition = {str(p_.storage), p_.id};
    ASSERT_EQ(draft->accept_gap(archiver_, &partition, first, last, str("known"), nullptr, &error),
              TIDEMARK_OK)
        << error.message;
    destroy();
  }
  bool was_logged(const std::string& text) {
    const std::vector<std::string> lines = host_.log_lines();
    return std::any_of(lines.begin(), lines.end(),
                       [&](const std::string& line) { return line.find(text) != std::string::npos; });
  }
};
using Gaps = std::vector<std::pair<Lsn, Lsn>>;

TEST_F(OriginScenario, WhatIsLostBeforeAnythingWasArchivedIsAGap) {
  host_.commit_range(p_, 13, 15);
  notify_and_stop_before_it_is_archived(13, 15);
  EXPECT_EQ(objects(), (std::vector<std::string>{origin_key(p_, 12)}));
  EXPECT_TRUE(
      was_logged("orders/7 begins at 13: the sink holds nothing of 1..12; if it should, this is another "
                 "sink, or it was emptied"));
  lose(13);
  run(14, 15);
  EXPECT_EQ(gaps(), (Gaps{{13, 13}}));
  EXPECT_EQ(objects(), (std::vector<std::string>{origin_key(p_, 12), gap_key(p_, 13, 13), archive_key(p_, 14),
                                                 archive_key(p_, 15)}));
}

TEST_F(OriginScenario, ABeginningIsNoGapInAnyRun) {
  host_.commit_range(p_, 13, 16);
  run(13, 14);
  run(13, 15);
  host_.prune(p_, 13);
  run(14, 16);
  EXPECT_EQ(gaps(), Gaps());
  EXPECT_TRUE(host_.events().empty());
  std::vector<std::string> expected = keys(p_, 13, 16);
  expected.insert(expected.begin(), origin_key(p_, 12));
  EXPECT_EQ(objects(), expected);
}

// Entry 1 was never in the sink, nor was anything: no run after that can tell it from one that never was. The
// header says so.
TEST_F(OriginScenario, WhatIsLostBeforeTheSinkHeldAnythingIsABeginning) {
  host_.commit_range(p_, 1, 3);
  notify_and_stop_before_it_is_archived(1, 1);
  EXPECT_TRUE(objects().empty()) << "there is no name for a beginning at 1";
  lose(1);
  notify_and_stop_before_it_is_archived(2, 2);
  EXPECT_EQ(objects(), (std::vector<std::string>{origin_key(p_, 1)}));
  EXPECT_TRUE(host_.events().empty());
  // From now on the sink knows.
  lose(2);
  run(3, 3);
  EXPECT_EQ(gaps(), (Gaps{{2, 2}}));
}

// The host has older entries after all: they are archived, and what is lost among them is a gap.
TEST_F(OriginScenario, OlderEntriesThatComeInALaterRun) {
  host_.commit_range(p_, 13, 14);
  run(13, 14);
  host_.commit_range(p_, 8, 12);
  run(8, 14);
  EXPECT_TRUE(host_.events().empty());
  std::vector<std::string> expected = keys(p_, 8, 14);
  expected.push_back(origin_key(p_, 12));
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(objects(), expected);
  begin();
  expect_archived(p_, 8, 14);
}

TEST_F(OriginScenario, TheRecordIsThereBeforeTheFirstArchive) {
  host_.commit_range(p_, 13, 15);
  std::atomic<bool> is_first{true}, record_first{true};
  std::atomic<int> refused{0};
  valve_.before = [&](std::string_view verb, std::string_view key, const tidemark_call*) -> tidemark_status {
    if (verb != "put") return TIDEMARK_OK;
    if (is_first && key != origin_key(p_, 12)) record_first = false;
    // It fails like any other put: with the sink's status, and until it does not.
    if (is_first && ++refused < 4) return refused == 2 ? TIDEMARK_E_THROTTLED : TIDEMARK_E_RETRYABLE;
    is_first = false;
    return TIDEMARK_OK;
  };
  begin_with_valve();
  notify(p_, 13, 15);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 15));
  EXPECT_TRUE(record_first);
  EXPECT_EQ(refused, 4);
  EXPECT_EQ(gaps(), Gaps());
}

// Another attempt's, of which the answer was lost.
TEST_F(OriginScenario, ARecordThatComesInBetweenIsTaken) {
  host_.commit_range(p_, 13, 13);
  run(13, 13);
  const std::string record = test::read_file(archive_ / origin_key(p_, 12));
  std::filesystem::remove_all(archive_ / "orders");
  valve_.before = [&](std::string_view verb, std::string_view key, const tidemark_call*) -> tidemark_status {
    const std::string path = archive_ / std::string(key);
    if (verb == "put" && key.ends_with(".origin") && !std::filesystem::exists(path)) {
      std::filesystem::create_directories(std::filesystem::path(path).parent_path());
      test::write_file(path, record);
    }
    return TIDEMARK_OK;
  };
  begin_with_valve();
  notify(p_, 13, 13);
  drain();
  EXPECT_EQ(host_.acknowledged(p_), 13U);
  EXPECT_EQ(test::read_file(archive_ / origin_key(p_, 12)), record);
  EXPECT_TRUE(host_.events().empty());
}

TEST_F(OriginScenario, ARecordThatIsDamagedIsNamedAndNotBelieved) {
  host_.commit_range(p_, 13, 13);
  const std::string path = archive_ / origin_key(p_, 12);
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  test::write_file(path, "no record");
  begin();
  notify(p_, 13, 13);
  ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_FAILING));
  const SeenEvent failing = host_.events(TIDEMARK_EVENT_FAILING)[0];
  EXPECT_EQ(failing.status, TIDEMARK_E_CORRUPT);
  EXPECT_NE(failing.message.find(origin_key(p_, 12)), std::string::npos) << failing.message;
  EXPECT_EQ(host_.acknowledged(p_), 0U);
  EXPECT_EQ(test::read_file(path), "no record");
  std::filesystem::remove(path);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 13));
  EXPECT_EQ(objects(), (std::vector<std::string>{origin_key(p_, 12), archive_key(p_, 13)}));
}

// ---- What a run that was killed with several archives on their way leaves

TEST_F(OriginScenario, AHoleBehindArchivesOfAKilledRunIsAGap) {
  host_.commit_range(p_, 1, 11);
  run(1, 5);
  // The child never gets to put 6..8, and is killed once 9 is there.
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    Gate never;
    host_.allow_leases(4);
    valve_.before = [&](std::string_view verb, std::string_view key,
                        const tidemark_call* call) -> tidemark_status {
      const bool is_held =
          key == archive_key(p_, 6) || key == archive_key(p_, 7) || key == archive_key(p_, 8);
      if (verb == "put" && is_held) never.pass(call);
      return TIDEMARK_OK;
    };
    begin_with_valve({{"partition_inflight", "4"}, {"workers", "4"}});
    notify(p_, 6, 9);
    while (!std::filesystem::exists(archive_ / archive_key(p_, 9))) std::this_thread::yield();
    ::raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  std::vector<std::string> expected = keys(p_, 1, 5);
  expected.push_back(archive_key(p_, 9));
  ASSERT_EQ(objects(), expected);

  for (const Lsn lsn : {6, 7, 8, 9}) lose(lsn);
  bool was_told = false;
  host_.on_event = [&](const SeenEvent&) { was_told = true; };
  std::atomic<bool> too_early{false};
  host_.on_acknowledge = [&](const Partition&, Lsn lsn, tidemark_error*) -> tidemark_status {
    if (lsn > 5 && (!was_told || !std::filesystem::exists(archive_ / gap_key(p_, 6, 8)))) too_early = true;
    return TIDEMARK_OK;
  };
  run(10, 10);
  EXPECT_EQ(gaps(), (Gaps{{6, 8}}));
  EXPECT_FALSE(too_early);
  expected.push_back(gap_key(p_, 6, 8));
  expected.push_back(archive_key(p_, 10));
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(objects(), expected);
  run(11, 11);
  EXPECT_EQ(gaps(), (Gaps{{6, 8}, {6, 8}})) << "nobody has accepted it";
}

TEST_F(OriginScenario, EveryHoleBehindArchivesIsAGap) {
  host_.commit_range(p_, 1, 20);
  run(1, 12);
  host_.excuse(p_, 13, 14);
  for (const Lsn lsn : {3, 4, 7, 11}) std::filesystem::remove(archive_ / archive_key(p_, lsn));
  run(15, 16);
  EXPECT_EQ(gaps(), (Gaps{{3, 4}, {7, 7}, {11, 11}, {13, 14}}));
  accept(7, 7);
  run(17, 17);
  EXPECT_EQ(gaps(), (Gaps{{3, 4}, {7, 7}, {11, 11}, {13, 14}, {3, 4}, {11, 11}, {13, 14}}));
  begin();
  expect_archived(p_, 15, 17);
}

// A beginning at 1 has no record, and needs none.
TEST_F(OriginScenario, TheFirstArchiveIsNoBeginningWithoutARecord) {
  host_.commit_range(p_, 1, 6);
  run(1, 5);
  std::filesystem::remove(archive_ / archive_key(p_, 1));
  lose(1);
  run(2, 6);
  EXPECT_EQ(gaps(), (Gaps{{1, 1}}));
  EXPECT_TRUE(std::filesystem::exists(archive_ / gap_key(p_, 1, 1)));
}

// ---- A loss is reported in every run until a person accepts it

TEST_F(OriginScenario, AGapWhoseAcknowledgementWasKilledIsToldAgain) {
  host_.commit_range(p_, 1, 1);
  host_.commit_range(p_, 5, 6);
  run(1, 1);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    host_.on_acknowledge = [](const Partition&, Lsn lsn, tidemark_error*) -> tidemark_status {
      if (lsn > 1) ::raise(SIGKILL);
      return TIDEMARK_OK;
    };
    begin();
    notify(p_, 5, 6);
    for (;;) ::pause();
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  ASSERT_TRUE(std::filesystem::exists(archive_ / gap_key(p_, 2, 4)));
  ASSERT_EQ(gaps(), Gaps()) << "this process has heard nothing";

  run(5, 6);
  EXPECT_EQ(gaps(), (Gaps{{2, 4}}));
  accept(2, 3);
  run(5, 6);
  EXPECT_EQ(gaps(), (Gaps{{2, 4}, {4, 4}})) << "what nobody has accepted";
  accept(4, 4);
  run(5, 6);
  EXPECT_EQ(gaps(), (Gaps{{2, 4}, {4, 4}}));
}

// The record is there, and what follows is archived; nobody has heard of it.
TEST_F(OriginScenario, AGapWhoseEventWasKilledIsToldInTheNextRun) {
  host_.commit_range(p_, 1, 2);
  host_.commit_range(p_, 5, 6);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    host_.on_event = [&](const SeenEvent&) {
      while (!std::filesystem::exists(archive_ / archive_key(p_, 5))) std::this_thread::yield();
      ::raise(SIGKILL);
    };
    begin();
    notify(p_, 1, 2);
    if (host_.wait_for_acknowledge(p_, 2)) notify(p_, 5, 5);
    for (;;) ::pause();
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  ASSERT_TRUE(std::filesystem::exists(archive_ / gap_key(p_, 3, 4)));
  lose(5);
  bool was_told = false;
  host_.on_event = [&](const SeenEvent&) { was_told = true; };
  std::atomic<bool> too_early{false};
  host_.on_acknowledge = [&](const Partition&, Lsn, tidemark_error*) -> tidemark_status {
    if (!was_told) too_early = true;
    return TIDEMARK_OK;
  };
  run(6, 6);
  EXPECT_EQ(gaps(), (Gaps{{3, 4}}));
  EXPECT_FALSE(too_early);
}

}  // namespace
}  // namespace tidemark::integration
