#include "store/record.h"

#include <algorithm>
#include <cassert>

#include "base/sha256.h"
#include "format/epoch_record.h"
#include "sink/memory_source.h"
#include "store/stream.h"
#include "tar/content_stream.h"

namespace tidemark::store {
namespace {

Error corrupt(const std::string& what) {
  return fail(TIDEMARK_E_CORRUPT, "is not the record its name promises: " + what);
}

}  // namespace

Result<std::string> format_record(const Record& record, std::string_view storage, uint64_t partition,
                                  Range range) {
  return format_record(record, {storage, partition, {range, record.kind}});
}

Result<std::string> format_record(const Record& record, const ParsedKey& of) {
  assert(of.name.kind == record.kind);
  std::string object;
  FooterBlock block;
  Footer footer = {.kind = record.kind,
                   .storage = std::string(of.storage),
                   .partition = of.partition,
                   .range = of.name.range,
                   .epoch = of.name.epoch};
  if (record.kind == ObjectKind::kGap) {
    block = format_footer(footer);
  } else {
    object = record_text(record);
    TM_ASSIGN(const Digest digest, sha256_of(object));
    footer.sha256 = digest;
    block = format_footer(footer);
  }
  return object.append(block.data(), block.size());
}

Result<std::string> format_epoch_record(const EpochRecord& record, std::string_view storage, uint64_t epoch) {
  std::string object = epoch_record_text(record);
  Footer footer = {.kind = ObjectKind::kEpoch, .storage = std::string(storage), .epoch = epoch};
  TM_ASSIGN(footer.sha256, sha256_of(object));
  const FooterBlock block = format_footer(footer);
  return object.append(block.data(), block.size());
}

Result<Record> parse_record(std::string_view object, const ParsedKey& key) {
  if (object.size() < kFooterSize) {
    return corrupt("it ends after " + std::to_string(object.size()) + " bytes");
  }
  const std::string_view text = object.substr(0, object.size() - kFooterSize);
  const std::string_view block = object.substr(text.size());
  const ObjectKind kind = key.name.kind;
  std::string problem;
  const auto footer = parse_footer(kind, block, &problem);
  if (!footer) return corrupt("its footer is not valid: " + problem);
  if (!is_footer_of(*footer, key)) return corrupt("its footer is that of " + key_of(*footer));
  if (kind == ObjectKind::kGap) {
    if (!text.empty()) return corrupt("it has more text than it should");
    return Record{};
  }
  TM_ASSIGN(const Digest digest, sha256_of(text));
  if (digest != footer->sha256) {
    return corrupt("its text has sha256 " + hex(digest) + ", its footer says " + hex(footer->sha256));
  }
  if (kind == ObjectKind::kEpoch) {
    const auto epoch = parse_epoch_record_text(text, key.name.epoch, &problem);
    if (!epoch) return corrupt(problem);
    return Record{kind, epoch->made_us, epoch->reason};
  }
  const auto record = parse_record_text(text, kind, &problem);
  if (!record) return corrupt(problem);
  return *record;
}

Result<std::string> read_record_object(sink::Sink& sink, std::string_view key, const ParsedKey& parsed,
                                       const Call& deadline) {
  std::string object;
  // One byte more than a record may have shows that it is not one.
  Status status =
      stream(sink, key, 0, kRecordMax + 1, deadline, [&](std::span<const uint8_t> piece) -> Status {
        assert(object.size() <= kRecordMax + 1);
        const size_t room = kRecordMax + 1 - object.size();
        object.append(reinterpret_cast<const char*>(piece.data()), std::min(piece.size(), room));
        return {};
      });
  if (!status) return std::move(status.error());
  if (object.size() > kRecordMax) {
    return fail(TIDEMARK_E_CORRUPT, std::string(key) +
                                        ": is not the record its name promises: it is longer "
                                        "than any record");
  }
  const auto record = parse_record(object, parsed);
  if (!record) return about(key, record.error());
  return object;
}

Status prove_record(sink::Sink& sink, std::string_view key, const ParsedKey& parsed, const Call& deadline) {
  TM_TRY(read_record_object(sink, key, parsed, deadline));
  TM_ASSIGN(const auto call, deadline.next_call());
  const auto found = sink.head(key, &call);  // that it is there is not yet that it is durable
  return found ? Status() : found.error();
}

Status put_record(sink::Sink& sink, std::string_view key, const std::string& object, const Call& deadline) {
  assert(kFooterSize <= object.size() && object.size() <= kRecordMax);  // so that it can be read again
  TM_ASSIGN(const auto call, deadline.next_call());
  const sink::MemorySource body(sink, object);
  TM_ASSIGN(const auto source, body.source());
  return sink.put(key, *source, TIDEMARK_PUT_IF_ABSENT, &call);
}

}  // namespace tidemark::store
