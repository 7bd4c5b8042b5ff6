// Records beside the archives: what is known of entries that are not there.
//
//   .gap        first..last could not be archived; one footer block, written by the archiver
//   .accepted   a person accepts that first..last are lost
//   .pruned     1..last were removed on purpose
//   .origin     1..last were never there: the archive of the partition begins after them; written by the
//               archiver before the first archive
//
// All but the first are a text and a footer block (core/footer.h) with the digest of that text:
//   made_us=<microseconds since the epoch>\n
//   reason=<one line of UTF-8>\n             only in .accepted
// Parsing accepts exactly what is written. Any thread.
#ifndef TIDEMARK_STORE_RECORD_H
#define TIDEMARK_STORE_RECORD_H

#include <cstdint>
#include <string>
#include <string_view>

#include "base/call.h"
#include "base/result.h"
#include "core/archive_name.h"
#include "sink/sink.h"

namespace tidemark::store {

inline constexpr size_t kReasonMax = 256;  // bytes
inline constexpr size_t kRecordMax = 1024;

struct Record {
  core::ObjectKind kind = core::ObjectKind::kGap;
  int64_t made_us = 0;  // 0: it does not say
  std::string reason;   // of an accepted gap
};

// What is wrong with a reason, or nullptr.
const char* reason_problem(std::string_view reason);

// The whole object. The record is one that parses: a good reason where it has one, a time from 1 on.
Result<std::string> format_record(const Record& record, std::string_view storage, uint64_t partition,
                                  core::Range range);
// CORRUPT says what is wrong, without the key.
Result<Record> parse_record(std::string_view object, const core::ParsedKey& key);

// The object as it is stored, found to be what its key says. CORRUPT names the key.
Result<std::string> read_record_object(sink::Sink& sink, std::string_view key, const core::ParsedKey& parsed,
                                       uint64_t* read_bytes, const Call& deadline);

// OK: the record there is what its key says, and durable, whoever wrote it. CORRUPT names the key.
Status prove_record(sink::Sink& sink, std::string_view key, const core::ParsedKey& parsed,
                    const Call& deadline);

// Writes a record that is not there yet; EXISTS if it is, with whatever content.
Status put_record(sink::Sink& sink, std::string_view key, const std::string& object, const Call& deadline);

}  // namespace tidemark::store

#endif  // TIDEMARK_STORE_RECORD_H
