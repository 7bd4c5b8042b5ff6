#include "bridge/events.h"

#include "base/line.h"
#include "base/result.h"
#include "base/status_name.h"

namespace tidemark::postgres {

namespace {

std::string reason(const tidemark_event& event) {
  if (event.status == TIDEMARK_OK) return {};
  if (event.error == nullptr || event.error->message[0] == '\0') return status_name(event.status);
  return clean_line(event.error->message);
}

std::string conflict_text(const tidemark_event& event, const std::string& files, const Cluster& cluster) {
  if (event.status != TIDEMARK_E_EXISTS)
    return "the archive of " + files + " is damaged: " + reason(event);  // which says what helps
  const auto file =
      file_at(view(event.partition.storage), event.partition.id, event.first == 0 ? 1 : event.first, cluster);
  if (file && file->kind == WalKind::kPartial)
    return "another server that was promoted has archived another " + files +
           ", which was kept: " + reason(event);
  const std::string timeline = file ? std::to_string(file->timeline) : "this";
  return "two servers write timeline " + timeline + ": " + files +
         " differs from what the archive holds, which was kept. Stop the server that should not be, or give "
         "this one another prefix: " +
         reason(event);
}

}  // namespace

std::string files_text(const tidemark_partition& partition, uint64_t first, uint64_t last,
                       const Cluster& cluster) {
  const auto name = [&](uint64_t lsn) {
    const auto file = file_at(view(partition.storage), partition.id, lsn, cluster);
    return file ? kept_name(*file, cluster) : std::string();
  };
  const std::string begin = name(first), end = name(last);
  if (begin.empty() || end.empty())
    return std::string(view(partition.storage)) + "/" + std::to_string(partition.id);
  return begin == end ? begin : begin + " to " + end;
}

Message event_message(const tidemark_event& event, const Cluster& cluster) {
  const std::string files = files_text(event.partition, event.first, event.last, cluster);
  switch (event.kind) {
    case TIDEMARK_EVENT_GAP:
      return {TIDEMARK_LOG_ERROR, files +
                                      " can no longer be archived: the archive has a gap. If an earlier sink "
                                      "has them, `tidemark copy` brings them; else take a base backup now: a "
                                      "recovery from an older one ends before it"};
    case TIDEMARK_EVENT_CONFLICT:
      return {TIDEMARK_LOG_ERROR, conflict_text(event, files, cluster)};
    case TIDEMARK_EVENT_FAILING:
      return {TIDEMARK_LOG_WARN, files + " cannot be archived now: " + reason(event)};
    case TIDEMARK_EVENT_RECOVERED:
      return {TIDEMARK_LOG_INFO, files + " is archived at last"};
    case TIDEMARK_EVENT_SINK_CHANGED:
      return {TIDEMARK_LOG_INFO, "the new sink is at work"};
    case TIDEMARK_EVENT_SINK_DOWN:
      return {TIDEMARK_LOG_WARN, "the sink cannot be written to, everything waits: " + reason(event)};
    case TIDEMARK_EVENT_SINK_UP:
      return {TIDEMARK_LOG_INFO, "the sink can be written to again"};
    case TIDEMARK_EVENT_BRANCHED:
      return {TIDEMARK_LOG_WARN,
              "two servers have written " + files +
                  ": from there on this one's history is kept beside the other: " + reason(event)};
    case TIDEMARK_EVENT_SUPERSEDED:
      return {TIDEMARK_LOG_ERROR, "another server has taken over " +
                                      std::string(view(event.partition.storage)) +
                                      ", nothing of it is archived: " + reason(event)};
    default:
      return {TIDEMARK_LOG_INFO, "event " + std::to_string(event.kind) + " of " + files};
  }
}

}  // namespace tidemark::postgres
