// How the memory budget is dealt out: every job leases its share before it begins and waits while none is
// free; so does every restore. What is in use is never more than the budget, whatever the entries and however
// many threads.
//
// Slots, SourcePool: any thread. A lease belongs to one thread and must not outlive what it was taken from.
#ifndef TIDEMARK_RUNTIME_MEMORY_H
#define TIDEMARK_RUNTIME_MEMORY_H

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/call.h"
#include "base/mutex.h"
#include "base/result.h"
#include "codec/coded_source.h"
#include "codec/keys.h"
#include "tar/entry_source.h"

namespace tidemark::runtime {

// Three quarters are for jobs, a quarter is for reading back, so that neither waits for the other.
struct MemoryPlan {
  uint32_t jobs = 1;       // that may run at once; fewer than there are workers if the budget is small
  uint64_t job_bytes = 0;  // of each: the entries' leases, the source's buffer and names, the sink's buffers
  tar::SourceLimits source;       // of each job
  uint64_t put_buffer_bytes = 0;  // of each job, for the sink
  size_t coded_buffer_bytes = 0;  // of each job, for what is compressed or encrypted; 0: nothing is
  uint64_t compare_entries = 0;   // of an archive whose digests a job may hold at once
  uint32_t decoders = 1;          // at once, of jobs that compare what is compressed or encrypted
  uint64_t decoder_bytes = 0;     // of each, besides the job's; 0: that is enough
  uint32_t restores = 1;          // at once
  uint64_t restore_bytes = 0;     // of each
};
// What one archive takes.
struct CodecBytes {
  uint64_t encode = 0;  // besides the buffer of what is encoded; 0: nothing is
  uint64_t decode = 0;  // of what is there already, however it is coded
};
MemoryPlan plan_memory(uint64_t budget_bytes, uint32_t workers, uint32_t batch_entries,
                       const CodecBytes& codec);

// So many equal shares, first come, first served by the operating system.
class Slots {
 public:
  struct Usage {
    uint32_t in_use = 0;
    uint32_t waiting = 0;  // threads
  };
  class Lease {
   public:
    Lease(Slots& slots, bool waited) : slots_(&slots), waited_(waited) {}
    Lease(Lease&& other) noexcept : slots_(std::exchange(other.slots_, nullptr)), waited_(other.waited_) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (slots_ != nullptr) slots_->give_back();
    }
    bool waited() const { return waited_; }  // there was none at first

   private:
    Slots* slots_;
    bool waited_;
  };

  explicit Slots(uint32_t count) : free_(count) {}
  // Waits as long as it takes: every holder of a share will give it back.
  Lease take() TM_EXCLUDES(mutex_);
  // Or the deadline's error.
  Result<Lease> take(const Call& deadline) TM_EXCLUDES(mutex_);
  Usage usage() TM_EXCLUDES(mutex_);

 private:
  void give_back() TM_EXCLUDES(mutex_);

  Mutex mutex_;
  CondVar given_back_;
  uint32_t free_ TM_GUARDED_BY(mutex_);
  Usage usage_ TM_GUARDED_BY(mutex_);
};

// A job's share with the source that fills it. All sources are made at the beginning, so that no job fails
// because there is none. Who holds a lease closes the source before the lease ends.
class SourcePool {
 public:
  struct Sources {
    std::unique_ptr<tar::EntrySource> source;
    std::unique_ptr<codec::CodedSource> coded;
  };
  class Lease {
   public:
    Lease(SourcePool& pool, Slots::Lease slot, Sources sources)
        : pool_(pool), slot_(std::move(slot)), sources_(std::move(sources)) {}
    ~Lease() { pool_.give_back(std::move(sources_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    tar::EntrySource& source() const { return *sources_.source; }
    codec::CodedSource* coded() const { return sources_.coded.get(); }  // NULL where nothing is encoded
    bool waited() const { return slot_.waited(); }

   private:
    SourcePool& pool_;
    const Slots::Lease slot_;
    Sources sources_;
  };

  // Encoding and tag keys are borrowed.
  SourcePool(const MemoryPlan& plan, const codec::Encoding& encoding, const codec::TagKeys& tag_keys);
  Lease take() TM_EXCLUDES(mutex_);
  // Whom the archives of leases that are taken from now on are encrypted to; where they are.
  void encrypt_to(std::vector<codec::Recipient> recipients) TM_EXCLUDES(mutex_);
  // For the holder of a lease who is about to decode; waits, for who has one needs no other memory.
  Slots::Lease take_decoder() { return decoders_.take(); }
  Slots::Usage usage() { return slots_.usage(); }
  Slots::Usage decoders() { return decoders_.usage(); }

  // A file or directory whose attributes were not archived, see tree/attributes.h: the first that a job
  // found, and only once; else nullptr. Valid until forget_attributes().
  const std::string* take_attributes_found() {
    return found_.load() == nullptr ? nullptr : found_.exchange(nullptr);
  }
  // While no lease is out.
  void forget_attributes() TM_EXCLUDES(mutex_);

 private:
  void give_back(Sources sources) TM_EXCLUDES(mutex_);

  Slots slots_;
  Slots decoders_;
  Mutex mutex_;
  std::vector<Sources> spare_ TM_GUARDED_BY(mutex_);  // the warmest last
  std::vector<codec::Recipient> recipients_ TM_GUARDED_BY(mutex_);
  std::atomic<bool> was_found_{false};
  std::atomic<const std::string*> found_{nullptr};  // a source's, which leaves it alone from then on
};

// Sources for calls of the host's that lay entries out to compare them. One that was used is cheaper than a
// new one, so a few are kept; nobody waits. Not of the budget: what a call takes is the host's to know.
class SpareSources {
 public:
  static constexpr size_t kKeptMax = 16;
  static constexpr tar::SourceLimits kLimits = {256 << 10, 3 << 20};

  class Lease {
   public:
    Lease(SpareSources& spare, std::unique_ptr<tar::EntrySource> source)
        : spare_(spare), source_(std::move(source)) {}
    ~Lease() { spare_.give_back(std::move(source_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    tar::EntrySource& source() const { return *source_; }

   private:
    SpareSources& spare_;
    std::unique_ptr<tar::EntrySource> source_;
  };

  Lease take() TM_EXCLUDES(mutex_);

 private:
  void give_back(std::unique_ptr<tar::EntrySource> source) TM_EXCLUDES(mutex_);

  Mutex mutex_;
  std::vector<std::unique_ptr<tar::EntrySource>> spare_ TM_GUARDED_BY(mutex_);  // the warmest last
};

}  // namespace tidemark::runtime

#endif  // TIDEMARK_RUNTIME_MEMORY_H
