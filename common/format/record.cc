#include "format/record.h"

#include <charconv>

#include "base/line.h"

namespace tidemark {
namespace {

constexpr std::string_view kMadeKey = "made_us=";
constexpr std::string_view kReasonKey = "reason=";

// "<key><value>\n" from the front.
std::optional<std::string_view> take_line(std::string_view& text, std::string_view key) {
  const size_t end = text.find('\n');
  if (end == std::string_view::npos || !text.starts_with(key)) return std::nullopt;
  const std::string_view value = text.substr(key.size(), end - key.size());
  text.remove_prefix(end + 1);
  return value;
}

// What is wrong with a text, or nullptr.
const char* parse(std::string_view text, Record& record) {
  const auto made = take_line(text, kMadeKey);
  if (!made) return "it has no line made_us=";
  const auto [stop, error] = std::from_chars(made->data(), made->data() + made->size(), record.made_us);
  const bool is_number = error == std::errc() && stop == made->data() + made->size();
  if (!is_number || record.made_us <= 0 || made->front() == '0') return "made_us is not a time";
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
  if (reason.empty()) return "the reason is empty";
  if (reason.size() > kReasonMax) return "the reason is longer than 256 bytes";
  while (!reason.empty()) {
    const size_t size = utf8_size(reason);
    if (size == 0) return "the reason is not UTF-8";
    if (is_control(reason.substr(0, size))) return "the reason has a control character; it is one line";
    reason.remove_prefix(size);
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
