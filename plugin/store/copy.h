// Copying one archive or record from one sink to another: proven before it is there, never put where
// something stands; the same bytes, or the same tar compressed and encrypted in another way.
//
// Free functions on open sinks; any thread, any number at once. `call` as in store.h.
#ifndef TIDEMARK_STORE_COPY_H
#define TIDEMARK_STORE_COPY_H

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "codec/keys.h"
#include "sink/sink.h"
#include "store/compare.h"
#include "store/stream.h"

namespace tidemark::store {

enum class CopySide : uint8_t { kNone, kSource, kDestination };

// How copy_object() encodes an archive anew.
struct Encoding {
  const codec::Encoding& wanted;
  bool keeps_compression = false;  // what is not compressed stays so, and what is may stay as it is stored
};

struct Copying {
  std::string_view key;
  uint64_t size_bytes = 0;    // of the object, as the source lists it
  uint64_t buffer_bytes = 0;  // what it may hold in memory; one that fits is asked for in one request
  bool read_whole = false;    // compare_copies(): the bodies too
  Progress progress;
  std::string_view to_key{};           // compare_copies(): what of the destination is compared; empty: `key`
  std::optional<Encoding> encoding{};  // nothing: as it is stored
  const codec::Keys& from_keys = codec::no_keys();  // decode, and prove who wrote it
  const codec::Keys& to_keys = codec::no_keys();    // decode what is there, and tag what is encoded
};

enum class Copied : uint8_t {
  kCopied,
  kEncoded,  // under a key with the suffix of its new coding
  kThere,    // the destination had it already, and it is durable there
};

struct CopyResult {
  Copied copied = Copied::kThere;
  Compared compared = Compared::kNothing;  // of an archive that was there
};

// *failed says whose the error is.
//   CORRUPT    that side's object is damaged; if it is the source's, the destination has nothing of it
//   EXISTS     the destination has a sound object of that name with other content: an archive, or the record
//              of an epoch
//   NOT_FOUND  that side does not have it
//   INVALID    not a key of ours, or `to_key` is not one of the same entries
//   SEALED     no identity decrypts that side's archive, or nobody can say whether it is the same
// An archive counts as there if it holds the same tar, however it is coded and whenever it was made; a record
// if it is sound, because what it says lies in its name; that of an epoch if it is the same.
Result<CopyResult> copy_object(sink::Sink& from, sink::Sink& to, const Copying& what, CopySide* failed,
                               const tidemark_call* call);

// The same for an object that both sides have, and nothing is written. Of archives it reads the footers, and
// the bodies where these differ or with read_whole; what is encrypted is decrypted where its tag does not
// tell.
Result<Compared> compare_copies(sink::Sink& from, sink::Sink& to, const Copying& what, CopySide* failed,
                                const tidemark_call* call);

}  // namespace tidemark::store

#endif  // TIDEMARK_STORE_COPY_H
