// The record of an epoch, <storage>/epoch/<number>.epoch: whose it is, and which epoch it continues. Created
// exclusively by whoever is first to write a storage in a run, and never changed.
//
//   made_us=<microseconds since 1970>\n
//   owner=<32 lower-case hex digits>\n           of the lineage file: the same for all copies of the data
//   claim=<32 lower-case hex digits>\n           by chance: no two are equal, whatever clocks say
//   parent=<decimal number below its own>\n      the epoch that the owner's data came from; 0: none
//   how=first|restart|takeover\n
//   host=<one line of UTF-8>\n                   the machine's name, for people
//   reason=<one line of UTF-8>\n                 of a takeover, and only there
//
// and a footer block (format/footer.h) with the digest of this text. Parsing accepts exactly what formatting
// makes. Pure; any thread.
#ifndef TIDEMARK_COMMON_FORMAT_EPOCH_RECORD_H
#define TIDEMARK_COMMON_FORMAT_EPOCH_RECORD_H

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tidemark {

inline constexpr size_t kHostNameMax = 255;  // bytes

using Id = std::array<uint8_t, 16>;  // drawn by chance

enum class Claim : uint8_t { kFirst, kRestart, kTakeover };
std::string_view claim_text(Claim claim);

struct EpochRecord {
  int64_t made_us = 0;
  Id owner{};
  Id claim{};
  uint64_t parent = 0;
  Claim how = Claim::kFirst;
  std::string host;
  std::string reason;  // of a takeover
  friend bool operator==(const EpochRecord&, const EpochRecord&) = default;
};

std::string epoch_record_text(const EpochRecord& record);
// Of the record of `epoch`; on nothing, `problem` says what is wrong.
std::optional<EpochRecord> parse_epoch_record_text(std::string_view text, uint64_t epoch,
                                                   std::string* problem);

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_FORMAT_EPOCH_RECORD_H
