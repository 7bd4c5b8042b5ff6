// Records beside the archives: what is known of entries that are not there.
//
//   .gap        first..last could not be archived; one footer block, written by the archiver
//   .accepted   an operator accepts that first..last are lost
//   .pruned     1..last were removed on purpose
//   .origin     1..last were never there: the partition begins after them; written by the archiver before the
//               first archive
//
// All but the first are a text and a footer block (format/footer.h) with the digest of that text:
//   made_us=<microseconds since the epoch>\n
//   reason=<one line of UTF-8>\n             only in .accepted
// Parsing accepts exactly what is written. Pure; any thread.
#ifndef TIDEMARK_COMMON_FORMAT_RECORD_H
#define TIDEMARK_COMMON_FORMAT_RECORD_H

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "format/object_name.h"

namespace tidemark {

inline constexpr size_t kReasonMax = 256;   // bytes
inline constexpr size_t kRecordMax = 2048;  // bytes of the object

struct Record {
  ObjectKind kind = ObjectKind::kGap;
  int64_t made_us = 0;  // 0: it does not say
  std::string reason;   // of an accepted gap
};

// What is wrong with a reason, or nullptr.
const char* reason_problem(std::string_view reason);

// The text of any record but a gap's, which has none. On nothing, `problem` says what is wrong.
std::string record_text(const Record& record);
std::optional<Record> parse_record_text(std::string_view text, ObjectKind kind, std::string* problem);

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_FORMAT_RECORD_H
