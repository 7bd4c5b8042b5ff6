#include "bridge/return_watch.h"

#include <algorithm>

#include "base/printable.h"

namespace tidemark::postgres {

namespace {

// By all of it that names the place: what is shown may be less.
std::string_view place_of(std::string_view url) { return url.substr(0, url.find('?')); }

}  // namespace

void ReturnWatch::note() {
  const std::string storage = segment_storage(services_.cluster());
  const auto acknowledged = services_.with_book([&](Book& book) { return book.acknowledged_of(storage); });
  for (const auto& [number, lsn] : acknowledged) noted_[number] = std::max(noted_[number], lsn);
}

void ReturnWatch::switched(const std::string& from_url, const std::string& to_url) {
  if (place_of(from_url) == place_of(to_url)) return;
  from_ = printable_url(from_url);
  to_ = printable_url(to_url);
  timelines_.clear();
  for (const auto& [number, through] : noted_) timelines_[number].through = through;
}

// At once, and again when something was archived, until it is known how far the other sink went.
void ReturnWatch::look(Archiver& archiver, const tidemark_call& call) {
  const std::string storage = segment_storage(services_.cluster());
  const auto acknowledged = services_.with_book([&](Book& book) { return book.acknowledged_of(storage); });
  const uint64_t now_ms = monotonic_ms();
  for (auto next = timelines_.begin(); next != timelines_.end();) {
    const auto at = next++;
    auto& [number, timeline] = *at;
    const auto found = acknowledged.find(number);
    const uint64_t reached = found == acknowledged.end() ? 0 : found->second;
    timeline.owes_look = timeline.owes_look || reached > std::max(timeline.looked_at, timeline.through);
    if (!timeline.owes_look || now_ms < timeline.not_before_ms) continue;
    const ListFrom list = [&, id = number](uint64_t from, const VisitRange& visit) {
      return archiver.list(storage, id, from, visit, call);
    };
    timeline.not_before_ms = now_ms + kRetryMs;
    const auto lack = find_lack(list, timeline.through);
    if (!lack) continue;  // why is said by the archiver itself
    timeline.not_before_ms = 0;
    timeline.owes_look = false;
    timeline.looked_at = reached;
    const bool is_told = timeline.told_first == lack->first && timeline.told_last == lack->last;
    if (lack->first != 0 && !is_told) tell(static_cast<uint32_t>(number), lack->first, lack->last);
    timeline.told_first = lack->first;
    timeline.told_last = lack->last;
    if (lack->is_settled) timelines_.erase(at);
  }
}

void ReturnWatch::tell(uint32_t number, uint64_t first, uint64_t last) {
  const Cluster& cluster = services_.cluster();
  std::string files = segment_name(number, first, cluster);
  if (last != first) files += " to " + segment_name(number, last, cluster);
  services_.messages().add(TIDEMARK_LOG_WARN,
                           "the sink " + to_ + " lacks " + files + ", archived to " + from_ +
                               " meanwhile: a recovery from " + to_ +
                               " stops there. Bring them, and the small files beside them: tidemark copy " +
                               from_ + " " + to_,
                           monotonic_ms());
}

}  // namespace tidemark::postgres
