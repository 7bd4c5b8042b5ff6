// Archives that were damaged while nobody looked: the next run reads them before it relies on them. With
// verify_existing=footer it sees what a size and a footer can tell.
#include <filesystem>
#include <fstream>

#include "harness.h"

namespace tidemark::integration {
namespace {

constexpr size_t kFooter = 512;
constexpr Lsn kVictim = 2;

struct Damage {
  const char* name;
  void (*apply)(std::string& object, const std::string& neighbour);
  bool seen_by_footer;
};

const Damage kDamages[] = {
    {"first_byte", [](std::string& o, const std::string&) { o[0] ^= 1; }, false},
    {"name_of_the_member", [](std::string& o, const std::string&) { o[5] ^= 1; }, false},
    {"first_byte_of_the_content", [](std::string& o, const std::string&) { o[512] ^= 1; }, false},
    {"last_byte_of_the_content", [](std::string& o, const std::string&) { o[o.size() - 1537] ^= 0x80; },
     false},
    {"end_mark", [](std::string& o, const std::string&) { o[o.size() - kFooter - 1] ^= 1; }, false},
    {"first_byte_of_the_footer", [](std::string& o, const std::string&) { o[o.size() - kFooter] ^= 1; },
     true},
    {"digest_in_the_footer", [](std::string& o, const std::string&) { o[o.size() - kFooter + 20] ^= 1; },
     true},
    {"last_byte", [](std::string& o, const std::string&) { o[o.size() - 1] ^= 1; }, true},
    {"only_the_ends",
     [](std::string& o, const std::string&) { o = o.substr(0, 512) + o.substr(o.size() - kFooter); }, true},
    {"one_byte_short", [](std::string& o, const std::string&) { o.pop_back(); }, true},
    {"half", [](std::string& o, const std::string&) { o.resize(o.size() / 2); }, true},
    {"empty", [](std::string& o, const std::string&) { o.clear(); }, true},
    {"one_byte_more", [](std::string& o, const std::string&) { o += '\0'; }, true},
    {"a_block_more_inside", [](std::string& o, const std::string&) { o.insert(1024, 512, '\0'); }, true},
    {"body_of_another",
     [](std::string& o, const std::string& n) {
       o = n.substr(0, n.size() - kFooter) + o.substr(o.size() - kFooter);
     },
     false},
    {"another_archive", [](std::string& o, const std::string& n) { o = n; }, true},
    {"holes", [](std::string& o, const std::string&) { o.replace(512, 1024, 1024, '\0'); }, false},
};

class DamageScenario : public Scenario, public ::testing::WithParamInterface<std::tuple<Damage, bool>> {
 protected:
  DamageScenario() { host_.allow_leases(100); }

  const Damage& damage() const { return std::get<0>(GetParam()); }
  Options mode() const { return {{"verify_existing", std::get<1>(GetParam()) ? "full" : "footer"}}; }
  bool is_seen() const { return std::get<1>(GetParam()) || damage().seen_by_footer; }

  void commit(Lsn low, Lsn high) {
    for (Lsn lsn = low; lsn <= high; ++lsn)
      host_.commit(p_, lsn, std::string(4000, static_cast<char>('a' + lsn)));
  }
  void damage(const std::string& key, const std::string& neighbour) {
    const std::string path = archive_ / key;
    std::string object = test::read_file(path);
    damage().apply(object, test::read_file(archive_ / neighbour));
    test::write_file(path + "~", object);
    std::filesystem::rename(path + "~", path);
  }
  void expect_conflict(Lsn low, Lsn high, const std::string& key) {
    ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_CONFLICT));
    const SeenEvent conflict = host_.events(TIDEMARK_EVENT_CONFLICT).front();
    EXPECT_EQ(conflict.first, low);
    EXPECT_EQ(conflict.last, high);
    EXPECT_EQ(conflict.status, TIDEMARK_E_CORRUPT);
    for (const std::string& part :
         {key, std::string("damaged"), std::string("move it away and it is written again")})
      EXPECT_NE(conflict.message.find(part), std::string::npos) << conflict.message;
    EXPECT_EQ(conflict.message.find("other content"), std::string::npos) << conflict.message;
  }
  void expect_mended_once_moved(const std::string& key, Lsn low, Lsn high) {
    std::filesystem::rename(archive_ / key, archive_ / (key + ".damaged"));
    ASSERT_TRUE(host_.wait_for_acknowledge(p_, high));
    ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_RECOVERED));
    expect_archived(p_, low, high);
  }
};

TEST_P(DamageScenario, FoundByTheNextRun) {
  commit(1, 4);
  begin(mode());
  notify(p_, 1, 4);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 4));
  destroy();
  damage(archive_key(p_, kVictim), archive_key(p_, 3));
  begin(mode());
  notify(p_, 1, 4);
  if (!is_seen()) {
    EXPECT_TRUE(host_.wait_for_acknowledge(p_, 4)) << "a footer cannot tell";
    return;
  }
  expect_conflict(kVictim, kVictim, archive_key(p_, kVictim));
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, kVictim - 1));
  EXPECT_EQ(host_.acknowledged(p_), kVictim - 1);
  expect_mended_once_moved(archive_key(p_, kVictim), 1, 4);
}

// Of a batch of which one byte is wrong no entry counts.
TEST_P(DamageScenario, FoundInABatch) {
  commit(1, 8);
  Options options = mode();
  options["batch_entries"] = "4";
  begin(options);
  notify(p_, 1, 8);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 8));
  const std::vector<std::string> batches = objects();
  ASSERT_EQ(batches.size(), 2U);
  destroy();
  damage(batches[1], batches[0]);
  begin(options);
  notify(p_, 1, 8);
  if (!is_seen()) {
    EXPECT_TRUE(host_.wait_for_acknowledge(p_, 8)) << "a footer cannot tell";
    return;
  }
  expect_conflict(5, 8, batches[1]);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 4));
  EXPECT_EQ(host_.acknowledged(p_), 4U);
  expect_mended_once_moved(batches[1], 1, 8);
}

// Not found by the listing but by the put: another process was faster, or an answer was lost.
TEST_P(DamageScenario, FoundByAPut) {
  commit(1, 3);
  begin();
  notify(p_, 1, 3);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 3));
  destroy();
  const std::string key = archive_key(p_, kVictim);
  damage(key, archive_key(p_, 3));
  const std::string hidden = archive_ / "hidden";
  std::filesystem::rename(archive_ / key, hidden);
  std::atomic<bool> placed{false};
  valve_.before = [&](std::string_view verb, std::string_view of, const tidemark_call*) -> tidemark_status {
    if (verb == "put" && of == key && !placed.exchange(true)) std::filesystem::rename(hidden, archive_ / key);
    return TIDEMARK_OK;
  };
  begin_with_valve(mode());
  notify(p_, 1, 3);
  if (!is_seen()) {
    EXPECT_TRUE(host_.wait_for_acknowledge(p_, 3)) << "a footer cannot tell";
    return;
  }
  expect_conflict(kVictim, kVictim, key);
  EXPECT_LT(host_.acknowledged(p_), kVictim);
  expect_mended_once_moved(key, 1, 3);
}

INSTANTIATE_TEST_SUITE_P(All, DamageScenario,
                         ::testing::Combine(::testing::ValuesIn(kDamages), ::testing::Bool()),
                         [](const auto& test) {
                           return std::string(std::get<0>(test.param).name) +
                                  (std::get<1>(test.param) ? "_full" : "_footer");
                         });

// Moved away it would take with it what only it has.
TEST_F(Scenario, ADamagedBatchOfWhichTheHostNoLongerHasAll) {
  host_.allow_leases(4);
  const Options options = {{"batch_entries", "4"}};
  host_.commit_range(p_, 1, 4);
  begin(options);
  notify(p_, 1, 4);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 4));
  const std::vector<std::string> batches = objects();
  ASSERT_EQ(batches.size(), 1U);
  const std::string path = archive_ / batches[0];
  destroy();
  std::string object = test::read_file(path);
  object[700] ^= 1;
  test::write_file(path, object);
  host_.prune(p_, 1);
  host_.prune(p_, 2);
  begin(options);
  notify(p_, 3, 4);
  ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_CONFLICT));
  const std::string message = host_.events(TIDEMARK_EVENT_CONFLICT).back().message;
  EXPECT_NE(message.find("the host was not seen to have all of its entries: bring it from a copy"),
            std::string::npos)
      << message;
  EXPECT_EQ(message.find("written again"), std::string::npos) << message;
}

// The names of two archives were exchanged: each is whole, and neither is what its name says.
TEST_F(Scenario, TwoArchivesThatChangedPlaces) {
  host_.commit_range(p_, 1, 3);
  begin();
  notify(p_, 1, 3);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 3));
  destroy();
  const std::string second = archive_ / archive_key(p_, 2);
  const std::string third = archive_ / archive_key(p_, 3);
  std::filesystem::rename(second, second + "~");
  std::filesystem::rename(third, second);
  std::filesystem::rename(second + "~", third);
  begin();
  notify(p_, 1, 3);
  ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_CONFLICT));
  EXPECT_EQ(host_.events(TIDEMARK_EVENT_CONFLICT).front().status, TIDEMARK_E_CORRUPT);
  EXPECT_NE(host_.events(TIDEMARK_EVENT_CONFLICT).front().message.find("another archive"), std::string::npos);
  stop(0);
  EXPECT_LE(host_.acknowledged(p_), 1U);
}

// A rate that lets one archive through in a minute: what is new does not wait for what is read.
TEST_F(Scenario, WhatIsNewDoesNotWaitForWhatIsRead) {
  const Partition fresh = {"orders", 8};
  host_.commit_range(p_, 1, 40);
  begin();
  notify(p_, 1, 40);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 40));
  begin_again({{"verify_max_bytes_per_second", "40"}, {"workers", "1"}});
  notify(p_, 1, 40);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 1));
  host_.commit_range(fresh, 1, 20);
  notify(fresh, 1, 20);
  ASSERT_TRUE(host_.wait_for_acknowledge(fresh, 20));
  EXPECT_LT(host_.acknowledged(p_), 40U);
  EXPECT_TRUE(host_.events().empty());
  stop(0);
}

}  // namespace
}  // namespace tidemark::integration
