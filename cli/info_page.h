// What info finds out of an archive as one page for a browser: everything is in it, it asks for nothing and
// runs no script, so it may be mailed, or served as a file. It is HTML that is well-formed XML too.
//
// Main thread. Memory does not grow with the archive: beyond kMostRows partitions the page says how many it
// leaves out, and what is wrong with one of them is told all the same.
#ifndef TIDEMARK_CLI_INFO_PAGE_H
#define TIDEMARK_CLI_INFO_PAGE_H

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "branches.h"
#include "checkpoint_age.h"
#include "html.h"
#include "info_facts.h"

namespace tidemark::cli {

// What no other file begins with.
inline constexpr char kInfoPageBeginning[] = "<!DOCTYPE html>\n<!-- a page of tidemark info -->\n";

class InfoPage {
 public:
  static constexpr size_t kMostRows = 10'000;
  static constexpr size_t kMostProblems = 1000;  // of partitions, damaged objects, histories and what differs

  // `what` is the archive, and the part of it; `url` has no options, for anybody may see the page.
  InfoPage(std::string what, std::string url, int64_t now_us)
      : what_(std::move(what)), url_(std::move(url)), now_us_(now_us) {}

  void add(const Facts& facts);  // in the order of keys
  void add(const Growth& growth) { growth_.add(growth); }
  void add(History history);
  void add_stray(const std::string& key);  // what is damaged and lies in no partition
  void set_foreign(uint64_t objects) { strangers_ = objects; }
  const Growth& growth() const { return growth_; }
  void set_plain_sizes(const PlainSizes& sizes) { plain_ = sizes; }
  void set_checked(const CheckpointAge& age) { checked_ = age; }

  std::string text() const;

 private:
  // Of a partition; which of its objects are damaged is in damaged_.
  struct Row {
    Facts facts;
    uint64_t damaged = 0;
  };
  using Rows = std::vector<Row>;
  static void put_rows(Html& html, Rows::const_iterator begin, Rows::const_iterator end);

  void head(Html& html) const;
  void tiles(Html& html) const;
  void problems(Html& html) const;
  void put_growth(Html& html) const;
  void chart(Html& html) const;
  void days(Html& html) const;
  void sizes(Html& html) const;
  void put_plain_sizes(Html& html) const;
  void checks(Html& html) const;
  void histories(Html& html) const;
  void partitions(Html& html) const;
  uint64_t wrong() const { return wrong_partitions_ + strays_.size(); }

  const std::string what_, url_;
  const int64_t now_us_;
  Rows rows_, wrong_;  // wrong_: those with which something is wrong
  std::vector<std::string> strays_, damaged_;
  std::vector<History> histories_;
  Growth growth_;
  PlainSizes plain_;
  std::optional<CheckpointAge> checked_;
  uint64_t partitions_ = 0, archives_ = 0, size_bytes_ = 0, wrong_partitions_ = 0, damaged_left_out_ = 0;
  uint64_t histories_left_out_ = 0, branch_rows_ = 0, strangers_ = 0;
  int64_t newest_us_ = 0;
  bool holds_something_ = false;
  Losses losses_;
};

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_INFO_PAGE_H
