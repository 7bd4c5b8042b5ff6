#include "store/record.h"

#include <boost/locale/utf.hpp>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "sink/memory_source.h"
#include "store/stream.h"
#include "tar/content_stream.h"
#include "util/sha256.h"

namespace tidemark::store {
namespace {

constexpr std::string_view kMadeKey = "made_us=";
constexpr std::string_view kReasonKey = "reason=";

tl::unexpected<Error> corrupt(const std::string& what) {
  return fail(TIDEMARK_E_CORRUPT, "is not the record its name promises: " + what);
}

Result<core::Digest> digest_of(std::string_view text) {
  Sha256 sha256;
  sha256.update(text.data(), text.size());
  return sha256.finish();
}

std::string text_of(const Record& record) {
  std::string text(kMadeKey);
  text += std::to_string(record.made_us) + "\n";
  if (record.kind == core::ObjectKind::kAccepted) text.append(kReasonKey).append(record.reason).append("\n");
  return text;
}

// "<key><value>\n" from the front.
std::optional<std::string_view> take_line(std::string_view& text, std::string_view key) {
  const size_t end = text.find('\n');
  if (end == std::string_view::npos || !text.starts_with(key)) return std::nullopt;
  const std::string_view value = text.substr(key.size(), end - key.size());
  text.remove_prefix(end + 1);
  return value;
}

Result<Record> parse_text(std::string_view text, core::ObjectKind kind) {
  Record record;
  record.kind = kind;
  const auto made = take_line(text, kMadeKey);
  if (!made) return corrupt("it has no line made_us=");
  const auto [stop, problem] = std::from_chars(made->data(), made->data() + made->size(), record.made_us);
  const bool is_number = problem == std::errc() && stop == made->data() + made->size();
  if (!is_number || record.made_us <= 0 || made->front() == '0') return corrupt("made_us is no time");
  if (kind == core::ObjectKind::kAccepted) {
    const auto reason = take_line(text, kReasonKey);
    if (!reason) return corrupt("it has no line reason=");
    if (const char* why = reason_problem(*reason)) return corrupt(why);
    record.reason = *reason;
  }
  if (!text.empty()) return corrupt("it has more text than it should");
  return record;
}

}  // namespace

const char* reason_problem(std::string_view reason) {
  if (reason.empty()) return "the reason is empty";
  if (reason.size() > kReasonMax) return "the reason is longer than 256 bytes";
  for (const char* at = reason.data(); at != reason.data() + reason.size();) {
    const auto point = boost::locale::utf::utf_traits<char>::decode(at, reason.data() + reason.size());
    if (point == boost::locale::utf::illegal || point == boost::locale::utf::incomplete) {
      return "the reason is not UTF-8";
    }
    if (point < 0x20 || (point >= 0x7F && point < 0xA0)) {
      return "the reason has a control character; it is one line";
    }
  }
  return nullptr;
}

Result<std::string> format_record(const Record& record, std::string_view storage, uint64_t partition,
                                  core::Range range) {
  std::string object;
  core::FooterBlock block;
  if (record.kind == core::ObjectKind::kGap) {
    block = core::format_gap_record(storage, partition, range);
  } else {
    object = text_of(record);
    const Result<core::Digest> digest = digest_of(object);
    if (!digest) return tl::unexpected(digest.error());
    block = core::format_record_footer(record.kind, *digest, storage, partition, range);
  }
  return object.append(block.data(), block.size());
}

Result<Record> parse_record(std::string_view object, const core::ParsedKey& key) {
  if (object.size() < core::kFooterSize) {
    return corrupt("it ends after " + std::to_string(object.size()) + " bytes");
  }
  const std::string_view text = object.substr(0, object.size() - core::kFooterSize);
  const std::string_view block = object.substr(text.size());
  const core::ObjectKind kind = key.name.kind;
  const bool is_gap = kind == core::ObjectKind::kGap;
  std::string problem;
  const auto footer =
      is_gap ? core::parse_gap_record(block, &problem) : core::parse_record_footer(kind, block, &problem);
  if (!footer) return corrupt("its footer is not valid: " + problem);
  if (footer->storage != key.storage || footer->partition != key.partition ||
      footer->range != key.name.range) {
    return corrupt("it is that of " +
                   core::object_key(footer->storage, footer->partition, footer->range, kind));
  }
  if (is_gap) {
    if (!text.empty()) return corrupt("it has more text than it should");
    return Record{};
  }
  const Result<core::Digest> digest = digest_of(text);
  if (!digest) return tl::unexpected(digest.error());
  if (*digest != footer->sha256) {
    return corrupt("its text has sha256 " + core::hex(*digest) + ", its footer says " +
                   core::hex(footer->sha256));
  }
  return parse_text(text, kind);
}

Result<std::string> read_record_object(sink::Sink& sink, std::string_view key, const core::ParsedKey& parsed,
                                       uint64_t* read_bytes, const Call& deadline) {
  std::string object;
  // One byte more than a record may have tells that it is none.
  Status status =
      stream(sink, key, 0, kRecordMax + 1, deadline, [&](std::span<const uint8_t> piece) -> Status {
        const size_t room = kRecordMax + 1 - object.size();
        object.append(reinterpret_cast<const char*>(piece.data()), std::min(piece.size(), room));
        count_bytes(read_bytes, piece.size());
        return {};
      });
  if (!status) return tl::unexpected(std::move(status.error()));
  if (object.size() > kRecordMax) {
    return fail(TIDEMARK_E_CORRUPT, std::string(key) +
                                        ": is not the record its name promises: it is longer "
                                        "than any record");
  }
  const auto record = parse_record(object, parsed);
  if (!record) return about(key, record.error());
  return object;
}

Status prove_record(sink::Sink& sink, std::string_view key, const core::ParsedKey& parsed,
                    const Call& deadline) {
  const auto object = read_record_object(sink, key, parsed, nullptr, deadline);
  if (!object) return tl::unexpected(object.error());
  const auto call = deadline.next_call();
  if (!call) return tl::unexpected(call.error());
  const auto found = sink.head(key, &*call);  // that it is there is not yet that it is durable
  return found ? Status() : tl::unexpected(found.error());
}

Status put_record(sink::Sink& sink, std::string_view key, const std::string& object, const Call& deadline) {
  const auto call = deadline.next_call();
  if (!call) return tl::unexpected(call.error());
  const sink::MemorySource body(sink, object);
  const auto source = body.source();
  if (!source) return tl::unexpected(source.error());
  return sink.put(key, **source, TIDEMARK_PUT_IF_ABSENT, &*call);
}

}  // namespace tidemark::store
