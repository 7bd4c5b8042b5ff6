#include "lineage_world.h"

#include <cstdarg>
#include <cstdio>

namespace tidemark::sim {

void LineageStats::add(const LineageStats& other) {
  steps += other.steps;
  jobs += other.jobs;
  acks += other.acks;
  epochs += other.epochs;
  finished += other.finished;
  clones += other.clones;
  kills += other.kills;
  late_puts += other.late_puts;
  takeovers += other.takeovers;
  branches += other.branches;
  superseded += other.superseded;
  refused += other.refused;
  hidden += other.hidden;
}

Coding LineageWorld::draw_coding() {
  if (!mixes_codings) return is_encrypted ? Coding::kAge : Coding::kNone;
  return static_cast<Coding>(++runs % (is_encrypted ? 4 : 2));
}

void LineageWorld::land(const LatePut& put) {
  ++stats.late_puts;
  if (put.name.kind == ObjectKind::kEpoch) {
    trace("late: record of epoch %llu", static_cast<unsigned long long>(put.name.epoch));
    stats.epochs += store.put_epoch(put.partition, put.name.epoch, put.record) ? 1 : 0;
    return;
  }
  trace("late: partition %zu [%llu,%llu].e%llu", put.partition,
        static_cast<unsigned long long>(put.name.range.first),
        static_cast<unsigned long long>(put.name.range.last),
        static_cast<unsigned long long>(put.name.epoch));
  store.put(put.partition, put.name, put.entries);
}

bool LineageWorld::is_hidden_by_late_beginning(size_t partition, const Chain& chain, Lsn lsn, Entry entry,
                                               uint64_t looked) {
  std::vector<uint64_t> by;
  if (is_strict || !store.has_hidden(partition, chain, lsn, entry, by)) return false;
  for (const uint64_t epoch : by) {
    if (epoch == chain.newest() || store.begun(partition, epoch) <= looked) continue;
    ++stats.hidden;
    return true;
  }
  return false;
}

void LineageWorld::trace(const char* format, ...) const {
  if (!traces) return;
  std::printf("%8lld ms  ", static_cast<long long>(now));
  va_list args;
  va_start(args, format);
  std::vprintf(format, args);
  va_end(args);
  std::printf("\n");
}

}  // namespace tidemark::sim
