#include "info_page.h"

#include <gtest/gtest.h>

namespace tidemark::cli {
namespace {

constexpr int64_t kPageUs = int64_t{1'700'000'000} * 1'000'000;

Facts facts(uint64_t partition, uint64_t holes = 0) {
  Facts facts;
  facts.storage = "main";
  facts.partition = partition;
  facts.frontier = facts.last = facts.archives = 3;
  facts.first = 1;
  facts.archive_bytes = 300;
  facts.oldest_us = facts.newest_us = kPageUs - 1'000'000;
  facts.losses.holes = facts.losses.missing_lsns = holes;
  facts.holds_something = true;
  return facts;
}

size_t count(const std::string& text, const std::string& what) {
  size_t n = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

TEST(InfoPage, MorePartitionsThanItHasRowsFor) {
  InfoPage page("file:///a", "file:///a", kPageUs);
  for (uint64_t partition = 0; partition < InfoPage::kMostRows + 5; ++partition)
    page.add(facts(partition, partition == InfoPage::kMostRows + 4 ? 1 : 0));
  const std::string text = page.text();
  EXPECT_NE(text.find("<data class=\"left_out\" value=\"5\">5</data> more partitions"), std::string::npos);
  EXPECT_NE(text.find("<data class=\"partitions\" value=\"10005\">"), std::string::npos);
  EXPECT_EQ(count(text, "main/10004<"), 1u) << "what is wrong there is told";
  EXPECT_EQ(count(text, "main/10003<"), 0u);
  EXPECT_LT(text.size(), 8u << 20);
}

TEST(InfoPage, MoreIsWrongThanItTells) {
  InfoPage page("file:///a", "file:///a", kPageUs);
  for (uint64_t partition = 0; partition < InfoPage::kMostProblems + 2; ++partition) {
    Facts wrong = facts(partition, 1);
    wrong.damaged = {"main/" + std::to_string(partition) + "/x", "<&>"};
    page.add(wrong);
    page.add_stray("stray");
    page.add(History{});
  }
  const std::string text = page.text();
  EXPECT_EQ(count(text, "<li class=\"key\">"), 2 * InfoPage::kMostProblems);
  EXPECT_NE(text.find("and <data value=\"2\">2</data> more partitions"), std::string::npos);
  EXPECT_NE(text.find("and <data value=\"1004\">1,004</data> more</p>"), std::string::npos);
  EXPECT_NE(text.find("and <data value=\"2\">2</data> more histories"), std::string::npos);
  EXPECT_EQ(text.find("<&>"), std::string::npos);
}

TEST(InfoPage, OfBranchesAllRowsTogetherAreBounded) {
  InfoPage page("file:///a", "file:///a", kPageUs);
  for (uint64_t epoch = 2; epoch < 5; ++epoch) {
    History history;
    history.storage = "main";
    history.epoch = epoch;
    for (uint64_t partition = 0; partition < 600; ++partition) history.partitions[partition].begins = 7;
    page.add(std::move(history));
  }
  const std::string text = page.text();
  EXPECT_EQ(count(text, "<td><data value=\"7\">"), InfoPage::kMostProblems);
  EXPECT_EQ(count(text, "more partitions"), 2u);
}

TEST(InfoPage, TimesThatNoClockHas) {
  InfoPage page("file:///a", "file:///a", kPageUs);
  Growth growth;
  for (const int64_t time_us : {INT64_MIN, int64_t{-1}, int64_t{0}, INT64_MAX}) {
    Stored archive;
    archive.kind = TIDEMARK_STORED_ARCHIVE;
    archive.modified_us = time_us;
    growth.add(archive);
    Facts one = facts(static_cast<uint64_t>(time_us) % 100);
    one.oldest_us = one.newest_us = time_us;
    page.add(one);
  }
  page.add(growth);
  const std::string text = page.text();
  EXPECT_NE(text.find("<td class=\"number\">1970-01-01</td>"), std::string::npos);
  EXPECT_NE(text.find("<td class=\"number\">1969-12-31</td>"), std::string::npos);
  EXPECT_NE(text.find("<td class=\"number\">294247-01-10</td>"), std::string::npos);
  EXPECT_EQ(text.find("<rect"), std::string::npos);
}

TEST(InfoPage, NothingIsThere) {
  InfoPage page("file:///a", "file:///a", kPageUs);
  const std::string text = page.text();
  EXPECT_NE(text.find("Nothing is stored there"), std::string::npos);
  EXPECT_EQ(text.find("<svg"), std::string::npos);
}

TEST(InfoPage, HowLongAgoItWasVerified) {
  const auto said = [](int64_t age_us) {
    InfoPage page("file:///a", "file:///a", kPageUs);
    CheckpointAge age;
    age.newest_us = age.ages.oldest_us = kPageUs - age_us;
    age.ages.archives = {1, 0, 0, 0};
    page.set_checked(age);
    return page.text();
  };
  constexpr int64_t kHourUs = int64_t{3600} * 1'000'000;
  EXPECT_NE(said(35 * kHourUs).find("<span class=\"good\">35 h ago"), std::string::npos);
  EXPECT_NE(said(37 * kHourUs).find("<span class=\"warn\">37 h ago"), std::string::npos);
  EXPECT_NE(said(100 * kHourUs).find("<span class=\"warn\">4 days ago"), std::string::npos);
}

}  // namespace
}  // namespace tidemark::cli
