// Footers, gap records and the other records: what parses is exactly what formatting makes.
#include "format/footer.h"
#include "fuzz.h"
#include "store/record.h"

using namespace tidemark;

namespace {

std::string text_of(const FooterBlock& block) { return {block.data(), block.size()}; }

void check_block(std::string_view block) {
  std::string problem;
  const auto footer = parse_footer(block, &problem);
  fuzz::require(footer || !problem.empty(), "what is no footer has a problem");
  if (footer) {
    const auto again =
        format_footer(footer->sha256, footer->storage, footer->partition, footer->range, footer->made_us);
    fuzz::require(text_of(again) == block, "a footer has one form");
  }
  if (const auto gap = parse_gap_record(block, nullptr)) {
    const auto again = format_gap_record(gap->storage, gap->partition, gap->range);
    fuzz::require(text_of(again) == block, "a gap record has one form");
    fuzz::require(!footer, "a gap record is no footer");
  }
  for (const auto kind : {ObjectKind::kAccepted, ObjectKind::kPruned, ObjectKind::kOrigin}) {
    const auto record = parse_record_footer(kind, block, nullptr);
    if (!record) continue;
    const auto again =
        format_record_footer(kind, record->sha256, record->storage, record->partition, record->range);
    fuzz::require(text_of(again) == block, "a record's footer has one form");
    fuzz::require(!footer, "a record's footer is no archive's");
  }
}

// The text of a record with the footer that fits it.
void check_record(std::string_view text, ObjectKind kind) {
  ParsedKey key;
  key.storage = "db";
  key.partition = 7;
  key.name = {{1, 9}, kind};
  std::string object(text);
  const auto footer = format_record_footer(kind, fuzz::sha256_of(text), "db", 7, key.name.range);
  object.append(footer.data(), footer.size());
  const auto record = store::parse_record(object, key);
  if (!record) return;
  fuzz::require(record->kind == kind, "a record is of the kind its key says");
  fuzz::require(store::format_record(*record, "db", 7, key.name.range).value() == object,
                "a record has one form");
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
  return 0;
}
