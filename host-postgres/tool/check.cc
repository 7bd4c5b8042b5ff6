// tidemark-postgres check: whether a server archives, and whether what it has archived comes back.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/printable.h"
#include "bridge/history.h"
#include "tool/bounded.h"
#include "tool/catalog.h"
#include "tool/check_server.h"
#include "tool/findings.h"
#include "tool/get.h"
#include "tool/verbs.h"

namespace tidemark::postgres {

namespace {

// Brings the newest segment of the newest timeline back, whole.
void check_newest(const Target& target, const Catalog& catalog, const SayStage& say, Findings& findings) {
  const Timeline* newest = nullptr;
  for (const auto& [number, timeline] : catalog.timelines) {
    if (timeline.last != 0) newest = &timeline;
  }
  if (newest == nullptr) return findings.wrong("no segment of this cluster is in the archive");
  const WalFile file{WalKind::kSegment, newest->number, newest->last, 0};
  const std::string name = wal_name(file, target.cluster);
  say("the newest segment, " + name);
  auto work = WorkDirectory::make(std::filesystem::temp_directory_path().string());
  if (!work) return findings.wrong(work.error().message);
  GetWish wish{target.access, target.cluster, name, work->path() + "/" + name, false, false, 0};
  const Outcome got = get_once(wish);
  if (got.code != kExitThere)
    return findings.wrong(name + " cannot be brought back (" + std::to_string(got.code) +
                          "): " + got.message);
  findings.ok("the newest segment, " + name + ", comes back whole");
}

// Of the server's own timeline and its ancestors: a recovery looks for them by number, and takes another
// timeline where one is missing.
void check_histories(const CheckWish& wish, const Catalog& catalog, bool archives, Findings& findings) {
  const std::string directory = wish.data_directory + "/pg_wal";
  const auto timeline = own_timeline(directory, wish.target.cluster);
  if (!timeline) return findings.wrong(timeline.error().message);
  const auto numbers = own_histories(directory, *timeline);
  if (!numbers) return findings.wrong(numbers.error().message);
  for (const uint32_t number : *numbers) {
    const auto found = catalog.timelines.find(number);
    if (found != catalog.timelines.end() && found->second.has_history) continue;
    const bool is_here = ::access((directory + "/" + history_name(number)).c_str(), F_OK) == 0;
    const std::string remedy =
        !is_here
            ? "it is not in pg_wal either: bring it there from another server of that timeline, and restart"
        : archives
            ? "the server archives it when it is started again"
            : "set archive_mode = on and restart: then the server archives it. (Of a drill it is not to be)";
    findings.wrong(history_name(number) +
                   " of this server is not in the archive, so no recovery follows timeline " +
                   std::to_string(number) + ": " + remedy);
  }
}

// Whether this process is what the server is: what another user makes in a directory the server may not
// change.
bool is_servers_user(const std::string& data_directory) {
  struct stat status {};
  return !data_directory.empty() && ::stat(data_directory.c_str(), &status) == 0 &&
         status.st_uid == ::geteuid();
}

// What the server needs of it.
void check_writing(const CheckWish& wish, Findings& findings) {
  const Target& target = wish.target;
  if (!is_servers_user(wish.data_directory))
    return findings.warn(
        "whether the sink can be written to was not tried: only the server's user does, with --data");
  if (const Status there = check_sink_directory(target.access.sink); !there)
    return findings.wrong(there.error().message);
  Access access = target.access;
  access.read_only = false;
  const auto archive = Archive::open(access);
  if (!archive) return findings.wrong("the sink cannot be written to: " + archive.error().message);
  const Status tried = (*archive)->try_writing();
  if (!tried) return findings.wrong("the sink cannot be written to: " + tried.error().message);
  findings.ok("the sink can be written to");
}

void check_archive(const CheckWish& wish, bool archives, const SayStage& say, Findings& findings) {
  const Target& target = wish.target;
  const std::string place = printable_url(target.access.sink);
  say("the sink " + place);
  const auto archive = Archive::open(target.access);
  if (!archive) return findings.wrong(archive.error().message);
  say("the listing of " + place);
  const auto catalog = read_catalog(**archive, target.cluster);
  if (!catalog) return findings.wrong(catalog.error().message);
  findings.ok("the sink " + place + " can be read");
  say("writing to the sink " + place);
  check_writing(wish, findings);
  for (const auto& [number, timeline] : catalog->timelines) {
    if (timeline.hole_count != 0)
      findings.wrong("timeline " + std::to_string(number) + " has " + std::to_string(timeline.hole_count) +
                     " holes: a recovery ends before the first; 'timelines' lists them");
  }
  if (!wish.data_directory.empty()) check_histories(wish, *catalog, archives, findings);
  if (catalog->backups.empty()) {
    findings.warn("no base backup is known to the archive: without one the log is worth nothing");
  } else {
    findings.ok("the newest base backup is " + catalog->backups.back().name + " of " +
                catalog->backups.back().stop_time);
  }
  check_newest(target, *catalog, say, findings);
}

int check_all(const CheckWish& wish, const SayStage& say) {
  Findings findings;
  findings.ok("the cluster is " + segment_storage(wish.target.cluster));
  bool is_archiving = true;
  if (!wish.data_directory.empty()) {
    say("the data directory " + wish.data_directory);
    const auto settings = read_server_settings(wish.data_directory);
    if (!settings) {
      findings.wrong(settings.error().message);
    } else {
      is_archiving = archives(*settings);
      check_settings(*settings, wish.data_directory, findings);
      check_archiver(*settings, wish.data_directory, findings);
    }
    check_waiting(wish.data_directory, findings);
  }
  check_archive(wish, is_archiving, say, findings);
  return findings.is_well() ? 0 : kExitNotWell;
}

}  // namespace

int run_check(const CheckWish& wish) {
  const auto done =
      run_bounded(wish.timeout_ms, [&wish](const SayStage& say) { return check_all(wish, say); });
  if (!done) return report(done.error());
  if (done->is_finished) return done->code;
  Findings findings;
  findings.wrong((done->stage.empty() ? "the server" : done->stage) + " was not reached within " +
                 std::to_string(wish.timeout_ms / 1000) +
                 " s (--timeout); what comes after it was not checked");
  return kExitUnreachable;
}

}  // namespace tidemark::postgres
