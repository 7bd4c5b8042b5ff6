// The epochs of one storage as their records tell them: who continued what, and which histories there are.
//
// A value; any thread may read it.
#ifndef TIDEMARK_CLI_LINEAGE_H
#define TIDEMARK_CLI_LINEAGE_H

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "archive.h"
#include "error.h"
#include "format/chain.h"

namespace tidemark::cli {

// With which epoch a history may end.
struct LineageEnd {
  uint64_t epoch = 0;
  bool is_leaf = false;  // no other continues it

  bool operator==(const LineageEnd&) const = default;
};

class Lineage {
 public:
  explicit Lineage(std::string storage) : storage_(std::move(storage)) {}

  void add(const Epoch& epoch) { epochs_[epoch.number] = epoch; }
  void add_damaged(uint64_t epoch, const std::string& why) { damaged_[epoch] = why; }

  // Those whose records were read and found right.
  const std::map<uint64_t, Epoch>& epochs() const { return epochs_; }
  const std::map<uint64_t, std::string>& damaged() const { return damaged_; }  // and why
  // Whether it has a record, maybe a damaged one. The first epoch needs none.
  bool is_recorded(uint64_t epoch) const {
    return epoch == kFirstEpoch || epochs_.count(epoch) > 0 || damaged_.count(epoch) > 0;
  }
  uint64_t newest() const;  // of those that are recorded; the first where none is
  // Its history: it, and what it continues. An error names the record that stands in the way.
  Result<Chain> chain_of(uint64_t epoch) const;
  // The newest epoch of each history that can be told, the newest of all first: one that no other continues.
  std::vector<uint64_t> leaves() const;
  // Where a history may end: the leaves, and epochs that nothing but takeovers continues, for their host may
  // have archived more after that. The newest first.
  std::vector<LineageEnd> ends() const;
  // An epoch and all that it continues, ascending; as far as they are known.
  std::vector<uint64_t> history_of(uint64_t epoch) const;
  // Those of them that belong to the history of no other leaf.
  std::vector<uint64_t> own_epochs(uint64_t leaf) const;
  // What is wrong with the record of an epoch beside damage: it continues one that is not there, or that is
  // of another owner. Empty: nothing is.
  std::string problem_of(const Epoch& epoch) const;

 private:
  const std::string storage_;
  std::map<uint64_t, Epoch> epochs_;
  std::map<uint64_t, std::string> damaged_;  // with what is wrong
};

std::string epoch_key(const std::string& storage, uint64_t epoch);
std::string epoch_folder(const std::string& storage);  // "main/epoch/"
// What is said of something that is of an epoch without a record.
std::string without_record_text(const std::string& storage, uint64_t epoch);

// One listing of <storage>/epoch/, and a request for each record, several at a time.
Result<Lineage> read_lineage(Archive& archive, const std::string& storage, Stop& stop);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_LINEAGE_H
