// Copying one archive or record from one sink to another: proven while it is read, never put where something
// stands, the same bytes.
//
// Free functions on open sinks; any thread, any number at once. `call` as in store.h.
#ifndef TIDEMARK_STORE_COPY_H
#define TIDEMARK_STORE_COPY_H

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "sink/sink.h"
#include "store/stream.h"

namespace tidemark::store {

enum class CopySide : uint8_t { kNone, kSource, kDestination };

struct Copying {
  std::string_view key;
  uint64_t size_bytes = 0;    // of the object, as the source lists it
  uint64_t buffer_bytes = 0;  // what it may hold in memory; one that fits is asked for in one request
  bool read_whole = false;    // compare_copies(): the bodies too
  Progress progress;
};

enum class Copied : uint8_t {
  kCopied,
  kThere,  // the destination had it already, and it is durable there
};

// *failed says whose the error is.
//   CORRUPT    that side's object is damaged; if it is the source's, the destination has nothing of it
//   EXISTS     the destination has a sound object of that name with other content: an archive, or the record
//              of an epoch
//   NOT_FOUND  that side does not have it
//   INVALID    not a key of ours
// An archive counts as there if its digest is the same, whenever it was made; a record if it is sound,
// because what it says lies in its name; that of an epoch if it is the same.
Result<Copied> copy_object(sink::Sink& from, sink::Sink& to, const Copying& what, CopySide* failed,
                           const tidemark_call* call);

// The same for an object that both sides have, and nothing is written. Of archives it reads the footers, and
// the bodies where these differ or with read_whole.
Status compare_copies(sink::Sink& from, sink::Sink& to, const Copying& what, CopySide* failed,
                      const tidemark_call* call);

}  // namespace tidemark::store

#endif  // TIDEMARK_STORE_COPY_H
