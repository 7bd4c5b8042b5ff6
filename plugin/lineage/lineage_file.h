// The lineage file: whose data this is, and which epochs of each storage it claimed. It lies in the engine's
// data directory, so that a snapshot, a clone or a standby carries it along.
//
//   TIDEMARK-LINEAGE 1\n
//   owner=<32 hex digits>\n
//   storage=<name> archive=<32 hex> epoch=<n> claim=<32 hex> chain=<1-5,7>\n     for each that is remembered
//   sha256=<64 hex digits of all before>\n
//
// Held by a lock on <path>.lock as long as it is open. Replaced whole, fsynced, before what it says is relied
// on. Any thread.
#ifndef TIDEMARK_LINEAGE_LINEAGE_FILE_H
#define TIDEMARK_LINEAGE_LINEAGE_FILE_H

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/mutex.h"
#include "base/result.h"
#include "core/claim.h"

namespace tidemark::lineage {

// By storage; of one storage the one used last comes last.
using Memory = std::map<std::string, std::vector<core::RememberedEpoch>, std::less<>>;

struct LineageText {
  Id owner{};
  Memory memory;
  friend bool operator==(const LineageText&, const LineageText&) = default;
};
std::string format_lineage(const LineageText& lineage);
// On nothing, `problem` says what is wrong.
std::optional<LineageText> parse_lineage(std::string_view text, std::string* problem);

// Adds an epoch that continues `continues` of `epochs` (none: it is the first of an archive), and forgets
// what it makes needless: of the same archive what is not after that one. Of too much a try to claim is
// forgotten before what is continued, or another archive's.
void remember(std::vector<core::RememberedEpoch>& epochs, std::optional<size_t> continues,
              core::RememberedEpoch epoch);

// What to do where there is no file yet. It is made only where its directory is.
enum class IfMissing : uint8_t {
  kFail,       // NOT_FOUND
  kMake,       // with an owner drawn by chance
  kMakeLater,  // when the first thing is remembered
};

class LineageFile {
 public:
  //   RETRYABLE  another process has it
  //   CORRUPT    it is damaged, or of a version that this build does not know
  static Result<std::unique_ptr<LineageFile>> open(const std::string& path, IfMissing if_missing);

  const std::string& path() const { return path_; }
  Id owner();
  std::vector<core::RememberedEpoch> remembered(std::string_view storage);
  // Something of it was remembered when the file was opened, or claimed since. Else what is remembered are
  // tries of this process.
  bool is_known(std::string_view storage);
  void claimed(std::string_view storage);
  // Durable when it returns OK; else nothing has changed.
  Status remember_durably(std::string_view storage, std::optional<size_t> continues,
                          const core::RememberedEpoch& epoch);
  // An epoch that turned out not to be this owner's alone. Durable as above.
  Status forget_durably(std::string_view storage, uint64_t epoch);
  // The data was restored from this epoch of an archive of that owner, and is the owner's from now on.
  // INVALID: it is another owner's, and has archived something. Durable as above.
  Status restored_durably(const Id& owner, std::string_view storage, const core::RememberedEpoch& epoch);

 private:
  LineageFile(std::string path, UniqueFd lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  Status load(IfMissing if_missing);
  Status write(LineageText next) TM_REQUIRES(mutex_);

  const std::string path_;
  const UniqueFd lock_;
  Mutex mutex_;  // held while the file is replaced
  LineageText lineage_ TM_GUARDED_BY(mutex_);
  std::set<std::string, std::less<>> known_ TM_GUARDED_BY(mutex_);  // storages
};

Result<Id> draw_id();

}  // namespace tidemark::lineage

#endif  // TIDEMARK_LINEAGE_LINEAGE_FILE_H
