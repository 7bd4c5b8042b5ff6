// What came out of comparing the archives of a partition that overlap, until it can be said: an archive that
// could not be read to be compared may be one of which its own check says why.
//
// The main thread of verify, in the order of the listing.
#ifndef TIDEMARK_CLI_AGREEMENT_H
#define TIDEMARK_CLI_AGREEMENT_H

#include <cstdint>
#include <set>
#include <string>

#include "comparer.h"
#include "findings.h"

namespace tidemark::cli {

class Agreement {
 public:
  explicit Agreement(Findings& findings) : findings_(findings) {}

  // `stored` is the later one of each two. Before its own check is reported.
  void compared(const Stored& stored, const Comparison& found);
  // Its own check, or that of an earlier run, is done. `is_right`: as far as that goes.
  void checked(const Stored& stored, bool is_right);
  // Differs from another, or could not be compared with it though it was read.
  bool is_in_doubt(const Stored& stored) const { return stored.key == in_doubt_; }
  // After the last of a partition. `has_identity`: one was used.
  void end(const std::string& partition, bool has_identity);

 private:
  void cannot_read(const Stored& stored, const Comparison::Unread& unread);

  Findings& findings_;
  std::string in_doubt_;         // a key
  std::string why_;              // it could not be compared
  std::set<std::string> wrong_;  // keys of which a check has said that they are not right
  uint64_t sealed_ = 0;          // how many archives could not be compared for want of an identity
  std::string newest_sealed_;
  Overlap first_sealed_;
};

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_AGREEMENT_H
