#include "lineage_simulation.h"

#include <algorithm>
#include <string>

#include "number.h"
#include "violation.h"

namespace tidemark::sim {

namespace {

constexpr size_t kMostHosts = 4;
constexpr size_t kMostSnapshots = 6;

}  // namespace

LineageSimulation::LineageSimulation(const LineageOptions& options)
    : options_(options),
      random_(options.seed),
      partitions_(random_.between(1, 3)),
      world_(random_.chance(25) ? 2 : 1, partitions_) {
  world_.broken = options.broken;
  world_.is_strict = options.is_strict;
  world_.traces = options.trace;
  world_.now = static_cast<core::TimeMs>(random_.below(1'000'000));
  if (random_.chance(30)) world_.list_limit = random_.between(2, 5);
  world_.is_encrypted = options.seed % 4 == 0;  // draws nothing: the other seeds stay what they were
  world_.mixes_codings = options.seed % 4 == 1 || options.seed % 8 == 4;
  if (random_.chance(50)) world_.batch_size = random_.between(1, 40);
  config_.lineage = true;
  config_.workers = static_cast<uint32_t>(random_.between(1, 6));
  config_.batch_entries = static_cast<uint32_t>(random_.between(1, random_.chance(50) ? 3 : 8));
  config_.partition_inflight = static_cast<uint32_t>(random_.between(1, 3));
  config_.retry = {1, static_cast<uint32_t>(random_.between(1, 20))};
  config_.partition_idle_ms = static_cast<uint32_t>(random_.between(1, random_.chance(50) ? 50 : 100'000));
  config_.epoch_watch_ms = static_cast<uint32_t>(random_.between(1, random_.chance(50) ? 20 : 10'000));
  config_.stop_if_superseded = random_.chance(70);
  const auto rate = [this](uint64_t most) { return random_.chance(50) ? 0 : random_.between(1, most); };
  rates_ = {rate(20), rate(20), rate(30), rate(20)};
  auto host = std::make_unique<Host>();
  host->data.owner = world_.draw_id();
  host->data.logs.resize(partitions_);
  host->data.remembered.resize(world_.storages);
  hosts_.push_back(std::move(host));
}

LineageStats LineageSimulation::run() {
  const uint64_t drawn = random_.between(80, random_.chance(20) ? 1500 : 500);
  const uint64_t steps = options_.steps.value_or(drawn);
  for (step_ = 0; step_ < steps; ++step_) {
    random_step();
    if (random_.chance(1)) check();
  }
  world_.stats.steps += steps;
  check();
  peace();
  check();
  return world_.stats;
}

void LineageSimulation::random_step() {
  const size_t which = random_.below(hosts_.size());
  Host& host = *hosts_[which];
  const uint64_t dice = random_.below(1000);
  if (dice < 100) {
    commit(host);
  } else if (dice < 115) {
    take_snapshot(host);
  } else if (dice < 130) {
    new_host();
  } else if (dice < 145) {
    if (host.process) end_process(host);
  } else if (dice < 155) {
    host.stands_still_until = step_ + random_.between(10, 150);
  } else if (dice < 175) {
    land_one();
  } else if (dice < 200) {
    prune(host);
  } else if (dice < 320) {
    if (host.process) {
      // Whoever is refused is stopped by its operator, who may then decide that its history continues.
      if (is_refused(host) && random_.chance(20)) end_process(host);
    } else if (host.takeover || random_.chance(host.was_refused ? 40 : 3)) {
      operate(host);
    } else if (!host.was_refused || random_.chance(10)) {
      begin_again(which);
    }
  } else {
    std::vector<Host*> running;
    for (const auto& one : hosts_) {
      if (one->process && one->stands_still_until <= step_) running.push_back(one.get());
    }
    if (!running.empty()) process_step(*running[random_.below(running.size())]);
  }
}

bool LineageSimulation::is_refused(const Host& host) const {
  for (size_t storage = 0; storage < world_.storages; ++storage) {
    if (host.process->is_refused(storage)) return true;
  }
  return false;
}

void LineageSimulation::process_step(Host& host) {
  const bool has_things = host.process->has_things();
  const uint64_t dice = random_.below(100);
  if (dice < (has_things ? 25 : 60)) {
    host.process->start_jobs(random_.between(1, config_.workers + 1));
  } else if (dice < (has_things ? 92 : 70)) {
    host.process->advance();
  } else {
    const core::TimeMs wake_at = host.process->wake_at();
    if (random_.chance(60) && wake_at != core::kNever) {
      world_.now = std::max(world_.now, wake_at);
    } else {
      world_.now += static_cast<core::TimeMs>(random_.below(30));
    }
    host.process->tick();
  }
}

void LineageSimulation::commit(Host& host) {
  const size_t partition = random_.below(partitions_);
  PartitionLog& log = host.data.logs[partition];
  for (uint64_t entries = random_.between(1, random_.chance(20) ? 10 : 3); entries > 0; --entries)
    log.history.push_back(++world_.entries);
  if (host.process && random_.chance(90)) host.process->notify(partition);
}

void LineageSimulation::prune(Host& host) {
  const size_t partition = random_.below(partitions_);
  PartitionLog& log = host.data.logs[partition];
  const Lsn acked = log.acked;
  if (acked < log.low) return;
  // Nothing that is lent: a job reads its entries when it begins, which is one step here.
  log.low = random_.between(log.low, acked + 1);
  if (host.process && random_.chance(50)) host.process->notify(partition);
}

void LineageSimulation::begin_again(size_t which) {
  Host& host = *hosts_[which];
  world_.trace("host %zu starts", which);
  core::SchedulerConfig config = config_;
  config.seed = random_.next();
  host.process = std::make_unique<HostProcess>(world_, which, host.data, config, rates_, random_);
}

void LineageSimulation::end_process(Host& host) {
  world_.trace("a host is killed");
  ++world_.stats.kills;
  host.was_refused |= is_refused(host);
  host.process->killed();
  host.process.reset();
}

void LineageSimulation::take_snapshot(const Host& host) {
  if (snapshots_.size() == kMostSnapshots) snapshots_.erase(snapshots_.begin());
  world_.trace("a snapshot is taken");
  snapshots_.push_back(host.data);
}

// A clone; or the same restored to an older state than the snapshot's; or one of another owner, who has the
// wrong URL.
void LineageSimulation::new_host() {
  if (hosts_.size() == kMostHosts || snapshots_.empty()) return;
  auto host = std::make_unique<Host>();
  host->data = snapshots_[random_.below(snapshots_.size())];
  if (random_.chance(30)) {
    for (PartitionLog& log : host->data.logs) {
      const Lsn end = log.high() - random_.below(std::min<Lsn>(log.high() + 1, 5));
      log.history.resize(static_cast<size_t>(end));
      log.low = std::min(log.low, end + 1);
      log.acked = std::min(log.acked, end);
    }
  }
  if (random_.chance(5)) {
    host->data.owner = world_.draw_id();
    for (auto& remembered : host->data.remembered) remembered.clear();
  }
  ++world_.stats.clones;
  world_.trace("host %zu is a clone", hosts_.size());
  hosts_.push_back(std::move(host));
}

// An operator decides that this history continues: in steps too, while the host is down.
void LineageSimulation::operate(Host& host) {
  if (!host.takeover) {
    const size_t storage = random_.below(world_.storages);
    const uint64_t newest = world_.store.newest_epoch(storage);
    if (newest != 0) host.takeover.emplace(storage, newest);
    return;
  }
  if (random_.chance(5)) {  // killed
    if (const auto put = host.takeover->in_flight(host.data)) world_.late.push_back(*put);
    host.takeover.reset();
    return;
  }
  host.takeover->step(world_, host.data);
  if (!host.takeover->is_over()) return;
  if (host.takeover->state() == ClaimAttempt::State::kDone) {
    ++world_.stats.takeovers;
    host.was_refused = false;
    world_.trace("taken over: epoch %llu, chain %s", number(host.takeover->epoch().epoch),
                 host.takeover->epoch().chain.text().c_str());
  }
  host.takeover.reset();
}

void LineageSimulation::land_one() {
  if (world_.late.empty()) return;
  const size_t which = random_.below(world_.late.size());
  const LatePut put = world_.late[which];
  world_.late.erase(world_.late.begin() + static_cast<ptrdiff_t>(which));
  if (random_.chance(80)) world_.land(put);
}

// ---- The end ------------------------------------------------------------------------------------

// All but one are dead, nothing fails any more: that one archives all it has.
void LineageSimulation::peace() {
  world_.trace("peace");
  for (const auto& host : hosts_) {
    host->takeover.reset();
    if (host->process) end_process(*host);
  }
  while (!world_.late.empty()) land_one();
  const size_t which = random_.below(hosts_.size());
  Host& host = *hosts_[which];
  for (size_t storage = 0; storage < world_.storages; ++storage) {
    const uint64_t newest = world_.store.newest_epoch(storage);
    if (newest == 0) continue;
    // Whether it needs that or not.
    ClaimAttempt takeover(storage, newest);
    while (!takeover.is_over()) takeover.step(world_, host.data);
    if (takeover.state() != ClaimAttempt::State::kDone) return;  // another owner's
  }
  begin_again(which);
  for (int i = 0; i < 50; ++i) process_step(host);  // with faults still
  host.process->set_rates({});
  calm(host);
  for (size_t partition = 0; partition < partitions_; ++partition) {
    const PartitionLog& log = host.data.logs[partition];
    require(log.low > log.high() || log.acked == log.high(), "in the end all is acknowledged",
            static_cast<core::PartitionRef>(partition), log.acked);
  }
}

void LineageSimulation::calm(Host& host) {
  constexpr size_t kMostRounds = 5'000;
  for (size_t round = 0;; ++round) {
    require(round < kMostRounds, "everything comes to an end");
    host.process->drain();
    if (host.process->is_idle()) return;
    require(host.process->wake_at() != core::kNever, "who waits is woken");
    world_.now = std::max(world_.now, host.process->wake_at());
    host.process->tick();
  }
}

// ---- What must be true --------------------------------------------------------------------------

void LineageSimulation::check() {
  check_promises();
  for (size_t partition = 0; partition < partitions_; ++partition) check_histories(partition);
}

void LineageSimulation::check_promises() {
  for (const Promise& promise : world_.promises) {
    const bool no_epochs = world_.broken == Broken::kNamesWithoutEpoch;
    const Chain chain =
        no_epochs ? Chain() : world_.store.chain_of(world_.storage_of(promise.partition), promise.epoch);
    const std::map<Lsn, Entry> read = world_.store.read(promise.partition, chain);
    const auto& history = hosts_[promise.host]->data.logs[promise.partition].history;
    for (Lsn lsn = 1; lsn <= promise.lsn; ++lsn) {
      const auto at = read.find(lsn);
      const Entry entry = history[static_cast<size_t>(lsn - 1)];
      if (at != read.end() && at->second == entry) continue;
      if (at == read.end() && world_.told_lost.contains({promise.host, promise.partition, lsn})) continue;
      if (at == read.end() &&
          world_.is_hidden_by_late_beginning(promise.partition, chain, lsn, entry, promise.looked))
        continue;
      throw Violation("what was acknowledged is read as its bytes: host " + std::to_string(promise.host) +
                      ", partition " + std::to_string(promise.partition) + ", " +
                      std::to_string(promise.lsn) + " in epoch " + std::to_string(promise.epoch) +
                      ", chain " + chain.text() + ": LSN " + std::to_string(lsn) +
                      (at == read.end() ? " is missing" : " differs"));
    }
  }
}

void LineageSimulation::check_histories(size_t partition) {
  const size_t storage = world_.storage_of(partition);
  for (uint64_t epoch = 1; epoch <= world_.store.newest_epoch(storage); ++epoch) {
    if (world_.store.find_epoch(storage, epoch) == nullptr) continue;
    const bool no_epochs = world_.broken == Broken::kNamesWithoutEpoch;
    const Chain chain = no_epochs ? Chain() : world_.store.chain_of(storage, epoch);
    std::vector<Entry> whole;
    for (const auto& [lsn, entry] : world_.store.read(partition, chain)) {
      if (lsn != whole.size() + 1) break;
      whole.push_back(entry);
    }
    const bool is_of_one = std::ranges::any_of(hosts_, [&](const auto& host) {
      const auto& history = host->data.logs[partition].history;
      return history.size() >= whole.size() && std::equal(whole.begin(), whole.end(), history.begin());
    });
    if (!is_of_one)
      throw Violation("what a chain reads is the history of one host: partition " +
                      std::to_string(partition) + ", chain " + chain.text());
  }
}

}  // namespace tidemark::sim
