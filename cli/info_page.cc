#include "info_page.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <utility>

#include "base/wall_clock.h"
#include "format/object_name.h"
#include "info_page_style.h"
#include "text.h"

namespace tidemark::cli {

namespace {

constexpr int64_t kDaysOfChart = 60;
constexpr size_t kMostDaysOfTable = 400;
constexpr size_t kUnfolded = 200;                                // rows that are shown at once
constexpr int64_t kStaleUs = int64_t{36} * 3600 * kUsPerSecond;  // a nightly verify was missed

bool is_wrong(const Facts& facts) {
  return facts.losses.holes > 0 || facts.losses.gaps > 0 || !facts.damaged.empty();
}

std::string age_text(int64_t then_us, int64_t now_us) {
  const int64_t age_us = std::max<int64_t>(0, now_us - then_us);
  if (age_us < 2 * Growth::kDayUs) return seconds_text(static_cast<double>(age_us) / kUsPerSecond) + " ago";
  return count_text(static_cast<uint64_t>(age_us / Growth::kDayUs), "day", "days") + " ago";
}

std::string day_text(int64_t day) {
  const std::string text = utc_text(day * Growth::kDayUs);
  return text.substr(0, text.find('T'));
}

// What is to be said of a partition besides numbers that each has: a piece each, in a list.
void put_notes(Html& html, const Facts& facts, uint64_t damaged) {
  if (facts.losses.holes > 0) {
    html.put("<div class=\"bad\">missing ")
        .counted(facts.losses.missing_lsns, "entry", "entries", "missing_lsns");
    html.put(" in ").counted(facts.losses.holes, "hole", "holes", "holes").put("</div>");
  }
  if (facts.losses.gaps > 0) {
    html.put("<div class=\"bad\">lost ").counted(facts.losses.gap_lsns, "entry", "entries", "gap_lsns");
    html.put(" in ").counted(facts.losses.gaps, "recorded gap", "recorded gaps", "gaps");
    html.put(", not accepted</div>");
  }
  if (damaged > 0)
    html.put("<div class=\"bad\">damaged ").counted(damaged, "object", "objects", "damaged").put("</div>");
  if (facts.overruled > 0) {
    html.put("<div class=\"warn\">").counted(facts.overruled, "record", "records", "overruled");
    html.put(" of a loss, of which an archive has some</div>");
  }
  for (const Stored& hidden : facts.hidden) {
    html.put("<div class=\"warn hidden\">").name(hidden.key);
    html.put(" has some of what is recorded as lost: look with --epoch ")
        .lsn(std::max(kFirstEpoch, hidden.epoch));
    html.put("</div>");
  }
  if (facts.has_remnants) html.put("<div class=\"warn remnants\">archives lie below what was pruned</div>");
  if (facts.accepted_records > 0) {
    html.put("<div>accepted ").counted(facts.accepted_records, "gap", "gaps", "accepted_gaps").put("</div>");
  }
  if (facts.pruned_through > 0)
    html.put("<div>pruned up to ").lsn(facts.pruned_through, "pruned_through").put("</div>");
  if (facts.origin_through > 0)
    html.put("<div>begins after ").lsn(facts.origin_through, "origin_through").put("</div>");
  if (facts.foreign > 0)
    html.put("<div class=\"soft\">")
        .counted(facts.foreign, "foreign object", "foreign objects", "foreign")
        .put("</div>");
}

void put_row(Html& html, const Facts& facts, uint64_t damaged) {
  html.put("<tr><td>").name(partition_text(facts.storage, facts.partition)).put("</td><td>");
  if (facts.frontier > 0) {
    html.lsn(facts.frontier);
  } else {
    html.put("<data value=\"0\">nothing</data>");
  }
  html.put("</td><td>").count(facts.archives).put("</td><td class=\"number\">").bytes(facts.archive_bytes);
  html.put("</td><td>");
  if (facts.archives > 0) html.lsn(facts.first).put(" to ").lsn(facts.last);
  html.put("</td><td>");
  if (facts.archives > 0) html.time(facts.oldest_us);
  html.put("</td><td>");
  if (facts.archives > 0) html.time(facts.newest_us);
  html.put("</td><td class=\"left\">");
  put_notes(html, facts, damaged);
  html.put("</td></tr>\n");
}

const char* coding_text(const std::string& coding) {
  if (coding.empty()) return "neither compressed nor encrypted (.tar)";
  if (coding == ".zst") return "compressed (.tar.zst)";
  if (coding == ".age") return "encrypted (.tar.age)";
  return "compressed and encrypted (.tar.zst.age)";
}

}  // namespace

void InfoPage::put_rows(Html& html, Rows::const_iterator begin, Rows::const_iterator end) {
  html.put(
      "<table class=\"partitions\"><thead><tr><th>Partition</th><th>Frontier</th><th>Archives</th>"
      "<th>Size</th><th>Entries</th><th>Oldest</th><th>Newest</th><th "
      "class=\"left\">Besides</th></tr></thead>"
      "<tbody>\n");
  std::for_each(begin, end, [&](const Row& row) { put_row(html, row.facts, row.damaged); });
  html.put("</tbody></table>\n");
}

void InfoPage::add(const Facts& facts) {
  ++partitions_;
  archives_ += facts.archives;
  size_bytes_ += facts.archive_bytes;
  newest_us_ = std::max(newest_us_, facts.archives > 0 ? facts.newest_us : 0);
  losses_.holes += facts.losses.holes;
  losses_.missing_lsns += facts.losses.missing_lsns;
  losses_.gaps += facts.losses.gaps;
  losses_.gap_lsns += facts.losses.gap_lsns;
  holds_something_ = holds_something_ || facts.holds_something;
  for (const std::string& key : facts.damaged) {
    if (damaged_.size() < kMostProblems) {
      damaged_.push_back(key);
    } else {
      ++damaged_left_out_;
    }
  }
  Row row{facts, facts.damaged.size()};
  row.facts.damaged = {};
  row.facts.recorded = {};
  if (is_wrong(facts)) {
    ++wrong_partitions_;
    if (wrong_.size() < kMostProblems) wrong_.push_back(row);
  }
  if (rows_.size() < kMostRows) rows_.push_back(std::move(row));
}

void InfoPage::add(History history) {
  if (histories_.size() == kMostProblems) {
    ++histories_left_out_;
    return;
  }
  while (!history.partitions.empty() && branch_rows_ + history.partitions.size() > kMostProblems) {
    history.partitions.erase(std::prev(history.partitions.end()));
    ++history.partitions_left_out;
  }
  branch_rows_ += history.partitions.size();
  histories_.push_back(std::move(history));
}

void InfoPage::add_stray(const std::string& key) {
  if (strays_.size() < kMostProblems) strays_.push_back(key);
}

std::string InfoPage::text() const {
  Html html;
  head(html);
  tiles(html);
  problems(html);
  html.put("<div class=\"wide\">\n");
  put_growth(html);
  html.put("<div>\n");
  sizes(html);
  checks(html);
  html.put("</div>\n</div>\n");
  histories(html);
  partitions(html);
  html.put("<footer>Written by tidemark info --html from one listing of the archive");
  html.put("; times are UTC, those of archives by the clock of the sink.");
  if (strangers_ > 0) {
    html.put(" Outside of partitions lie ")
        .counted(strangers_, "foreign object", "foreign objects", "strangers")
        .put(".");
  }
  html.put("</footer>\n</body>\n</html>\n");
  return html.take();
}

void InfoPage::head(Html& html) const {
  html.put(kInfoPageBeginning);
  html.put(
      "<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n<meta "
      "charset=\"utf-8\"/>\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'\"/>\n"
      "<meta name=\"referrer\" content=\"no-referrer\"/>\n<meta name=\"robots\" content=\"noindex\"/>\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>");
  html.text(what_)
      .put(" - Tidemark</title>\n<style>")
      .put(kInfoPageStyle)
      .put("</style>\n</head>\n<body>\n<header>\n");
  html.put("<h1>")
      .name(what_)
      .put("</h1>\n<p class=\"soft\">as it was on ")
      .time(now_us_)
      .put(" UTC</p>\n<p id=\"state\" ");
  const uint64_t right = checked_ ? checked_->ages.sum() : 0;
  if (wrong() > 0 || (checked_ && checked_->not_right > 0)) {
    html.put("class=\"bad\">Not all is well: see below");
  } else if (!holds_something_) {
    html.put("class=\"warn\">Nothing is stored there");
  } else if (checked_ && right != archives_) {
    html.put(
        "class=\"warn\">No entry is missing by the names, but not each archive was read and found right: see "
        "Verified");
  } else {
    html.put("class=\"good\">No entry is missing, and no record is damaged");
    if (!checked_) html.put(", by the names: no archive was read");
  }
  html.put("</p>\n</header>\n");
}

void InfoPage::tiles(Html& html) const {
  html.put("<div class=\"tiles\">\n<div class=\"tile\">partitions<b>").count(partitions_, "partitions");
  html.put("</b></div>\n<div class=\"tile\">archives<b>").count(archives_, "archives");
  html.put("</b></div>\n<div class=\"tile\">size<b>").bytes(size_bytes_, "size_bytes");
  html.put("</b></div>\n<div class=\"tile\">newest archive<b>");
  if (newest_us_ > 0) {
    html.text(age_text(newest_us_, now_us_));
  } else {
    html.put("none");
  }
  const auto put_loss = [&html](uint64_t n, std::string_view of_class) {
    html.put("<b");
    if (n > 0) html.put(" class=\"bad\"");
    html.put(">").count(n, of_class).put("</b></div>\n");
  };
  html.put("</b></div>\n<div class=\"tile\">missing entries");
  put_loss(losses_.missing_lsns, "missing_lsns");
  html.put("<div class=\"tile\">lost, not accepted");
  put_loss(losses_.gap_lsns, "gap_lsns");
  html.put("<div class=\"tile\">last verified<b>");
  if (!checked_) {
    html.put("not told");
  } else if (checked_->newest_us == 0) {
    html.put("never");
  } else {
    html.text(age_text(checked_->newest_us, now_us_));
  }
  html.put("</b></div>\n</div>\n");
}

void InfoPage::problems(Html& html) const {
  if (wrong() == 0) return;
  html.put("<section class=\"wrong\" id=\"problems\">\n<h2>What a person has to look at</h2>\n");
  if (losses_.holes > 0 || losses_.gaps > 0)
    html.put("<p>Which entries are missing: <code>tidemark gaps ").text(url_).put("</code></p>\n");
  if (!damaged_.empty() || !strays_.empty()) {
    html.put("<p>What is damaged, and why: <code>tidemark verify ").text(url_).put("</code></p>\n<ul>\n");
    for (const auto* keys : {&damaged_, &strays_}) {
      for (const std::string& key : *keys) html.put("<li class=\"key\">").name(key).put("</li>\n");
    }
    html.put("</ul>\n");
    if (damaged_left_out_ > 0) html.put("<p>and ").count(damaged_left_out_).put(" more</p>\n");
  }
  if (!wrong_.empty()) put_rows(html, wrong_.begin(), wrong_.end());
  if (wrong_partitions_ > wrong_.size())
    html.put("<p>and ")
        .counted(wrong_partitions_ - wrong_.size(), "more partition", "more partitions")
        .put("</p>\n");
  html.put("</section>\n");
}

void InfoPage::put_growth(Html& html) const {
  html.put("<section id=\"growth\">\n<h2>Growth per day</h2>\n");
  if (archives_ == 0) {
    html.put("<p class=\"soft\">There are no archives.</p>\n</section>\n");
    return;
  }
  chart(html);
  html.put("<details><summary>in numbers</summary>\n");
  days(html);
  html.put("</details>\n</section>\n");
}

void InfoPage::chart(Html& html) const {
  const int64_t today = Growth::day_of(now_us_), begin = today - kDaysOfChart + 1;
  uint64_t most = 0;
  const auto first = growth_.days().lower_bound(begin), end = growth_.days().upper_bound(today);
  for (auto at = first; at != end; ++at) most = std::max(most, at->second.size_bytes);
  html.put("<p class=\"ends\"><span>up to ").text(bytes_text(most)).put(" a day</span></p>\n");
  html.put(
      "<svg viewBox=\"0 0 600 100\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"Bytes archived "
      "per day\">\n");
  for (auto at = first; at != end; ++at) {
    // The highest has all of the height; what is there at all can be seen.
    const double share =
        most > 0 ? static_cast<double>(at->second.size_bytes) / static_cast<double>(most) : 0;
    const auto height = std::max<int64_t>(1, static_cast<int64_t>(share * 99));
    html.put("<rect x=\"").text(std::to_string((at->first - begin) * 10 + 1)).put("\" y=\"");
    html.text(std::to_string(100 - height)).put("\" width=\"8\" height=\"").text(std::to_string(height));
    html.put("\"><title>")
        .text(day_text(at->first))
        .put(": ")
        .text(count_text(at->second.archives, "archive", "archives"));
    html.put(", ").text(bytes_text(at->second.size_bytes)).put("</title></rect>\n");
  }
  html.put("</svg>\n<p class=\"ends\"><span>")
      .text(day_text(begin))
      .put("</span><span>")
      .text(day_text(today));
  html.put("</span></p>\n");
}

void InfoPage::days(Html& html) const {
  html.put("<table id=\"days\"><thead><tr><th>Day</th><th>Archives</th><th>Size</th></tr></thead><tbody>\n");
  const auto put_day = [&](const std::string& day, const Amount& amount) {
    html.put("<tr><td class=\"number\">").text(day).put("</td><td>").count(amount.archives);
    html.put("</td><td class=\"number\">").bytes(amount.size_bytes).put("</td></tr>\n");
  };
  size_t shown = 0;
  Amount earlier = growth_.earlier();
  for (auto day = growth_.days().rbegin(); day != growth_.days().rend(); ++day) {
    if (++shown > kMostDaysOfTable) {
      earlier.add(day->second);
    } else {
      put_day(day_text(day->first), day->second);
    }
  }
  if (earlier.archives > 0) put_day("earlier", earlier);
  html.put("</tbody></table>\n");
}

void InfoPage::sizes(Html& html) const {
  html.put("<section id=\"sizes\">\n<h2>How it is stored</h2>\n");
  if (growth_.codings().empty()) html.put("<p class=\"soft\">There are no archives.</p>\n");
  if (!growth_.codings().empty()) {
    html.put("<table><thead><tr><th>Stored</th><th>Archives</th><th>Size</th></tr></thead><tbody>\n");
    for (const auto& [coding, amount] : growth_.codings()) {
      html.put("<tr><td>").text(coding_text(coding)).put("</td><td>").count(amount.archives);
      html.put("</td><td class=\"number\">").bytes(amount.size_bytes).put("</td></tr>\n");
    }
    html.put("</tbody></table>\n");
  }
  put_plain_sizes(html);
  html.put("</section>\n");
}

void InfoPage::put_plain_sizes(Html& html) const {
  const auto compressed = growth_.codings().find(".zst");
  if (compressed == growth_.codings().end() || plain_.stored_bytes == 0) return;
  const bool is_all = plain_.archives == compressed->second.archives;
  html.put("<p id=\"plain\">").text(is_all ? "What is compressed: " : "Of what is compressed a sample of ");
  html.counted(plain_.archives, "archive", "archives", "plain_archives").put(", ");
  html.bytes(plain_.stored_bytes, "plain_stored").put(" as stored, ");
  html.bytes(plain_.plain_bytes, "plain_bytes").put(" without compression");
  const double ratio = static_cast<double>(plain_.plain_bytes) / static_cast<double>(plain_.stored_bytes);
  const double all_bytes = ratio * static_cast<double>(compressed->second.size_bytes);
  if (!is_all && all_bytes < 1e19)
    html.put("; so all of it some ").text(bytes_text(static_cast<uint64_t>(all_bytes)));
  html.put(".</p>\n");
}

void InfoPage::checks(Html& html) const {
  html.put("<section id=\"checks\">\n<h2>Verified</h2>\n");
  if (!checked_) {
    html.put(
        "<p class=\"soft\">Not told: <code>--checkpoint FILE</code> names what <code>tidemark verify "
        "--since-checkpoint FILE</code> keeps.</p>\n</section>\n");
    return;
  }
  if (checked_->newest_us == 0) {
    html.put("<p class=\"warn\">By the checkpoint nothing of this was read and found right.</p>\n");
  } else {
    const bool is_stale = now_us_ - checked_->newest_us > kStaleUs;
    html.put("<p>An archive was last read and found right on ")
        .time(checked_->newest_us)
        .put(", <span class=\"");
    html.text(is_stale ? "warn" : "good")
        .put("\">")
        .text(age_text(checked_->newest_us, now_us_))
        .put("</span>");
    html.put("; the one that was not read for longest, on ").time(checked_->ages.oldest_us).put(".</p>\n");
    static constexpr std::array<const char*, 4> kAges = {"up to a day ago", "up to a week ago",
                                                         "up to 30 days ago", "longer ago"};
    html.put("<table><thead><tr><th>Read and found right</th><th>Archives</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < kAges.size(); ++i) {
      html.put("<tr><td>")
          .text(kAges[i])
          .put("</td><td>")
          .count(checked_->ages.archives[i])
          .put("</td></tr>\n");
    }
    html.put("</tbody></table>\n");
  }
  const uint64_t right = checked_->ages.sum();
  if (right < archives_) {
    html.put("<p class=\"warn\">Never read, or never found right: ")
        .counted(archives_ - right, "archive", "archives", "never_right")
        .put("</p>\n");
  } else if (right > archives_) {
    html.put("<p class=\"warn\">Found right once, and not shown here: ")
        .counted(right - archives_, "archive", "archives", "not_shown")
        .put(
            ". They were pruned since, or are of another history, or are lost: "
            "<code>tidemark verify --since-checkpoint</code> says which.</p>\n");
  }
  if (checked_->not_right > 0) {
    html.put("<p class=\"bad\">Not right when it was read last: ")
        .counted(checked_->not_right, "object", "objects", "not_right");
    html.put("</p>\n");
  }
  html.put("</section>\n");
}

void InfoPage::histories(Html& html) const {
  if (histories_.empty()) return;
  html.put(
      "<section id=\"histories\">\n<h2>Histories</h2>\n<table class=\"histories\"><thead><tr><th>Storage, "
      "epoch</th>"
      "<th>Runs</th><th>Last claim</th><th>Host</th><th>Claimed</th><th>Branches from</th>"
      "<th>Archives only here</th><th>Size only here</th></tr></thead><tbody>\n");
  for (const History& history : histories_) {
    html.put("<tr><td>").name(history.storage).put(", epoch ").lsn(history.epoch);
    if (history.is_newest) html.put(" <span class=\"soft newest\">(the newest)</span>");
    html.put("</td><td>").count(history.runs).put("</td><td>");
    if (history.record) html.text(how_text(history));
    html.put("</td><td>");
    if (history.record) html.name(history.record->host);
    html.put("</td><td>");
    if (history.record) html.time(history.record->made_us);
    html.put("</td><td>");
    if (history.parent > 0) html.put("epoch ").lsn(history.parent);
    if (history.is_taken_over) html.put(" <span class=\"soft\">after it was taken over</span>");
    html.put("</td><td>").count(history.archives).put("</td><td class=\"number\">").bytes(history.size_bytes);
    html.put("</td></tr>\n");
  }
  html.put("</tbody></table>\n");
  if (histories_left_out_ > 0)
    html.put("<p>and ").counted(histories_left_out_, "more history", "more histories").put("</p>\n");
  for (const History& history : histories_) {
    if (history.is_alone || (history.partitions.empty() && history.partitions_left_out == 0)) continue;
    html.put("<details class=\"branch\"><summary>What only epoch ")
        .lsn(history.epoch)
        .put(" of ")
        .name(history.storage);
    html.put(
        " has</summary>\n<table><thead><tr><th>Partition</th><th>From</th><th>Archives</th><th>Size</th></"
        "tr></thead><tbody>\n");
    for (const auto& [partition, only] : history.partitions) {
      html.put("<tr><td>").name(partition_text(history.storage, partition)).put("</td><td>").lsn(only.begins);
      html.put("</td><td>").count(only.archives);
      if (only.shared > 0)
        html.text(", and the end of " + count_text(only.shared, "archive", "archives") + " that others have");
      html.put("</td><td class=\"number\">").bytes(only.size_bytes).put("</td></tr>\n");
    }
    html.put("</tbody></table>\n");
    if (history.partitions_left_out > 0)
      html.put("<p>and ")
          .counted(history.partitions_left_out, "more partition", "more partitions")
          .put("</p>\n");
    html.put("</details>\n");
  }
  html.put("</section>\n");
}

void InfoPage::partitions(Html& html) const {
  html.put("<section id=\"partitions\">\n<h2>Partitions</h2>\n");
  if (rows_.empty()) html.put("<p class=\"soft\">There are none.</p>\n");
  const bool is_long = rows_.size() > kUnfolded;
  for (auto begin = rows_.begin(); begin != rows_.end();) {
    const auto end = begin + std::min<std::ptrdiff_t>(kUnfolded, rows_.end() - begin);
    if (is_long) {
      html.put("<details><summary>")
          .name(partition_text(begin->facts.storage, begin->facts.partition))
          .put(" to ");
      html.name(partition_text((end - 1)->facts.storage, (end - 1)->facts.partition)).put("</summary>\n");
    }
    put_rows(html, begin, end);
    if (is_long) html.put("</details>\n");
    begin = end;
  }
  if (partitions_ > rows_.size())
    html.put("<p>and ")
        .counted(partitions_ - rows_.size(), "more partition", "more partitions", "left_out")
        .put("</p>\n");
  html.put("</section>\n");
}

}  // namespace tidemark::cli
