// One archiver: what tidemark_archiver points to. Options, sink, threads and their beginning and end.
//
// create, set_sink, start, stop and the destructor are [control]: the host serialises them. notify is
// [hot-path]; metrics_text and sink are [any-thread].
#ifndef TIDEMARK_RUNTIME_ARCHIVER_H
#define TIDEMARK_RUNTIME_ARCHIVER_H

#include <tidemark/archiver.h>

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "codec/load.h"
#include "config/config.h"
#include "log/log.h"
#include "metrics/metrics.h"
#include "publish/publisher.h"
#include "runtime/dispatcher.h"
#include "runtime/host.h"
#include "runtime/intake.h"
#include "runtime/job.h"
#include "runtime/known_chains.h"
#include "runtime/lineage.h"
#include "runtime/memory.h"
#include "sink/slot.h"
#include "store/store.h"

namespace tidemark::runtime {

class Archiver {
 public:
  // `http` is there if the config wants metrics to be served.
  Archiver(const tidemark_host& host, config::Config config, codec::Codec codec,
           std::optional<publish::HttpLibrary> http);
  ~Archiver();
  Archiver(const Archiver&) = delete;
  Archiver& operator=(const Archiver&) = delete;

  Status set_sink(std::string_view url, std::span<const config::Option> options, const tidemark_call* call);
  Status start();
  Status stop(uint32_t drain_ms);
  Status notify(const tidemark_partition& partition, Lsn low, Lsn high) {
    return dispatcher_.notify(view(partition.storage), partition.id, low, high);
  }
  std::string metrics_text(metrics::Format format = metrics::Format::kText);
  // As tidemark.readback/1 says; waits for memory. [any-thread]
  Result<store::Restored> restore(std::string_view storage, uint64_t partition, Lsn lsn,
                                  std::string_view directory, const tidemark_call* call);
  // The history that is read back and looked after: of the newest epoch, or that of the option read_epoch.
  // [any-thread]
  Result<Chain> read_chain(std::string_view storage, const tidemark_call* call);
  // The sink to read back from; TIDEMARK_E_INVALID before the first set_sink.
  Result<std::shared_ptr<sink::Sink>> sink();
  // The same, to change something; INVALID if the archiver was made read_only.
  Result<std::shared_ptr<sink::Sink>> writable_sink();
  // What decodes. [any-thread]
  const codec::Keys& keys() const { return codec_.keys; }
  // How archives are encoded, from the last set_sink() on. [any-thread]
  codec::Encoding encoding() TM_EXCLUDES(encoding_mutex_);
  // What comparing lays entries out with.
  SpareSources::Lease comparing_source() { return comparing_.take(); }
  void warn(std::string_view message) { logger_.write(TIDEMARK_LOG_WARN, message); }
  // False, and an ERROR in the log, if a callback asks: it would wait for itself.
  bool may_be_destroyed();

 private:
  Result<codec::Encoding> read_encoding();
  void encrypt_as(const codec::Encoding& encoding) TM_EXCLUDES(encoding_mutex_);
  Status open_lineage();
  Status start_threads();
  void run_worker(uint32_t number);
  Finished run(Command& command, JobRunner& runner, metrics::Stages::Shard& stages);
  void deliver(const EventNotice& event);
  void log_job(const JobDone& done, const PartitionId& id);
  void count_event(const EventNotice& event);
  void log_event(const EventNotice& event);
  void log_failure(const JobDone& done, const PartitionId& id);
  bool in_callback() const;
  void join_all();

  const tidemark_host host_;
  const config::Config config_;
  const codec::Codec codec_;  // as the files said at first; recipients are those of encoding_
  Mutex encoding_mutex_;
  codec::Encoding encoding_ TM_GUARDED_BY(encoding_mutex_);
  log::Log log_;
  log::Logger logger_;
  metrics::Metrics metrics_;
  const MemoryPlan memory_;
  SourcePool sources_;
  ReadPace read_pace_;
  Slots restores_;
  SpareSources comparing_;
  sink::Slot slot_;
  KnownChains chains_;  // of restores
  Intake intake_;
  Dispatcher dispatcher_;
  std::atomic<bool> cancelled_{false};
  std::unique_ptr<Lineage>
      lineage_;           // [control] only, and of the workers; NULL: histories are not told apart
  bool started_ = false;  // [control] only
  std::vector<std::thread> threads_;  // [control] only: the timer, then the workers
  publish::Publisher publisher_;      // [control] only; last: its threads read the rest
};

}  // namespace tidemark::runtime

#endif  // TIDEMARK_RUNTIME_ARCHIVER_H
