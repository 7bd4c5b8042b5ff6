#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <functional>
#include <memory>
#include <random>

#include "base/files.h"
#include "check_folders.h"
#include "format/lsn.h"
#include "nothing.h"
#include "output.h"
#include "same_place.h"
#include "text.h"
#include "verbs.h"

namespace tidemark::cli {

namespace {

constexpr int64_t kLeftAfterUs = int64_t{3600} * 1'000'000;  // no check takes that long
constexpr uint64_t kSampledMax = 100;                        // objects, for one to be read
constexpr size_t kToldFolders = 20;
constexpr size_t kResultColumn = 8, kNameColumn = 15;
// How a sink begins a line about what it can only come close to (sinks/README.md).
constexpr std::string_view kNotExclusive = "not exclusive: ";

struct ResultWords {
  int32_t result;
  const char* shown;
  const char* key;  // with --json
};

// What a newer plugin may say besides is no good sign.
const ResultWords& words_of(int32_t result) {
  static constexpr ResultWords kWords[] = {{TIDEMARK_TRIED_OK, "ok", "ok"},
                                           {TIDEMARK_TRIED_WARNING, "warning", "warning"},
                                           {TIDEMARK_TRIED_SKIPPED, "skipped", "skipped"}};
  static constexpr ResultWords kFailed = {TIDEMARK_TRIED_FAILED, "FAILED", "failed"};
  for (const ResultWords& words : kWords) {
    if (words.result == result) return words;
  }
  return kFailed;
}

// This machine since it was started: what its processes left can be told from what they are using.
std::string machine_tag() {
  const auto boot = read_file("/proc/sys/kernel/random/boot_id", 64);
  char host[256] = {};
  (void)::gethostname(host, sizeof(host) - 1);
  const size_t hash = std::hash<std::string>()((boot ? *boot : std::string()) + host);
  return lsn_text(hash);
}

std::string own_name() {
  std::random_device random;
  return machine_tag() + "-" + std::to_string(::getpid()) + "-" + std::to_string(random());
}

bool is_left(const std::string& name, int64_t age_us) {
  if (age_us > kLeftAfterUs) return true;
  const std::string tag = machine_tag() + "-";
  if (!name.starts_with(tag)) return false;
  const auto pid = parse_decimal(name.substr(tag.size(), name.find('-', tag.size()) - tag.size()));
  return pid && *pid > 0 && *pid < INT32_MAX && ::kill(static_cast<pid_t>(*pid), 0) != 0 && errno == ESRCH;
}

class Check {
 public:
  explicit Check(const CheckOptions& options) : options_(options) {}
  int run();

 private:
  void tell(const std::string& what, int32_t result, const std::string& message);
  void tell(const std::string& what, const Result<void>& result, const std::string& fine) {
    tell(what, result ? TIDEMARK_TRIED_OK : TIDEMARK_TRIED_FAILED, result ? fine : result.error().message);
  }
  Result<void> look();
  void read();
  Result<void> write();
  void look_at_folders();
  void tell_folders(const std::vector<FolderProblem>& problems, const std::vector<PartitionName>& names);
  void look_at_space();
  int end();

  const CheckOptions& options_;
  Output output_{options_.json};
  std::unique_ptr<Archive> archive_;   // opened for reading
  std::unique_ptr<Archive> writable_;  // once that was tried
  bool may_change_ = false;            // it was written to and removed from
  std::optional<Stored> sample_;       // an archive to be read
  Stop stop_;
  uint64_t failed_ = 0, warnings_ = 0;
};

void Check::tell(const std::string& what, int32_t result, const std::string& message) {
  const ResultWords& words = words_of(result);
  if (words.result == TIDEMARK_TRIED_WARNING) ++warnings_;
  if (words.result == TIDEMARK_TRIED_FAILED) ++failed_;
  Json object;
  object["type"] = "check";
  object["check"] = what;
  object["result"] = words.key;
  object["message"] = message;
  output_.object(object);
  const auto padded = [](std::string text, size_t width) {
    text.resize(std::max(width, text.size() + 1), ' ');
    return text;
  };
  output_.line(padded(words.shown, kResultColumn) + padded(what, kNameColumn) + printable(message));
}

// What lies there. A directory that was not mounted has nothing in it, and everything else works there.
Result<void> Check::look() {
  uint64_t looked_at = 0;
  bool is_there = false;
  const auto visit = [&](const Stored& stored) {
    is_there = is_there || is_ours(stored);
    const bool is_better =
        stored.kind == TIDEMARK_STORED_ARCHIVE && (!sample_ || stored.size_bytes < sample_->size_bytes);
    if (is_better) sample_ = stored;
    return ++looked_at < kSampledMax || !is_there;
  };
  TM_TRY(archive_->scan(options_.scope, 0, visit, stop_));
  if (is_there || options_.allow_empty) {
    tell("stored", TIDEMARK_TRIED_OK, is_there ? "there is an archive of Tidemark" : "nothing yet");
  } else {
    tell("stored", TIDEMARK_TRIED_FAILED, nothing_text(*archive_, options_, "", stop_));
  }
  return {};
}

void Check::read() {
  if (!sample_) return tell("read", TIDEMARK_TRIED_SKIPPED, "there is no archive to be read");
  tell("read", archive_->check(sample_->key, false, nullptr, stop_),
       sample_->key + " was read, and is whole");
}

Result<void> Check::write() {
  ArchiveOptions wanted = options_.archive;
  wanted.read_only = false;
  wanted.keep_lines = true;
  auto opened = Archive::open(wanted);
  if (!opened) {
    tell("open-to-write", TIDEMARK_TRIED_FAILED, opened.error().message);
    read();
    return {};
  }
  tell("open-to-write", TIDEMARK_TRIED_OK, "the sink has found what it needs");
  writable_ = std::move(*opened);
  std::string not_exclusive;
  for (const std::string& line : writable_->opening_lines()) {
    if (line.starts_with(kNotExclusive)) not_exclusive = line.substr(kNotExclusive.size());
  }
  const auto visit = [&](const TriedThing& tried) {
    if (tried.what == "remove") may_change_ = tried.result == TIDEMARK_TRIED_OK;
    const bool is_close_only = tried.what == "conditions" && tried.result == TIDEMARK_TRIED_OK;
    if (is_close_only && !not_exclusive.empty())
      return tell(tried.what, TIDEMARK_TRIED_FAILED, not_exclusive);
    tell(tried.what, tried.result, tried.message);
  };
  return writable_->try_out(own_name(), {}, is_left, visit, stop_);
}

void Check::tell_folders(const std::vector<FolderProblem>& problems,
                         const std::vector<PartitionName>& names) {
  for (size_t i = 0; i < std::min(kToldFolders, problems.size()); ++i) {
    const auto& [partition, why] = problems[i];
    tell("partitions", TIDEMARK_TRIED_FAILED, partition_text(partition.storage, partition.id) + ": " + why);
  }
  if (problems.size() > kToldFolders)
    tell("partitions", TIDEMARK_TRIED_FAILED,
         std::to_string(problems.size() - kToldFolders) + " more like these");
  if (problems.empty()) {
    tell("partitions", TIDEMARK_TRIED_OK,
         count_text(names.size(), "partition is", "partitions are") +
             " there: listed, written to, removed from");
  }
}

// A partition that is there may have rights of its own.
void Check::look_at_folders() {
  Irregular irregular;
  const auto names = find_folders(*archive_, options_.scope, irregular, stop_);
  if (stop_.is_set()) return;
  if (!names) return tell("partitions", TIDEMARK_TRIED_FAILED, names.error().message);
  if (!irregular.is_empty()) tell("partitions", TIDEMARK_TRIED_FAILED, irregular.text());
  if (names->empty()) return;
  if (options_.reads_only) {
    return tell("partitions", TIDEMARK_TRIED_OK,
                count_text(names->size(), "partition is", "partitions are") + " there, and can be listed");
  }
  if (!may_change_)
    return tell("partitions", TIDEMARK_TRIED_SKIPPED, "nothing could be written and removed beside them");
  const auto problems = try_folders(*writable_, *names, {own_name, is_left}, stop_);
  if (problems) {
    tell_folders(*problems, *names);
  } else if (!stop_.is_set()) {
    tell("partitions", TIDEMARK_TRIED_FAILED, problems.error().message);
  }
}

void Check::look_at_space() {
  const std::string directory = directory_of(options_.archive.url);
  if (directory.empty()) return;
  struct statvfs info {};
  if (::statvfs(directory.c_str(), &info) != 0)
    return tell("space", TIDEMARK_TRIED_FAILED,
                errno_error("cannot ask how much is free in " + directory).message);
  const uint64_t free_bytes = uint64_t{info.f_bavail} * info.f_frsize;
  const uint64_t all_bytes = uint64_t{info.f_blocks} * info.f_frsize;
  const std::string text = output_.bytes(free_bytes) + " are free of " + output_.bytes(all_bytes);
  if (free_bytes == 0 || (info.f_files > 0 && info.f_favail == 0))
    return tell("space", TIDEMARK_TRIED_FAILED,
                free_bytes == 0 ? text : "no more files can be created (inodes)");
  const bool is_little = free_bytes < all_bytes / 20;
  tell("space", is_little ? TIDEMARK_TRIED_WARNING : TIDEMARK_TRIED_OK, text);
}

int Check::end() {
  if (interrupted()) {
    (void)output_.finish();
    return fail_with(Error{});
  }
  Json summary;
  summary["type"] = "summary";
  summary["failed"] = failed_;
  summary["warnings"] = warnings_;
  output_.object(summary);
  return finish(output_, failed_ > 0 ? kExitData : kExitOk);
}

// First to be read only: that creates nothing where nothing is.
int Check::run() {
  auto archive = Archive::open(options_.archive);
  tell("open", archive ? Result<void>() : Result<void>(archive.error()), "it is there, and can be reached");
  if (!archive) {
    if (interrupted()) return end();
    return finish(output_, archive.error().exit_code);
  }
  archive_ = std::move(*archive);
  if (auto looked = look(); !looked && !stop_.is_set())
    tell("stored", TIDEMARK_TRIED_FAILED, looked.error().message);
  if (options_.reads_only) {
    read();
  } else if (auto written = write(); !written && !stop_.is_set()) {
    tell("write", TIDEMARK_TRIED_FAILED, written.error().message);
  }
  look_at_folders();
  look_at_space();
  return end();
}

}  // namespace

int run_check(const CheckOptions& options) { return Check(options).run(); }

}  // namespace tidemark::cli
