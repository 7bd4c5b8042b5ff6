// Compares entries that were restored from an archive with that archive, read once.
//
// A visitor of a ContentParser. One thread at a time; borrows the directory and `take`. The bytes may be
// hostile, see content_parser.h.
#ifndef TIDEMARK_TAR_TREE_COMPARER_H
#define TIDEMARK_TAR_TREE_COMPARER_H

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "format/types.h"
#include "tar/content_parser.h"
#include "tree/tree_matcher.h"

namespace tidemark::tar {

class TreeComparer final : public ContentVisitor {
 public:
  // `take` is given each entry of `wanted` at its end; any status but OK ends the reading.
  using Verdict = tree::TreeMatcher::Verdict;
  using Take = std::function<Status(Lsn, Verdict, const std::string& why)>;
  TreeComparer(int directory_fd, std::string_view shown, Range wanted, bool with_setid, const Take& take)
      : directory_fd_(directory_fd), shown_(shown), wanted_(wanted), with_setid_(with_setid), take_(take) {}

  Status begin_entry(Lsn lsn) override;
  Status member(const ParsedMember& member) override;
  Status file_bytes(std::span<const uint8_t> bytes) override;
  Status end_file() override;
  Status end_entry(Lsn lsn, uint64_t size_bytes) override;

 private:
  const int directory_fd_;
  const std::string_view shown_;
  const Range wanted_;
  const bool with_setid_;
  const Take& take_;
  std::optional<tree::TreeMatcher> matcher_;  // of a wanted entry
};

}  // namespace tidemark::tar

#endif  // TIDEMARK_TAR_TREE_COMPARER_H
