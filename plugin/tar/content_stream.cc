#include "tar/content_stream.h"

#include <algorithm>
#include <cstring>

#include "format/object_name.h"

namespace tidemark::tar {

FooterSplitter::Pieces FooterSplitter::push(std::span<const uint8_t> piece) {
  Pieces pieces;
  const size_t together = held_size_ + piece.size();
  const size_t content = together > kFooterSize ? together - kFooterSize : 0;
  const size_t from_held = std::min(content, held_size_);
  std::memcpy(given_.data(), held_.data(), from_held);
  std::memmove(held_.data(), held_.data() + from_held, held_size_ - from_held);
  held_size_ -= from_held;
  pieces.first = {given_.data(), from_held};
  pieces.second = piece.first(content - from_held);
  const auto rest = piece.subspan(content - from_held);
  std::memcpy(held_.data() + held_size_, rest.data(), rest.size());
  held_size_ += rest.size();
  digest_.update(pieces.first);
  digest_.update(pieces.second);
  return pieces;
}

// Hashes kEndMarkSize bytes later than they arrive, so that the digest of what is before the end mark can be
// had too.
void ContentDigest::update(std::span<const uint8_t> content) {
  size_bytes_ += content.size();
  const size_t together = unhashed_size_ + content.size();
  const size_t due = together > unhashed_.size() ? together - unhashed_.size() : 0;
  const size_t from_held = std::min(due, unhashed_size_);
  sha_.update(unhashed_.data(), from_held);
  std::memmove(unhashed_.data(), unhashed_.data() + from_held, unhashed_size_ - from_held);
  unhashed_size_ -= from_held;
  sha_.update(content.data(), due - from_held);
  const auto rest = content.subspan(due - from_held);
  std::memcpy(unhashed_.data() + unhashed_size_, rest.data(), rest.size());
  unhashed_size_ += rest.size();
}

Result<ContentDigest::Digests> ContentDigest::finish(std::string_view tail, Digest* after) {
  Sha256 whole;
  whole.copy_from(sha_);
  whole.update(unhashed_.data(), unhashed_size_);
  if (after != nullptr) {
    Sha256 all;
    all.copy_from(whole);
    all.update(tail.data(), tail.size());
    TM_ASSIGN(*after, all.finish());
  }
  Digests digests;
  TM_ASSIGN(digests.before_end_mark, sha_.finish());
  TM_ASSIGN(digests.whole, whole.finish());
  return digests;
}

Result<Footer> FooterSplitter::check(const ParsedKey& key, Digest* whole) {
  std::string problem;
  auto footer = parse_footer(key.name.kind, tail(), &problem);
  if (!footer) return fail(TIDEMARK_E_CORRUPT, "the object has no valid footer: " + problem);
  TM_TRY(check_identity(*footer, key));
  TM_ASSIGN(digests_, digest_.finish(tail(), whole));
  if (digests_.whole != footer->sha256) {
    return fail(TIDEMARK_E_CORRUPT, "the object is damaged: its bytes have sha256 " + hex(digests_.whole) +
                                        ", its footer says " + hex(footer->sha256));
  }
  return std::move(*footer);
}

Status check_identity(const Footer& footer, const ParsedKey& key) {
  if (is_footer_of(footer, key)) return {};
  return fail(TIDEMARK_E_CORRUPT, "the footer is of another archive: " + key_of(footer));
}

}  // namespace tidemark::tar
