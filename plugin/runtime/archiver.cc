#include "runtime/archiver.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <system_error>

#include "base/blocked_signals.h"
#include "base/guard.h"
#include "base/line.h"
#include "base/printable.h"
#include "base/stopwatch.h"
#include "sink/loader.h"
#include "store/epochs.h"

namespace tidemark::runtime {
namespace {

core::SchedulerConfig scheduler_config(const config::Config& config) {
  core::SchedulerConfig result;
  result.workers = config.workers;
  result.batch_entries = config.batch_entries;
  result.partition_inflight = config.partition_inflight;
  result.bytes_per_second = config.max_bytes_per_second;
  result.retry = {config.retry_min_ms, config.retry_max_ms};
  result.partition_idle_ms = config.partition_idle_ms;
  result.lineage = !config.lineage_file.empty();
  result.epoch_watch_ms = config.epoch_watch_ms;
  result.stop_if_superseded = config.stop_if_superseded;
  result.seed = static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  return result;
}

// Of a batch that is encoded and fits a job's buffers, before and after. Encoding adds a little to what
// cannot be compressed.
uint64_t held_batch_bytes(const config::Config& config, const MemoryPlan& memory) {
  if (memory.coded_buffer_bytes == 0) return config.batch_bytes;
  const uint64_t held_bytes = std::min(memory.source.buffer_bytes, memory.coded_buffer_bytes);
  return std::min(config.batch_bytes, held_bytes - held_bytes / 32);
}

JobLimits job_limits(const config::Config& config, const MemoryPlan& memory) {
  const bool full = config.verify_existing == config::VerifyExisting::kFull;
  return {{config.batch_bytes, held_batch_bytes(config, memory)},
          memory.compare_entries,
          full ? store::Depth::kFull : store::Depth::kFooter};
}

constexpr const char* kReadOnly =
    "the archiver was made with read_only=true and only reads; make one without it to archive";

void name_thread(const std::string& name) { pthread_setname_np(pthread_self(), name.c_str()); }

std::string where(const PartitionId& id, Range range) {
  return *id.storage + "/" + std::to_string(id.id) + " [" + std::to_string(range.first) + ", " +
         std::to_string(range.last) + "]";
}

}  // namespace

Archiver::Archiver(const tidemark_host& host, config::Config config, codec::Codec codec,
                   std::optional<publish::HttpLibrary> http)
    : host_(host),
      config_(std::move(config)),
      codec_(std::move(codec)),
      encoding_(codec_.encoding),
      log_(host_.log, host_.ctx, config_.log_level),
      logger_(log_.component("archiver")),
      metrics_(config_.workers, config_.metrics_engine),
      memory_(plan_memory(config_.memory_budget_bytes, config_.workers, config_.batch_entries,
                          {codec::memory_bytes(codec_.encoding), codec::decoding_bytes(codec_.keys)})),
      sources_(memory_, codec_.encoding, codec_.keys.tag_keys),
      read_pace_(config_.verify_max_bytes_per_second),
      restores_(memory_.restores),
      chains_(std::chrono::milliseconds(config_.epoch_watch_ms)),
      dispatcher_(scheduler_config(config_), intake_, slot_),
      publisher_(config_.publishing, http, log_.component("metrics"),
                 [this](metrics::Format format) { return metrics_text(format); }) {}

Archiver::~Archiver() {
  if (started_) (void)stop(0);
}

bool Archiver::may_be_destroyed() {
  if (!in_callback()) return true;
  // A log callback that tries again for every line would never end.
  if (log_.callbacks_here() < 2)
    logger_.write(TIDEMARK_LOG_ERROR, "destroy must not be called from a callback; nothing was done");
  return false;
}

Status Archiver::set_sink(std::string_view url, std::span<const config::Option> options,
                          const tidemark_call* call) {
  if (in_callback()) return fail(TIDEMARK_E_INVALID, "set_sink must not be called from a callback");
  TM_ASSIGN(std::shared_ptr<sink::Sink> opened,
            sink::open_sink(url, options, config_.sink_dir, log_,
                            {memory_.put_buffer_bytes, config_.read_only}, call));
  TM_ASSIGN(const codec::Encoding encoding, read_encoding());
  // That a message can be sealed and opened again here is known before entries rely on it.
  TM_TRY(codec::self_test(encoding, codec_.keys));
  // In one step with the scheduler: a job runs on the sink that it was planned for.
  std::shared_ptr<sink::Sink> old;
  encrypt_as(encoding);
  dispatcher_.swap_sink([&] { old = slot_.swap(std::move(opened)); });
  if (old != nullptr) metrics_.sink_swapped();
  if_there_is_memory([&] {
    const std::string place = clean_line(printable_url(url));
    metrics_.sink_is(place.substr(0, place.find(':')), place);
  });
  logger_.line(TIDEMARK_LOG_INFO, [&] { return "sink is now " + printable_url(url); });
  if (encrypts(encoding.coding)) {
    logger_.line(TIDEMARK_LOG_INFO, [&] {
      const size_t count = encoding.recipients.size();
      return "encrypting to " + std::to_string(count) + (count == 1 ? " recipient" : " recipients");
    });
  }
  return {};
}

// Whom to encrypt to is read again, so that nobody has to start the host again for another recipient. What is
// in the file of tag keys is compared with on all threads, and stays.
Result<codec::Encoding> Archiver::read_encoding() {
  codec::Encoding encoding = codec_.encoding;
  if (encrypts(encoding.coding)) {
    TM_ASSIGN(encoding.recipients, codec::read_recipients_file(config_.encrypt_recipients_file));
  }
  return encoding;
}

void Archiver::encrypt_as(const codec::Encoding& encoding) {
  codec::Encoding made = encoding;  // all that needs memory, before anything is changed
  sources_.encrypt_to(encoding.recipients);
  const MutexLock lock(encoding_mutex_);
  encoding_ = std::move(made);
}

codec::Encoding Archiver::encoding() {
  const MutexLock lock(encoding_mutex_);
  return encoding_;
}

Status Archiver::start() {
  if (in_callback()) return fail(TIDEMARK_E_INVALID, "start must not be called from a callback");
  if (started_) return fail(TIDEMARK_E_INVALID, "the archiver is started already");
  if (config_.read_only) return fail(TIDEMARK_E_INVALID, kReadOnly);
  if (slot_.get() == nullptr) return fail(TIDEMARK_E_INVALID, "no sink: call set_sink before start");
  cancelled_.store(false);
  sources_.forget_attributes();
  TM_TRY(open_lineage());
  if (!config_.encrypt_tag_key_file.empty() && !encrypts(encoding().coding)) {
    logger_.write(
        TIDEMARK_LOG_WARN,
        "nothing is encrypted though encrypt_tag_key_file is given: encrypt_recipients_file is not, so "
        "everybody who reads the sink reads what is archived, and with that key it is read only by who "
        "accepts what bears no tag");
  }
  if (Status made = guarded([this] { return start_threads(); }); !made) {
    join_all();
    lineage_.reset();
    return made;
  }
  if (Status published = publisher_.start(); !published) {
    join_all();
    lineage_.reset();
    return published;
  }
  started_ = true;
  intake_.set_gate(Intake::Gate::kOpen);
  logger_.line(TIDEMARK_LOG_INFO,
               [this] { return "started with " + std::to_string(config_.workers) + " workers"; });
  return {};
}

Status Archiver::open_lineage() {
  if (!config_.lineage_file.empty()) {
    TM_ASSIGN(auto file, lineage::LineageFile::open(config_.lineage_file, lineage::IfMissing::kMake));
    lineage_ = std::make_unique<Lineage>(std::move(file));
    return {};
  }
  if (config_.lineage_is_off) return {};
  const bool is_coded = codec_.encoding.coding != Coding::kNone;
  if (config_.batch_entries > 1 || config_.partition_inflight > 1 || is_coded) {
    logger_.line(TIDEMARK_LOG_WARN, [is_coded] {
      return std::string(is_coded ? "no lineage_file, and archives are compressed or encrypted"
                                  : "no lineage_file, and batch_entries or partition_inflight is above 1") +
             ": if another host archives "
             "to the same place, after a failover or from a clone, nobody would notice, and their histories "
             "would be mixed";
    });
  }
  return {};
}

// If it fails, the caller ends the threads begun so far with join_all().
Status Archiver::start_threads() {
  dispatcher_.start();
  const BlockedSignals blocked;
  threads_.reserve(config_.workers + 1);
  try {
    threads_.emplace_back([this] {
      name_thread("tidemark-timer");
      dispatcher_.run_timer();
    });
    for (uint32_t number = 0; number < config_.workers; ++number) {
      threads_.emplace_back([this, number] { run_worker(number); });
    }
  } catch (const std::system_error& problem) {
    return fail(TIDEMARK_E_RETRYABLE, "cannot start " + std::to_string(config_.workers) +
                                          " workers, out of memory or of threads: " + problem.what());
  }
  return {};
}

Status Archiver::stop(uint32_t drain_ms) {
  if (in_callback()) return fail(TIDEMARK_E_INVALID, "stop must not be called from a callback");
  if (!started_) return {};
  intake_.set_gate(Intake::Gate::kStopping);
  if (drain_ms > 0) dispatcher_.drain(std::chrono::steady_clock::now() + std::chrono::milliseconds(drain_ms));
  cancelled_.store(true);
  join_all();
  intake_.set_gate(Intake::Gate::kNotStarted);
  started_ = false;
  lineage_.reset();
  publisher_.stop();
  logger_.write(TIDEMARK_LOG_INFO, "stopped");
  return {};
}

void Archiver::join_all() {
  dispatcher_.shut_down();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  dispatcher_.finish();
  intake_.reset();
}

std::string Archiver::metrics_text(metrics::Format format) {
  const Slots::Usage jobs = sources_.usage();
  const Slots::Usage restores = restores_.usage();
  metrics::MemoryUse memory;
  memory.budget_bytes = config_.memory_budget_bytes;
  const Slots::Usage decoders = sources_.decoders();
  memory.leased_bytes = jobs.in_use * memory_.job_bytes + restores.in_use * memory_.restore_bytes +
                        decoders.in_use * memory_.decoder_bytes;
  memory.jobs_waiting = jobs.waiting + decoders.waiting;
  memory.restores_waiting = restores.waiting;
  return metrics_.text(dispatcher_.snapshot(), memory, dispatcher_.events_dropped(), format);
}

Result<store::Restored> Archiver::restore(std::string_view storage, uint64_t partition, Lsn lsn,
                                          std::string_view directory, const tidemark_call* call) {
  TM_ASSIGN(const auto from, sink());
  const Call deadline(call);
  TM_ASSIGN(const auto lease, restores_.take(deadline));
  if (lease.waited()) metrics_.waited_for_memory();
  TM_ASSIGN(const Chain chain, chains_.get(from, storage, config_.read_epoch, deadline));
  TM_ASSIGN(const auto left, deadline.next_call());
  return store::restore(*from, chain,
                        {storage, partition, lsn, directory, memory_.restore_bytes, codec_.keys}, &left);
}

Result<Chain> Archiver::read_chain(std::string_view storage, const tidemark_call* call) {
  TM_ASSIGN(const auto from, sink());
  return store::read_chain(*from, storage, config_.read_epoch, call);
}

Result<std::shared_ptr<sink::Sink>> Archiver::sink() {
  std::shared_ptr<sink::Sink> sink = slot_.get();
  if (sink == nullptr) return fail(TIDEMARK_E_INVALID, "no sink: call set_sink first");
  return sink;
}

Result<std::shared_ptr<sink::Sink>> Archiver::writable_sink() {
  if (config_.read_only) return fail(TIDEMARK_E_INVALID, kReadOnly);
  return sink();
}

// All callbacks come on threads of the plugin, but `log`, which may come on any.
bool Archiver::in_callback() const {
  if (log_.callbacks_here() > 0) return true;
  return std::any_of(threads_.begin(), threads_.end(),
                     [](const std::thread& thread) { return thread.get_id() == std::this_thread::get_id(); });
}

// ---- Worker threads -----------------------------------------------------------------------------

void Archiver::run_worker(uint32_t number) {
  name_thread("tidemark-w" + std::to_string(number));
  metrics::Stages::Shard& stages = metrics_.stages(number);
  JobRunner runner(host_, metrics_, stages, sources_, read_pace_, job_limits(config_, memory_),
                   {codec_.encoding, codec_.keys}, lineage_.get(), cancelled_);
  Finished finished;
  Command command;
  while (dispatcher_.take(std::move(finished), &command)) finished = run(command, runner, stages);
}

Finished Archiver::run(Command& command, JobRunner& runner, metrics::Stages::Shard& stages) {
  if (auto* job = std::get_if<JobCommand>(&command)) {
    JobDone done = runner.run(*job);
    job->sink.reset();  // the last one closes an old sink
    log_job(done, job->id);
    return done;
  }
  if (const auto* ack = std::get_if<AckCommand>(&command)) {
    const tidemark_partition partition = abi_partition(ack->id);
    tidemark_error error = empty_abi_error();
    const Stopwatch watch;
    const tidemark_status status = host_.acknowledge(host_.ctx, &partition, ack->ack.lsn, &error);
    stages.add(metrics::Stage::kAcknowledge, watch.elapsed());
    metrics_.acknowledged(metrics_.storage(*ack->id.storage), status == TIDEMARK_OK);
    if (status != TIDEMARK_OK) {
      logger_.line(TIDEMARK_LOG_WARN, [&] {
        return "acknowledge of " + where(ack->id, {ack->ack.lsn, ack->ack.lsn}) + ": " +
               from_abi(status, error, "").message + "; will try again";
      });
    }
    return AckDone{ack->ack, status == TIDEMARK_OK};
  }
  if (const auto* decided = std::get_if<LogCommand>(&command)) {
    for (const EventNotice& event : decided->events) {
      count_event(event);
      log_event(event);
    }
    return LogDone();
  }
  const EventNotice& event = std::get<EventCommand>(command).event;
  deliver(event);
  return EventDone{event.event};
}

void Archiver::log_job(const JobDone& done, const PartitionId& id) {
  if (done.result.outcome != core::Outcome::kDone) log_failure(done, id);
  if (!done.notice.empty())
    logger_.write(done.is_suspicious ? TIDEMARK_LOG_WARN : TIDEMARK_LOG_INFO, done.notice);
  if (done.begins_at != kNoLsn) {
    logger_.line(TIDEMARK_LOG_WARN, [&] {
      return *id.storage + "/" + std::to_string(id.id) + " begins at " + std::to_string(done.begins_at) +
             ": the sink holds nothing of 1.." + std::to_string(done.begins_at - 1) +
             (done.job.epoch > kFirstEpoch
                  ? "; earlier epochs have archived here: if these entries are among "
                    "that, the sink has lost them, or its listing leaves them out"
                  : "; if it should, this is another sink, or it was emptied");
    });
  }
  if (const std::string* const found = sources_.take_attributes_found()) {
    logger_.line(TIDEMARK_LOG_WARN, [&] {
      return "not archived: the extended attributes of " + *found +
             "; archives do not keep extended attributes, access control lists and capabilities; this is "
             "logged once in a run";
    });
  }
}

void Archiver::count_event(const EventNotice& event) {
  const Range range = event.event.range;
  metrics_.event(event.event.kind);
  if (event.kind != TIDEMARK_EVENT_GAP) return;
  metrics::Storages::Row& storage = metrics_.storage(*event.id.storage);
  if (event.event.known) {
    metrics_.known_gap(storage);
  } else {
    metrics_.gap(storage, range.last - range.first + 1);
  }
}

void Archiver::deliver(const EventNotice& event) {
  if (host_.event == nullptr) return;
  tidemark_error error = empty_abi_error();
  const bool has_error = event.error.status != TIDEMARK_OK;
  if (has_error) to_abi(event.error, &error);
  const Range range = event.event.range;
  const tidemark_event out = {
      sizeof out, event.kind,         abi_partition(event.id), range.first,
      range.last, event.error.status, event.event.attempt,     has_error ? &error : nullptr};
  host_.event(host_.ctx, &out);
}

void Archiver::log_event(const EventNotice& event) {
  const auto say = [this](int32_t level, auto&& make) { logger_.line(level, make); };
  const auto place = [&event] { return where(event.id, event.event.range); };
  switch (event.kind) {
    case TIDEMARK_EVENT_GAP:
      say(TIDEMARK_LOG_ERROR, [&] {
        return "gap: " + place() +
               (event.event.known ? " is lost: recorded in an earlier run and not accepted yet"
                                  : " can no longer be archived");
      });
      break;
    case TIDEMARK_EVENT_CONFLICT:
      say(TIDEMARK_LOG_ERROR, [&] { return "conflict: " + event.error.message; });
      break;
    case TIDEMARK_EVENT_FAILING:
      say(TIDEMARK_LOG_WARN, [&] { return "failing: " + place() + ": " + event.error.message; });
      break;
    case TIDEMARK_EVENT_RECOVERED:
      say(TIDEMARK_LOG_INFO, [&] { return "recovered: " + place(); });
      break;
    case TIDEMARK_EVENT_BRANCHED:
      say(TIDEMARK_LOG_WARN, [&] {
        return "branched: " + place() +
               " of the history that this one continued is not counted from here on: " + event.error.message;
      });
      break;
    case TIDEMARK_EVENT_SUPERSEDED:
      say(TIDEMARK_LOG_ERROR, [&] { return *event.id.storage + ": " + event.error.message; });
      break;
    case TIDEMARK_EVENT_SINK_DOWN:
      say(TIDEMARK_LOG_WARN, [&] { return "sink is down, every partition waits: " + event.error.message; });
      break;
    case TIDEMARK_EVENT_SINK_UP:
      say(TIDEMARK_LOG_INFO, [] { return std::string("sink is up again"); });
      break;
    default:
      break;
  }
}

// Every failure at debug; the first of a streak is an event, which is logged louder.
void Archiver::log_failure(const JobDone& done, const PartitionId& id) {
  if (done.error.status == TIDEMARK_OK || done.result.outcome == core::Outcome::kCancelled) return;
  const bool is_of_storage = done.job.partition == core::kNoPartition;
  logger_.line(TIDEMARK_LOG_DEBUG, [&] {
    return (is_of_storage ? *id.storage : where(id, done.job.range)) + ": " + done.error.message;
  });
}

}  // namespace tidemark::runtime
