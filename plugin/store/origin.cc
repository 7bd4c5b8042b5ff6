#include <cassert>

#include "store/record.h"
#include "store/store.h"

namespace tidemark::store {

Result<bool> write_origin(sink::Sink& sink, std::string_view storage, uint64_t partition, Lsn low,
                          uint64_t epoch, int64_t now_us, const tidemark_call* call) {
  assert(low > 1);
  if (const char* problem = storage_name_problem(storage)) return fail(TIDEMARK_E_INVALID, problem);
  const Call deadline(call);
  const Record record = {ObjectKind::kOrigin, now_us, {}};
  const ParsedKey parsed = {storage, partition, {{1, low - 1}, record.kind, epoch}};
  const std::string key = object_key(storage, partition, parsed.name);
  TM_ASSIGN(const auto object, format_record(record, parsed));
  Status put = put_record(sink, key, object, deadline);
  if (put) return true;
  if (put.error().status != TIDEMARK_E_EXISTS) return std::move(put.error());
  // Another attempt's, whose answer was lost; when it was made does not matter.
  Status proven = prove_record(sink, key, parsed, deadline);
  if (!proven) return std::move(proven.error());
  return false;
}

}  // namespace tidemark::store
