#include "format/epoch_record.h"

#include <algorithm>
#include <cassert>
#include <iterator>

#include "format/hex.h"
#include "format/lines.h"
#include "format/record.h"

namespace tidemark {
namespace {

constexpr std::string_view kOwnerKey = "owner=";
constexpr std::string_view kClaimKey = "claim=";
constexpr std::string_view kParentKey = "parent=";
constexpr std::string_view kHowKey = "how=";
constexpr std::string_view kHostKey = "host=";

constexpr Claim kClaims[] = {Claim::kFirst, Claim::kRestart, Claim::kTakeover};

// What is wrong with a text, or nullptr.
const char* parse(std::string_view text, uint64_t epoch, EpochRecord& record) {
  const auto made = take_line(text, kMadeKey);
  if (!made) return "it has no line made_us=";
  const auto made_us = parse_time_us(*made);
  if (!made_us) return "made_us is not a time";
  record.made_us = *made_us;
  const auto owner = take_line(text, kOwnerKey);
  if (!owner) return "it has no line owner=";
  if (!parse_hex(*owner, record.owner)) return "owner is not 32 lower-case hex digits";
  const auto drawn = take_line(text, kClaimKey);
  if (!drawn) return "it has no line claim=";
  if (!parse_hex(*drawn, record.claim)) return "claim is not 32 lower-case hex digits";
  const auto parent = take_line(text, kParentKey);
  if (!parent) return "it has no line parent=";
  const auto number = parse_decimal(*parent);
  if (!number) return "parent is not a decimal number";
  if (*number >= epoch) return "parent is not below its own number";
  record.parent = *number;
  const auto how = take_line(text, kHowKey);
  if (!how) return "it has no line how=";
  const auto* const claim = std::find_if(std::begin(kClaims), std::end(kClaims),
                                         [&](Claim known) { return claim_text(known) == *how; });
  if (claim == std::end(kClaims)) return "how is not first, restart or takeover";
  record.how = *claim;
  const auto host = take_line(text, kHostKey);
  if (!host) return "it has no line host=";
  if (line_fault(*host, kHostNameMax) != LineFault::kNone) return "host is not a line of 1 to 255 bytes";
  record.host = *host;
  if (record.how == Claim::kTakeover) {
    const auto reason = take_line(text, kReasonKey);
    if (!reason) return "it has no line reason=";
    if (const char* why = reason_problem(*reason)) return why;
    record.reason = *reason;
  }
  return text.empty() ? nullptr : "it has more text than it should";
}

}  // namespace

std::string_view claim_text(Claim claim) {
  switch (claim) {
    case Claim::kFirst:
      return "first";
    case Claim::kRestart:
      return "restart";
    case Claim::kTakeover:
      return "takeover";
  }
  assert(false && "every claim has its word");
  return {};
}

std::string epoch_record_text(const EpochRecord& record) {
  assert(record.made_us > 0 && line_fault(record.host, kHostNameMax) == LineFault::kNone);
  assert(record.reason.empty() == (record.how != Claim::kTakeover));
  std::string text(kMadeKey);
  text += std::to_string(record.made_us);
  text.append("\n").append(kOwnerKey).append(hex(record.owner));
  text.append("\n").append(kClaimKey).append(hex(record.claim));
  text.append("\n").append(kParentKey).append(std::to_string(record.parent));
  text.append("\n").append(kHowKey).append(claim_text(record.how));
  text.append("\n").append(kHostKey).append(record.host).append("\n");
  if (record.how == Claim::kTakeover) text.append(kReasonKey).append(record.reason).append("\n");
  return text;
}

std::optional<EpochRecord> parse_epoch_record_text(std::string_view text, uint64_t epoch,
                                                   std::string* problem) {
  EpochRecord record;
  const char* const what = parse(text, epoch, record);
  if (what == nullptr) return record;
  *problem = what;
  return std::nullopt;
}

}  // namespace tidemark
