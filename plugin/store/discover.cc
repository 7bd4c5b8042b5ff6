#include <algorithm>
#include <tuple>

#include "store/known_gaps.h"
#include "store/list.h"
#include "store/look_back.h"
#include "store/record.h"
#include "store/store.h"

namespace tidemark::store {
namespace {

// The questions about one partition's names, each of them one listing.
class Prober {
 public:
  Prober(sink::Sink& sink, std::string_view storage, uint64_t partition, const Chain* chain,
         const Call& deadline)
      : sink_(sink), storage_(storage), partition_(partition), chain_(chain), deadline_(deadline) {}

  // What counts in the chain, see list_chain(); without one, all of it, if it is of the first epoch.
  Status list(Lsn from, const std::function<bool(const ArchiveInfo&)>& visit) {
    if (chain_ == nullptr) return list_first_epoch(from, visit);
    return list_chain(
        sink_, storage_, partition_, from, *chain_,
        [&](const ArchiveInfo& info) {
          const bool begins = info.kind == ObjectKind::kArchive || info.kind == ObjectKind::kGap;
          if (begins && info.epoch == chain_->newest()) {
            has_newest_epoch_ = true;
            if (info.begun != kNoLsn) newest_begun_ = info.begun;
          }
          return visit(info);
        },
        deadline_);
  }
  bool has_newest_epoch() const { return has_newest_epoch_; }
  Lsn newest_begun() const { return newest_begun_; }

  struct Window {
    Lsn newest = kNoLsn;      // the highest last LSN seen, but for origins; none if there is none
    Lsn origin = kNoLsn;      // the lowest last LSN of origins
    bool is_complete = true;  // everything in it was seen
  };
  // Names whose last LSN is in [from, end), at most a page of them, origins not counted.
  Result<Window> look(Lsn from, Lsn end) {
    Window window;
    size_t names = 0;
    Status status = list(from, [&](const ArchiveInfo& info) {
      if (info.range.last >= end) return false;
      if (info.kind == ObjectKind::kOrigin) {
        if (window.origin == kNoLsn) window.origin = info.range.last;
        return true;
      }
      if (++names > kPageNames) {
        window.is_complete = false;
        return false;
      }
      window.newest = info.range.last;
      return true;
    });
    if (!status) return std::move(status.error());
    return window;
  }

  // Whether any name ends below `end`.
  Result<bool> has_older(Lsn end) {
    bool older = false;
    Status status = list(1, [&](const ArchiveInfo& info) {
      older = info.range.last < end;
      return false;
    });
    if (!status) return std::move(status.error());
    return older;
  }

  Result<Window> newest_below(Lsn end, Lsn empty_from, Lsn origin);
  // All that ends in [from, low), unless that is more than a page of names.
  Result<std::optional<LookBack>> look_back(Lsn low, Lsn from);
  // A listing may leave names out for once, and what is recorded as lost hides them for good: `hole` is
  // listed again, from right before it (which shows the epoch). RETRYABLE: something of it is archived after
  // all.
  Status confirm(Range hole);
  // Adds what gap records say of the hole that ends with `last`.
  Status explain(Lsn last, KnownGaps& gaps);

 private:
  static constexpr size_t kPageNames = 1000;

  Result<Lsn> narrow(Lsn known, Lsn empty_from);
  Status list_first_epoch(Lsn from, const std::function<bool(const ArchiveInfo&)>& visit);

  sink::Sink& sink_;
  std::string_view storage_;
  uint64_t partition_;
  const Chain* chain_;
  const Call& deadline_;
  bool has_newest_epoch_ = false;
  Lsn newest_begun_ = kNoLsn;
};

// What has no lineage file puts nothing beside another epoch: it would be of another history, or hidden by
// it.
Status Prober::list_first_epoch(Lsn from, const std::function<bool(const ArchiveInfo&)>& visit) {
  Status refused;
  TM_TRY(list_within(
      sink_, storage_, partition_, from,
      [&](const ArchiveInfo& info) {
        if (info.epoch == kFirstEpoch || info.kind == ObjectKind::kPruned) return visit(info);
        refused = fail(
            TIDEMARK_E_UNSUPPORTED,
            std::string(info.key) +
                ": is of a later epoch: this storage was archived with a lineage file; it needs the option "
                "lineage_file, with that of the data directory that this history belongs to");
        return false;
      },
      deadline_));
  return refused;
}

// The highest last LSN below `end`: windows of doubling size backwards from `end`. Nothing but origins ends
// in [empty_from, end); `origin` is the lowest of these. If there is nothing else, the lowest of all is
// given.
Result<Prober::Window> Prober::newest_below(Lsn end, Lsn empty_from, Lsn origin) {
  for (Lsn step = 2 * (end - empty_from);; step *= 2) {
    const Lsn from = step < end ? end - step : 1;
    auto window = look(from, empty_from);
    if (!window) return std::move(window.error());
    if (window->newest != kNoLsn) {
      if (window->is_complete) return window;
      TM_ASSIGN(const auto newest, narrow(window->newest, empty_from));
      return Window{newest};
    }
    if (window->origin != kNoLsn) origin = window->origin;
    if (from == 1) return Window{kNoLsn, origin};
    empty_from = from;
    if (step > end / 2) step = end / 2;  // the next window reaches the beginning; no overflow
  }
}

Result<std::optional<LookBack>> Prober::look_back(Lsn low, Lsn from) {
  std::optional<LookBack> seen(low);
  size_t names = 0;
  Status status = list(from, [&](const ArchiveInfo& info) {
    if (info.range.last >= low) return false;
    if (++names > kPageNames) {
      seen.reset();
      return false;
    }
    seen->add(info, info.part);
    return true;
  });
  if (!status) return std::move(status.error());
  return seen;
}

// Something ends at `known`, nothing in [empty_from, ...): halves what lies between.
Result<Lsn> Prober::narrow(Lsn known, Lsn empty_from) {
  while (known + 1 < empty_from) {
    const Lsn middle = known + 1 + (empty_from - known - 1) / 2;
    TM_ASSIGN(const auto window, look(middle, empty_from));
    if (window.newest == kNoLsn) {
      empty_from = middle;
    } else {
      known = window.newest;
      if (window.is_complete) return known;
    }
  }
  return known;
}

Status Prober::confirm(Range hole) {
  Status confirmed;
  TM_TRY(list(std::max<Lsn>(1, hole.first - 1), [&](const ArchiveInfo& info) {
    if (info.kind == ObjectKind::kArchive && overlap(info.part, hole)) {
      confirmed =
          fail(TIDEMARK_E_RETRYABLE, std::string(info.key) +
                                         " is listed now, and was left out a moment ago; what a listing "
                                         "leaves out is not reported as lost: it is looked for again");
    }
    const bool is_after = info.range.last > hole.last && info.range.last - hole.last >= kArchiveEntriesMax;
    return static_cast<bool>(confirmed) && !is_after;
  }));
  return confirmed;
}

// One listing for each record, from the hole's end down to what is archived. Of a hole with more names than a
// page has, what lies after the page is not looked at, and may be reported although it was archived after
// all.
Status Prober::explain(Lsn last, KnownGaps& gaps) {
  gaps.explain(last);
  Lsn seen_from = kEveryLsn;  // names that end from here on were seen
  for (size_t step = 0;; ++step) {
    size_t names = 0;
    Status status = list(gaps.top(), [&](const ArchiveInfo& info) {
      if (info.range.last >= seen_from) return false;
      gaps.add(info.part, info.kind);
      return ++names < kPageNames;
    });
    if (!status) return status;
    seen_from = gaps.top();
    if (step == kKnownGapsMax || !gaps.descend()) return {};
  }
}

// The first look; archives of single entries are enough in it though as many LSNs are holes or records.
constexpr Lsn kFirstLookLsns = Lsn{2} * kLookBackArchives;
// The furthest: kLookBackArchives of the largest batches, and as many LSNs as may be missing between them.
constexpr Lsn kLastLookLsns = Lsn{kLookBackArchives + 64} * kArchiveEntriesMax;
constexpr int kLookBackRequestsMax = 16;

// Looks further back than `seen` did, which saw what ends in the `width` LSNs before `end`, until it is
// enough: windows that grow, and that are halved again where more than a page lies in one.
Status look_further(Prober& prober, Lsn low, Lsn end, Lsn width, LookBack& seen) {
  const Lsn widest = std::min(end - 1, kLastLookLsns);
  Lsn too_wide = 0;
  for (int request = 0; request < kLookBackRequestsMax; ++request) {
    if (seen.is_enough() || width >= widest) break;
    const Lsn growth = seen.archives() < 8 ? 16 : 2;  // of few nothing can be concluded
    Lsn wider = std::max({kFirstLookLsns, width * growth, seen.expected_width() / 4 * 5});
    if (too_wide != 0) wider = width + (too_wide - width) / 2;
    if (wider == width) break;
    wider = std::min(wider, widest);
    TM_ASSIGN(auto window, prober.look_back(low, end - wider));
    if (window) {
      window->add_what_reaches_over(seen);
      seen = std::move(*window);
      width = wider;
    } else {
      too_wide = wider;
    }
  }
  if (seen.is_enough()) return {};
  TM_ASSIGN(const auto older, width < end - 1 ? prober.has_older(end - width) : Result<bool>(false));
  if (!older) seen.saw_beginning();
  return {};
}

// Sorts a listing that starts at low, or back from it, into what discovery asks for.
class Survey {
 public:
  Survey(Lsn low, size_t max_archives) : low_(low), max_archives_(max_archives), before_(low) {}

  bool visit(const ArchiveInfo& info) {
    ++names_;
    before_.add(info, info.part);
    if (low_ > 1 && info.part.contains(low_ - 1)) look_before(info);
    const bool counts = info.kind == ObjectKind::kArchive && info.part.last >= low_;
    if (counts && archives_.size() >= max_archives_ && complete_through_ == kEveryLsn) {
      complete_through_ = archives_.back().name.last;
    }
    const bool is_after = complete_through_ != kEveryLsn;
    if (counts && (!is_after || info.part.first <= complete_through_))
      archives_.emplace_back(info.range, info.part, info.epoch, info.coding, info.begun);
    return !is_after || ++names_after_ < kOverlapNames;
  }

  bool is_empty() const { return names_ == 0; }
  LookBack& before() { return before_; }
  // low - 1 is not archived, and it is records of a loss that say so.
  bool lacks_older() const { return knows_older_ && !holds_older_; }
  // The origin that ends at low - 1, if it is all there is.
  std::string sole_origin() const { return names_ == 1 ? origin_ : std::string(); }
  std::pair<std::vector<core::Found>, Lsn> archives() && { return {std::move(archives_), complete_through_}; }

 private:
  void look_before(const ArchiveInfo& info) {
    switch (info.kind) {
      case ObjectKind::kArchive:
      case ObjectKind::kPruned:
        holds_older_ = true;
        break;
      case ObjectKind::kGap:
      case ObjectKind::kAccepted:
        knows_older_ = true;
        break;
      case ObjectKind::kOrigin:
        // One that reaches further was there before the host had anything as old as low: what is older
        // decides.
        if (info.range.last == low_ - 1) origin_ = info.key;
        break;
      case ObjectKind::kEpoch:  // lies in no partition
        break;
    }
  }

  const Lsn low_;
  const size_t max_archives_;
  LookBack before_;
  std::vector<core::Found> archives_;
  Lsn complete_through_ = kEveryLsn;
  size_t names_after_ = 0;
  size_t names_ = 0;
  bool holds_older_ = false;
  bool knows_older_ = false;
  std::string origin_;  // its key
};

// Nothing is archived in the `width` LSNs before low, nor does a record say why: goes back to where something
// is. False: there is nothing to be missed.
Result<bool> find_older(Prober& prober, Lsn low, Lsn width, LookBack& before) {
  if (width < low - 1 && before.origin() == kNoLsn) {
    auto older = prober.has_older(low);
    if (!older || !*older) return older;
  }
  if (width == low - 1) return before.origin() != kNoLsn;
  TM_ASSIGN(const auto found, prober.newest_below(low, low - width, before.origin()));
  if (found.newest == kNoLsn) {
    // Removed meanwhile, if there is no origin either: then nothing older is left.
    if (found.origin != kNoLsn) before.add({{1, found.origin}, ObjectKind::kOrigin});
    return found.origin != kNoLsn;
  }
  Status status = look_further(prober, low, found.newest + 1, 0, before);
  if (!status) return std::move(status.error());
  return true;
}

// What lies before low; `discovery` gets what there is to say of it. The `width` LSNs before low were listed.
Status look_before(Prober& prober, Lsn low, Lsn width, Survey& survey, Discovery& discovery) {
  LookBack& before = survey.before();
  if (before.newest() != kNoLsn) {
    Status status = look_further(prober, low, low, width, before);
    if (!status) return status;
  } else if (!before.is_enough()) {
    TM_ASSIGN(const auto older, find_older(prober, low, width, before));
    discovery.holds_nothing = !older && survey.is_empty();
    if (!older && !survey.is_empty()) before.saw_beginning();
  }
  discovery.gap = before.lowest_hole();
  if (discovery.gap) TM_TRY(prober.confirm(*discovery.gap));
  discovery.older = before.last();
  const Lsn known = survey.lacks_older() ? low - 1 : before.newest();
  const bool ends_with_a_hole = known != kNoLsn && (known < low - 1 || survey.lacks_older());
  if (ends_with_a_hole) TM_TRY(prober.explain(known, before.known_gaps()));
  discovery.known_gaps = before.known_gaps().unexplained(kKnownGapsMax);
  return {};
}

}  // namespace

Result<Discovery> discover(sink::Sink& sink, std::string_view storage, uint64_t partition, Lsn low,
                           const DiscoverOptions& options, const tidemark_call* call) {
  if (low == kNoLsn || options.max_archives == 0) {
    return fail(TIDEMARK_E_INVALID, "cannot look up entries from " + std::to_string(low) +
                                        " on: LSNs begin with 1, and the limit of archives must not be 0");
  }
  const Call deadline(call);
  Prober prober(sink, storage, partition, options.chain, deadline);
  const bool check_older = options.check_older && low > 1;
  Survey survey(low, options.max_archives);
  // In a chain that is long what lies right before low says which epoch rules there.
  const Lsn least = options.chain != nullptr && options.chain->is_long() ? 1 : 0;
  const Lsn width = std::min(low - 1, check_older ? kFirstLookLsns : least);
  Status status = prober.list(low - width, [&](const ArchiveInfo& info) { return survey.visit(info); });
  if (!status) return std::move(status.error());
  Discovery discovery;
  if (check_older) {
    status = look_before(prober, low, width, survey, discovery);
    if (!status) return std::move(status.error());
  } else if (options.check_empty && low > 1 && survey.is_empty()) {
    TM_ASSIGN(const auto older, prober.has_older(low));
    discovery.holds_nothing = !older;
  }
  // Only its content shows whether it is one, and what is visible may not be durable yet.
  if (const std::string key = survey.sole_origin(); check_older && !key.empty()) {
    status = prove_record(sink, key, *parse_object_key(key), deadline);
    if (!status) return std::move(status.error());
  }
  std::tie(discovery.archives, discovery.complete_through) = std::move(survey).archives();
  discovery.has_newest_epoch = prober.has_newest_epoch();
  discovery.newest_begun = prober.newest_begun();
  return discovery;
}

Result<uint64_t> epoch_after(sink::Sink& sink, std::string_view storage, uint64_t partition, Range hole,
                             const Chain& chain, const tidemark_call* call) {
  const Call deadline(call);
  uint64_t epoch = 0;
  Lsn first = kEveryLsn;
  const auto visit = [&](const ArchiveInfo& info) {
    if (info.kind == ObjectKind::kArchive && info.part.last > hole.last && info.part.first < first) {
      first = info.part.first;
      epoch = info.epoch;
    }
    return info.range.last < first || info.range.last - first < kArchiveEntriesMax;
  };
  TM_TRY(list_chain(sink, storage, partition, std::max<Lsn>(1, hole.first - 1), chain, visit, deadline));
  return epoch;
}

Result<std::optional<Range>> find_gap_before(sink::Sink& sink, std::string_view storage, uint64_t partition,
                                             Lsn low, const tidemark_call* call) {
  if (low == kNoLsn) return fail(TIDEMARK_E_INVALID, "there is nothing before entry 0");
  // What matters is whether anything covers low - 1.
  TM_ASSIGN(auto discovery, discover(sink, storage, partition, low, {.max_archives = 1}, call));
  return discovery.gap;
}

}  // namespace tidemark::store
