// Footers and records: what parses is exactly what formatting makes.
#include "format/epoch_record.h"
#include "format/footer.h"
#include "fuzz.h"
#include "store/record.h"

using namespace tidemark;

namespace {

std::string text_of(const FooterBlock& block) { return {block.data(), block.size()}; }

constexpr ObjectKind kKinds[] = {ObjectKind::kArchive, ObjectKind::kGap,    ObjectKind::kAccepted,
                                 ObjectKind::kPruned,  ObjectKind::kOrigin, ObjectKind::kEpoch};

void check_block(std::string_view block) {
  int kinds = 0;
  for (const ObjectKind kind : kKinds) {
    std::string problem;
    const auto footer = parse_footer(kind, block, &problem);
    fuzz::require(footer || !problem.empty(), "what is not a footer has a problem");
    if (!footer) continue;
    ++kinds;
    fuzz::require(text_of(format_footer(*footer)) == block, "a footer has one form");
    fuzz::require(parse_object_key(key_of(*footer)).has_value(), "a footer names an object");
  }
  fuzz::require(kinds <= 1, "a footer is of one kind");
}

// The text of a record with the footer that fits it.
void check_record(std::string_view text, ObjectKind kind) {
  ParsedKey key;
  key.storage = "db";
  key.partition = 7;
  key.name = {{1, 9}, kind};
  std::string object(text);
  const auto footer = format_footer({.kind = kind,
                                     .sha256 = fuzz::sha256_of(text),
                                     .storage = "db",
                                     .partition = 7,
                                     .range = key.name.range});
  object.append(footer.data(), footer.size());
  const auto record = store::parse_record(object, key);
  if (!record) return;
  fuzz::require(record->kind == kind, "a record is of the kind its key says");
  fuzz::require(store::format_record(*record, "db", 7, key.name.range).value() == object,
                "a record has one form");
}

void check_epoch(std::string_view text) {
  std::string problem;
  const auto record = parse_epoch_record_text(text, 9, &problem);
  fuzz::require(record || !problem.empty(), "what is not the record of an epoch has a problem");
  if (!record) return;
  fuzz::require(epoch_record_text(*record) == text, "the record of an epoch has one form");
  fuzz::require(record->parent < 9, "an epoch continues an earlier one");
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  check_block(text);
  // As a block, NUL-padded; and with what a footer ends in cut off.
  std::string block(text.substr(0, kFooterSize));
  block.resize(kFooterSize);
  check_block(block);
  check_record(text, ObjectKind::kAccepted);
  check_record(text, ObjectKind::kPruned);
  check_record(text, ObjectKind::kOrigin);
  check_epoch(text);
  return 0;
}
