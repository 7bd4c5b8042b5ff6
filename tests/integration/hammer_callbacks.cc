// The hammer's callbacks, and what is demanded inside of them.
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <thread>

#include "hammer_host.h"

namespace tidemark::integration {
namespace {

// When its name was given to it. 0: it is not there.
int64_t changed_ns(const std::string& path) {
  struct stat stat = {};
  if (lstat(path.c_str(), &stat) != 0) return 0;
  return stat.st_ctim.tv_sec * 1'000'000'000LL + stat.st_ctim.tv_nsec;
}

// When the entry became a gap, by the record. 0: there is none.
int64_t recorded_ns(const std::string& root, const Partition& p, Lsn lsn) {
  for (const NamedRange& record : ranges_in(root, p, ".gap")) {
    if (record.first <= lsn && lsn <= record.last)
      return changed_ns(root + "/" + p.storage + "/" + std::to_string(p.id) + "/" + record.name);
  }
  return 0;
}

}  // namespace

// Counts itself, may take its time, and may call the plugin back when it is done.
class HammerHost::Inside {
 public:
  Inside(HammerHost& host, const char* name) : host_(host), random_(host.plan_.seed * 7919 + host.calls_++) {
    ++host_.inside_;
    if (!host_.alive_) host_.violate(std::string(name) + " called while not started");
    dawdle();
  }
  ~Inside() {
    if (!host_.calm_ && random_.chance(host_.plan_.recall_percent))
      host_.notify(host_.notice(random_.below(host_.parts_.size())));
    --host_.inside_;
  }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;

  sim::Random& random() { return random_; }
  void dawdle() {
    if (!host_.calm_ && random_.chance(host_.plan_.slow_percent))
      std::this_thread::sleep_for(std::chrono::microseconds(random_.below(host_.plan_.slow_us)));
  }

 private:
  HammerHost& host_;
  sim::Random random_;
};

// All of the enum, and what no version of it knows.
tidemark_status HammerHost::dice_status(sim::Random& random) {
  static constexpr tidemark_status kStatuses[] = {TIDEMARK_E_INVALID,
                                                  TIDEMARK_E_UNSUPPORTED,
                                                  TIDEMARK_E_NOT_FOUND,
                                                  TIDEMARK_E_EXISTS,
                                                  TIDEMARK_E_PERMANENT,
                                                  TIDEMARK_E_CORRUPT,
                                                  TIDEMARK_E_CANCELLED,
                                                  TIDEMARK_E_RETRYABLE,
                                                  TIDEMARK_E_THROTTLED,
                                                  TIDEMARK_E_NO_SPACE,
                                                  -1,
                                                  INT32_MIN,
                                                  8,
                                                  99,
                                                  103,
                                                  12345,
                                                  INT32_MAX};
  if (calm_ || !random.chance(plan_.fault_percent)) return TIDEMARK_OK;
  return kStatuses[random.below(std::size(kStatuses))];
}

tidemark_status HammerHost::acquire_entry(void* ctx, const tidemark_partition* partition, tidemark_lsn lsn,
                                          tidemark_entry* out, tidemark_error* /*error*/) {
  auto& self = *static_cast<HammerHost*>(ctx);
  Inside inside(self, "acquire_entry");
  Part* const part = self.part_of(*partition);
  if (part == nullptr) return TIDEMARK_E_PERMANENT;
  tidemark_status status = self.dice_status(inside.random());
  auto lease = std::make_unique<Lease>(Lease{part, lsn, self.path(*part, lsn)});
  {
    const std::lock_guard<std::mutex> lock(part->mutex);
    if (lsn == 0 || lsn > part->highest)
      self.violate("asked for " + name_of(part->name, lsn) + ", never notified");
    const bool is_there =
        lsn > 0 && lsn <= part->entries.size() && part->entries[lsn - 1].state == State::kThere;
    if (status == TIDEMARK_OK && !is_there) status = TIDEMARK_E_NOT_FOUND;
    if (status == TIDEMARK_OK) ++part->entries[lsn - 1].loans;
  }
  if (status != TIDEMARK_OK) {
    ++self.refused_;
    return status;
  }
  ++self.acquired_;
  out->path = {lease->path.data(), lease->path.size()};
  out->lease = lease.get();
  const std::lock_guard<std::mutex> lock(self.mutex_);
  self.leases_.insert(lease.release());
  return TIDEMARK_OK;
}

void HammerHost::release_entry(void* ctx, const tidemark_partition* partition, tidemark_entry* entry) {
  auto& self = *static_cast<HammerHost*>(ctx);
  const Inside inside(self, "release_entry");
  const auto* found = static_cast<const Lease*>(entry->lease);
  {
    const std::lock_guard<std::mutex> lock(self.mutex_);
    if (self.leases_.erase(found) == 0) found = nullptr;
  }
  if (found == nullptr) return self.violate("released what is not on loan");
  const std::unique_ptr<const Lease> lease(found);
  if (lease->part != self.part_of(*partition)) self.violate("released for another partition: " + lease->path);
  if (entry->path.data != lease->path.data() || entry->path.size != lease->path.size())
    self.violate("released with another path: " + lease->path);
  const std::lock_guard<std::mutex> lock(lease->part->mutex);
  Entry& lent = lease->part->entries[lease->lsn - 1];
  --lent.loans;
  if (lent.loans == 0 && lent.state == State::kGone) std::filesystem::remove_all(lease->path);
}

// An entry that only an earlier run was notified of, lost or given up before this one heard of it, leaves a
// hole that only an archive which holds something older can show.
bool HammerHost::is_owed(const Part& part, Lsn lsn, const Entry& entry) {
  if (entry.notified_in == 0 || entry.told || part.acknowledgements < entry.owed_from) return false;
  if (entry.notified_in == run_) return true;
  if (plan_.swaps) return false;
  const auto archives = ranges_in(plan_.roots.front(), part.name, ".tar");
  return std::ranges::any_of(archives, [lsn](const NamedRange& archive) { return archive.last < lsn; });
}

std::string HammerHost::unsafe(const Part& part, Lsn lsn, const std::string& fingerprint) {
  return reader_.find(plan_.roots, part.name, lsn, fingerprint, [this](const std::string& key) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return plan_.swaps || proved_.contains(key);
  });
}

void HammerHost::check_position(Part& part, Lsn lsn) {
  std::vector<std::pair<Lsn, std::string>> open;
  {
    const std::lock_guard<std::mutex> lock(part.mutex);
    if (part.acking) violate("two acknowledgements at once: " + name_of(part.name, lsn));
    part.acking = true;
    ++part.acknowledgements;
    if (lsn < part.given && !plan_.forgets) violate("went back: " + name_of(part.name, lsn));
    if (lsn > part.highest) violate("acknowledged " + name_of(part.name, lsn) + ", never notified");
    part.given = std::max(part.given, lsn);
    for (Lsn each = 1; each <= std::min<Lsn>(lsn, part.entries.size()); ++each) {
      const Entry& entry = part.entries[each - 1];
      if (!entry.safe && is_owed(part, each, entry)) open.emplace_back(each, entry.fingerprint);
    }
  }
  for (const auto& [each, fingerprint] : open) {
    const std::string problem = unsafe(part, each, fingerprint);
    const std::lock_guard<std::mutex> lock(part.mutex);
    part.entries[each - 1].safe = problem.empty();
    if (!problem.empty())
      violate("acknowledged " + std::to_string(lsn) + " of run " + std::to_string(run_) + " without " +
              name_of(part.name, each) + ": " + problem);
  }
}

tidemark_status HammerHost::acknowledge(void* ctx, const tidemark_partition* partition, tidemark_lsn lsn,
                                        tidemark_error* /*error*/) {
  auto& self = *static_cast<HammerHost*>(ctx);
  Inside inside(self, "acknowledge");
  Part* const part = self.part_of(*partition);
  if (part == nullptr) return TIDEMARK_OK;
  ++self.acknowledgements_;
  self.check_position(*part, lsn);
  inside.dawdle();
  const tidemark_status status = self.dice_status(inside.random());
  const std::lock_guard<std::mutex> lock(part->mutex);
  part->acking = false;
  if (status != TIDEMARK_OK) return status;
  part->position = std::max(part->position, lsn);
  if (inside.random().chance(50)) self.prune(*part, lsn);
  return TIDEMARK_OK;
}

void HammerHost::check_gap(Part& part, const tidemark_event& event) {
  std::vector<std::pair<Lsn, std::string>> news;
  {
    const std::lock_guard<std::mutex> lock(part.mutex);
    if (event.first == 0 || event.first > event.last || event.last > part.entries.size() ||
        event.last >= part.lowest_gone) {
      violate("GAP " + std::to_string(event.first) + ".." + std::to_string(event.last) + " of " +
              name_of(part.name, part.lowest_gone) + ", the highest low");
      return;
    }
    for (Lsn lsn = event.first; lsn <= event.last; ++lsn) {
      const Entry& entry = part.entries[lsn - 1];
      if (entry.told) continue;
      // What came after a later one was acknowledged is looked at when the next is.
      if (part.given >= lsn && !entry.safe && entry.owed_from == 0 && !plan_.forgets)
        violate("passed before its GAP: " + name_of(part.name, lsn));
      // What an earlier run archived above all that this one was told of proves nothing: the host may have
      // been restored to an older state.
      if (entry.first_notified_in == run_ || lsn <= part.trusted) news.emplace_back(lsn, entry.fingerprint);
    }
  }
  // With swaps the sink of now is another one by the time this looks; what was forgotten is like another
  // run.
  for (const auto& [lsn, fingerprint] : news) {
    // What turned up late may be archived, after the gap was recorded, before this hears of the gap.
    const int64_t recorded = recorded_ns(first_root_.front(), part.name, lsn);
    const auto counts = [&](const std::string& key) {
      return recorded == 0 || changed_ns(first_root_.front() + "/" + key) < recorded;
    };
    if (!plan_.swaps && !plan_.forgets &&
        reader_.find(first_root_, part.name, lsn, fingerprint, counts).empty())
      violate("a GAP though it is archived: " + name_of(part.name, lsn));
  }
}

void HammerHost::event(void* ctx, const tidemark_event* event) {
  auto& self = *static_cast<HammerHost*>(ctx);
  Inside inside(self, "event");
  if (event->kind == TIDEMARK_EVENT_CONFLICT) {
    self.violate(std::string("CONFLICT: ") + (event->error == nullptr ? "" : event->error->message));
  }
  if (event->kind != TIDEMARK_EVENT_GAP) return;
  ++self.gaps_;
  Part* const part = self.part_of(event->partition);
  if (part == nullptr) return;
  self.check_gap(*part, *event);
  inside.dawdle();
  inside.dawdle();
  // The last thing it does: from now on an acknowledgement may pass.
  const std::lock_guard<std::mutex> lock(part->mutex);
  for (Lsn lsn = event->first; lsn <= std::min<Lsn>(event->last, part->entries.size()); ++lsn)
    part->entries[lsn - 1].told = true;
}

}  // namespace tidemark::integration
