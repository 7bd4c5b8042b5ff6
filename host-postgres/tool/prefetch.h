// Segments that are brought before PostgreSQL asks for them: a helper in a session of its own fills a spool
// while the server replays, and get takes from there. It stays as long as the server takes them, and ends by
// itself soon after that.
//
// The spool lies beside pg_wal, so that a rename brings a segment to its place. What is in it was proven by
// get, in this boot of the machine: it is not made durable, so after a power cut another spool is used. It
// says nothing of what is not in it. One helper at a time; main thread.
#ifndef TIDEMARK_HOST_POSTGRES_TOOL_PREFETCH_H
#define TIDEMARK_HOST_POSTGRES_TOOL_PREFETCH_H

#include <cstdint>
#include <optional>
#include <string>

#include "tool/get.h"

namespace tidemark::postgres {

class PrefetchWindow;

class Spool {
 public:
  // Of the files that the wish is about; nothing is made yet.
  explicit Spool(const GetWish& wish);

  // Gives the file its place, if it is there; waits for a helper that may be at it. False: it is not there.
  bool take(const WalFile& file);
  // Whether a helper has it, or is about to bring it: then it is worth waiting for.
  bool is_coming(const WalFile& file) const;
  // Starts a helper for what comes after that file, unless one runs for that.
  void fill_after(const WalFile& file);
  // All of it: the recovery is over.
  void remove();
  // Of what is there only the same timeline's segments after that one, up to `last`.
  void keep_only(const WalFile& file, uint64_t last) const;

  const std::string& directory() const { return directory_; }

 private:
  // As it announces itself: what it has brought or is about to.
  struct Helper {
    uint32_t timeline = 0;  // 0: any
    uint64_t first = 0, last = 0;
    bool brings(uint32_t of, uint64_t segment) const {
      return (timeline == 0 || timeline == of) && first <= segment && segment <= last;
    }
  };

  std::string path_of(uint32_t timeline, uint64_t segment) const;
  std::string lock_path() const { return directory_ + "/lock"; }
  std::optional<Helper> helper_at_work() const;
  void remove_before(const WalFile& file) const;
  void help(const WalFile& file);                                                 // in the helper
  void bring(Archive& archive, uint32_t timeline, PrefetchWindow& window) const;  // a thread of it

  const GetWish wish_;
  std::string parent_, directory_;
};

// Whether this is a recovery that asks for one segment after the other.
bool may_prefetch(const GetWish& wish);

}  // namespace tidemark::postgres

#endif  // TIDEMARK_HOST_POSTGRES_TOOL_PREFETCH_H
