#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/files.h"
#include "console.h"
#include "hidden.h"
#include "holders.h"
#include "second_look.h"
#include "text.h"
#include "verbs.h"

namespace tidemark::cli {

namespace fs = std::filesystem;

namespace {

struct Sink {
  int fd = -1;
  std::string name;
  std::optional<Error> failed;
  bool is_unread = false;  // the other end of the pipe was closed
};

tidemark_status write_piece(void* ctx, const void* data, size_t size) {
  auto& sink = *static_cast<Sink*>(ctx);
  auto written = write_all(sink.fd, {static_cast<const char*>(data), size}, sink.name);
  if (written) return TIDEMARK_OK;
  sink.failed = written.error();
  sink.is_unread = written.error().sys_errno == EPIPE;
  return TIDEMARK_E_PERMANENT;
}

Result<std::vector<Stored>> holders_of(Archive& archive, const FetchOptions& options, Stop& stop) {
  std::optional<Stored> origin;
  Histories histories(archive, options.archive.epoch);
  TM_ASSIGN(auto holders, find_holders(histories, options.scope, options.lsn, stop, &origin));
  if (holders.empty()) {
    const Range wanted{options.lsn, options.lsn};
    TM_ASSIGN(const auto hidden, HiddenArchives(histories).find(options.scope.storage,
                                                                *options.scope.partition, wanted, 0, stop));
    const std::string why = hidden   ? hidden_text(*hidden)
                            : origin ? ": the partition begins after LSN " + both(origin->last)
                                     : " (tidemark gaps shows what is known about it)";
    return Error{kExitAbsent,
                 "no archive of " + partition_text(options.scope.storage, *options.scope.partition) +
                     " holds LSN " + both(options.lsn) + why,
                 TIDEMARK_E_NOT_FOUND, 0};
  }
  return holders;
}

Result<void> copy(Archive& archive, const Stored& holder, bool plain, Sink& sink, Stop& stop) {
  const tidemark_writer writer{&sink, &write_piece};
  auto fetched = archive.fetch(holder.key, plain, writer, stop);
  if (sink.failed) return *sink.failed;
  if (fetched || fetched.error().status != TIDEMARK_E_NOT_FOUND) return fetched;
  TM_ASSIGN(const bool was_removed, SecondLook(archive).was_removed(holder, stop));
  if (was_removed)
    return Error{kExitAbsent, holder.key + ": was removed while this ran", TIDEMARK_E_NOT_FOUND};
  return Error{kExitData, holder.key + ": " + kListedOnly, TIDEMARK_E_CORRUPT};
}

// The first of the archives that is right. It has its name only once it is whole and durable.
Result<void> fetch_to_file(Archive& archive, const std::vector<Stored>& holders, const std::string& path,
                           bool plain, Stop& stop) {
  Result<void> fetched;
  for (const Stored& holder : holders) {
    std::string temporary = path + ".XXXXXX";
    UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));
    if (!fd) return errno_error("cannot create " + temporary);
    Sink sink{fd.get(), temporary, {}};
    fetched = copy(archive, holder, plain, sink, stop);
    const mode_t mask = ::umask(0);
    ::umask(mask);
    // Until here it was the owner's alone: what is not proven, and may have been encrypted, stays if this is
    // killed.
    if (fetched) (void)::fchmod(fd.get(), 0644 & ~mask);
    if (fetched && ::fsync(fd.get()) != 0) fetched = errno_error("cannot fsync " + temporary);
    if (fetched && ::rename(temporary.c_str(), path.c_str()) == 0) {
      TM_TRY(sync_dir(parent_of(path)));
      return {};
    }
    if (fetched) fetched = errno_error("cannot create " + path);
    ::unlink(temporary.c_str());
    if (fetched.error().status != TIDEMARK_E_CORRUPT) return fetched;
    console().print(fetched.error().message);
  }
  return fetched;
}

// A file without a name, of this user alone: whatever becomes of this process, nothing of it stays.
Result<UniqueFd> unnamed_file(const std::string& directory) {
  UniqueFd fd(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (fd || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) {
    if (!fd) return errno_error("cannot create a temporary file in " + directory);
    return fd;
  }
  std::string named = directory + "/tidemark-fetch.XXXXXX";  // this file system has no others
  fd = UniqueFd(::mkostemp(named.data(), O_CLOEXEC));
  if (!fd) return errno_error("cannot create " + named);
  ::unlink(named.c_str());
  return fd;
}

Result<void> copy_out(int from, const std::string& name, Sink& sink, Stop& stop) {
  std::vector<char> piece(size_t{1} << 20);
  for (off_t at = 0;;) {
    if (stop.is_set()) return Error{kExitInterrupted, "interrupted", TIDEMARK_E_CANCELLED};
    const ssize_t got = ::pread(from, piece.data(), piece.size(), at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error("cannot read " + name);
    if (got == 0) return {};
    at += got;
    if (write_piece(&sink, piece.data(), static_cast<size_t>(got)) != TIDEMARK_OK) return *sink.failed;
  }
}

// What is decoded was proven only when its end was: it lies in a temporary file until then.
Result<void> fetch_plain_to_stream(Archive& archive, const std::vector<Stored>& holders, Sink& sink,
                                   Stop& stop) {
  const char* const named = std::getenv("TMPDIR");
  const std::string directory = named != nullptr && *named != '\0' ? named : "/tmp";
  Result<void> fetched;
  for (const Stored& holder : holders) {
    TM_ASSIGN(const UniqueFd fd, unnamed_file(directory));
    Sink temporary{fd.get(), "a temporary file in " + directory, {}};
    fetched = copy(archive, holder, true, temporary, stop);
    if (fetched) return copy_out(fd.get(), temporary.name, sink, stop);
    if (temporary.failed) {
      Error error = fetched.error();
      error.message +=
          ", where what --plain gives lies until all of it is proven: TMPDIR names another directory, and -o "
          "FILE needs none";
      return error;
    }
    if (fetched.error().status != TIDEMARK_E_CORRUPT || &holder == &holders.back()) break;
    console().print(fetched.error().message);
  }
  return fetched;
}

// What went down a pipe cannot be taken back: with a choice, choose first.
Result<void> fetch_to_stream(Archive& archive, const std::vector<Stored>& holders, bool plain, Sink& sink,
                             Stop& stop) {
  if (plain) return fetch_plain_to_stream(archive, holders, sink, stop);
  const Stored* chosen = &holders.front();
  for (size_t i = 0; holders.size() > 1 && i < holders.size(); ++i) {
    if (!archive.check(holders[i].key, false, nullptr, stop)) continue;
    chosen = &holders[i];
    break;
  }
  return copy(archive, *chosen, false, sink, stop);
}

// A device or a FIFO: it is written to, and keeps its name.
bool is_stream(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

// Where it leads to, also if nothing is there yet: a symbolic link stays one.
Result<std::string> follow_links(const std::string& path) {
  constexpr int kMaxLinks = 40;  // as Linux
  std::error_code error;
  fs::path at = path;
  for (int links = 0; fs::is_symlink(at, error); ++links) {
    const fs::path to = fs::read_symlink(at, error);
    errno = error ? error.value() : ELOOP;
    if (error || links == kMaxLinks) return errno_error("cannot open " + path);
    at = at.parent_path() / to;
  }
  return at.string();
}

Result<void> fetch_to(Archive& archive, const std::vector<Stored>& holders, const std::string& path,
                      bool plain, Stop& stop) {
  if (!is_stream(path)) {
    TM_ASSIGN(const std::string target, follow_links(path));
    return fetch_to_file(archive, holders, target, plain, stop);
  }
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) return errno_error("cannot open " + path);
  Sink sink{fd.get(), path, {}};
  return fetch_to_stream(archive, holders, plain, sink, stop);
}

}  // namespace

int run_fetch(const FetchOptions& options) {
  if (!options.plain) tell_unused_keys(options.archive, "--plain");
  const bool to_stdout = options.output == "-";
  if (to_stdout && ::isatty(STDOUT_FILENO) == 1)
    return fail_with(
        usage_error("an archive is not text for a terminal: name a file with -o, or use a pipe"));
  auto archive = Archive::open(options.archive);
  if (!archive) return fail_with(archive.error());
  Stop stop;
  auto holders = holders_of(**archive, options, stop);
  if (!holders) return fail_with(holders.error());
  if (!to_stdout) {
    auto fetched = fetch_to(**archive, *holders, options.output, options.plain, stop);
    return fetched ? kExitOk : fail_with(fetched.error());
  }
  Sink sink{STDOUT_FILENO, "the standard output", {}};
  auto fetched = fetch_to_stream(**archive, *holders, options.plain, sink, stop);
  if (sink.is_unread) return kExitPipe;
  return fetched ? kExitOk : fail_with(fetched.error());
}

}  // namespace tidemark::cli
