// Names of objects, and chains of epochs: what parses is exactly what formatting makes.
#include "format/chain.h"
#include "format/object_name.h"
#include "fuzz.h"

using namespace tidemark;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  if (const auto lsn = parse_lsn_text(text)) {
    const auto again = lsn_text(*lsn);
    fuzz::require(text == std::string_view(again.data(), again.size()), "an LSN has one text");
  }
  const auto key = parse_object_key(text);
  if (key) {
    const Range& range = key->name.range;
    const bool is_epoch = key->name.kind == ObjectKind::kEpoch;
    fuzz::require(object_key(key->storage, key->partition, key->name) == text, "an object has one key");
    fuzz::require(is_epoch || (range.first > kNoLsn && range.first <= range.last), "a key names an entry");
    fuzz::require(key->name.epoch >= kFirstEpoch, "epochs begin with 1");
    fuzz::require(storage_name_problem(key->storage) == nullptr, "a key has a storage's name");
  }
  if (const auto folder = parse_folder(text)) {
    fuzz::require(partition_prefix(folder->storage, folder->partition).append(folder->name) == text,
                  "a partition has one folder");
  } else {
    fuzz::require(!key || key->name.kind == ObjectKind::kEpoch, "an object lies in a partition's folder");
  }
  if (const auto chain = Chain::parse(text)) fuzz::require(chain->text() == text, "a chain has one text");
  if (const auto name = parse_object_name(text))
    fuzz::require(object_key("db", 7, *name) == "db/7/" + std::string(text), "one name");
  return 0;
}
