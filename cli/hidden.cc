#include "hidden.h"

#include <algorithm>
#include <iterator>

#include "format/chain.h"
#include "text.h"

namespace tidemark::cli {

namespace {

uint64_t epoch_of(const Stored& stored) { return std::max(kFirstEpoch, stored.epoch); }
uint64_t after(uint64_t lsn) { return lsn == UINT64_MAX ? lsn : lsn + 1; }

}  // namespace

// Mostly after all others: objects come by their last LSN, but for what a newer epoch has cut.
void HiddenParts::add_counted(Range range) {
  auto end = counted_.end();
  while (end != counted_.begin() && std::prev(end)->first > after(range.last)) --end;
  auto begin = end;
  while (begin != counted_.begin() && after(std::prev(begin)->last) >= range.first) {
    --begin;
    range = {std::min(range.first, begin->first), std::max(range.last, begin->last)};
  }
  counted_.insert(counted_.erase(begin, end), range);
}

bool HiddenParts::is_counted(Range range) const {
  return std::any_of(counted_.begin(), counted_.end(), [range](const Range& counted) {
    return counted.first <= range.first && counted.last >= range.last;
  });
}

void HiddenParts::add_hidden(const Stored& archive, Range range) {
  if (hidden_.size() == kHiddenMax)
    std::erase_if(hidden_, [this](const Part& part) { return is_counted(part.range); });
  if (hidden_.size() < kHiddenMax) hidden_.push_back({archive, range});
}

void HiddenParts::add(const Stored& archive, const std::optional<Range>& counts) {
  if (!counts) return add_hidden(archive, {archive.first, archive.last});
  add_counted(*counts);
  if (archive.first < counts->first) add_hidden(archive, {archive.first, counts->first - 1});
  if (archive.last > counts->last) add_hidden(archive, {counts->last + 1, archive.last});
}

std::optional<Stored> HiddenParts::newest(Range missing) const {
  std::optional<Stored> newest;
  for (const Part& part : hidden_) {
    const auto lost = overlap(part.range, missing);
    const bool is_newer = !newest || epoch_of(*newest) < epoch_of(part.archive);
    if (lost && is_newer && !is_counted(*lost)) newest = part.archive;
  }
  return newest;
}

Result<HiddenParts> HiddenArchives::look(const Chain& chain, Stop& stop) {
  HiddenParts parts;
  EpochCut cut({chain});
  const auto visit = [&](const Stored& stored, const Proof&, const EpochCut::Parts& counts) {
    if (stored.kind == TIDEMARK_STORED_ARCHIVE && chain.contains(epoch_of(stored)))
      parts.add(stored, counts.front());
    return true;
  };
  TM_TRY(histories_.archive().scan(
      looked_at_, 0, [&](const Stored& stored) { return cut.add(stored, {}, visit); }, stop));
  cut.finish(visit);
  return parts;
}

Result<std::optional<Stored>> HiddenArchives::find(const std::string& storage, uint64_t partition,
                                                   Range missing, uint64_t epoch, Stop& stop) {
  TM_ASSIGN(const auto lineage, histories_.lineage(storage, stop));
  const auto chain = epoch == 0 ? histories_.chosen(storage, stop) : lineage->chain_of(epoch);
  // Records that are damaged, or not there, are told by who looks at them.
  if (!chain && chain.error().exit_code == kExitData) return std::optional<Stored>();
  if (!chain) return chain.error();
  if (!chain->is_long()) return std::optional<Stored>();
  if (looked_at_.storage != storage || looked_at_.partition != partition) parts_.clear();
  looked_at_ = {storage, partition};
  auto known = parts_.find(epoch);
  if (known == parts_.end()) {
    if (looks_ == kLooksMax) return std::optional<Stored>();
    ++looks_;
    TM_ASSIGN(auto parts, look(*chain, stop));
    known = parts_.emplace(epoch, std::move(parts)).first;
  }
  return known->second.newest(missing);
}

std::string hidden_text(const Stored& hidden) {
  const std::string epoch = std::to_string(epoch_of(hidden));
  return "; but " + printable(hidden.key) + ", of epoch " + epoch +
         ", which this history continues, has some of it: look with --epoch " + epoch +
         " (tidemark restore --epoch " + epoch +
         " brings it); a listing may have left it out when the loss was recorded";
}

}  // namespace tidemark::cli
