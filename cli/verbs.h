// The verbs: each does its work, prints to stdout and gives the exit code. Main thread.
#ifndef TIDEMARK_CLI_VERBS_H
#define TIDEMARK_CLI_VERBS_H

#include "options.h"
#include "output.h"

namespace tidemark::cli {

int run_ls(const LsOptions& options);
int run_info(const InfoOptions& options);
int run_verify(const VerifyOptions& options);
int run_fetch(const FetchOptions& options);
int run_restore(const RestoreOptions& options);
int run_prune(const PruneOptions& options);
int run_copy(const CopyOptions& options);
int run_check(const CheckOptions& options);
int run_gaps(const GapsOptions& options);
int run_keygen(const KeygenOptions& options);
int run_takeover(const TakeoverOptions& options);
int run_sinks(const SinksOptions& options);

// Prints an error, unless it is only that the user interrupted the program, and gives its exit code.
int fail_with(const Error& error);
// The last step of every verb: `code`, unless the output could not be written.
int finish(Output& output, int code);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_VERBS_H
