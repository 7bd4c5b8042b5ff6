#include "console.h"
#include "run_metrics.h"
#include "signals.h"
#include "verbs.h"

namespace tidemark::cli {
namespace {

void apply(const CommonOptions& options) {
  console().set_verbosity(options.verbosity);
  console().set_progress(options.progress);
  if (options.archive.accept_untagged && options.archive.tag_key_file.empty())
    console().print("--accept-untagged has no effect without --tag-key: then no tag is asked for");
}

int run(const Command& command) {
  struct Run {
    int operator()(int code) const { return code; }
    int operator()(const LsOptions& options) const { return run_ls(options); }
    int operator()(const InfoOptions& options) const { return run_info(options); }
    int operator()(const VerifyOptions& options) const { return run_verify(options); }
    int operator()(const FetchOptions& options) const { return run_fetch(options); }
    int operator()(const RestoreOptions& options) const { return run_restore(options); }
    int operator()(const PruneOptions& options) const { return run_prune(options); }
    int operator()(const CopyOptions& options) const { return run_copy(options); }
    int operator()(const CheckOptions& options) const { return run_check(options); }
    int operator()(const GapsOptions& options) const { return run_gaps(options); }
    int operator()(const TakeoverOptions& options) const { return run_takeover(options); }
    int operator()(const KeygenOptions& options) const { return run_keygen(options); }
    int operator()(const SinksOptions& options) const { return run_sinks(options); }
  };
  std::visit(
      [](const auto& options) {
        if constexpr (!std::is_same_v<decltype(options), const int&>) apply(options);
      },
      command);
  return std::visit(Run{}, command);
}

}  // namespace
}  // namespace tidemark::cli

int main(int argc, char** argv) {
  using namespace tidemark::cli;
  const Command command = parse_command_line(argc, argv);
  if (const int* const code = std::get_if<int>(&command)) tell_refused(argc, argv, *code);
  catch_signals();
  try {
    return run(command);
  } catch (const std::exception& problem) {
    console().print(std::string("out of memory or threads: ") + problem.what());
    return kExitLocal;
  }
}
