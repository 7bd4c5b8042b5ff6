#include <algorithm>

#include "store/maintain.h"
#include "store/read_archive.h"
#include "store/stream.h"
#include "tar/unpacker.h"

namespace tidemark::store {

Status unpack(sink::Sink& sink, const Unpacking& what, Range* restored, const tidemark_call* call) {
  *restored = {};
  TM_ASSIGN(const auto parsed, parse_key(what.key));
  const Range held = parsed.name.range;
  const Range wanted = {std::max(what.wanted.first, held.first), std::min(what.wanted.last, held.last)};
  if (parsed.name.kind != ObjectKind::kArchive || wanted.first > wanted.last) {
    return fail(TIDEMARK_E_INVALID, std::string(what.key) + ": holds none of the entries " +
                                        std::to_string(what.wanted.first) + " to " +
                                        std::to_string(what.wanted.last));
  }
  const Call deadline(call);
  TM_ASSIGN(const auto unpacker, tar::Unpacker::create(what.directory, wanted));
  tar::FooterSplitter splitter;
  Status status = read_archive(sink, what.key, parsed, splitter, *unpacker, what.read_bytes, deadline);
  if (status) status = unpacker->make_durable();
  if (!status) return status;
  if (what.ready && !what.ready()) {
    return fail(TIDEMARK_E_CANCELLED,
                std::string(what.key) + ": the caller gave up before it became visible");
  }
  if (status = deadline.check(); !status) return status;
  status = unpacker->publish();
  *restored = unpacker->published();
  return status;
}

}  // namespace tidemark::store
