// The records of a storage's epochs, <storage>/epoch/…: whose each is, and which one it continues.
//
// Free functions on an open sink; any thread, any number at once. `call` as in store.h. What lies in that
// folder and is not named like a record is skipped.
#ifndef TIDEMARK_STORE_EPOCHS_H
#define TIDEMARK_STORE_EPOCHS_H

#include <tidemark/base.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/call.h"
#include "base/result.h"
#include "format/chain.h"
#include "format/epoch_record.h"
#include "sink/sink.h"

namespace tidemark::store {

std::string epoch_key(std::string_view storage, uint64_t epoch);

// What is said of something that is of an epoch without a record: nobody knows whose history it is.
Error without_record(std::string_view storage, uint64_t epoch);

// The epochs that are recorded, from `from` on, ascending: one listing. Whether a record can be whole is told
// by its size alone.
Status visit_epochs(sink::Sink& sink, std::string_view storage, uint64_t from,
                    const std::function<void(uint64_t epoch, bool can_be_whole)>& visit,
                    const tidemark_call* call);
// Their numbers.
Result<std::vector<uint64_t>> list_epochs(sink::Sink& sink, std::string_view storage, uint64_t from,
                                          const tidemark_call* call);

// One record, proven. NOT_FOUND: it is not there. CORRUPT names the key.
Result<EpochRecord> read_epoch(sink::Sink& sink, std::string_view storage, uint64_t epoch,
                               const tidemark_call* call);

// OK: it is there and the same, maybe because it was before. EXISTS: there is another one.
Status put_epoch(sink::Sink& sink, std::string_view storage, uint64_t epoch, const EpochRecord& record,
                 const Call& deadline);

using EpochRecords = std::map<uint64_t, EpochRecord>;
// All of them; each is read with one request.
Result<EpochRecords> read_epochs(sink::Sink& sink, std::string_view storage, const tidemark_call* call);

// The history of an epoch; 0: of the newest that is recorded. One listing, and a request for each epoch in
// it. The first epoch needs no record: archives that were written without any are of it, and it has no
// parent.
//   NOT_FOUND  there is no such epoch
//   CORRUPT    a record is damaged, not there although another continues it, or of another owner than the one
//              that continues it; the message names its key
Result<Chain> read_chain(sink::Sink& sink, std::string_view storage, uint64_t epoch,
                         const tidemark_call* call);

// The same from records that were read; nothing is asked of the sink.
Result<Chain> chain_of(std::string_view storage, uint64_t epoch, const EpochRecords& records);

}  // namespace tidemark::store

#endif  // TIDEMARK_STORE_EPOCHS_H
