#include "store/epochs.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "base/call.h"
#include "format/footer.h"
#include "format/object_name.h"
#include "format/record.h"
#include "store/record.h"

namespace tidemark::store {
namespace {

ParsedName name_of(uint64_t epoch) { return {{}, ObjectKind::kEpoch, epoch}; }

// A record that another one continues, or that was asked for.
Error not_there(std::string_view storage, uint64_t epoch, uint64_t child) {
  if (child == 0) {
    return fail(TIDEMARK_E_NOT_FOUND, "there is no epoch " + std::to_string(epoch) + " of " +
                                          std::string(storage) + ": " + epoch_key(storage, epoch) +
                                          " is not there");
  }
  return fail(TIDEMARK_E_CORRUPT,
              epoch_key(storage, epoch) + ": is not there, although epoch " + std::to_string(child) +
                  " continues it; bring it from a copy, or let tidemark takeover write it "
                  "again from its host's lineage file");
}

Error other_owner(std::string_view storage, uint64_t epoch, uint64_t child) {
  return fail(TIDEMARK_E_CORRUPT, epoch_key(storage, child) + ": continues epoch " + std::to_string(epoch) +
                                      ", which is of another owner; one of the two records is not of this "
                                      "storage, move it away");
}

// From an epoch to its parents. `record_of` gives nothing for one that is not recorded.
Result<Chain> follow(std::string_view storage, uint64_t epoch,
                     const std::function<Result<std::optional<EpochRecord>>(uint64_t)>& record_of) {
  std::map<uint64_t, uint64_t> parents;
  std::optional<std::pair<uint64_t, EpochRecord>> child;
  for (uint64_t at = epoch; at != 0;) {
    TM_ASSIGN(auto record, record_of(at));
    if (!record) {
      if (at != kFirstEpoch) return not_there(storage, at, child ? child->first : 0);
      parents.emplace(kFirstEpoch, 0);
      break;
    }
    if (child && child->second.owner != record->owner) return other_owner(storage, at, child->first);
    const uint64_t parent = record->parent;
    parents.emplace(at, parent);
    child.emplace(at, *std::move(record));
    at = parent;
  }
  std::string problem;
  auto chain = Chain::of(epoch, parents, &problem);
  if (!chain) return fail(TIDEMARK_E_UNSUPPORTED, std::string(storage) + ": " + problem);
  return *std::move(chain);
}

}  // namespace

Error without_record(std::string_view storage, uint64_t epoch) {
  return fail(TIDEMARK_E_CORRUPT, "epoch " + std::to_string(epoch) +
                                      " has no record, so that nobody knows whose history this is; copy " +
                                      epoch_key(storage, epoch) +
                                      " too, or let tidemark takeover write it again from its host's "
                                      "lineage file; or if that branch was dropped while its host still "
                                      "wrote, remove the rest: tidemark prune URL " +
                                      std::string(storage) + " --branch " + std::to_string(epoch));
}

std::string epoch_key(std::string_view storage, uint64_t epoch) {
  return object_key(storage, 0, name_of(epoch));
}

Status visit_epochs(sink::Sink& sink, std::string_view storage, uint64_t from,
                    const std::function<void(uint64_t epoch, bool can_be_whole)>& visit,
                    const tidemark_call* call) {
  if (const char* problem = storage_name_problem(storage)) return fail(TIDEMARK_E_INVALID, problem);
  std::string prefix = epoch_key(storage, kFirstEpoch);
  prefix.resize(prefix.rfind('/') + 1);
  const std::string start_after = from > kFirstEpoch ? epoch_key(storage, from - 1) : std::string();
  return sink.list(
      prefix, start_after,
      [&](std::string_view key, const sink::ObjectInfo& object) {
        const auto parsed = parse_object_key(key);
        const bool is_record = !object.is_irregular && parsed && parsed->name.kind == ObjectKind::kEpoch;
        const bool can_be_whole = kFooterSize < object.size_bytes && object.size_bytes <= kRecordMax;
        if (is_record && parsed->name.epoch >= from) visit(parsed->name.epoch, can_be_whole);
        return true;
      },
      call);
}

Result<std::vector<uint64_t>> list_epochs(sink::Sink& sink, std::string_view storage, uint64_t from,
                                          const tidemark_call* call) {
  std::vector<uint64_t> epochs;
  TM_TRY(visit_epochs(
      sink, storage, from, [&](uint64_t epoch, bool) { epochs.push_back(epoch); }, call));
  return epochs;
}

Result<EpochRecord> read_epoch(sink::Sink& sink, std::string_view storage, uint64_t epoch,
                               const tidemark_call* call) {
  if (const char* problem = storage_name_problem(storage)) return fail(TIDEMARK_E_INVALID, problem);
  if (epoch == 0) return fail(TIDEMARK_E_INVALID, "epochs begin with 1");
  const std::string key = epoch_key(storage, epoch);
  const ParsedKey parsed{storage, 0, name_of(epoch)};
  const Call deadline(call);
  TM_ASSIGN(const std::string object, read_record_object(sink, key, parsed, deadline));
  std::string problem;
  auto record = parse_epoch_record_text(std::string_view(object).substr(0, object.size() - kFooterSize),
                                        epoch, &problem);
  if (!record) return fail(TIDEMARK_E_CORRUPT, key + ": is not the record its name promises: " + problem);
  return *std::move(record);
}

Status put_epoch(sink::Sink& sink, std::string_view storage, uint64_t epoch, const EpochRecord& record,
                 const Call& deadline) {
  TM_ASSIGN(const auto object, format_epoch_record(record, storage, epoch));
  const std::string key = epoch_key(storage, epoch);
  Status put = put_record(sink, key, object, deadline);
  if (put || put.error().status != TIDEMARK_E_EXISTS) return put;
  // Perhaps our own, whose answer was lost.
  const ParsedKey parsed{storage, 0, name_of(epoch)};
  TM_ASSIGN(const auto there, read_record_object(sink, key, parsed, deadline));
  return there == object ? prove_record(sink, key, parsed, deadline) : put;
}

Result<EpochRecords> read_epochs(sink::Sink& sink, std::string_view storage, const tidemark_call* call) {
  const Call deadline(call);
  TM_ASSIGN(const auto look, deadline.next_call());
  TM_ASSIGN(const auto epochs, list_epochs(sink, storage, kFirstEpoch, &look));
  EpochRecords records;
  for (const uint64_t epoch : epochs) {
    TM_ASSIGN(const auto limited, deadline.next_call());
    TM_ASSIGN(auto record, read_epoch(sink, storage, epoch, &limited));
    records.emplace_hint(records.end(), epoch, std::move(record));
  }
  return records;
}

Result<Chain> read_chain(sink::Sink& sink, std::string_view storage, uint64_t epoch,
                         const tidemark_call* call) {
  const Call deadline(call);
  TM_ASSIGN(const auto look, deadline.next_call());
  TM_ASSIGN(const auto recorded, list_epochs(sink, storage, kFirstEpoch, &look));
  if (epoch == 0) epoch = recorded.empty() ? kFirstEpoch : recorded.back();
  return follow(storage, epoch, [&](uint64_t at) -> Result<std::optional<EpochRecord>> {
    if (!std::binary_search(recorded.begin(), recorded.end(), at)) return std::optional<EpochRecord>();
    TM_ASSIGN(const auto limited, deadline.next_call());
    TM_ASSIGN(auto record, read_epoch(sink, storage, at, &limited));
    return std::optional(std::move(record));
  });
}

Result<Chain> chain_of(std::string_view storage, uint64_t epoch, const EpochRecords& records) {
  return follow(storage, epoch, [&](uint64_t at) -> Result<std::optional<EpochRecord>> {
    const auto record = records.find(at);
    return record != records.end() ? std::optional(record->second) : std::nullopt;
  });
}

}  // namespace tidemark::store
