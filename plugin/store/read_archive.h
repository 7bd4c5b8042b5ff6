// Reading an archive whole, once, through a visitor of its content; for check, compare, unpack and copy.
#ifndef TIDEMARK_STORE_READ_ARCHIVE_H
#define TIDEMARK_STORE_READ_ARCHIVE_H

#include <string_view>

#include "base/call.h"
#include "codec/keys.h"
#include "format/footer.h"
#include "format/object_name.h"
#include "sink/sink.h"
#include "store/stream.h"
#include "tar/archive_proof.h"

namespace tidemark::store {

// What asks the sink for the footer of this archive. All are borrowed.
tar::ArchiveProof::AskFooter asks_footer(sink::Sink& sink, std::string_view key, const Call& deadline);

// Its footer, if digest, identity and members are right; `proof` has then seen all of it. CORRUPT, with the
// key: see ArchiveProof. Any other error of the visitor ends the reading at once.
Result<Footer> read_archive(sink::Sink& sink, std::string_view key, tar::ArchiveProof& proof,
                            const Progress& progress, const Call& deadline);
// The same where nothing else is wanted of the proof.
Result<Footer> read_archive(sink::Sink& sink, std::string_view key, const ParsedKey& parsed,
                            const codec::Keys& keys, tar::ContentVisitor& visitor, const Progress& progress,
                            const Call& deadline);

// What of `wanted` the archive holds, by its key. INVALID: nothing, or it is not an archive's key.
Result<Range> entries_of(std::string_view key, const ParsedKey& parsed, Range wanted);

}  // namespace tidemark::store

#endif  // TIDEMARK_STORE_READ_ARCHIVE_H
