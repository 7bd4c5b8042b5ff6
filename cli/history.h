// One history of an archive. Hosts that were cloned, or set back, leave several in a storage; which LSNs of
// an object count in which of them is told by all names of its partition together (format/chain.h). So what
// reads a partition reads it through this, and sees of each object what counts.
#ifndef TIDEMARK_CLI_HISTORY_H
#define TIDEMARK_CLI_HISTORY_H

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "archive.h"
#include "base/mutex.h"
#include "format/chain.h"
#include "lineage.h"
#include "proven.h"

namespace tidemark::cli {

// What counts of the objects of one partition in each of several histories, while they are listed: each is
// given on in the same order, as soon as that is known. Holds back the names of kArchiveEntriesMax LSNs at
// most; none if the histories are but the first epoch. Pure; one thread.
class EpochCut {
 public:
  using Parts = std::vector<std::optional<Range>>;  // of each history; nothing: it does not count there
  // What is foreign counts nowhere.
  using Visit = std::function<bool(const Stored&, const Proof&, const Parts&)>;

  explicit EpochCut(std::vector<Chain> chains);
  EpochCut(const EpochCut&) = delete;  // beginnings refer to chains
  EpochCut& operator=(const EpochCut&) = delete;

  // In the order of keys. False: a visit said so.
  bool add(const Stored& stored, const Proof& proof, const Visit& visit);
  bool finish(const Visit& visit);

 private:
  struct Held {
    ParsedName name;
    bool is_foreign = false;
    Stored stored;
    Proof proof;
  };
  bool give_whole(const Stored& stored, const Proof& proof, const Visit& visit);
  bool give(const ParsedName& name, bool is_foreign, const Stored& stored, const Proof& proof,
            const Visit& visit);

  const std::vector<Chain> chains_;
  bool is_long_ = false;
  std::vector<EpochBeginnings> begins_;
  std::deque<Held> held_;
  uint64_t newest_last_ = 1;
  Parts parts_;
};

// An object as one history sees it: `part` of its LSNs.
Stored counted(const Stored& stored, Range part);

// Which history of each storage is read, and what is known of the storages' epochs: read once, when it is
// needed. Any thread.
class Histories {
 public:
  // epoch: of the one storage that is read; nothing: the newest of each.
  Histories(Archive& archive, std::optional<uint64_t> epoch) : archive_(archive), epoch_(epoch) {}

  Result<std::shared_ptr<const Lineage>> lineage(const std::string& storage, Stop& stop) TM_EXCLUDES(mutex_);
  Result<Chain> chosen(const std::string& storage, Stop& stop) TM_EXCLUDES(mutex_);
  // Why an object of an epoch cannot be judged: it has no record, which was looked for once more. Nothing: it
  // is of a history that is known.
  Result<std::optional<std::string>> stranger_text(const Stored& stored, Stop& stop) TM_EXCLUDES(mutex_);
  // Of each storage that was read so far.
  std::map<std::string, std::shared_ptr<const Lineage>> known() TM_EXCLUDES(mutex_);
  void forget() TM_EXCLUDES(mutex_);  // what was read; then it is read again

  // Objects that count in the chosen history, as `list` lists them but by the last LSN that counts. What is
  // foreign or irregular is given too. Nothing that ends before `from`, if a partition is listed.
  // Of one partition `reached` gets what HistoryCut::reached() says.
  Result<void> each(const ListObjects& list, uint64_t from, const std::function<bool(const Stored&)>& visit,
                    Stop& stop, uint64_t* reached = nullptr);
  // Archive::scan() through that. From an LSN on it lists all of the partition, unless only one epoch was
  // ever written there: where an epoch begins is not told by what comes later.
  Result<void> scan(const Scope& scope, uint64_t from, const std::function<bool(const Stored&)>& visit,
                    Stop& stop, uint64_t* reached = nullptr);

  Archive& archive() const { return archive_; }
  const std::optional<uint64_t>& epoch() const { return epoch_; }  // that was asked for

 private:
  Result<bool> is_recorded_later(const std::string& storage, uint64_t epoch, Stop& stop) TM_EXCLUDES(mutex_);

  Archive& archive_;
  const std::optional<uint64_t> epoch_;
  Mutex mutex_;
  std::map<std::string, std::shared_ptr<const Lineage>> known_ TM_GUARDED_BY(mutex_);
  // Epochs of which the records that were read say nothing, and whether they have one after all.
  std::map<std::pair<std::string, uint64_t>, bool> later_ TM_GUARDED_BY(mutex_);
};

// A listing cut to the chosen histories of its storages, with the proofs of its records. One thread.
class HistoryCut {
 public:
  // What every object of a storage with several histories is told to, with what counts in each of them (in
  // the order of Lineage::ends()): for who counts what only one has. May be empty.
  using VisitAll =
      std::function<void(const Stored&, const std::vector<LineageEnd>& ends, const EpochCut::Parts& parts)>;
  using Visit = std::function<bool(const Stored&, const Proof&)>;

  HistoryCut(Histories& histories, Visit visit, Stop& stop, VisitAll visit_all = {})
      : histories_(histories), visit_(std::move(visit)), visit_all_(std::move(visit_all)), stop_(stop) {}

  // In the order of keys. False: that is all.
  bool add(const Stored& stored, const Proof& proof);
  // After the last.
  Result<void> finish();
  // How far the chosen history went at least in the partition that was listed last, as those say that
  // continue its newest epoch: each began right after what it found of it. 0: nobody says so.
  uint64_t reached() const;
  // Whether in the storage that is listed something may be cut.
  bool is_long() const { return !chains_.empty() && chains_.front().is_long(); }

 private:
  Result<void> begin(const Stored& stored);
  bool end_partition();
  bool give(const Stored& stored, const Proof& proof, const EpochCut::Parts& parts);

  Histories& histories_;
  const Visit visit_;
  const VisitAll visit_all_;
  Stop& stop_;
  std::string storage_;
  uint64_t partition_ = 0;
  std::vector<LineageEnd> ends_;
  std::map<uint64_t, uint64_t>
      continued_at_;             // by child of the chosen history's end, where it begins; 0: nowhere
  std::vector<Chain> chains_;    // of the storage: the chosen history, then all if there are several
  bool is_plain_ = false;        // what is of the first epoch counts as it is
  std::optional<EpochCut> cut_;  // of the partition that is listed
  std::optional<Error> failed_;
  bool is_over_ = false;
};

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_HISTORY_H
