#include "format/record.h"

#include "format/lines.h"

namespace tidemark {
namespace {

// What is wrong with a text, or nullptr.
const char* parse(std::string_view text, Record& record) {
  const auto made = take_line(text, kMadeKey);
  if (!made) return "it has no line made_us=";
  const auto made_us = parse_time_us(*made);
  if (!made_us) return "made_us is not a time";
  record.made_us = *made_us;
  if (record.kind == ObjectKind::kAccepted) {
    const auto reason = take_line(text, kReasonKey);
    if (!reason) return "it has no line reason=";
    if (const char* why = reason_problem(*reason)) return why;
    record.reason = *reason;
  }
  return text.empty() ? nullptr : "it has more text than it should";
}

}  // namespace

const char* reason_problem(std::string_view reason) {
  switch (line_fault(reason, kReasonMax)) {
    case LineFault::kNone:
      return nullptr;
    case LineFault::kEmpty:
      return "the reason is empty";
    case LineFault::kTooLong:
      return "the reason is longer than 256 bytes";
    case LineFault::kNotUtf8:
      return "the reason is not UTF-8";
    case LineFault::kControl:
      return "the reason has a control character; it is one line";
  }
  return nullptr;
}

std::string record_text(const Record& record) {
  std::string text(kMadeKey);
  text += std::to_string(record.made_us) + "\n";
  if (record.kind == ObjectKind::kAccepted) text.append(kReasonKey).append(record.reason).append("\n");
  return text;
}

std::optional<Record> parse_record_text(std::string_view text, ObjectKind kind, std::string* problem) {
  Record record;
  record.kind = kind;
  const char* const what = parse(text, record);
  if (what == nullptr) return record;
  *problem = what;
  return std::nullopt;
}

}  // namespace tidemark
