#include "store/list.h"
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
    core::Lsn newest = core::kNoLsn;  // the highest last LSN seen; none if the window is empty
    bool is_complete = true;          // everything in it was seen
  };
  // Names whose last LSN is in [from, end), at most a page of them.
  Result<Window> look(core::Lsn from, core::Lsn end) {
    Window window;
    size_t names = 0;
    Status status = list(from, [&](const ArchiveInfo& info) {
      if (info.range.last >= end) return false;
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

 private:
  static constexpr size_t kPageNames = 1000;

  Result<core::Lsn> narrow(core::Lsn known, core::Lsn empty_from);

  sink::Sink& sink_;
  std::string_view storage_;
  uint64_t partition_;
  Deadline& deadline_;
};

// The highest last LSN below `end`, or none: windows of doubling size backwards from `end`. That nothing ends
// at end - 1 is known, so the first window begins at end - 2.
Result<core::Lsn> Prober::newest_below(core::Lsn end) {
  core::Lsn empty_from = end;  // nothing ends in [empty_from, end)
  for (core::Lsn step = 2;; step *= 2) {
    const core::Lsn from = step < end ? end - step : 1;
    const auto window = look(from, empty_from);
    if (!window) return tl::unexpected(window.error());
    if (window->newest != core::kNoLsn) {
      if (window->is_complete) return window->newest;
      return narrow(window->newest, empty_from);
    }
    if (from == 1) return core::kNoLsn;
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

// The hole before `low`, given that nothing covers low - 1.
Result<std::optional<core::Range>> gap_before(Prober& prober, core::Lsn low) {
  const auto older = prober.has_older(low);
  if (!older) return tl::unexpected(older.error());
  if (!*older) return std::nullopt;
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
    if (low_ > 1 && info.range.contains(low_ - 1)) covers_older_ = true;
    const bool counts = info.kind == core::ObjectKind::kArchive && info.range.last >= low_;
    if (counts && archives_.size() >= max_archives_ && complete_through_ == core::kEveryLsn) {
      complete_through_ = archives_.back().last;
    }
    const bool is_behind = complete_through_ != core::kEveryLsn;
    if (counts && (!is_behind || info.range.first <= complete_through_)) archives_.push_back(info.range);
    return !is_behind || ++names_behind_ < kOverlapNames;
  }

  bool covers_older() const { return covers_older_; }
  Discovery result() && { return {std::move(archives_), complete_through_, std::nullopt}; }

 private:
  const core::Lsn low_;
  const size_t max_archives_;
  std::vector<core::Range> archives_;
  core::Lsn complete_through_ = core::kEveryLsn;
  size_t names_behind_ = 0;
  bool covers_older_ = false;
};

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
  const bool look_for_gap = check_older && !survey.covers_older();
  Discovery discovery = std::move(survey).result();
  if (look_for_gap) {
    auto gap = gap_before(prober, low);
    if (!gap) return tl::unexpected(std::move(gap.error()));
    discovery.gap = *gap;
  }
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
