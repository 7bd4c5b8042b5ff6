// Reading an archive whole, once, through a visitor of its content; for check and unpack.
#ifndef TIDEMARK_STORE_READ_ARCHIVE_H
#define TIDEMARK_STORE_READ_ARCHIVE_H

#include <cstdint>
#include <string_view>

#include "base/call.h"
#include "format/object_name.h"
#include "sink/sink.h"
#include "store/stream.h"
#include "tar/content_parser.h"
#include "tar/content_stream.h"

namespace tidemark::store {

// OK: digest, identity and members are right. CORRUPT, with the key: if both the digest or footer and the
// members are wrong, the former is reported, because it says more. Any other error of the visitor ends the
// reading at once.
Status read_archive(sink::Sink& sink, std::string_view key, const ParsedKey& parsed,
                    tar::FooterSplitter& splitter, tar::ContentVisitor& visitor, const Progress& progress,
                    const Call& deadline);

// What of `wanted` the archive holds, by its key. INVALID: nothing, or it is not an archive's key.
Result<Range> entries_of(std::string_view key, const ParsedKey& parsed, Range wanted);

}  // namespace tidemark::store

#endif  // TIDEMARK_STORE_READ_ARCHIVE_H
