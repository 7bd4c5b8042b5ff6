// The decoders of one archive, in a chain: from what is stored to the plain tar.
//
// Any thread.
#ifndef TIDEMARK_CODEC_DECODE_H
#define TIDEMARK_CODEC_DECODE_H

#include <cstdint>
#include <memory>
#include <optional>

#include "base/result.h"
#include "codec/decoder.h"
#include "codec/keys.h"
#include "format/object_name.h"

namespace tidemark::codec {

// Not for kNone. `plain_bytes`: how much may come out, where that is known. Keys are borrowed. SEALED: it
// is encrypted, and there is no identity.
Result<std::unique_ptr<Decoder>> make_decoder(Coding coding, const Keys& keys,
                                              std::optional<uint64_t> plain_bytes);

}  // namespace tidemark::codec

#endif  // TIDEMARK_CODEC_DECODE_H
