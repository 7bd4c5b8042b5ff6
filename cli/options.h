// The command line: one struct for each verb. Parsing checks every value on its own and what goes together.
#ifndef TIDEMARK_CLI_OPTIONS_H
#define TIDEMARK_CLI_OPTIONS_H

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "archive.h"
#include "console.h"
#include "copy_names.h"
#include "ledger.h"

namespace tidemark::cli {

// Where a run says how it went, see run_metrics.h.
struct MetricsWish {
  std::string file;     // empty: nowhere
  std::string archive;  // "@prod", or the URL without what may be secret
  std::string scope;    // "main/7"; empty: all
};

struct CommonOptions {
  ArchiveOptions archive;
  Scope scope;
  bool json = false;
  int verbosity = 0;
  ProgressWish progress;
  MetricsWish metrics;       // of verify, info and prune
  bool allow_empty = false;  // that nothing is stored there is all right
};

struct LsOptions : CommonOptions {
  uint64_t from = 1, to = UINT64_MAX;
};
struct InfoOptions : CommonOptions {
  std::string html;        // a page to write; empty: none
  std::string checkpoint;  // of verify, that it tells of; empty: none
  unsigned jobs = 0;       // 0: as many as there are cores, but at least 8; partitions listed at a time
};
struct VerifyOptions : CommonOptions {
  std::string checkpoint;  // empty: none
  bool deep = false;       // what is compressed or encrypted is decoded too
  Share reread;            // of what the checkpoint knows
  unsigned jobs = 0;       // 0: as many as there are cores, but at least 4
};
struct FetchOptions : CommonOptions {
  uint64_t lsn = 0;
  std::string output = "-";
  bool plain = false;  // decoded, and without the footer
};
struct RestoreOptions : CommonOptions {
  std::string directory;
  std::optional<uint64_t> from, to;
  std::optional<int64_t> to_time_us;
  std::vector<std::string> prefer;  // keys of archives
  unsigned jobs = 0;                // as above
  bool dry_run = false;
  bool ignore_free_space = false;    // begins though it will not fit
  std::optional<int64_t> follow_us;  // stays, and looks for what is new so often
  bool check = false;                // compares, and changes nothing
  bool into_existing = false;
  bool strict = false;  // refuses accepted losses too
  bool keep_setid = false;
};
struct PruneOptions : CommonOptions {
  // What goes; one of them. `before` is an LSN of the one partition.
  std::optional<uint64_t> before;
  std::optional<int64_t> older_than_us;
  std::optional<uint64_t> keep_archives;
  std::optional<uint64_t> keep_bytes;
  std::optional<uint64_t> branch;  // what only the history of this epoch has, in all of the storage
  bool all = false;                // the newest archive too
  unsigned jobs = 0;               // as above; partitions pruned at a time
  bool yes = false;
};
struct CopyOptions : CommonOptions {
  ArchiveOptions to;
  std::optional<EncodingWish> encoding;  // nothing: copied as they are stored
  unsigned jobs = 0;                     // as above
  uint64_t bytes_per_second = 0;         // 0: no limit
  bool size_only = false;                // of what both sides have; else footers
  bool reread = false;                   // or everything
  bool dry_run = false;
};
struct CheckOptions : CommonOptions {
  bool reads_only = false;  // credentials that may only read
};
struct GapsOptions : CommonOptions {
  struct Acknowledge {
    std::string storage;
    uint64_t partition = 0;
    uint64_t first = 0, last = 0;
  };
  std::optional<Acknowledge> acknowledge;
  unsigned jobs = 0;  // as of info
  std::string reason;
  std::string checkpoint;  // that knows what was there; empty: none
};
struct TakeoverOptions : CommonOptions {
  std::string lineage_file;    // absolute
  uint64_t over = 0;           // the newest epoch, as the operator sees it
  uint64_t restored_from = 0;  // the epoch that the data was restored from; 0: as the file remembers
  std::string reason;
};
struct SinksOptions : CommonOptions {};
struct KeygenOptions : CommonOptions {
  std::string output = "-";
};

// The command, or the exit code when there is nothing to run (help was shown, or an error was printed).
using Command =
    std::variant<int, LsOptions, InfoOptions, VerifyOptions, FetchOptions, RestoreOptions, PruneOptions,
                 CopyOptions, CheckOptions, GapsOptions, TakeoverOptions, KeygenOptions, SinksOptions>;
Command parse_command_line(int argc, char** argv);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_OPTIONS_H
