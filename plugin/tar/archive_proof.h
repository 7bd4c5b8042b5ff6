// Proves an archive whose stored bytes arrive in order, from wherever: its digest, its footer, and the
// members of its tar, which a visitor gets. What is compressed or encrypted is decoded on the way.
//
// One thread at a time. Refers to what it was given. The bytes may be hostile: memory is bounded, whatever
// they are.
#ifndef TIDEMARK_TAR_ARCHIVE_PROOF_H
#define TIDEMARK_TAR_ARCHIVE_PROOF_H

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "codec/decoder.h"
#include "codec/keys.h"
#include "format/footer.h"
#include "format/object_name.h"
#include "tar/content_parser.h"
#include "tar/content_stream.h"

namespace tidemark::tar {

class ArchiveProof {
 public:
  // Of a compressed archive that is larger than this the footer is asked for before it is decoded, because it
  // says how much may come out; of a smaller one it has come before anything is decoded.
  static constexpr size_t kHeldBytes = 256 << 10;
  // The footer of the archive, from the sink.
  using AskFooter = std::function<Result<Footer>()>;

  // `visitor` NULL: the stored bytes only, for which no key is needed and nothing is decoded.
  ArchiveProof(const ParsedKey& key, const codec::Keys& keys, ContentVisitor* visitor,
               AskFooter ask_footer = {}, uint64_t members_max = tree::kMembersMax);
  ~ArchiveProof();
  ArchiveProof(const ArchiveProof&) = delete;
  ArchiveProof& operator=(const ArchiveProof&) = delete;

  // Before the first piece: that no identity decrypts it is not an error then. The stored bytes are proven,
  // the visitor gets nothing, and is_decoded() says so.
  void accept_sealed() { accepts_sealed_ = true; }

  // An error is the visitor's, or that no identity is given to decode it with; what is wrong with the archive
  // is told by finish(), and that none of the identities decrypts it: only then it is known that it is whole.
  Status push(std::span<const uint8_t> stored);
  // After the last piece: its footer. CORRUPT: if both the digest or footer and the members are wrong, the
  // former is reported, because it says more. With tag keys it is also known who wrote it: what bears no tag
  // is CORRUPT, and nothing of it is given to the visitor, unless the keys say otherwise. `whole`, if not
  // NULL, gets the digest of the whole object.
  Result<Footer> finish(Digest* whole = nullptr);

  // After finish(): whether the visitor got all of it.
  bool is_decoded() const { return parses_ && content_; }
  // Of what was decoded, or is not coded: the plain tar.
  const ContentDigest::Digests& plain_digests() const { return plain_digests_; }
  uint64_t plain_bytes() const { return is_coded() ? plain_.size_bytes() : splitter_.content_bytes(); }

 private:
  bool is_coded() const { return key_.name.coding != Coding::kNone; }
  Status take(std::span<const uint8_t> content);
  Status hold_or_decode(std::span<const uint8_t> content);
  Status begin_decoding(const Footer* footer);
  Status decode(std::span<const uint8_t> content);
  Status named(Status status) const;
  Status parse(std::span<const uint8_t> plain);
  Status end_decoding(const Footer& footer);
  Status check_plain(const Footer& footer);
  // Of an archive that is not right, or not for us, the digest is still wanted.
  Status only_ours(Status status);

  const ParsedKey key_;
  const codec::Keys& keys_;
  const bool parses_;
  bool accepts_sealed_ = false;
  const AskFooter ask_footer_;
  FooterSplitter splitter_;
  std::optional<ContentParser> parser_;
  std::unique_ptr<codec::Decoder> decoder_;  // the first of them
  std::vector<uint8_t> held_;                // until it is known how much may come out
  ContentDigest plain_;                      // of what was decoded
  ContentDigest::Digests plain_digests_;
  Status content_;  // the first thing wrong with the content
};

}  // namespace tidemark::tar

#endif  // TIDEMARK_TAR_ARCHIVE_PROOF_H
