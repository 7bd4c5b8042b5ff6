
#include "store/maintenance.h"
#include "store/read_archive.h"
#include "store/stream.h"
#include "tar/unpacker.h"

namespace tidemark::store {

Status unpack(sink::Sink& sink, const Unpacking& what, const tidemark_call* call) {
  TM_ASSIGN(const auto parsed, parse_key(what.key));
  const std::optional<Range> wanted = overlap(what.wanted, parsed.name.range);
  if (parsed.name.kind != ObjectKind::kArchive || !wanted) {
    return fail(TIDEMARK_E_INVALID, std::string(what.key) + ": holds none of the entries " +
                                        std::to_string(what.wanted.first) + " to " +
                                        std::to_string(what.wanted.last));
  }
  const Call deadline(call);
  TM_ASSIGN(const auto unpacker, what.is_private ? tar::Unpacker::create_private(what.directory, *wanted)
                                                 : tar::Unpacker::create(what.directory, *wanted));
  tar::FooterSplitter splitter;
  Status status = read_archive(sink, what.key, parsed, splitter, *unpacker, what.progress, deadline);
  if (status) status = unpacker->make_durable();
  if (status) status = deadline.check();
  return status ? unpacker->publish() : status;
}

}  // namespace tidemark::store
