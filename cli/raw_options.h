// The command line as it stands, and how each verb's becomes what it is to do: every value checked on its
// own, and what goes together.
//
// Main thread. A word that is wrong is thrown as std::runtime_error with a message that names it.
#ifndef TIDEMARK_CLI_RAW_OPTIONS_H
#define TIDEMARK_CLI_RAW_OPTIONS_H

#include <cstdint>
#include <string>
#include <vector>

#include "options.h"

namespace tidemark::cli {

constexpr uint64_t kLastEpochToTakeOver = ~uint64_t{0} - 1;
constexpr unsigned kListings = 8;  // at least: they wait for a store and do little else

// As it stands on the command line, before it is taken apart.
struct RawOptions {
  std::vector<std::string> options, secrets, to_options, to_secrets, acknowledge;
  std::string url, to_url, config, target, epoch, from, to, to_time, before, older_than, keep_bytes, lsn,
      reread, progress, interval, bwlimit, compress, recipients;
  bool follow = false;
  int verbosity = 0;
};

void finish_words(RawOptions& raw, const std::vector<std::string*>& words);
// `takes_keys`: those of the configuration count, because something is decoded.
void finish_common(CommonOptions& common, const RawOptions& raw, bool partition_needed,
                   bool takes_keys = false);
void finish_jobs(unsigned& jobs, unsigned least = 4);
VerifyOptions finish_verify(VerifyOptions verify, const RawOptions& raw);
LsOptions finish_ls(LsOptions ls, const RawOptions& raw);
RestoreOptions finish_restore(RestoreOptions restore, RawOptions raw);
PruneOptions finish_prune(PruneOptions prune, const RawOptions& raw);
CopyOptions finish_copy(CopyOptions copy, const RawOptions& raw);
GapsOptions finish_gaps(GapsOptions gaps, const RawOptions& raw);
TakeoverOptions finish_takeover(TakeoverOptions takeover, const RawOptions& raw);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_RAW_OPTIONS_H
