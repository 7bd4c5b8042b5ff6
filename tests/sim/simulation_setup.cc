// What a seed starts from: the world it draws, and the beginning and end of the scheduler's runs.
#include <algorithm>

#include "simulation.h"
#include "violation.h"

namespace tidemark::sim {

namespace {
constexpr Lsn kBases[] = {0, 0, 34, Lsn{1} << 40, ~Lsn{0} - 100'000};
}

void Simulation::draw_world() {
  now_ = static_cast<TimeMs>(random_.below(1'000'000));
  config_.workers = static_cast<uint32_t>(random_.between(1, 6));
  config_.retry.min_ms = static_cast<uint32_t>(random_.between(1, random_.chance(50) ? 10 : 5'000));
  config_.retry.max_ms = config_.retry.min_ms * static_cast<uint32_t>(random_.between(1, 60));
  config_.partition_idle_ms = static_cast<uint32_t>(random_.between(1, random_.chance(50) ? 100 : 600'000));
  if (random_.chance(60))
    config_.batch_entries = static_cast<uint32_t>(random_.between(2, random_.chance(50) ? 6 : 70));
  if (random_.chance(50)) config_.partition_inflight = static_cast<uint32_t>(random_.between(2, 5));
  if (random_.chance(20)) config_.bytes_per_second = random_.between(1, random_.chance(50) ? 1'000 : 100'000);
  world_.batch_size = random_.chance(50) ? 1'000'000 : random_.between(1, 100);
  const size_t partitions = random_.between(1, random_.chance(30) ? 12 : 4);
  world_.list_limit = random_.chance(50) ? random_.between(1, 4) : 1000;
  world_.report_known_gaps = random_.chance(50);
  driven_.resize(partitions);
  world_.sinks.emplace_back(partitions);
  for (size_t i = 0; i < partitions; ++i) {
    const Lsn base = kBases[random_.below(std::size(kBases))];
    world_.logs.emplace_back(base, &world_.versions);
    // Long alternating runs overflow what discovery keeps of them.
    const bool long_log = random_.chance(2);
    world_.logs[i].commit(long_log ? 150 + random_.below(100) : random_.below(12));
    driven_[i].broken_sink = random_.chance(5);
    const bool is_seeded = random_.chance(60) || long_log;
    if (is_seeded) seed_sink(i);
    bool is_known = is_seeded;
    if (random_.chance(20)) {
      world_.logs[i].lose_through(base + random_.between(1, 8));
      is_known |= record_gaps(i);
    }
    if (is_known && base > 0) world_.sinks[0].put_origin(i, base);
  }
}

// An archive that exists already: with holes, with batches that overlap, with other content, or above high.
void Simulation::seed_sink(size_t partition) {
  FakeLog& log = world_.logs[partition];
  FakeSink& sink = world_.sinks[0];
  const bool alternating = random_.chance(30);
  const uint64_t other_content = random_.chance(20) ? random_.between(5, 90) : 0;
  if (other_content > 0) one_truth_ = false;
  const uint64_t batches = random_.chance(30) ? 30 : 0;
  const Lsn end = log.high() + random_.below(4);
  for (Lsn lsn = log.base() + 1; lsn <= end; ++lsn) {
    if (alternating ? lsn % 2 == 0 : random_.chance(30)) continue;
    Range range{lsn, lsn};
    if (random_.chance(batches)) range.last = std::min(end, lsn + random_.below(random_.chance(80) ? 5 : 20));
    std::vector<Content> contents;
    for (Lsn l = range.first; l <= range.last; ++l) {
      const Content content = log.read(l, now_);
      const bool other = content == kNoContent || random_.chance(other_content);
      contents.push_back(other ? ++world_.versions : content);
    }
    sink.put(partition, range, coding_of(lsn), contents);
  }
  if (random_.chance(50)) sink.answered(partition, {end + 1, end + 1}, sink.puts());
}

// An earlier run wrote down what it had lost.
bool Simulation::record_gaps(size_t partition) {
  const FakeLog& log = world_.logs[partition];
  if (random_.chance(50)) return false;
  bool is_any = false;
  for (Lsn lsn = log.base() + 1; lsn < log.low();) {
    const Lsn last = std::min(log.low() - 1, lsn + random_.below(4));
    if (random_.chance(80)) {
      world_.sinks[0].put_gap(partition, {lsn, last});
      is_any = true;
    }
    lsn = last + 1;
  }
  return is_any;
}

// How turbulent a run is, and in which way. Zero is drawn often, so that kinds of trouble also come alone.
void Simulation::draw_rates() {
  const auto rate = [this](uint64_t most) { return random_.chance(60) ? 0 : random_.between(1, most); };
  slow_puts_ = random_.chance(50);
  rates_ = {rate(15), rate(10), rate(20), rate(30), rate(20), rate(30), rate(30), 0, 0};
  rates_.event = random_.chance(40) ? random_.between(90, 100) : rate(70);
  rates_.give_up = random_.chance(50) ? 20 : random_.between(50, 100);
  dawdles_ = random_.chance(40);
  restart_chance_ = random_.chance(50) ? 0 : random_.between(10, 90);
}

// Options are switched on and off between runs, in half of the seeds. Draws nothing: the others stay what
// they were.
Coding Simulation::coding_of(uint64_t number) const {
  return options_.seed % 2 == 0 ? Coding::kNone : static_cast<Coding>((options_.seed / 2 + number) % 4);
}

void Simulation::begin_run() {
  world_.coding = coding_of(++stats_.runs);
  config_.seed = random_.next();
  scheduler_.reset();
  partitions_ = std::make_unique<core::PartitionStore>();
  scheduler_ = std::make_unique<core::Scheduler>(config_, *partitions_);
  model_ = std::make_unique<Model>(config_);
  sink_of_number_ = {sink_};
  free_refs_.clear();
  refs_ = 0;
  for (size_t i = 0; i < driven_.size(); ++i) {
    const bool broken_sink = driven_[i].broken_sink;
    driven_[i] = {};
    driven_[i].broken_sink = broken_sink;
    // Everything that is still there is notified again, at once or in pieces.
    const FakeLog& log = world_.logs[i];
    // The first to come may be one that says too much is gone.
    if (log.high() >= log.low() && random_.chance(25))
      driven_[i].pending.push_back({log.low() + random_.below(log.high() + 2 - log.low()), log.high()});
    if (log.high() > log.low() && random_.chance(30))
      driven_[i].pending.push_back({log.low(), random_.between(log.low(), log.high())});
    if (log.low() <= log.high() || random_.chance(30)) notify(i);
  }
}

// Stopped in good order, with what is in flight ended or cancelled, or crashed at any point of it.
void Simulation::end_run() {
  const bool crash = random_.chance(50);
  trace("%s", crash ? "crash" : "stop");
  if (crash) {
    for (const Flight& flight : flights_) {
      if (!flight.early && random_.chance(50)) execute(flight);
    }
    flights_.clear();
    acks_.clear();
    undelivered_.clear();
  } else {
    stopping_ = true;
    while (!flights_.empty()) end_job(random_.below(flights_.size()));
    stopping_ = false;
    while (!acks_.empty()) end_ack(random_.below(acks_.size()));
    while (!undelivered_.empty()) deliver_event();
  }
  for (size_t i = 0; i < driven_.size(); ++i) {
    owe(i);
    if (random_.chance(25)) restore_host(i);
    // It may have lost more than there was.
    FakeLog& log = world_.logs[i];
    if (random_.chance(15)) log.lose_through(random_.between(log.low(), log.high() + 1 + random_.below(3)));
  }
  if (random_.chance(20)) draw_rates();
  begin_run();
}

// What a later run on this sink has to say of the entries that this one was told of and has not archived.
// What is recorded as lost already is reported again unless a person accepted it.
void Simulation::owe(size_t partition) {
  Driven& driven = driven_[partition];
  const FakeSink& sink = world_.sinks[sink_];
  std::set<Lsn>& owed = owed_[{partition, sink_}];
  if (sink_of_number_.size() == 1) {
    for (auto it = driven.notified.upper_bound(driven.promised); it != driven.notified.end(); ++it) {
      if (sink.holds_older(partition, *it)) owed.insert(*it);
    }
  }
  std::erase_if(owed, [&](Lsn lsn) {
    const bool is_accepted = sink.holds_gap(partition, lsn) && !world_.report_known_gaps;
    return sink.is_durable(partition, lsn) || is_accepted;
  });
}

// The host comes back in an older state of itself.
void Simulation::restore_host(size_t partition) {
  FakeLog& log = world_.logs[partition];
  const Lsn low = log.low() - random_.below(std::min<Lsn>(log.low() - log.base(), 6));
  const Lsn high = log.high() - random_.below(std::min<Lsn>(log.high() + 2 - low, 6));
  trace("host restores partition %zu to %llu..%llu", partition,
        static_cast<unsigned long long>(low - log.base()),
        static_cast<unsigned long long>(high - log.base()));
  log.restore(low, high);
}

}  // namespace tidemark::sim
