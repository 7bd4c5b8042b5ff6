#include <sys/stat.h>
#include <unistd.h>

#include "console.h"
#include "text.h"
#include "verbs.h"

namespace tidemark::cli {

namespace {

// The errors of the file begin with its name: they are of this machine, not of the archive.
Error whose(Error error, const std::string& lineage_file) {
  if (error.message.starts_with("lineage file " + printable(lineage_file))) error.exit_code = kExitLocal;
  return error;
}

// What root writes the host of an ordinary user could not read: the file, its lock and the record.
std::optional<Error> wrong_user(const std::string& must_be, const std::string& lineage_file) {
  struct stat about {};
  if (::geteuid() != 0 || ::stat(must_be.c_str(), &about) != 0 || about.st_uid == 0) return std::nullopt;
  const std::string uid = std::to_string(about.st_uid);
  return Error{kExitUsage,
               "lineage file " + printable(lineage_file) + ": " + printable(must_be) + " belongs to user " +
                   uid +
                   ", and this runs as root, whose files the host of that "
                   "user could not read; run it as that user: setpriv --reuid=" +
                   uid + " --regid=" + std::to_string(about.st_gid) + " --init-groups tidemark takeover ...",
               TIDEMARK_E_INVALID};
}

}  // namespace

int run_takeover(const TakeoverOptions& options) {
  const std::string& file = options.lineage_file;
  const std::string& storage = options.scope.storage;
  // Before the archive is opened to be written. Where a lost file is made again its directory has to be
  // there.
  const std::string must_be = options.restored_from == 0 ? file : file.substr(0, file.rfind('/') + 1);
  if (::access(must_be.c_str(), R_OK | W_OK) != 0)
    return fail_with(errno_error("lineage file " + printable(file)));
  if (const auto wrong = wrong_user(must_be, file)) return fail_with(*wrong);
  auto archive = Archive::open_existing(options.archive);
  if (!archive) return fail_with(archive.error());
  Stop stop;
  const auto taken =
      (*archive)->take_over(storage, {file, options.over, options.restored_from, options.reason}, stop);
  if (!taken) return fail_with(whose(taken.error(), file));
  Output output(options.json);
  Json object;
  object["type"] = "takeover";
  object["storage"] = storage;
  object["epoch"] = taken->epoch;
  object["over"] = options.over;
  if (options.restored_from != 0) object["restored_from"] = options.restored_from;
  object["lineage_file"] = file;
  if (taken->records_written_again > 0) object["records_written_again"] = taken->records_written_again;
  output.object(object);
  if (taken->records_written_again > 0) {
    output.line("records of older epochs, which the archive had lost, written again from " + printable(file) +
                ": " + std::to_string(taken->records_written_again));
  }
  output.line("claimed epoch " + std::to_string(taken->epoch) + " of " + printable(storage) + " over epoch " +
              std::to_string(options.over) + ": start the host of " + printable(file) +
              ", its history continues. What the other wrote stays as it is: --epoch " +
              std::to_string(options.over) + " reads it");
  return finish(output, kExitOk);
}

}  // namespace tidemark::cli
