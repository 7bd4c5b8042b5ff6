#include "lineage_host.h"

#include <algorithm>
#include <utility>

#include "number.h"
#include "violation.h"

namespace tidemark::sim {

using core::EventKind;
using core::Job;
using core::JobKind;
using core::JobResult;
using core::Outcome;
using core::PartitionRef;

namespace {

uint64_t size_of(Entry entry) { return 1 + entry * uint64_t{7919} % 13; }

const char* name(JobKind kind) {
  constexpr const char* kNames[] = {"discover", "archive", "verify", "record gap", "claim", "watch"};
  return kNames[static_cast<size_t>(kind)];
}

}  // namespace

HostProcess::HostProcess(LineageWorld& world, size_t host, DataDirectory& data,
                         const core::SchedulerConfig& config, const LineageRates& rates, Random& random)
    : world_(world),
      host_(host),
      data_(data),
      config_(config),
      coding_(world.draw_coding()),
      rates_(rates),
      random_(random),
      scheduler_(config, partitions_) {
  for (PartitionRef ref = 0; ref < data.logs.size(); ++ref) partitions_.ensure(ref);
  for (size_t partition = 0; partition < data.logs.size(); ++partition) {
    const PartitionLog& log = data.logs[partition];
    if (log.low <= log.high() || random_.chance(20)) notify(partition);
  }
}

void HostProcess::notify(size_t partition) {
  const PartitionLog& log = data_.logs[partition];
  world_.trace("host %zu notifies partition %zu [%llu,%llu]", host_, partition, number(log.low),
               number(log.high()));
  scheduler_.notified(static_cast<PartitionRef>(partition), {log.low, log.high(), log.low, log.high()},
                      world_.now, static_cast<core::StorageRef>(world_.storage_of(partition)));
  after_input();
}

void HostProcess::start_jobs(size_t at_most) {
  for (; at_most > 0; --at_most) {
    const std::optional<Job> job = scheduler_.next_job(world_.now);
    if (!job) return;
    ++world_.stats.jobs;
    world_.trace("host %zu starts %s partition %d storage %u [%llu,%llu] epoch %llu", host_, name(job->kind),
                 static_cast<int>(job->partition), unsigned{job->storage}, number(job->range.first),
                 number(job->range.last), number(job->epoch));
    Flight flight{*job};
    if (job->kind == JobKind::kClaim) flight.claim = std::make_unique<ClaimAttempt>(job->storage);
    flights_.push_back(std::move(flight));
    after_input();
  }
}

void HostProcess::advance() {
  const size_t things = flights_.size() + acks_.size() + (events_.empty() ? 0 : 1);
  if (const auto ack = random_.chance(30) || things == 0 ? scheduler_.next_ack() : std::nullopt) {
    const auto storage = world_.storage_of(ack->partition);
    world_.trace("host %zu is told partition %u %llu in epoch %llu", host_, ack->partition, number(ack->lsn),
                 number(chains_.at(storage).epoch));
    require(!config_.stop_if_superseded || !refused_.contains(storage), "who was superseded is told nothing",
            ack->partition, ack->lsn);
    require(ack->lsn <= data_.logs[ack->partition].high(), "what is acknowledged is there", ack->partition);
    ++world_.stats.acks;
    world_.promises.push_back(
        {host_, ack->partition, chains_.at(storage).epoch, ack->lsn, looked_.at(ack->partition)});
    acks_.push_back(*ack);
    after_input();
    return;
  }
  if (things == 0) return;
  const size_t which = random_.below(things);
  if (which < flights_.size()) {
    if (flights_[which].is_done) return end(which);
    return step(flights_[which]);
  }
  if (which < flights_.size() + acks_.size()) return end_ack(which - flights_.size());
  deliver_event();
}

void HostProcess::drain() {
  for (bool moved = true; moved;) {
    start_jobs(config_.workers + 1);
    moved = !flights_.empty() || !acks_.empty() || !events_.empty() || scheduler_.has_command(world_.now);
    if (moved) advance();
  }
}

void HostProcess::tick() {
  scheduler_.tick(world_.now);
  after_input();
}

void HostProcess::killed() {
  for (const Flight& flight : flights_) {
    std::optional<LatePut> put;
    if (flight.claim) put = flight.claim->in_flight(data_);
    if (flight.is_put) put = flight.put;
    if (put && random_.chance(60)) world_.late.push_back(*put);
  }
  // The host may have taken an acknowledgement before it died.
  for (const core::Ack& ack : acks_) {
    Lsn& acked = data_.logs[ack.partition].acked;
    if (random_.chance(50)) acked = std::max(acked, ack.lsn);
  }
}

// ---- Jobs ---------------------------------------------------------------------------------------

void HostProcess::step(Flight& flight) {
  if (flight.claim) return step_claim(flight);
  const bool may_fail = random_.chance(rates_.fails);
  if (may_fail) {
    flight.result = {};
    flight.result.outcome = Outcome::kSinkFailed;
    if (flight.is_put && flight.job.kind == JobKind::kArchive) {
      flight.result.through = flight.put.name.range.last;
      // Given up, and on its way for all that.
      if (random_.chance(30)) world_.late.push_back(flight.put);
    }
    flight.is_put = false;
    flight.is_done = true;
    return;
  }
  if (flight.is_put) return put(flight);
  switch (flight.job.kind) {
    case JobKind::kArchive:
      return prepare_archive(flight);
    case JobKind::kRecordGap:
      return prepare_gap(flight);
    case JobKind::kDiscover:
      flight.result = discover(flight.job);
      break;
    case JobKind::kVerify:
      flight.result = verify(flight.job);
      break;
    case JobKind::kWatch:
      flight.result.superseded = world_.store.newest_epoch(flight.job.storage) > flight.job.epoch;
      break;
    case JobKind::kClaim:
      break;
  }
  flight.is_done = true;
}

void HostProcess::step_claim(Flight& flight) {
  ClaimAttempt& claim = *flight.claim;
  const bool was_putting = claim.state() == ClaimAttempt::State::kPutting;
  if (random_.chance(rates_.fails)) {
    if (const auto put = claim.in_flight(data_); put && random_.chance(30)) world_.late.push_back(*put);
    flight.result.outcome = Outcome::kSinkFailed;
    flight.is_done = true;
    return;
  }
  claim.step(world_, data_);
  if (!claim.is_over()) return;
  flight.is_done = true;
  if (claim.state() == ClaimAttempt::State::kDone) {
    if (was_putting && random_.chance(rates_.lost)) {
      flight.result.outcome = Outcome::kSinkFailed;
      return;
    }
    flight.result.epoch = claim.epoch().epoch;
    return;
  }
  flight.result.outcome = Outcome::kObjectFailed;
  flight.result.superseded = claim.state() == ClaimAttempt::State::kSuperseded;
  refused_.insert(claim.storage());
  ++world_.stats.refused;
}

void HostProcess::end(size_t which) {
  const Flight flight = std::move(flights_[which]);
  flights_.erase(flights_.begin() + static_cast<ptrdiff_t>(which));
  world_.trace("host %zu ends %s partition %d [%llu,%llu]: %d", host_, name(flight.job.kind),
               static_cast<int>(flight.job.partition), number(flight.job.range.first),
               number(flight.result.through), static_cast<int>(flight.result.outcome));
  if (flight.claim && flight.result.outcome == Outcome::kDone) {
    chains_[flight.job.storage] = flight.claim->epoch();
    if (world_.broken == Broken::kRememberedLate) unremembered_.push_back(*flight.claim);
    world_.trace("  epoch %llu, chain %s", number(flight.result.epoch),
                 flight.claim->epoch().chain.text().c_str());
  }
  scheduler_.job_finished(flight.job, flight.result, world_.now);
  after_input();
}

// An archive may hold fewer entries than it was offered: so many as have room, which the entries say.
void HostProcess::prepare_archive(Flight& flight) {
  const Job& job = flight.job;
  const PartitionLog& log = data_.logs[job.partition];
  require(job.range.last <= log.high(), "what is archived is there", job.partition);
  if (job.range.first < log.low) {
    // Pruned, as it may be if it was acknowledged: an archive that nobody here can read has it.
    require(world_.is_encrypted, "what is archived is there", job.partition, job.range.first);
    flight.result.outcome = Outcome::kMissing;
    flight.is_done = true;
    return;
  }
  if (random_.chance(rates_.entry)) {
    flight.result.outcome = Outcome::kEntryFailed;
    flight.is_done = true;
    return;
  }
  Lsn last = job.range.first;
  for (uint64_t size = size_of(log.read(last)); last < job.range.last; ++last) {
    size += size_of(log.read(last + 1));
    if (size > world_.batch_size) break;
  }
  flight.put.partition = job.partition;
  flight.put.name = {{job.range.first, last}, ObjectKind::kArchive, name_epoch(job.epoch), coding_, {}};
  if (flight.put.name.epoch > kFirstEpoch) flight.put.name.begun = job.begun;
  for (Lsn lsn = job.range.first; lsn <= last; ++lsn) flight.put.entries.push_back(log.read(lsn));
  flight.is_put = true;
}

// Of the epoch that continues the history after the gap, or it would hide what is archived there.
void HostProcess::prepare_gap(Flight& flight) {
  const Job& job = flight.job;
  uint64_t epoch = job.epoch;
  if (!job.own) {
    for (const LineageStore::Counted& one : world_.store.counted(job.partition, chain(job.partition))) {
      if (one.name.kind != ObjectKind::kArchive || one.part.last <= job.range.last) continue;
      epoch = one.name.epoch;
      break;
    }
  }
  flight.put.partition = job.partition;
  flight.put.name = {job.range, ObjectKind::kGap, epoch, Coding::kNone};
  flight.is_put = true;
}

void HostProcess::put(Flight& flight) {
  flight.is_put = false;
  flight.is_done = true;
  const auto put = world_.store.put(flight.put.partition, flight.put.name, flight.put.entries);
  JobResult& result = flight.result;
  if (flight.job.kind == JobKind::kRecordGap) {
    result.begun = flight.put.name.epoch == flight.job.epoch;
    return;
  }
  result.through = flight.put.name.range.last;
  result.put_us = 1000;
  if (put == LineageStore::Put::kDifferent) {
    result.outcome = Outcome::kObjectFailed;
    result.conflict = true;
  } else if (random_.chance(rates_.lost)) {
    result.outcome = Outcome::kSinkFailed;
  }
}

JobResult HostProcess::discover(const Job& job) {
  const Chain chain_of_run = world_.broken == Broken::kNamesWithoutEpoch ? Chain() : chain(job.partition);
  const auto counted = world_.store.counted(job.partition, chain_of_run);
  looked_.emplace(job.partition, world_.store.puts());
  JobResult result;
  const Lsn low = job.range.first;
  result.complete_through = kEveryLsn;
  std::set<Lsn> held;  // below low, by whatever says so
  std::set<Lsn> lost;  // by a record, and nothing else says more
  for (const LineageStore::Counted& one : counted) {
    const bool begins = one.name.kind == ObjectKind::kArchive || one.name.kind == ObjectKind::kGap;
    const bool is_listed = job.check_older || one.part.last + 1 >= low;
    const bool is_of_newest = begins && is_listed && one.name.epoch == chain_of_run.newest();
    result.begun |= is_of_newest;
    if (is_of_newest && one.name.begun != kNoLsn) result.begun_with = one.name.begun;
    for (Lsn lsn = one.part.first; lsn <= one.part.last && lsn < low; ++lsn) {
      const bool is_new = held.insert(lsn).second;
      if (one.name.kind != ObjectKind::kGap)
        lost.erase(lsn);
      else if (is_new)
        lost.insert(lsn);
    }
    if (one.name.kind != ObjectKind::kArchive || one.part.last < low) continue;
    if (result.archives.size() >= world_.list_limit && result.complete_through == kEveryLsn)
      result.complete_through = result.archives.back().name.last;
    if (result.complete_through == kEveryLsn || one.part.first <= result.complete_through)
      result.archives.emplace_back(one.name.range, one.part, one.name.epoch, one.name.coding, one.name.begun);
  }
  if (job.untouched && result.begun && world_.broken != Broken::kNamesWithoutEpoch)
    throw Violation("what has the number of a run's epoch is known to be that run's");
  if (job.check_older) {
    for (const Lsn lsn : lost) {
      if (result.known_gaps.empty() || result.known_gaps.back().last + 1 != lsn)
        result.known_gaps.push_back({lsn, lsn});
      result.known_gaps.back().last = lsn;
    }
  }
  if (job.check_older && !counted.empty()) {
    for (Lsn lsn = 1; lsn < low; ++lsn) {
      if (held.contains(lsn)) {
        if (result.gap) break;
        continue;
      }
      if (!result.gap) result.gap = Range{lsn, lsn};
      result.gap->last = lsn;
    }
  }
  return result;
}

// Then the tag tells that it is the same; of one that is not the same only who decrypts it knows.
bool HostProcess::has_all_of(const Job& job, const std::vector<Entry>& entries) const {
  for (Lsn lsn = job.range.first; lsn <= job.range.last; ++lsn) {
    if (data_.logs[job.partition].read(lsn) != entries[static_cast<size_t>(lsn - job.range.first)])
      return false;
  }
  return true;
}

JobResult HostProcess::verify(const Job& job) const {
  const ParsedName name{job.range, ObjectKind::kArchive, job.epoch, job.coding, job.begun};
  const std::vector<Entry>* const entries = world_.store.find(job.partition, name);
  require(entries != nullptr, "only an archive that exists can be verified", job.partition, job.range.first);
  JobResult result;
  const bool is_batch = job.range.first != job.range.last;
  const bool is_encrypted = job.coding == Coding::kAge || job.coding == Coding::kZstdAge;
  if (is_encrypted && is_batch && !has_all_of(job, *entries)) {
    // What the host no longer has counts.
    for (Lsn lsn = job.part.first; lsn <= std::min(job.part.last, job.accept_missing_through); ++lsn) {
      if (data_.logs[job.partition].read(lsn) != 0) break;
      result.through = lsn;
    }
    if (result.through != kNoLsn) return result;
    result.outcome = Outcome::kObjectFailed;
    result.sealed = true;
    return result;
  }
  for (Lsn lsn = job.part.first; lsn <= job.part.last; ++lsn) {
    const Entry entry = data_.logs[job.partition].read(lsn);
    const bool missing = entry == 0;
    if (missing ? lsn <= job.accept_missing_through
                : entry == (*entries)[static_cast<size_t>(lsn - job.range.first)]) {
      result.through = lsn;
      continue;
    }
    if (lsn > job.part.first) break;  // what was equal counts
    result.outcome = missing ? Outcome::kMissing : Outcome::kObjectFailed;
    result.conflict = !missing;
    break;
  }
  return result;
}

// ---- Acknowledgements and events ----------------------------------------------------------------

void HostProcess::end_ack(size_t which) {
  const core::Ack ack = acks_[which];
  acks_.erase(acks_.begin() + static_cast<ptrdiff_t>(which));
  const bool ok = !random_.chance(rates_.ack);
  Lsn& acked = data_.logs[ack.partition].acked;
  if (ok || random_.chance(30)) {
    acked = std::max(acked, ack.lsn);
  }
  for (size_t i = unremembered_.size(); i > 0; --i) {
    if (!random_.chance(30)) continue;
    unremembered_[i - 1].remember(data_);
    unremembered_.erase(unremembered_.begin() + static_cast<ptrdiff_t>(i - 1));
  }
  scheduler_.ack_finished(ack, ok, world_.now);
  after_input();
}

void HostProcess::deliver_event() {
  const core::Event event = events_.front();
  events_.pop_front();
  scheduler_.event_delivered(event, world_.now);
  after_input();
}

// No host of this world loses what was not acknowledged. But what is hidden looks lost.
void HostProcess::require_no_loss(const core::Event& event) {
  const auto& history = data_.logs[event.partition].history;
  for (Lsn lsn = event.range.first; lsn <= event.range.last; ++lsn) {
    const Entry entry = history[static_cast<size_t>(lsn - 1)];
    require(world_.is_hidden_by_late_beginning(event.partition, chain(event.partition), lsn, entry, 0),
            "nothing is lost", event.partition, lsn);
    world_.told_lost.insert({host_, event.partition, lsn});
  }
}

void HostProcess::after_input() {
  for (const core::Event& event : scheduler_.events()) {
    if (event.kind == EventKind::kGap) require_no_loss(event);
    require(event.kind != EventKind::kConflict, "no process meets itself", event.partition,
            event.range.first);
    if (event.kind == EventKind::kBranched) ++world_.stats.branches;
    if (event.kind == EventKind::kSuperseded) {
      ++world_.stats.superseded;
      refused_.insert(event.storage);
    }
    events_.push_back(event);
  }
  scheduler_.events().clear();
  scheduler_.forgotten().clear();
}

}  // namespace tidemark::sim
