#include "tar/archive_proof.h"

#include <string>
#include <utility>

#include "codec/decode.h"
#include "codec/tag.h"

namespace tidemark::tar {

ArchiveProof::ArchiveProof(const ParsedKey& key, const codec::Keys& keys, ContentVisitor* visitor,
                           AskFooter ask_footer, uint64_t members_max)
    : key_(key), keys_(keys), parses_(visitor != nullptr), ask_footer_(std::move(ask_footer)) {
  if (parses_) parser_.emplace(key.name.range, *visitor, members_max);
  content_ = codec::check_bears_tag(keys, key.name.coding);
}

ArchiveProof::~ArchiveProof() = default;

Status ArchiveProof::only_ours(Status status) {
  if (status) return status;
  const tidemark_status code = status.error().status;
  // What no identity decrypts may be damaged in its header: its digest will tell.
  const bool is_kept = code == TIDEMARK_E_CORRUPT ||
                       (code == TIDEMARK_E_SEALED && (accepts_sealed_ || !keys_.identities.empty()));
  if (!is_kept) return named(std::move(status));
  content_ = std::move(status);
  return {};
}

Status ArchiveProof::push(std::span<const uint8_t> stored) {
  const auto pieces = splitter_.push(stored);
  TM_TRY(take(pieces.first));
  return take(pieces.second);
}

Status ArchiveProof::take(std::span<const uint8_t> content) {
  if (!parses_ || !content_ || content.empty()) return {};
  return only_ours(is_coded() ? hold_or_decode(content) : parse(content));
}

Status ArchiveProof::hold_or_decode(std::span<const uint8_t> content) {
  if (decoder_ == nullptr && key_.name.coding != Coding::kZstd) TM_TRY(begin_decoding(nullptr));
  if (decoder_ != nullptr) return decode(content);
  if (held_.size() + content.size() <= kHeldBytes || !ask_footer_) {
    held_.insert(held_.end(), content.begin(), content.end());
    return {};
  }
  TM_ASSIGN(const Footer footer, ask_footer_());
  TM_TRY(begin_decoding(&footer));
  return decode(content);
}

// With what was held until now.
Status ArchiveProof::begin_decoding(const Footer* footer) {
  std::optional<uint64_t> plain_bytes;
  if (footer != nullptr && footer->content) plain_bytes = footer->content->size_bytes;
  auto decoder = codec::make_decoder(key_.name.coding, keys_, plain_bytes);
  if (!decoder) return std::move(decoder.error());
  decoder_ = std::move(*decoder);
  const std::vector<uint8_t> held = std::exchange(held_, {});
  return held.empty() ? Status() : decode(held);
}

Status ArchiveProof::decode(std::span<const uint8_t> content) {
  return decoder_->push(content, [this](std::span<const uint8_t> plain) { return parse(plain); });
}

// What is wrong with it is told by finish(), and gets its name there.
Status ArchiveProof::named(Status status) const {
  if (!status && status.error().status == TIDEMARK_E_SEALED) {
    status.error().message =
        object_key(key_.storage, key_.partition, key_.name) + ": " + status.error().message;
  }
  return status;
}

Status ArchiveProof::parse(std::span<const uint8_t> plain) {
  if (is_coded()) plain_.update(plain);
  return parser_->push(plain);
}

Status ArchiveProof::end_decoding(const Footer& footer) {
  if (decoder_ == nullptr) TM_TRY(begin_decoding(&footer));
  TM_TRY(decoder_->finish([this](std::span<const uint8_t> plain) { return parse(plain); }));
  TM_ASSIGN(plain_digests_, plain_.finish());
  return check_plain(footer);
}

Status ArchiveProof::check_plain(const Footer& footer) {
  if (footer.content && *footer.content != PlainContent{plain_digests_.whole, plain_.size_bytes()}) {
    return fail(TIDEMARK_E_CORRUPT,
                "what it holds is not what its footer says: " + std::to_string(plain_.size_bytes()) +
                    " bytes with sha256 " + hex(plain_digests_.whole) + ", the footer says " +
                    std::to_string(footer.content->size_bytes) + " with " + hex(footer.content->sha256));
  }
  if (!footer.tag || keys_.tag_keys.empty()) return {};
  TM_ASSIGN(const auto verdict, codec::Tagger().compare(keys_.tag_keys, *footer.tag,
                                                        archive_stem(key_.storage, key_.partition, key_.name),
                                                        plain_digests_.whole));
  switch (verdict) {
    case codec::TagVerdict::kSame:
      return {};
    case codec::TagVerdict::kOther:
      return fail(TIDEMARK_E_CORRUPT,
                  "its tag is not of what it holds: whoever wrote it does not have the tag key");
    case codec::TagVerdict::kOtherKey:
      break;
  }
  return codec::other_tag_key(*footer.tag);
}

Result<Footer> ArchiveProof::finish(Digest* whole) {
  TM_ASSIGN(auto footer, splitter_.check(key_, whole));
  if (!parses_) {
    TM_TRY(content_);
    return footer;
  }
  if (!is_coded()) plain_digests_ = splitter_.digests();
  if (content_ && is_coded()) TM_TRY(only_ours(end_decoding(footer)));
  if (content_) content_ = parser_->finish();
  if (content_ || (accepts_sealed_ && content_.error().status == TIDEMARK_E_SEALED)) return footer;
  return content_.error();
}

}  // namespace tidemark::tar
