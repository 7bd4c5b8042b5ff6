// Compares an archive that is there already with what the host has. What this process did not write it reads
// before it relies on it: a footer says what an object was meant to be, only its bytes say what it is.
//
// Free functions on an open sink; any thread. `call` may be NULL.
#ifndef TIDEMARK_STORE_COMPARE_H
#define TIDEMARK_STORE_COMPARE_H

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string_view>

#include "base/call.h"
#include "base/result.h"
#include "codec/keys.h"
#include "format/footer.h"
#include "format/object_name.h"
#include "sink/sink.h"
#include "store/stream.h"

namespace tidemark::store {

// How an archive was found to be the same.
enum class Compared : uint8_t {
  kNothing,  // it is not an archive
  kFooters,  // a body that is damaged was not seen
  kTag,      // of one that is encrypted and was not decrypted
  kBodies,   // its bytes, decoded where they are coded
};

enum class Depth : uint8_t {
  kFooter,  // the size and the last 512 bytes
  kFull,    // every byte
};

// What the host has: the size of the plain archive, footer included, and the digest of its tar.
struct ArchiveContent {
  uint64_t size_bytes = 0;
  Digest sha256{};
};

// Of an archive with this footer, as far as it is to be believed; nothing if it has a tag instead.
std::optional<ArchiveContent> content_of(const Footer& footer, uint64_t stored_bytes);

enum class SameContent : uint8_t {
  kYes,
  kNo,
  kOtherKey,  // the tag there was made with a key that is not at hand
};
// Decided by the tag there, or else by the content, or else by sha256; as far as its footer is to be
// believed.
Result<SameContent> compare_content(const codec::Keys& keys, const Footer& there, const ArchiveContent& here);

// The error of an archive that is whole and holds something else: EXISTS, with both digests.
Error other_content(std::string_view key, const Digest& there, const Digest& here);

// Whether the archive under `key`, of which the sink says that it has `there_bytes`, is that content.
//   EXISTS     it is whole and holds other content
//   CORRUPT    it is not what its footer says, or has none, or that of another archive
//   SEALED     its tag is of a key that is not at hand, and no identity decrypts it: nobody can say
// Other statuses are the sink's. What was read of it is added to *read_bytes. `before_decoding`, if there is
// one, is called when it is about to be decoded, which takes memory. An identity that does not decrypt it is
// as good as none: then the tag decides.
Result<Compared> compare_archive(sink::Sink& sink, std::string_view key, uint64_t there_bytes,
                                 const ArchiveContent& here, const codec::Keys& keys, Depth depth,
                                 uint64_t* read_bytes, const tidemark_call* call,
                                 const std::function<void()>& before_decoding = {});

// Whether it holds what another encrypted archive of the same entries holds, by the tag in the footer of that
// one: EXISTS and CORRUPT as above. SEALED: the keys at hand do not tell. With kFull it is decoded where that
// can be done.
Status compare_tagged(sink::Sink& sink, std::string_view key, const Footer& other, const codec::Keys& keys,
                      Depth depth, const tidemark_call* call);

// All of an archive is read, and decoded if it is not encrypted or an identity decrypts it: then its footer
// is not believed, and with tag keys neither is its tag. CORRUPT as above.
struct ProvenContent {
  Footer footer;
  std::optional<ArchiveContent> content;  // nothing: no identity decrypts it
};
Result<ProvenContent> prove_content(sink::Sink& sink, std::string_view key, const ParsedKey& parsed,
                                    const codec::Keys& keys, const Progress& progress, const Call& deadline);

// If there is nothing to compare with: whether the archive is what its own footer says, which is given.
Result<Footer> prove_archive(sink::Sink& sink, std::string_view key, Depth depth, uint64_t* read_bytes,
                             const tidemark_call* call);

// Reads an archive whole and checks it, members included: the digest of each of its entries in `wanted`, as
// tar/entry_digests.h says. CORRUPT as above, or if its members are not what the archiver writes. SEALED:
// it is encrypted, and no identity decrypts it.
using EntryDigestMap = std::map<Lsn, Digest>;
Result<EntryDigestMap> digest_entries(sink::Sink& sink, std::string_view key, Range wanted,
                                      const codec::Keys& keys, uint64_t* read_bytes,
                                      const tidemark_call* call);

}  // namespace tidemark::store

#endif  // TIDEMARK_STORE_COMPARE_H
