#include "tool/check_server.h"

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <thread>

#include "base/files.h"
#include "bridge/bad_settings.h"
#include "bridge/options_file.h"
#include "bridge/services.h"
#include "bridge/settings.h"
#include "bridge/wal_directory.h"
#include "tool/server_process.h"

namespace tidemark::postgres {

namespace {

constexpr int64_t kLateSeconds = 120;
constexpr uint64_t kWatchMs = 6'000;  // a try takes tidemark.timeout, 5 s by default
constexpr uint64_t kStepMs = 50;

// Files that settings name, and what the server could do with them.
void check_named_files(const ServerSettings& settings, Findings& findings) {
  if (const std::string path = value_of(settings, "tidemark.sink_options_file"); !path.empty()) {
    if (const auto options = read_options_file(path); !options)
      findings.wrong("tidemark.sink_options_file = " + quote(path) + ": " + options.error().message);
  }
  if (const std::string path = value_of(settings, "tidemark.plugin"); !path.empty()) {
    if (::access(path.c_str(), R_OK) != 0)
      findings.wrong("tidemark.plugin = " + quote(path) + ": " + fail_errno(errno, path).message);
  }
  if (const std::string path = value_of(settings, "tidemark.metrics_file"); !path.empty()) {
    if (const Status found = check_metrics_file(path); !found)
      findings.wrong("tidemark.metrics_file = " + quote(path) + ": " + found.error().message);
  }
}

}  // namespace

std::string value_of(const ServerSettings& settings, const char* name) {
  const auto found = settings.find(name);
  return found == settings.end() ? std::string() : found->second;
}

bool archives(const ServerSettings& settings) {
  const std::string mode = value_of(settings, "archive_mode");
  return mode == "on" || mode == "always";
}

void check_settings(const ServerSettings& settings, const std::string& data, Findings& findings) {
  const std::string library = value_of(settings, "archive_library");
  if (archives(settings)) {
    findings.ok("archive_mode = " + value_of(settings, "archive_mode"));
  } else {
    findings.wrong("archive_mode is not on, so nothing is archived");
  }
  if (library.find("tidemark_archive") != std::string::npos) {
    findings.ok("archive_library = " + library);
  } else {
    findings.wrong("archive_library is " + quote(library) + ", not tidemark_archive");
  }
  if (value_of(settings, "tidemark.sink").empty()) findings.wrong("tidemark.sink is not set");
  for (const BadSetting& bad : bad_settings(settings))
    findings.wrong(text_of(bad) + " (the server keeps what was set before, or takes the default)");
  check_named_files(settings, findings);
  if (is_in_recovery(data) && archives(settings))
    findings.warn(
        "this server recovers with archiving on: once it is promoted its timeline is in the archive, and the "
        "next recovery to 'latest' follows it. For a drill set archive_mode = off, or another prefix");
  if (is_standby(data) && value_of(settings, "restore_command").empty())
    findings.warn("a standby without restore_command stops where streaming has a gap");
}

// What waits, and for how long the oldest does.
void check_waiting(const std::string& data, Findings& findings) {
  const auto cluster = read_cluster(data);
  if (!cluster) return findings.wrong(cluster.error().message);
  const std::string status = data + "/pg_wal/archive_status";
  uint64_t waiting = 0;
  int64_t oldest = 0;
  std::string oldest_name;
  const Status looked = each_wal_file(status, ".ready", *cluster, [&](const WalFile& file) {
    struct stat ready {};
    const std::string name = wal_name(file, *cluster);
    if (::stat((status + "/" + name + ".ready").c_str(), &ready) != 0) return;
    ++waiting;
    if (oldest != 0 && ready.st_mtime >= oldest) return;
    oldest = ready.st_mtime;
    oldest_name = name;
  });
  if (!looked) return findings.wrong(looked.error().message);
  if (waiting == 0) return findings.ok("no file waits to be archived");
  const int64_t age_s = std::time(nullptr) - oldest;
  const std::string text = std::to_string(waiting) + " files wait to be archived, the oldest (" +
                           oldest_name + ") for " + std::to_string(age_s) + " s";
  if (age_s > kLateSeconds) return findings.wrong(text + ": the server's log says why");
  findings.ok(text);
}

void check_archiver(const ServerSettings& settings, const std::string& data, Findings& findings) {
  const auto server = server_of(data);
  if (!server) return findings.warn("no server runs there");
  if (!archives(settings)) return;
  const bool recovers = is_standby(data) || is_in_recovery(data);
  if (recovers && value_of(settings, "archive_mode") != "always")
    return findings.ok("a server that recovers does not archive yet");
  const ArchiverTitle first = archiver_of(*server);
  ArchiverTitle now = first;
  const uint64_t end_ms = monotonic_ms() + kWatchMs;
  while (now == first && now.state == ArchiverState::kArchiving && monotonic_ms() < end_ms) {
    std::this_thread::sleep_for(std::chrono::milliseconds(kStepMs));
    now = archiver_of(*server);
  }
  switch (now.state) {
    case ArchiverState::kFailed:
      return findings.wrong("the server cannot archive " + now.file + ": its log says why");
    case ArchiverState::kDone:
      return findings.ok("the server has archived " + now.file);
    case ArchiverState::kArchiving:
      if (now.file != first.file) return findings.ok("the server is archiving");
      return findings.warn("the server has been archiving " + now.file +
                           " for some seconds: the sink is slow");
    case ArchiverState::kIdle:
      return findings.ok("the server's archiver is at work");
    case ArchiverState::kNone:
      return findings.warn(
          "the server has no archiver process that says what it does: its log says why, or "
          "update_process_title "
          "is off");
  }
}

}  // namespace tidemark::postgres
