// set_sink while entries flow.
#include <algorithm>
#include <filesystem>

#include "harness.h"

namespace tidemark::integration {
namespace {

// The parameter: what the keys of archives end in.
class SwapScenario : public Scenario, public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override { code_archives(GetParam()); }
  test::TempDir other_;
};

TEST_P(SwapScenario, WhatIsAcknowledgedStaysAndTheRestGoesToTheNewSink) {
  host_.commit_range(p_, 1, 6);
  begin();
  host_.safe_in(other_.path().string());
  notify(p_, 1, 3);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 3));
  const std::vector<std::string> before = prints(archive_);
  ASSERT_EQ(set_sink(file_url(other_)), TIDEMARK_OK);
  notify(p_, 1, 6);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 6));
  drain();
  EXPECT_EQ(prints(archive_), before);
  std::vector<std::string> expected = keys(p_, 4, 6);
  expected.insert(expected.begin(), origin_key(p_, 3));
  EXPECT_EQ(objects(other_), expected) << "the new sink knows where it begins";
  EXPECT_EQ(host_.events().size(), 1U);
  EXPECT_EQ(host_.events(TIDEMARK_EVENT_SINK_CHANGED).size(), 1U);
  EXPECT_EQ(metrics()["tidemark_sink_swaps_total"], 1);
}

// The object in flight ends on the sink it began on, which is closed only then.
TEST_P(SwapScenario, TheOldSinkIsClosedWhenItsLastJobHasEnded) {
  host_.commit_range(p_, 1, 2);
  Gate put_1;
  std::atomic<bool> in_put{false};
  valve_.before = [&](std::string_view verb, std::string_view, const tidemark_call*) -> tidemark_status {
    if (verb != "put") return TIDEMARK_OK;
    in_put = true;
    return put_1.pass() ? TIDEMARK_OK : TIDEMARK_E_RETRYABLE;
  };
  begin_with_valve();
  host_.safe_in(other_.path().string());
  notify(p_, 1, 2);
  ASSERT_TRUE(host_.wait_until([&] { return in_put.load(); }));
  ASSERT_EQ(set_sink(file_url(other_)), TIDEMARK_OK);
  EXPECT_EQ(valve_.open_sinks, 1) << "closed under a running put";
  put_1.open();
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 2));
  ASSERT_TRUE(host_.wait_until([&] { return valve_.open_sinks == 0; }));
  EXPECT_EQ(objects(archive_), keys(p_, 1, 1));
  EXPECT_EQ(objects(other_), (std::vector<std::string>{origin_key(p_, 1), key_of(p_, 2)}));
}

TEST_P(SwapScenario, BackAndForthWhileEntriesFlow) {
  constexpr uint64_t kPartitions = 5;
  constexpr Lsn kEntries = 16;
  for (uint64_t id = 1; id <= kPartitions; ++id) host_.commit_range({"orders", id}, 1, kEntries);
  begin();
  host_.safe_in(other_.path().string());
  int swaps = 0;
  for (Lsn high = 1; high <= kEntries; ++high) {
    for (uint64_t id = 1; id <= kPartitions; ++id) notify({"orders", id}, 1, high);
    if (high % 2 != 0) continue;
    ASSERT_EQ(set_sink(file_url(++swaps % 2 == 1 ? other_ : archive_)), TIDEMARK_OK);
  }
  drain();
  EXPECT_EQ(metrics()["tidemark_sink_swaps_total"], swaps);
  EXPECT_EQ(host_.events(TIDEMARK_EVENT_SINK_CHANGED).size(), static_cast<size_t>(swaps));
  EXPECT_EQ(host_.events().size(), static_cast<size_t>(swaps)) << "nothing else was to be said";
  // Each entry is in at least one of the two, and what is restored from there is what was committed.
  for (const test::TempDir* archive : {&archive_, &other_}) {
    ASSERT_EQ(set_sink(file_url(*archive)), TIDEMARK_OK);
    for (uint64_t id = 1; id <= kPartitions; ++id) {
      const Partition p = {"orders", id};
      EXPECT_EQ(host_.acknowledged(p), kEntries);
      for (Lsn lsn = 1; lsn <= kEntries; ++lsn) {
        const bool in_first = std::filesystem::exists(archive_ / key_of(p, lsn));
        if (in_first == (archive == &archive_)) expect_archived(p, lsn, lsn);
      }
    }
  }
}

// Any failure leaves the old sink at work.
TEST_P(SwapScenario, ASetSinkThatFailsChangesNothing) {
  host_.commit_range(p_, 1, 2);
  begin();
  notify(p_, 1, 1);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 1));
  test::write_file(other_ / "file", "");
  const std::pair<std::string, std::string> bad[] = {
      {"nonsense", "scheme"},
      {"nosuch:///", "tidemark-sink-nosuch.so"},
      {"file://" + other_ / "file", "file"},
      {"file://host/path", "host"},
      {file_url(other_) + "?nosuch=1", "nosuch"},
      {"faulty:///?error_rate=2", "error_rate"},
      {"faulty:///?of=" + percent_encoded("nosuch:///"), "nosuch"},
  };
  for (const auto& [url, culprit] : bad) {
    ErrorOut error;
    EXPECT_NE(set_sink(url, {}, &error), TIDEMARK_OK) << url;
    EXPECT_NE(std::string(error.message).find(culprit), std::string::npos) << url << ": " << error.message;
  }
  notify(p_, 1, 2);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 2));
  drain();
  EXPECT_EQ(objects(), keys(p_, 1, 2));
  EXPECT_TRUE(host_.events().empty());
  EXPECT_EQ(metrics()["tidemark_sink_swaps_total"], 0);
}

// A conflict was the old sink's; the new one takes the entry.
TEST_P(SwapScenario, AConflictOfTheOldSinkEndsWithIt) {
  std::filesystem::create_directories(archive_ / "orders/7");
  test::write_file(archive_ / key_of(p_, 1), "something else");
  host_.commit_range(p_, 1, 1);
  begin({{"retry_min_ms", "3600000"}, {"retry_max_ms", "3600000"}});
  host_.safe_in(other_.path().string());
  notify(p_, 1, 1);
  ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_CONFLICT));
  ASSERT_EQ(set_sink(file_url(other_)), TIDEMARK_OK);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 1));
  EXPECT_EQ(objects(other_), keys(p_, 1, 1));
}

// The new sink holds a part of it already: that is verified there, not written again.
TEST_P(SwapScenario, TheNewSinkIsLookedUpAnew) {
  host_.commit_range(p_, 1, 6);
  begin();
  notify(p_, 1, 6);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 6));
  destroy();
  std::filesystem::copy(archive_.path() / "orders", other_.path() / "orders",
                        std::filesystem::copy_options::recursive);
  for (Lsn lsn = 1; lsn <= 3; ++lsn) std::filesystem::remove(archive_ / key_of(p_, lsn));
  std::filesystem::remove(archive_ / key_of(p_, 5));
  const std::vector<std::string> before = prints(other_);
  // On archive_ 1 to 3 are to be written; entry 3 waits until the sink is the other one.
  Gate swapped;
  host_.on_acquire = [&](const Partition&, Lsn lsn, tidemark_error*) -> tidemark_status {
    return lsn < 3 || swapped.pass() ? TIDEMARK_OK : TIDEMARK_E_INVALID;
  };
  begin();
  host_.safe_in(other_.path().string());
  notify(p_, 1, 6);
  ASSERT_TRUE(host_.wait_until([&] { return host_.acknowledged(p_) == 2; }));
  ASSERT_EQ(set_sink(file_url(other_)), TIDEMARK_OK);
  swapped.open();
  ASSERT_TRUE(host_.wait_until([&] { return host_.acknowledged(p_) == 6; }));
  drain();
  EXPECT_EQ(prints(other_), before);
  EXPECT_EQ(objects(), (std::vector<std::string>{key_of(p_, 1), key_of(p_, 2), key_of(p_, 3), key_of(p_, 4),
                                                 key_of(p_, 6)}));
  EXPECT_TRUE(host_.events(TIDEMARK_EVENT_CONFLICT).empty());
}

// While stopped: no event, and everything is as if it had been this sink from the beginning.
TEST_P(SwapScenario, WhileStopped) {
  host_.commit_range(p_, 1, 2);
  begin();
  host_.safe_in(other_.path().string());
  notify(p_, 1, 2);
  drain();
  ASSERT_EQ(set_sink(file_url(other_)), TIDEMARK_OK);
  start();
  notify(p_, 1, 2);
  drain();
  EXPECT_EQ(objects(other_), keys(p_, 1, 2));
  EXPECT_TRUE(host_.events().empty());
}

// What was written in another way counts, here and in the next sink.
TEST_P(SwapScenario, WhatWasWrittenWithOtherOptionsStays) {
  const std::string before = GetParam();
  host_.commit_range(p_, 1, 7);
  begin();
  notify(p_, 1, 3);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 3));
  std::vector<std::string> expected = keys(p_, 1, 3);
  code_archives(before == ".zst" ? "" : ".zst");
  if (before.ends_with(".age")) {
    coding_["identity_file"] = keys_ / "identity";
    coding_["encrypt_tag_key_file"] = keys_ / "tag";
    coding_["accept_untagged"] = "true";
  }
  begin_again();
  notify(p_, 1, 6);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 6));
  for (Lsn lsn = 4; lsn <= 6; ++lsn) expected.push_back(key_of(p_, lsn));
  EXPECT_EQ(objects(), expected);
  std::filesystem::copy(archive_.path() / "orders", other_.path() / "orders",
                        std::filesystem::copy_options::recursive);
  host_.safe_in(other_.path().string());
  ASSERT_EQ(set_sink(file_url(other_)), TIDEMARK_OK);
  notify(p_, 1, 7);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 7));
  drain();
  expected.push_back(key_of(p_, 7));
  EXPECT_EQ(objects(other_), expected);
  expect_archived(p_, 1, 7);
  EXPECT_TRUE(host_.events(TIDEMARK_EVENT_CONFLICT).empty());
}

// Whom to encrypt to is read again with each sink: nobody has to be stopped for another recipient.
using RecipientsScenario = Scenario;
TEST_F(RecipientsScenario, AreThoseOfTheLastSink) {
  code_archives(".zst.age");
  host_.commit_range(p_, 1, 3);
  begin();
  notify(p_, 1, 1);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 1));
  test::write_file(keys_ / "recipients", "age1xmwwc06ly3ee5rytxm9mflaz2u56jjj36s0mypdrwsvlul66mv4q47ryef\n");
  notify(p_, 1, 2);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 2));
  ASSERT_EQ(set_sink(file_url(archive_)), TIDEMARK_OK);
  notify(p_, 1, 3);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 3));
  // One that cannot be read changes nothing.
  test::write_file(keys_ / "recipients", "age1nobody\n");
  test::TempDir other;
  ErrorOut error;
  EXPECT_NE(set_sink(file_url(other), {}, &error), TIDEMARK_OK);
  EXPECT_NE(std::string(error.message).find("recipients"), std::string::npos) << error.message;
  drain();
  EXPECT_EQ(objects(), keys(p_, 1, 3));
  EXPECT_TRUE(objects(other).empty());
  for (const auto& [identity, lsns] :
       {std::pair(std::string("AGE-SECRET-KEY-10X36K9DAGDLRCTGAEUZLT8J7CNN7HHLDZ943MKEN7Z0AEEK92X6SHM5QK8"),
                  std::vector<Lsn>{1, 2}),
        std::pair(std::string("AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0"),
                  std::vector<Lsn>{3})}) {
    destroy();
    test::write_file(keys_ / "identity", identity + "\n");
    std::filesystem::permissions(keys_ / "identity", std::filesystem::perms(0600));
    coding_.erase("encrypt_recipients_file");
    coding_["read_only"] = "true";
    create();
    ASSERT_EQ(set_sink(file_url(archive_)), TIDEMARK_OK);
    for (Lsn lsn = 1; lsn <= 3; ++lsn) {
      const bool is_theirs = std::find(lsns.begin(), lsns.end(), lsn) != lsns.end();
      const test::TempDir out;
      EXPECT_EQ(restore(p_, lsn, out.path().string(), &error), is_theirs ? TIDEMARK_OK : TIDEMARK_E_SEALED)
          << lsn << error.message;
    }
  }
}

constexpr const char* kSuffixes[] = {"", ".zst", ".zst.age"};
std::string suffix_name(const ::testing::TestParamInfo<const char*>& with) {
  const std::string suffix = with.param;
  return suffix.empty() ? "Plain" : suffix == ".zst" ? "Compressed" : "Encrypted";
}
INSTANTIATE_TEST_SUITE_P(, SwapScenario, ::testing::ValuesIn(kSuffixes), suffix_name);

}  // namespace
}  // namespace tidemark::integration
