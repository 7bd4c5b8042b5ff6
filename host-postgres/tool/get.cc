#include "tool/get.h"

#include <tidemark/maintenance.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include "base/files.h"
#include "base/guard.h"
#include "base/line.h"
#include "bridge/first_page.h"
#include "bridge/services.h"
#include "format/lsn.h"
#include "tool/find.h"
#include "tool/prefetch.h"

namespace tidemark::postgres {

namespace {

Outcome outcome_of(const Error& error) {
  switch (error.status) {
    case TIDEMARK_E_CORRUPT:
      return {kExitDamaged, error.message, false};
    case TIDEMARK_E_INVALID:
    case TIDEMARK_E_SEALED:
    case TIDEMARK_E_UNSUPPORTED:
      return {kExitUsage, error.message, false};
    default:
      return {kExitUnreachable, error.message, true};
  }
}

// By its name: of PostgreSQL's, and not of another engine that shares the place.
bool is_of_a_cluster(std::string_view storage) {
  const size_t dot = storage.find('.');
  return dot != std::string_view::npos && parse_decimal(storage.substr(0, dot)).has_value();
}

// PostgreSQL has it already, and takes that where nothing is brought.
bool has_it_already(const GetWish& wish) {
  return ::access((parent_of(wish.path) + "/" + wish.file).c_str(), F_OK) == 0;
}

// Whether anything lies in the partition of a timeline's segments.
Result<bool> has_segments(Archive& archive, const GetWish& wish, uint32_t timeline) {
  bool found = false;
  TM_TRY(archive.scan(segment_storage(wish.cluster), timeline, 1, [&found](const Object& object) {
    found = object.kind == TIDEMARK_STORED_ARCHIVE;
    return !found;
  }));
  return found;
}

// The archive has nothing of this cluster: then the place is wrong or not mounted, and the end of the log is
// not known.
std::optional<Outcome> wrong_place(const GetWish& wish, const std::vector<std::string>& names) {
  const std::string identifier = std::to_string(wish.cluster.system_identifier) + ".";
  std::string other;
  bool is_known = false;
  for (const std::string& name : names) {
    if (name == segment_storage(wish.cluster)) return std::nullopt;
    if (name.starts_with(identifier)) {
      is_known = true;
      if (name.ends_with("M")) other = name;
    } else if (!is_known && is_of_a_cluster(name)) {
      other = name;
    }
  }
  const bool is_other = !other.empty() && (!is_known || other.starts_with(identifier));
  if (!is_other && is_known) return std::nullopt;
  const std::string nothing = "nothing of this cluster (" + segment_storage(wish.cluster) + ")";
  if (is_other)
    return Outcome{kExitUsage, "the archive has " + other + " and " + nothing + ": is it the right sink?",
                   false};
  return Outcome{kExitUnreachable, "the archive has " + nothing + ": is it mounted, and the right sink?",
                 true};
}

// The server looks for histories by number, up to the first that is missing: it would never see a later one.
Result<uint32_t> history_after(Archive& archive, const GetWish& wish, uint32_t timeline) {
  uint32_t after = 0;
  TM_TRY(archive.scan(history_storage(wish.cluster.system_identifier), std::nullopt, 0,
                      [&](const Object& object) {
                        const bool is_later = object.kind == TIDEMARK_STORED_ARCHIVE &&
                                              object.partition > timeline && object.partition <= UINT32_MAX;
                        if (is_later) after = static_cast<uint32_t>(object.partition);
                        return !is_later;
                      }));
  return after;
}

// Nothing lies at or after it in its timeline. The end of the log, if the rest of the archive agrees.
Outcome end_or_loss(Archive& archive, const GetWish& wish, const WalFile& file) {
  const auto names = archive.storages();
  if (!names) return outcome_of(names.error());
  if (const auto wrong = wrong_place(wish, *names)) return *wrong;
  const auto segments = has_segments(archive, wish, file.timeline);
  if (!segments) return outcome_of(segments.error());
  const std::string timeline = "timeline " + std::to_string(file.timeline);
  if (file.kind == WalKind::kHistory && *segments) {
    return {kExitHole,
            "the archive has segments of " + timeline +
                " and not this history: archive it from the pg_wal of a server of that timeline",
            true};
  }
  if (file.kind == WalKind::kHistory) {
    const auto later = history_after(archive, wish, file.timeline);
    if (!later) return outcome_of(later.error());
    const std::string text =
        "is not in the archive, but " + history_name(*later) +
        " is, which the server does not look for then: archive it from the pg_wal of a server "
        "of that timeline, or name the timeline to be followed in recovery_target_timeline";
    if (*later != 0 && !wish.hole_is_end) return {kExitHole, text + " (--hole-is-end: none)", true};
  }
  const std::string labels =
      std::to_string(wish.cluster.system_identifier) + ".backup." + std::to_string(file.timeline);
  const bool has_labels = std::find(names->begin(), names->end(), labels) != names->end();
  if (file.kind == WalKind::kSegment && !*segments && has_labels)
    return {kExitHole, "the archive knows base backups of " + timeline + " and has none of its segments",
            true};
  return {kExitEnd, "", false};
}

// Pruned, or from before the archive began: the log goes on after it, so only what the server has itself
// leads there.
Outcome before_the_archive(const GetWish& wish, const WalFile& file) {
  if (file.kind != WalKind::kSegment || has_it_already(wish)) return {kExitEnd, "", false};
  return {kExitHole,
          "lies before the first segment that the archive has of its timeline: it was pruned, or never "
          "archived here. "
          "A newer base backup is needed, or what another archive has (tidemark copy)",
          true};
}

// Proven, looked at, and then under its name: the server never sees a part of it.
Status restore(Archive& archive, const GetWish& wish, const WalFile& file, const std::string& key) {
  const Place place = place_of(file, wish.cluster);
  TM_ASSIGN(const WorkDirectory work, WorkDirectory::make(parent_of(wish.path)));
  TM_TRY(archive.unpack(key, place.lsn, work.path()));
  const std::string from = work.path() + "/" + lsn_text(place.lsn);
  if (const Status checked = check_wal_file(from, file, wish.cluster, 0); !checked)
    return fail(TIDEMARK_E_CORRUPT, key + " is whole, but " + checked.error().message);
  if (::rename(from.c_str(), wish.path.c_str()) != 0) return fail_errno(errno, wish.path);
  return {};
}

// Where one archive is damaged another may hold the file too.
Outcome restore_any(Archive& archive, const GetWish& wish, const WalFile& file,
                    const std::string& first_key) {
  const Status done = restore(archive, wish, file, first_key);
  if (done) return {kExitThere, "", false};
  if (done.error().status != TIDEMARK_E_CORRUPT) return outcome_of(done.error());
  const Place place = place_of(file, wish.cluster);
  Find find(place.lsn, true);
  const Status listed = archive.scan(
      place.storage, place.partition, place.lsn,
      [&find](const Object& object) { return find.add(object.kind, object.first, object.last, object.key); });
  if (!listed) return outcome_of(listed.error());
  for (const std::string& key : find.keys()) {
    if (key != first_key && restore(archive, wish, file, key)) return {kExitThere, "", false};
  }
  return outcome_of(done.error());
}

std::string hole_text(const GetWish& wish, const WalFile& file, const Find& find) {
  const std::string next =
      find.first_after() == 0
          ? "and is recorded as lost"
          : "but " + segment_name(file.timeline, find.first_after(), wish.cluster) + " is there";
  return "is missing in the archive, " + next +
         ". To recover up to here, without what lies after it, give --hole-is-end";
}

void say(const GetWish& wish, const std::string& text) {
  if (text.empty()) return;
  const std::string line = "tidemark-postgres: " + clean_line(wish.file) + ": " + clean_line(text) + "\n";
  std::fputs(line.c_str(), stderr);
}

}  // namespace

Outcome get_from(Archive& archive, const GetWish& wish) {
  const auto file = parse_kept_name(wish.file, wish.cluster);
  if (!file) return {kExitUsage, "is not a name of a file that PostgreSQL archives", false};
  const Place place = place_of(*file, wish.cluster);
  Find find(place.lsn, false);
  const Status listed = archive.scan(
      place.storage, place.partition, place.lsn,
      [&find](const Object& object) { return find.add(object.kind, object.first, object.last, object.key); });
  if (!listed) return outcome_of(listed.error());
  switch (find.finding()) {
    case Finding::kHeld:
      return restore_any(archive, wish, *file, find.keys().front());
    case Finding::kBefore:
      return before_the_archive(wish, *file);
    case Finding::kHole:
      // What has a partition of its own has nothing after it.
      if (file->kind != WalKind::kSegment) return {kExitEnd, "", false};
      if (wish.hole_is_end)
        return {kExitEnd, hole_text(wish, *file, find) + ", as it was: this is the end", false};
      return {kExitHole, hole_text(wish, *file, find), true};
    case Finding::kEnd:
      break;
  }
  return end_or_loss(archive, wish, *file);
}

Outcome get_once(const GetWish& wish) {
  // The first timeline has no history, and a server that is promoted asks for it.
  const auto file = parse_wal_name(wish.file, wish.cluster);
  if (file && file->kind == WalKind::kHistory && file->timeline == 1) return {kExitEnd, "", false};
  Outcome outcome;
  const Status done = guarded([&]() -> Status {
    TM_ASSIGN(const auto archive, Archive::open(wish.access));
    outcome = get_from(*archive, wish);
    return {};
  });
  return done ? outcome : outcome_of(done.error());
}

namespace {

// While a recovery ends, its signal file is gone already: an error now would leave a server that starts
// without the recovery, and goes on in the old timeline.
int get_at_the_end(const GetWish& wish) {
  const Outcome outcome = get_once(wish);
  say(wish, outcome.message);
  return outcome.code == kExitThere ? kExitThere : kExitEnd;
}

int get_patiently(const GetWish& wish) {
  constexpr uint64_t kFirstPauseMs = 200, kLongestPauseMs = 5'000;
  const uint64_t begin_ms = monotonic_ms();
  Outcome outcome = get_once(wish);
  for (uint64_t pause_ms = kFirstPauseMs;; pause_ms = std::min(2 * pause_ms, kLongestPauseMs)) {
    const bool may_change = outcome.may_change || (wish.is_standby && outcome.code == kExitDamaged);
    const uint64_t waited_ms = monotonic_ms() - begin_ms;
    if (!may_change || waited_ms >= wish.retry_for_ms) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(std::min(pause_ms, wish.retry_for_ms - waited_ms)));
    outcome = get_once(wish);
  }
  say(wish, outcome.message);
  const bool waits_again = outcome.code >= kExitHole && outcome.code <= kExitUnreachable;
  if (!wish.is_standby || !waits_again) return outcome.code;
  // A standby asks again by itself, for as long as it is one; an error would end it.
  say(wish, "the standby waits, and asks again");
  return kExitEnd;
}

}  // namespace

int run_get(const GetWish& wish) {
  const auto file = parse_wal_name(wish.file, wish.cluster);
  const bool is_segment = file && file->kind == WalKind::kSegment;
  if (is_segment && may_prefetch(wish)) {
    Spool spool(wish);
    const int code = spool.take(*file) ? kExitThere : get_patiently(wish);
    if (code == kExitThere) spool.fill_after(*file);
    return code;
  }
  const bool is_history = file && file->kind == WalKind::kHistory;
  if (is_history && (wish.is_ending || has_it_already(wish))) return get_at_the_end(wish);
  const int code = get_patiently(wish);
  // A server that recovers asks for histories before the first segment and after the last.
  const bool is_over = is_history && code == kExitEnd && !wish.is_standby;
  if (is_over && wish.path.ends_with("RECOVERYHISTORY")) Spool(wish).remove();
  return code;
}

}  // namespace tidemark::postgres
