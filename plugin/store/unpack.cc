#include "store/maintenance.h"
#include "store/read_archive.h"
#include "store/stream.h"
#include "tar/unpacker.h"

namespace tidemark::store {

Status unpack(sink::Sink& sink, const Unpacking& what, const tidemark_call* call) {
  TM_ASSIGN(const auto parsed, parse_key(what.key));
  TM_ASSIGN(const Range wanted, entries_of(what.key, parsed, what.wanted));
  const Call deadline(call);
  TM_ASSIGN(const auto unpacker, what.is_private ? tar::Unpacker::create_private(what.directory, wanted)
                                                 : tar::Unpacker::create(what.directory, wanted));
  unpacker->keep_setid(what.with_setid);
  if (what.sync_later) unpacker->sync_later();
  TM_TRY(read_archive(sink, what.key, parsed, what.keys, *unpacker, what.progress, deadline));
  Status status = unpacker->make_durable();
  if (status) status = deadline.check();
  return status ? unpacker->publish() : status;
}

}  // namespace tidemark::store
