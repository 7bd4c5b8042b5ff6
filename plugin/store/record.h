// Records (format/record.h) as objects: with their digest, read from a sink and written to it. Any thread.
#ifndef TIDEMARK_STORE_RECORD_H
#define TIDEMARK_STORE_RECORD_H

#include <cstdint>
#include <string>
#include <string_view>

#include "base/call.h"
#include "base/result.h"
#include "format/epoch_record.h"
#include "format/record.h"
#include "sink/sink.h"

namespace tidemark::store {

// The whole object. The record is one that parses: a good reason where it has one, a time from 1 on.
Result<std::string> format_record(const Record& record, const ParsedKey& of);
Result<std::string> format_record(const Record& record, std::string_view storage, uint64_t partition,
                                  Range range);  // of the first epoch
// The same of the record of an epoch.
Result<std::string> format_epoch_record(const EpochRecord& record, std::string_view storage, uint64_t epoch);
// CORRUPT says what is wrong, without the key.
Result<Record> parse_record(std::string_view object, const ParsedKey& key);

// The object as it is stored, found to be what its key says. CORRUPT names the key.
Result<std::string> read_record_object(sink::Sink& sink, std::string_view key, const ParsedKey& parsed,
                                       const Call& deadline);

// OK: the record there is what its key says, and durable, whoever wrote it. CORRUPT names the key.
Status prove_record(sink::Sink& sink, std::string_view key, const ParsedKey& parsed, const Call& deadline);

// Writes a record that is not there yet; EXISTS if it is, with whatever content.
Status put_record(sink::Sink& sink, std::string_view key, const std::string& object, const Call& deadline);

}  // namespace tidemark::store

#endif  // TIDEMARK_STORE_RECORD_H
