#include "console.h"
#include "nothing.h"
#include "text.h"
#include "verbs.h"

namespace tidemark::cli {

int fail_with(const Error& error) {
  if (interrupted()) {
    console().print("interrupted");
    return kExitInterrupted;
  }
  console().print(error.message);
  return error.exit_code;
}

int finish(Output& output, int code) {
  auto written = output.finish();
  if (output.is_unread()) return kExitPipe;
  return written ? code : fail_with(written.error());
}

namespace {

void print(Output& output, const Stored& stored) {
  if (output.json()) return output.object(stored_json(stored));
  const std::string what = kind_name(stored.kind);
  std::string where = stored.storage.empty() ? "-" : partition_text(stored.storage, stored.partition);
  if (is_epoch(stored)) where = stored.key.substr(0, stored.key.find('/'));
  if (is_epoch(stored) || stored.epoch > 1) where += " epoch " + std::to_string(stored.epoch);
  const std::string range = stored.last > 0 ? both(stored.first) + " to " + both(stored.last) : "-";
  output.line(what + std::string(what.size() < 9 ? 9 - what.size() : 1, ' ') + where + "  " + range + "  " +
              output.bytes(stored.size_bytes) + "  " + output.time(stored.modified_us) + "  " +
              printable(stored.key));
}

}  // namespace

int run_ls(const LsOptions& options) {
  auto archive = Archive::open(options.archive);
  if (!archive) return fail_with(archive.error());
  Output output(options.json);
  Stop stop;
  bool found_something = false;
  const bool bounded = options.from > 1 || options.to < UINT64_MAX;
  const auto visit = [&](const Stored& stored) {
    if (bounded && (stored.last < options.from || stored.first > options.to)) return !output.failed();
    found_something = found_something || is_ours(stored);
    print(output, stored);
    return !output.failed();
  };
  auto scanned = (*archive)->scan(options.scope, options.scope.partition ? options.from : 0, visit, stop);
  if (!scanned) return fail_with(scanned.error());
  if (found_something || output.failed()) return finish(output, kExitOk);
  std::string part;
  if (bounded) {
    part = "LSN " + both(options.from) +
           (options.to < UINT64_MAX ? " to " + both(options.to) : std::string(" and after"));
  }
  return finish(output, tell_nothing(**archive, options, part, stop));
}

}  // namespace tidemark::cli
