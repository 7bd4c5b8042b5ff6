// tidemark-postgres check: whether a server archives, and whether what it has archived comes back.
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <memory>

#include "base/line.h"
#include "bridge/data_directory.h"
#include "tool/catalog.h"
#include "tool/get.h"
#include "tool/verbs.h"

namespace tidemark::postgres {

namespace {

constexpr int64_t kLateSeconds = 120;

class Findings {
 public:
  void ok(const std::string& text) { print("ok      ", text); }
  void warn(const std::string& text) { print("warning ", text); }
  void wrong(const std::string& text) {
    print("WRONG   ", text);
    is_well_ = false;
  }
  bool is_well() const { return is_well_; }

 private:
  static void print(const char* word, const std::string& text) {
    std::printf("%s %s\n", word, clean_line(text).c_str());
  }
  bool is_well_ = true;
};

void check_settings(const ServerSettings& settings, const std::string& data, Findings& findings) {
  const auto value = [&settings](const char* name) {
    const auto found = settings.find(name);
    return found == settings.end() ? std::string() : found->second;
  };
  const std::string mode = value("archive_mode"), library = value("archive_library");
  if (mode == "on" || mode == "always") {
    findings.ok("archive_mode = " + mode);
  } else {
    findings.wrong("archive_mode is not on, so nothing is archived");
  }
  if (library.find("tidemark_archive") != std::string::npos) {
    findings.ok("archive_library = " + library);
  } else {
    findings.wrong("archive_library is " + quote(library) + ", not tidemark_archive");
  }
  if (value("tidemark.sink").empty()) findings.wrong("tidemark.sink is not set");
  const bool recovers = ::access((data + "/recovery.signal").c_str(), F_OK) == 0;
  if (recovers && mode != "off" && !mode.empty())
    findings.warn(
        "this server recovers with archiving on: once it is promoted its timeline is in the archive, and the "
        "next recovery to 'latest' follows it. For a drill set archive_mode = off, or another prefix");
  if (is_standby(data) && value("restore_command").empty())
    findings.warn("a standby without restore_command stops where streaming has a gap");
}

// What waits, and for how long the oldest does.
void check_waiting(const std::string& data, Findings& findings) {
  const std::string status = data + "/pg_wal/archive_status";
  const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(status.c_str()), &::closedir);
  if (!open) return findings.wrong(fail_errno(errno, status).message);
  uint64_t waiting = 0;
  int64_t oldest = 0;
  std::string oldest_name;
  while (const dirent* entry = ::readdir(open.get())) {
    const std::string name = entry->d_name;
    struct stat file {};
    if (!name.ends_with(".ready") || ::stat((status + "/" + name).c_str(), &file) != 0) continue;
    ++waiting;
    if (oldest == 0 || file.st_mtime < oldest) {
      oldest = file.st_mtime;
      oldest_name = name.substr(0, name.size() - 6);
    }
  }
  const int64_t age_s = oldest == 0 ? 0 : std::time(nullptr) - oldest;
  const std::string text = std::to_string(waiting) + " files wait to be archived";
  if (waiting == 0) return findings.ok("no file waits to be archived");
  const std::string since = ", the oldest (" + oldest_name + ") for " + std::to_string(age_s) + " s";
  if (age_s > kLateSeconds) return findings.wrong(text + since + ": the server's log says why");
  findings.ok(text + since);
}

// Brings the newest segment of the newest timeline back, whole.
void check_newest(const Target& target, const Catalog& catalog, Findings& findings) {
  const Timeline* newest = nullptr;
  for (const auto& [number, timeline] : catalog.timelines) {
    if (timeline.last != 0) newest = &timeline;
  }
  if (newest == nullptr) return findings.wrong("no segment of this cluster is in the archive");
  const WalFile file{WalKind::kSegment, newest->number, newest->last, 0};
  const std::string name = wal_name(file, target.cluster);
  auto work = WorkDirectory::make(std::filesystem::temp_directory_path().string());
  if (!work) return findings.wrong(work.error().message);
  GetWish wish{target.access, target.cluster, name, work->path() + "/" + name, false, false, 0};
  const Outcome got = get_once(wish);
  if (got.code != kExitThere)
    return findings.wrong(name + " cannot be brought back (" + std::to_string(got.code) +
                          "): " + got.message);
  findings.ok("the newest segment, " + name + ", comes back whole");
}

void check_archive(const Target& target, Findings& findings) {
  const auto archive = Archive::open(target.access);
  if (!archive) return findings.wrong(archive.error().message);
  findings.ok("the sink " + target.access.sink.substr(0, target.access.sink.find('?')) + " can be read");
  const auto catalog = read_catalog(**archive, target.cluster);
  if (!catalog) return findings.wrong(catalog.error().message);
  for (const auto& [number, timeline] : catalog->timelines) {
    if (timeline.hole_count != 0)
      findings.wrong("timeline " + std::to_string(number) + " has " + std::to_string(timeline.hole_count) +
                     " holes: a recovery ends before the first; 'timelines' lists them");
  }
  if (catalog->backups.empty()) {
    findings.warn("no base backup is known to the archive: without one the log is worth nothing");
  } else {
    findings.ok("the newest base backup is " + catalog->backups.back().name + " of " +
                catalog->backups.back().stop_time);
  }
  check_newest(target, *catalog, findings);
}

}  // namespace

int run_check(const CheckWish& wish) {
  Findings findings;
  findings.ok("the cluster is " + segment_storage(wish.target.cluster));
  if (!wish.data_directory.empty()) {
    const auto settings = read_server_settings(wish.data_directory);
    if (settings) {
      check_settings(*settings, wish.data_directory, findings);
    } else {
      findings.wrong(settings.error().message);
    }
    check_waiting(wish.data_directory, findings);
  }
  check_archive(wish.target, findings);
  return findings.is_well() ? 0 : kExitNotWell;
}

}  // namespace tidemark::postgres
