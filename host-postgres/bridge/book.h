// What the archiver has told of each partition, and what follows from it for the file that PostgreSQL offers:
// it is archived, it is to be waited for, or it failed.
//
// "Archived" is said only if an acknowledge reached it, nobody has it on loan, it does not lie below what was
// notified first, and it lies in no gap that was reported. A gap may be filled later, when its file turns up,
// and a file that somebody else had archived may be offered again, but an acknowledge does not say so: then
// the archive itself has to be looked at.
//
// No thread, clock or I/O; one caller at a time. Bounded: partitions that were not asked about for longest
// are forgotten, gaps that lie near one another become one, which only leads to more looking.
#ifndef TIDEMARK_HOST_POSTGRES_BRIDGE_BOOK_H
#define TIDEMARK_HOST_POSTGRES_BRIDGE_BOOK_H

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "bridge/wal_names.h"

namespace tidemark::postgres {

enum class Verdict : uint8_t { kArchived, kWait, kFailed, kLookUp };

struct Answer {
  Verdict verdict = Verdict::kWait;
  uint32_t wait_ms = 0;   // of kWait: at most; of kLookUp: if it is not found, 0 is too long already
  std::string message;    // of kFailed
  bool is_other = false;  // of kFailed: the archive has other content under its name
};

class Book {
 public:
  static constexpr size_t kPartitionsMax = 256;
  static constexpr size_t kGapsMax = 16;      // of one partition
  static constexpr uint32_t kFailedMs = 200;  // after a failure is known it is answered so soon
  static constexpr uint32_t kAgainMs = 500;   // the same file again, and nothing has happened since

  // From the archiver. Whatever was acknowledged before is forgotten by begin_run: what follows is another
  // run or another sink.
  void begin_run();
  // Before the archiver is notified of low and what follows: an acknowledge says nothing of what lies before
  // the first low of a run.
  void notifying(const Place& place, uint64_t low);
  void acknowledged(const std::string& storage, uint64_t partition, uint64_t lsn);
  // How far each partition of a storage is acknowledged in this run and sink.
  std::map<uint64_t, uint64_t> acknowledged_of(const std::string& storage) const;
  void gap(const std::string& storage, uint64_t partition, uint64_t first, uint64_t last);
  void failing(const std::string& storage, uint64_t partition, uint64_t first, std::string message,
               bool is_other = false);
  void recovered(const std::string& storage, uint64_t partition);
  // Of all partitions: the sink is down, or there is none. Empty: not any more.
  void all_failing(std::string message);
  // What was reported may have been lost: from now on every answer is looked up.
  void doubt_everything() noexcept { forgot_gaps_ = true; }
  // Nothing of this storage is archived in this run any more.
  void storage_failing(const std::string& storage, std::string message);
  // False: not to be lent, PostgreSQL was just told that it is archived, and may write over it.
  bool lent(const Place& place);
  void returned(const Place& place);

  // From PostgreSQL: a file is offered, again and again until it is archived.
  void offer(const Place& place, uint64_t now_ms, uint32_t timeout_ms);
  Answer answer(uint64_t now_ms);
  // The archive was looked at, and has the file that was offered.
  void found();
  // Something has happened since that may change the answer, or let PostgreSQL try again earlier.
  bool take_news() { return std::exchange(news_, false); }

 private:
  using Key = std::pair<std::string, uint64_t>;
  struct Gap {
    uint64_t first, last;
  };
  struct Partition {
    uint64_t acknowledged = 0;
    uint64_t low = 0;       // that was notified first in this run; 0: nothing was
    std::vector<Gap> gaps;  // ascending, apart
    uint64_t failing_first = 0;
    std::string failing;  // empty: it is not
    bool is_other = false;
    uint64_t used = 0;  // order of use
  };

  Partition& partition(const Key& key);
  bool is_doubtful(const Partition& partition, uint64_t lsn) const;
  void tell(const Key& key, uint64_t lsn);
  std::string failure(const Partition& partition) const;

  std::map<Key, Partition> partitions_;
  std::map<std::pair<Key, uint64_t>, uint32_t> loans_;
  std::map<std::string, std::string> failing_storages_;
  std::string all_failing_;
  bool forgot_gaps_ = false;  // then every answer is looked up
  uint64_t uses_ = 0;

  Place offered_;
  bool is_waiting_ = false;  // for offered_, whether a call is under way or PostgreSQL will try again
  bool was_late_ = false;    // the last try of offered_ ended without anything that had happened
  bool is_found_ = false;
  uint64_t offered_ms_ = 0;
  uint32_t patience_ms_ = 0;
  bool news_ = false;
};

}  // namespace tidemark::postgres

#endif  // TIDEMARK_HOST_POSTGRES_BRIDGE_BOOK_H
