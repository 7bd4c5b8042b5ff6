#include <tuple>

#include "store/known_gaps.h"
#include "store/list.h"
#include "store/record.h"
#include "store/store.h"

namespace tidemark::store {
namespace {

// The questions about one partition's names, each of them one listing.
class Prober {
 public:
  Prober(sink::Sink& sink, std::string_view storage, uint64_t partition, Deadline& deadline)
      : sink_(sink), storage_(storage), partition_(partition), deadline_(deadline) {}

  Status list(core::Lsn from, const std::function<bool(const ArchiveInfo&)>& visit) {
    return list_within(sink_, storage_, partition_, from, visit, deadline_);
  }

  struct Window {
    core::Lsn newest = core::kNoLsn;  // the highest last LSN seen, but for origins; none if there is none
    core::Lsn origin = core::kNoLsn;  // the lowest last LSN of origins
    bool is_complete = true;          // everything in it was seen
  };
  // Names whose last LSN is in [from, end), at most a page of them, origins not counted.
  Result<Window> look(core::Lsn from, core::Lsn end) {
    Window window;
    size_t names = 0;
    Status status = list(from, [&](const ArchiveInfo& info) {
      if (info.range.last >= end) return false;
      if (info.kind == core::ObjectKind::kOrigin) {
        if (window.origin == core::kNoLsn) window.origin = info.range.last;
        return true;
      }
      if (++names > kPageNames) {
        window.is_complete = false;
        return false;
      }
      window.newest = info.range.last;
      return true;
    });
    if (!status) return tl::unexpected(std::move(status.error()));
    return window;
  }

  // Whether any name ends below `end`.
  Result<bool> has_older(core::Lsn end) {
    bool older = false;
    Status status = list(1, [&](const ArchiveInfo& info) {
      older = info.range.last < end;
      return false;
    });
    if (!status) return tl::unexpected(std::move(status.error()));
    return older;
  }

  Result<core::Lsn> newest_below(core::Lsn end);
  // What gap records say of the hole that ends with `last`.
  Result<std::vector<core::Range>> known_gaps(core::Lsn last);

 private:
  static constexpr size_t kPageNames = 1000;

  Result<core::Lsn> narrow(core::Lsn known, core::Lsn empty_from);

  sink::Sink& sink_;
  std::string_view storage_;
  uint64_t partition_;
  Deadline& deadline_;
};

// The highest last LSN below `end`, or none: windows of doubling size backwards from `end`. That nothing ends
// at end - 1 is known, so the first window begins at end - 2. An origin counts if nothing lies before it.
Result<core::Lsn> Prober::newest_below(core::Lsn end) {
  core::Lsn origin = core::kNoLsn;
  core::Lsn empty_from = end;  // nothing ends in [empty_from, end)
  for (core::Lsn step = 2;; step *= 2) {
    const core::Lsn from = step < end ? end - step : 1;
    const auto window = look(from, empty_from);
    if (!window) return tl::unexpected(window.error());
    if (window->newest != core::kNoLsn) {
      if (window->is_complete) return window->newest;
      return narrow(window->newest, empty_from);
    }
    if (window->origin != core::kNoLsn) origin = window->origin;
    if (from == 1) return origin;
    empty_from = from;
    if (step > end / 2) step = end / 2;  // the next window reaches the beginning; no overflow
  }
}

// Something ends at `known`, nothing in [empty_from, ...): halves what lies between.
Result<core::Lsn> Prober::narrow(core::Lsn known, core::Lsn empty_from) {
  while (known + 1 < empty_from) {
    const core::Lsn middle = known + 1 + (empty_from - known - 1) / 2;
    const auto window = look(middle, empty_from);
    if (!window) return tl::unexpected(window.error());
    if (window->newest == core::kNoLsn) {
      empty_from = middle;
    } else {
      known = window->newest;
      if (window->is_complete) return known;
    }
  }
  return known;
}

// One listing for each record, from the hole's end down to what is archived. Of a hole with more names than a
// page has, what lies behind the page is not looked at, and may be told although it was archived after all.
Result<std::vector<core::Range>> Prober::known_gaps(core::Lsn last) {
  KnownGaps gaps(last);
  core::Lsn seen_from = core::kEveryLsn;  // names that end from here on were seen
  for (size_t step = 0;; ++step) {
    size_t names = 0;
    Status status = list(gaps.top(), [&](const ArchiveInfo& info) {
      if (info.range.last >= seen_from) return false;
      gaps.add(info.range, info.kind);
      return ++names < kPageNames;
    });
    if (!status) return tl::unexpected(std::move(status.error()));
    seen_from = gaps.top();
    if (step == kKnownGapsMax || !gaps.descend()) break;
  }
  return gaps.unexplained(kKnownGapsMax);
}

// The hole before `low`, given that nothing covers low - 1 and something older is there.
Result<std::optional<core::Range>> gap_before(Prober& prober, core::Lsn low) {
  const auto newest = prober.newest_below(low);
  if (!newest) return tl::unexpected(newest.error());
  // Removed meanwhile: then nothing older is left.
  if (*newest == core::kNoLsn) return std::nullopt;
  return core::Range{*newest + 1, low - 1};
}

// Sorts a listing that starts at low - 1 or low into what discovery asks for.
class Survey {
 public:
  Survey(core::Lsn low, size_t max_archives) : low_(low), max_archives_(max_archives) {}

  bool visit(const ArchiveInfo& info) {
    ++names_;
    if (low_ > 1 && info.range.contains(low_ - 1)) look_before(info);
    const bool counts = info.kind == core::ObjectKind::kArchive && info.range.last >= low_;
    if (counts && archives_.size() >= max_archives_ && complete_through_ == core::kEveryLsn) {
      complete_through_ = archives_.back().last;
    }
    const bool is_behind = complete_through_ != core::kEveryLsn;
    if (counts && (!is_behind || info.range.first <= complete_through_)) archives_.push_back(info.range);
    return !is_behind || ++names_behind_ < kOverlapNames;
  }

  bool is_empty() const { return names_ == 0; }
  // low - 1 is archived, or something says why not.
  bool covers_older() const { return holds_older_ || knows_older_ || !origin_.empty(); }
  // It is records of a loss that say so.
  bool lacks_older() const { return knows_older_ && !holds_older_; }
  // The origin that ends at low - 1, if it is all there is.
  std::string sole_origin() const { return names_ == 1 ? origin_ : std::string(); }
  std::pair<std::vector<core::Range>, core::Lsn> archives() && {
    return {std::move(archives_), complete_through_};
  }

 private:
  void look_before(const ArchiveInfo& info) {
    switch (info.kind) {
      case core::ObjectKind::kArchive:
      case core::ObjectKind::kPruned:
        holds_older_ = true;
        break;
      case core::ObjectKind::kGap:
      case core::ObjectKind::kAccepted:
        knows_older_ = true;
        break;
      case core::ObjectKind::kOrigin:
        // One that reaches further was there before the host had anything as old as low: what is older
        // decides.
        if (info.range.last == low_ - 1) origin_ = info.key;
        break;
    }
  }

  const core::Lsn low_;
  const size_t max_archives_;
  std::vector<core::Range> archives_;
  core::Lsn complete_through_ = core::kEveryLsn;
  size_t names_behind_ = 0;
  size_t names_ = 0;
  bool holds_older_ = false;
  bool knows_older_ = false;
  std::string origin_;  // its key
};

// What lies before low; `discovery` gets what there is to say of it.
Status look_before(Prober& prober, core::Lsn low, const Survey& survey, bool check_older,
                   Discovery& discovery) {
  const bool is_unknown = check_older ? !survey.covers_older() : survey.is_empty();
  if (is_unknown) {
    const auto older = prober.has_older(low);
    if (!older) return tl::unexpected(older.error());
    discovery.holds_nothing = !*older && survey.is_empty();
    if (*older && check_older) {
      auto gap = gap_before(prober, low);
      if (!gap) return tl::unexpected(std::move(gap.error()));
      discovery.gap = *gap;
    }
  }
  if (!check_older || (!discovery.gap && !survey.lacks_older())) return {};
  auto known = prober.known_gaps(discovery.gap ? discovery.gap->first - 1 : low - 1);
  if (!known) return tl::unexpected(std::move(known.error()));
  discovery.known_gaps = std::move(*known);
  return {};
}

}  // namespace

Result<Discovery> discover(sink::Sink& sink, std::string_view storage, uint64_t partition, core::Lsn low,
                           const DiscoverOptions& options, const tidemark_call* call) {
  if (low == core::kNoLsn || options.max_archives == 0) {
    return fail(TIDEMARK_E_INVALID,
                "entries from " + std::to_string(low) +
                    " on cannot be looked up: LSNs begin with 1, or a limit of 0 archives");
  }
  Deadline deadline(call);
  Prober prober(sink, storage, partition, deadline);
  const bool check_older = options.check_older && low > 1;
  Survey survey(low, options.max_archives);
  Status status =
      prober.list(check_older ? low - 1 : low, [&](const ArchiveInfo& info) { return survey.visit(info); });
  if (!status) return tl::unexpected(std::move(status.error()));
  Discovery discovery;
  if (check_older || (options.check_empty && low > 1)) {
    status = look_before(prober, low, survey, check_older, discovery);
    if (!status) return tl::unexpected(std::move(status.error()));
  }
  // Nothing but its content tells whether it is one, and what is visible may not be durable yet.
  if (const std::string key = survey.sole_origin(); check_older && !key.empty()) {
    status = prove_record(sink, key, *core::parse_object_key(key), deadline);
    if (!status) return tl::unexpected(std::move(status.error()));
  }
  std::tie(discovery.archives, discovery.complete_through) = std::move(survey).archives();
  return discovery;
}

Result<std::optional<core::Range>> find_gap_before(sink::Sink& sink, std::string_view storage,
                                                   uint64_t partition, core::Lsn low,
                                                   const tidemark_call* call) {
  if (low == core::kNoLsn) return fail(TIDEMARK_E_INVALID, "there is nothing before entry 0");
  // What matters is whether anything covers low - 1.
  auto discovery = discover(sink, storage, partition, low, {.max_archives = 1}, call);
  if (!discovery) return tl::unexpected(std::move(discovery.error()));
  return discovery->gap;
}

}  // namespace tidemark::store
