#include <algorithm>
#include <cassert>
#include <cstring>
#include <memory>
#include <span>

#include "store/epochs.h"
#include "store/list.h"
#include "store/read_archive.h"
#include "store/store.h"
#include "store/stream.h"
#include "tar/extract.h"

namespace tidemark::store {
namespace {

// An object as a stream that is pulled, one range after another.
class ObjectStream final : public tar::ByteStream {
 public:
  // `piece_bytes` are asked for at once, a request each, and held in memory.
  ObjectStream(sink::Sink& sink, std::string_view key, uint64_t size_bytes, size_t piece_bytes,
               const Call& deadline)
      : sink_(sink),
        key_(key),
        size_bytes_(size_bytes),
        capacity_(static_cast<size_t>(std::min<uint64_t>(size_bytes, piece_bytes))),
        piece_(new uint8_t[capacity_]),
        deadline_(deadline) {}

  Result<std::span<const uint8_t>> next() override {
    if (offset_ == size_bytes_) return std::span<const uint8_t>();
    TM_ASSIGN(const auto call, deadline_.next_call());
    size_t received = 0;
    Status status = sink_.get(
        key_, static_cast<int64_t>(offset_), capacity_,
        [&](const void* data, size_t count) {
          if (count > capacity_ - received) return false;
          std::memcpy(piece_.get() + received, data, count);
          received += count;
          return true;
        },
        &call);
    if (!status) return std::move(status.error());
    if (received == 0) {
      return fail(TIDEMARK_E_CORRUPT, std::string(key_) + ": ends after " + std::to_string(offset_) + " of " +
                                          std::to_string(size_bytes_) + " bytes");
    }
    assert(received <= capacity_);
    offset_ += received;
    return std::span<const uint8_t>(piece_.get(), received);
  }

 private:
  sink::Sink& sink_;
  std::string_view key_;
  const uint64_t size_bytes_;
  const size_t capacity_;
  const std::unique_ptr<uint8_t[]> piece_;
  const Call& deadline_;
  uint64_t offset_ = 0;
};

struct Candidate {
  ParsedName name;
  std::string key;
  uint64_t size_bytes;
};
struct Candidates {
  std::vector<Candidate> archives;     // of the newest epoch that has any
  std::optional<ParsedName> record;    // that says why there is none
  std::optional<ParsedName> stranger;  // an archive of an epoch that is not in the chain
};

constexpr size_t kCandidatesMax = 16;

// Keeps what is of the newest epoch.
void add_candidate(const ArchiveInfo& info, Candidates& found) {
  const uint64_t newest = found.archives.empty() ? 0 : found.archives.front().name.epoch;
  if (info.epoch < newest || found.archives.size() == kCandidatesMax) return;
  if (info.epoch > newest) found.archives.clear();
  found.archives.push_back({info, std::string(info.key), info.size_bytes});
}

Result<Candidates> find_candidates(sink::Sink& sink, const Chain& chain, const Restoring& what,
                                   const Call& deadline) {
  Candidates found;
  EpochBeginnings begins(chain);
  size_t names_after = 0;
  Status status = list_within(
      sink, what.storage, what.partition, what.lsn,
      [&](const ArchiveInfo& info) {
        begins.see(info);
        if (!info.range.contains(what.lsn)) return ++names_after < kOverlapNames;
        const bool is_archive = info.kind == ObjectKind::kArchive;
        if (!chain.contains(info.epoch) && info.kind != ObjectKind::kPruned) {
          if (is_archive && !found.stranger) found.stranger = info;
        } else if (is_archive) {
          add_candidate(info, found);
        } else if (!found.record || found.record->kind != ObjectKind::kPruned) {
          found.record = info;
        }
        return true;
      },
      deadline);
  if (!status) return std::move(status.error());
  // What rules there is lost or pruned, and this is what it hid.
  std::erase_if(found.archives, [&](const Candidate& candidate) {
    const auto part = begins.counts(candidate.name);
    return !part || !part->contains(what.lsn);
  });
  return found;
}

// What is of another history is none of this one's business, if it is known to be one.
Status check_stranger(sink::Sink& sink, const Restoring& what, const ParsedName& stranger,
                      const Call& deadline) {
  if (stranger.epoch == kFirstEpoch) return {};
  TM_ASSIGN(const auto call, deadline.next_call());
  TM_ASSIGN(const auto epochs, list_epochs(sink, what.storage, stranger.epoch, &call));
  if (!epochs.empty() && epochs.front() == stranger.epoch) return {};
  return about(object_key(what.storage, what.partition, stranger),
               without_record(what.storage, stranger.epoch));
}

Error not_found(std::string_view storage, uint64_t partition, Lsn lsn,
                const std::optional<ParsedName>& record) {
  std::string message = "no archive of " + std::string(storage) + "/" + std::to_string(partition) +
                        " holds entry " + std::to_string(lsn);
  if (record) {
    const char* const why =
        record->kind == ObjectKind::kGap        ? " are recorded as a gap, they could not be archived"
        : record->kind == ObjectKind::kAccepted ? " are recorded as lost, and accepted"
        : record->kind == ObjectKind::kOrigin   ? " were never in this archive, it begins after them"
                                                : " were pruned on purpose";
    message += ": entries " + std::to_string(record->range.first) + " to " +
               std::to_string(record->range.last) + why;
  }
  return fail(TIDEMARK_E_NOT_FOUND, message);
}

Status restore_from(sink::Sink& sink, const Candidate& candidate, tar::Extraction wanted,
                    const Restoring& what, const Call& deadline) {
  wanted.range = candidate.name.range;
  wanted.epoch = candidate.name.epoch;
  wanted.begun = candidate.name.begun;
  wanted.coding = candidate.name.coding;
  ObjectStream bytes(sink, candidate.key, candidate.size_bytes, what.piece_bytes, deadline);
  Status status =
      tar::extract_entry(bytes, wanted, deadline, what.keys, asks_footer(sink, candidate.key, deadline));
  if (!status && status.error().message.find(candidate.key) == std::string::npos) {
    status.error().message = candidate.key + ": " + status.error().message;
  }
  return status;
}

}  // namespace

Result<Restored> restore(sink::Sink& sink, const Chain& chain, const Restoring& what,
                         const tidemark_call* call) {
  if (what.lsn == kNoLsn) return fail(TIDEMARK_E_INVALID, "entry 0 was asked for; LSNs begin with 1");
  const Call deadline(call);
  TM_ASSIGN(auto found, find_candidates(sink, chain, what, deadline));
  if (found.stranger) TM_TRY(check_stranger(sink, what, *found.stranger, deadline));
  // Where nothing decrypts, a copy that is not encrypted serves first.
  if (what.keys.identities.empty()) {
    std::stable_partition(found.archives.begin(), found.archives.end(),
                          [](const Candidate& candidate) { return !encrypts(candidate.name.coding); });
  }
  if (found.archives.empty()) return not_found(what.storage, what.partition, what.lsn, found.record);
  const tar::Extraction wanted = {what.storage, what.partition, {}, what.lsn, what.directory, {}};
  Restored result;
  for (const Candidate& candidate : found.archives) {
    result.key = candidate.key;  // once it is restored nothing may fail
    Status status = restore_from(sink, candidate, wanted, what, deadline);
    if (status) return result;
    // Only another copy of the entry can help, or another key.
    const tidemark_status why = status.error().status;
    if (why != TIDEMARK_E_CORRUPT && why != TIDEMARK_E_SEALED) return std::move(status.error());
    result.damaged.push_back(std::move(status.error()));
  }
  assert(result.damaged.size() == found.archives.size());
  const auto sealed = std::find_if(result.damaged.begin(), result.damaged.end(),
                                   [](const Error& error) { return error.status == TIDEMARK_E_SEALED; });
  return std::move(sealed == result.damaged.end() ? result.damaged.front() : *sealed);
}

}  // namespace tidemark::store
