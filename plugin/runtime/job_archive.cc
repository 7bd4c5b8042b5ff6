// Archiving: acquire the entries, lay them out, put, give them back.
#include <algorithm>
#include <chrono>

#include "base/guard.h"
#include "base/stopwatch.h"
#include "base/wall_clock.h"
#include "format/object_name.h"
#include "runtime/job.h"
#include "runtime/loaned_entries.h"

namespace tidemark::runtime {
namespace {

// A clock before 1970 is not believed.
int64_t made_us() { return std::max<int64_t>(0, wall_clock_us()); }

// The tar of a source, without its footer: what is encoded.
class TarOfSource final : public codec::PlainTar {
 public:
  explicit TarOfSource(tar::EntrySource& source) : source_(source) {}
  Result<size_t> read(uint64_t offset, uint8_t* out, size_t size) override {
    if (offset >= source_.content_bytes()) return size_t{0};
    return source_.read(offset, out, std::min<uint64_t>(size, source_.content_bytes() - offset));
  }
  uint64_t size_bytes() const override { return source_.content_bytes(); }
  Result<Digest> digest() override { return source_.content_digest(); }

 private:
  tar::EntrySource& source_;
};

// What is encoded and does not fit the memory is read from files that are opened again. Of many small entries
// that costs more than a further put does, of a few large ones less.
constexpr uint64_t kManyEntries = 16;

uint32_t fitting_entries(uint64_t most_bytes, uint64_t entries, uint64_t size_bytes) {
  return static_cast<uint32_t>(std::min<uint64_t>(entries * most_bytes / size_bytes, UINT32_MAX));
}

template <class Source>
tidemark_status read_source(void* ctx, uint64_t offset, void* buffer, size_t size, size_t* out_size,
                            tidemark_error* error) {
  return guard(error, [&]() -> Status {
    TM_ASSIGN(const size_t count, static_cast<Source*>(ctx)->read(offset, buffer, size));
    *out_size = count;
    return {};
  });
}

}  // namespace

uint64_t BatchLimits::of_entries(uint64_t entry_bytes) const {
  return entry_bytes <= held_bytes / kManyEntries ? held_bytes : most_bytes;
}

JobRunner::Ended JobRunner::archive(const PartitionId& id, const core::Job& job) {
  Range range = job.range;
  const Stopwatch watch;
  LoanedEntries leases(host_, id, sources_, metrics_);
  if (auto failure = lay_out(id, limits_.batch, job, leases, &range)) return std::move(*failure);
  const tar::EntrySource& body = leases.source();
  const uint64_t plain_bytes = body.size_bytes();
  uint64_t size_bytes = plain_bytes;
  Ended result = put_laid_out(id, range, job, leases, &size_bytes);
  stages_.add(metrics::Stage::kStat, body.times().stat);
  stages_.add(metrics::Stage::kRead, body.times().read);
  result.result.through = range.last;
  result.result.size_bytes = size_bytes;
  const uint64_t entries = range.last - range.first + 1;
  result.result.fitting_entries =
      fitting_entries(limits_.batch.of_entries(plain_bytes / entries), entries, plain_bytes);
  if (result.result.outcome != core::Outcome::kDone) return result;
  if (result.existed) {
    metrics_.verified(metrics_.storage(*id.storage), entries, watch.seconds());
  } else {
    metrics_.archived(metrics_.storage(*id.storage), entries, size_bytes, plain_bytes, watch.seconds());
  }
  return result;
}

JobRunner::Ended JobRunner::put_laid_out(const PartitionId& id, Range range, const core::Job& job,
                                         LoanedEntries& leases, uint64_t* size_bytes) {
  tar::EntrySource& source = leases.source();
  const ParsedName name = {range, ObjectKind::kArchive, job.epoch, codec_.encoding.coding, job.begun};
  codec::CodedSource* const coded = leases.coded();
  if (coded == nullptr) return put_body(id, name, source, leases);
  TarOfSource plain(source);
  Footer footer;
  footer.storage = *id.storage;
  footer.partition = id.id;
  footer.range = range;
  footer.epoch = job.epoch;
  footer.begun = job.begun;
  footer.made_us = source.made_us();
  const Stopwatch encoding;
  const auto read_before = source.times().read;
  const Status encoded = coded->open(plain, footer, Call(&call_));
  stages_.add(metrics::Stage::kEncode, encoding.elapsed() - (source.times().read - read_before));
  if (!encoded) return entry_error(source.failure() ? *source.failure() : encoded.error());
  *size_bytes = coded->size_bytes();
  Ended result = put_body(id, name, *coded, leases);
  coded->close();
  return result;
}

template <class Source>
JobRunner::Ended JobRunner::put_body(const PartitionId& id, const ParsedName& name, Source& body,
                                     LoanedEntries& leases) {
  Digest digest;
  tidemark_source source = {sizeof source, 0,      body.size_bytes(), nullptr, &body, read_source<Source>,
                            body.data(),   nullptr};
  if (sink_->wants_sha256()) {
    const Result<Digest> whole = body.object_digest();
    if (!whole) return entry_error(whole.error());
    digest = *whole;
    source.sha256 = digest.data();
  }
  uint32_t crc32c = 0;
  if (sink_->wants_crc32c()) {
    const Result<uint32_t> whole = body.object_crc32c();
    if (!whole) return entry_error(whole.error());
    crc32c = *whole;
    source.crc32c = &crc32c;
  }
  const std::string key = object_key(*id.storage, id.id, name);
  put_through_ = name.range.last;
  const Stopwatch putting;
  const tar::EntrySource& entries = leases.source();
  const auto read_before = entries.times().read;
  const Status status = put(key, source);
  const auto took = putting.elapsed() - (entries.times().read - read_before);
  stages_.add(metrics::Stage::kPut, took);
  if (status) {
    Ended done;
    // At least 1: it did put something.
    done.result.put_us = std::max<int64_t>(1, std::chrono::ceil<std::chrono::microseconds>(took).count());
    return done;
  }
  if (const std::optional<Error>& own = body.failure()) return entry_error(*own);
  if (status.error().status != TIDEMARK_E_EXISTS) return sink_error(status.error());
  // Somebody else's, or our own whose answer was lost: nobody can say which, so it is read.
  const Result<sink::ObjectInfo> existing = sink_->head(key, &call_);
  if (!existing && existing.error().status == TIDEMARK_E_NOT_FOUND) {
    Error error = existing.error();
    error.message = status.error().message + "; but it is not there: " + error.message;
    return sink_error(std::move(error));
  }
  if (!existing) return sink_error(existing.error());
  Ended result = compare(id, name, existing->size_bytes, leases);
  result.existed = true;
  return result;
}

std::optional<JobRunner::Ended> JobRunner::lay_out(const PartitionId& id, const BatchLimits& limits,
                                                   const core::Job& job, LoanedEntries& leases,
                                                   Range* range) {
  Status begun = leases.source().begin(*id.storage, id.id, Call(&call_), made_us(), job.epoch, job.begun);
  if (!begun) return ended(core::Outcome::kEntryFailed, begun.error());
  const Lsn last = range->last;
  uint64_t most_bytes = limits.most_bytes;  // the first is taken whatever its size
  for (Lsn lsn = range->first;; ++lsn) {
    if (lsn == range->first + 1) most_bytes = limits.of_entries(leases.source().added_bytes());
    bool taken = false;
    Status status = leases.add(lsn, most_bytes, &taken);
    // What fails is met again as the first of another job, and holds up only itself.
    if (!status && (lsn == range->first || entry_outcome(status.error()) == core::Outcome::kCancelled)) {
      return entry_error(id, lsn, std::move(status.error()));
    }
    if (!taken) break;
    range->last = lsn;
    if (lsn == last) break;
  }
  stages_.add(metrics::Stage::kAcquire, leases.acquire_time());
  leases.source().seal();
  return std::nullopt;
}

}  // namespace tidemark::runtime
