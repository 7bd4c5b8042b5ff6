// The directory that entries are restored into: what is there already, the staging directories ("places")
// where archives are unpacked, and how entries move from there to their names.
//
// DIR/<LSN> is whole and durable or not there. The plugin builds entries in DIR/.tidemark-restore/<n>/, and
// one rename gives each its name; what a killed run leaves there is removed by the next one, whatever its
// modes. A lock on DIR itself keeps two runs apart: a run that does not hold it changes nothing. If the file
// system has extended attributes, DIR remembers in one which partition's entries it holds. A directory that
// has other names, and does not remember that, is somebody else's. One thread at a time, except make_place()
// and need(), which any thread may call.
#ifndef TIDEMARK_CLI_RESTORE_DIR_H
#define TIDEMARK_CLI_RESTORE_DIR_H

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "coverage.h"
#include "error.h"

namespace tidemark::cli {

// What is free on the file system that `path` lies on, or will lie on; nothing: that is not known.
std::optional<uint64_t> free_bytes_at(std::string path);

// Makes the directory and locks it, for as long as the descriptor is open. Another run that has it: an error.
Result<UniqueFd> lock_directory(const std::string& path);

class RestoreDir {
 public:
  // What is there, without changing it. `owner` ("main/7") must be the partition whose entries it holds.
  // With `into_existing` other names do not matter.
  static Result<RestoreDir> look(const std::string& path, const std::string& owner, bool into_existing);

  // Makes it, locks it, looks again, and removes what a killed run left. After an error nothing was changed,
  // or only that. Once it holds the lock it only makes the place for places, again after clean_up().
  Result<void> prepare();
  // Removes the places. The entries stay.
  Result<void> clean_up();

  // Those of [first, last] that are not there yet, ascending.
  std::vector<Range> missing_of(Range range) const;
  // Those that are.
  std::vector<Range> present_of(Range range) const;
  bool has_lock() const { return static_cast<bool>(lock_); }
  const std::string& path() const { return path_; }
  uint64_t present() const { return present_; }
  std::optional<uint64_t> free_bytes() const { return free_bytes_at(path_); }

  Result<std::string> make_place(uint64_t number);
  // An error if `path`, DIR or a place in it, is not there: somebody has removed it. Any thread.
  Result<void> need(const std::string& path) const;
  // Gives the entries of one or more places their names, ascending, and makes them durable.
  struct Arrived {
    std::string place;
    Range range;
  };
  Result<void> publish(const std::vector<Arrived>& arrived);

 private:
  RestoreDir(std::string path, std::string owner, bool into_existing)
      : path_(std::move(path)), owner_(std::move(owner)), into_existing_(into_existing) {}
  Result<void> list();
  Result<void> take_lock();
  Result<void> sweep();

  std::string path_, owner_;
  bool into_existing_;
  std::vector<std::string> moving_;  // what a run left that was killed while it gave an entry its name
  std::vector<Range> there_;         // ascending, apart from each other
  uint64_t present_ = 0;
  UniqueFd lock_;
};

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_RESTORE_DIR_H
