#include "store/compare.h"

#include <span>
#include <string>

#include "codec/tag.h"
#include "store/read_archive.h"
#include "store/store.h"
#include "store/stream.h"
#include "tar/content_stream.h"
#include "tar/entry_digests.h"

namespace tidemark::store {
namespace {

// Every byte, once. The footer, if it is of these bytes and of this key; nothing is decoded.
Result<Footer> read_whole(sink::Sink& sink, std::string_view key, uint64_t* read_bytes,
                          const tidemark_call* call) {
  TM_ASSIGN(const auto parsed, parse_key(key));
  const Call deadline(call);
  tar::FooterSplitter splitter;
  Status status = stream(sink, key, 0, UINT64_MAX, deadline, [&](std::span<const uint8_t> piece) -> Status {
    *read_bytes += piece.size();
    splitter.push(piece);
    return {};
  });
  if (!status) return std::move(status.error());
  auto footer = splitter.check(parsed);
  if (!footer) return about(key, footer.error());
  return footer;
}

Result<Footer> read(sink::Sink& sink, std::string_view key, Depth depth, uint64_t* read_bytes,
                    const tidemark_call* call, uint64_t size_bytes = 0) {
  if (depth == Depth::kFull) return read_whole(sink, key, read_bytes, call);
  *read_bytes += kFooterSize;
  return read_footer(sink, key, call, size_bytes);
}

std::string stem_of(const Footer& footer) {
  return archive_stem(footer.storage, footer.partition,
                      {footer.range, ObjectKind::kArchive, footer.epoch, Coding::kNone, footer.begun});
}

}  // namespace

Error other_content(std::string_view key, const Digest& there, const Digest& here) {
  Error error;
  error.status = TIDEMARK_E_EXISTS;
  error.message =
      std::string(key) + " holds other content: sha256 " + hex(there) + " there, " + hex(here) + " here";
  return error;
}

std::optional<ArchiveContent> content_of(const Footer& footer, uint64_t stored_bytes) {
  if (footer.tag) return std::nullopt;
  if (footer.content) return ArchiveContent{footer.content->size_bytes + kFooterSize, footer.content->sha256};
  return ArchiveContent{stored_bytes, footer.sha256};
}

Result<SameContent> compare_content(const codec::Keys& keys, const Footer& there,
                                    const ArchiveContent& here) {
  const auto same_if = [](bool is_same) { return is_same ? SameContent::kYes : SameContent::kNo; };
  if (there.content)
    return same_if(*there.content == PlainContent{here.sha256, here.size_bytes - kFooterSize});
  if (!there.tag) return same_if(there.sha256 == here.sha256);
  TM_ASSIGN(const auto verdict,
            codec::Tagger().compare(keys.tag_keys, *there.tag, stem_of(there), here.sha256));
  if (verdict == codec::TagVerdict::kOtherKey) return SameContent::kOtherKey;
  return same_if(verdict == codec::TagVerdict::kSame);
}

namespace {

Error not_its_footers(std::string_view key) {
  return fail(TIDEMARK_E_CORRUPT,
              std::string(key) + ": the object is damaged: what it holds is not what its footer says");
}

Error is_other(std::string_view key, const Footer& there, const Digest& here) {
  if (!there.tag) return other_content(key, there.content ? there.content->sha256 : there.sha256, here);
  return fail(TIDEMARK_E_EXISTS, std::string(key) + " holds other content: its tag is not of what is here");
}

Result<Compared> compare_plain(sink::Sink& sink, std::string_view key, uint64_t there_bytes,
                               const ArchiveContent& here, Depth depth, uint64_t* read_bytes,
                               const tidemark_call* call) {
  // Of another size it is not ours whatever it holds; its footer shows whether it was cut or is another
  // history's.
  const bool is_other_size = there_bytes != here.size_bytes;
  TM_ASSIGN(const auto footer,
            read(sink, key, is_other_size ? Depth::kFooter : depth, read_bytes, call, there_bytes));
  if (footer.sha256 != here.sha256) {
    // Another history, or a footer that is damaged itself: that the operator gets the right one is worth
    // reading.
    if (depth == Depth::kFooter && !is_other_size) {
      TM_TRY(read(sink, key, Depth::kFull, read_bytes, call));
    }
    return is_other(key, footer, here.sha256);
  }
  if (is_other_size) {
    return fail(TIDEMARK_E_CORRUPT,
                std::string(key) + ": the object is damaged: it has " + std::to_string(there_bytes) +
                    " bytes, but by its footer it should have " + std::to_string(here.size_bytes));
  }
  return depth == Depth::kFull ? Compared::kBodies : Compared::kFooters;
}

// How many bytes are stored says nothing of what they hold. What can be decoded is, so that the footer is not
// believed.
Result<Compared> compare_coded(sink::Sink& sink, std::string_view key, const ParsedKey& parsed,
                               uint64_t there_bytes, const ArchiveContent& here, const codec::Keys& keys,
                               Depth depth, uint64_t* read_bytes, const tidemark_call* call,
                               const std::function<void()>& before_decoding) {
  const bool is_encrypted = encrypts(parsed.name.coding);
  if (depth == Depth::kFooter) {
    *read_bytes += kFooterSize;
    TM_ASSIGN(const Footer footer, read_footer(sink, key, call, there_bytes));
    TM_ASSIGN(const SameContent same, compare_content(keys, footer, here));
    if (same == SameContent::kYes) return is_encrypted ? Compared::kTag : Compared::kFooters;
  }
  if (before_decoding && (!is_encrypted || !keys.identities.empty())) before_decoding();
  uint64_t so_far = 0;
  const Progress count = [&](uint64_t bytes) { so_far = bytes; };
  // A tag that only another key could check is no damage: it is compared below.
  const codec::Keys decoding = {keys.identities, {}};
  const auto there = prove_content(sink, key, parsed, decoding, count, Call(call));
  *read_bytes += so_far;
  if (!there) return there.error();
  TM_ASSIGN(const SameContent by_footer, compare_content(keys, there->footer, here));
  // What came out says it, whatever the footer says: anybody can put a tag beside other bytes.
  if (there->content) {
    const bool is_same = there->content->sha256 == here.sha256;
    if (by_footer == (is_same ? SameContent::kNo : SameContent::kYes)) return not_its_footers(key);
    if (is_same) return Compared::kBodies;
  }
  if (there->content || by_footer == SameContent::kNo) return is_other(key, there->footer, here.sha256);
  if (by_footer == SameContent::kYes) return Compared::kTag;
  Error error = about(key, codec::other_tag_key(*there->footer.tag));
  error.message += keys.identities.empty() ? "; or give an identity that decrypts it (tidemark: --identity "
                                             "FILE; the archiver's option: identity_file)"
                                           : "; and no identity that is given decrypts it";
  return error;
}

}  // namespace

Result<Compared> compare_archive(sink::Sink& sink, std::string_view key, uint64_t there_bytes,
                                 const ArchiveContent& here, const codec::Keys& keys, Depth depth,
                                 uint64_t* read_bytes, const tidemark_call* call,
                                 const std::function<void()>& before_decoding) {
  TM_ASSIGN(const auto parsed, parse_key(key));
  return parsed.name.coding == Coding::kNone
             ? compare_plain(sink, key, there_bytes, here, depth, read_bytes, call)
             : compare_coded(sink, key, parsed, there_bytes, here, keys, depth, read_bytes, call,
                             before_decoding);
}

namespace {

// As far as the footers are to be believed; `other` has a tag.
Result<SameContent> compare_tag(const codec::Keys& keys, const Footer& there, const Footer& other) {
  if (!there.tag) {
    const ArchiveContent content = {0, there.content ? there.content->sha256 : there.sha256};
    return compare_content(keys, other, content);
  }
  if (there.tag->key_id != other.tag->key_id) return SameContent::kOtherKey;
  return there.tag == other.tag ? SameContent::kYes : SameContent::kNo;
}

}  // namespace

Status compare_tagged(sink::Sink& sink, std::string_view key, const Footer& other, const codec::Keys& keys,
                      Depth depth, const tidemark_call* call) {
  SameContent same = SameContent::kNo;
  if (depth == Depth::kFooter) {
    TM_ASSIGN(const Footer footer, read_footer(sink, key, call));
    TM_ASSIGN(same, compare_tag(keys, footer, other));
  }
  // Read whole also where it differs: it may be damaged.
  if (depth == Depth::kFull || same == SameContent::kNo) {
    TM_ASSIGN(const auto parsed, parse_key(key));
    const codec::Keys decoding = {keys.identities, {}};
    TM_ASSIGN(const auto there, prove_content(sink, key, parsed, decoding, {}, Call(call)));
    TM_ASSIGN(const SameContent by_footer, compare_tag(keys, there.footer, other));
    same = by_footer;
    if (there.content) {
      TM_ASSIGN(const SameContent by_content, compare_content(keys, other, *there.content));
      const bool is_told = by_content != SameContent::kOtherKey && by_footer != SameContent::kOtherKey;
      if (is_told && by_content != by_footer) return not_its_footers(key);
      if (by_content != SameContent::kOtherKey) same = by_content;
    }
  }
  if (same == SameContent::kYes) return {};
  if (same == SameContent::kNo)
    return fail(TIDEMARK_E_EXISTS,
                std::string(key) +
                    " holds other content than the encrypted archive that it was compared with: the tag of "
                    "that one is not of it");
  return fail(TIDEMARK_E_SEALED,
              std::string(key) +
                  ": whether it holds the same cannot be told: the tag key is missing, or each has another, "
                  "and no identity decrypts one of them (tidemark: --tag-key FILE, --identity FILE)");
}

Result<ProvenContent> prove_content(sink::Sink& sink, std::string_view key, const ParsedKey& parsed,
                                    const codec::Keys& keys, const Progress& progress, const Call& deadline) {
  tar::ContentVisitor nothing;
  tar::ArchiveProof proof(parsed, keys, &nothing, asks_footer(sink, key, deadline));
  proof.accept_sealed();
  ProvenContent proven;
  TM_ASSIGN(proven.footer, read_archive(sink, key, proof, progress, deadline));
  if (proof.is_decoded())
    proven.content = ArchiveContent{proof.plain_bytes() + kFooterSize, proof.plain_digests().whole};
  return proven;
}

Result<Footer> prove_archive(sink::Sink& sink, std::string_view key, Depth depth, uint64_t* read_bytes,
                             const tidemark_call* call) {
  return read(sink, key, depth, read_bytes, call);
}

Result<EntryDigestMap> digest_entries(sink::Sink& sink, std::string_view key, Range wanted,
                                      const codec::Keys& keys, uint64_t* read_bytes,
                                      const tidemark_call* call) {
  TM_ASSIGN(const auto parsed, parse_key(key));
  EntryDigestMap found;
  const tar::EntryDigests::Take keep = [&](Lsn lsn, uint64_t, const Digest& digest) -> Status {
    found.emplace(lsn, digest);
    return {};
  };
  const Call deadline(call);
  tar::EntryDigests digests(wanted, keep);
  const Progress count = [read_bytes](uint64_t so_far) { *read_bytes = so_far; };
  // It is compared with the host's own entries, which prove more than who wrote it.
  codec::Keys decoding = keys;
  decoding.accepts_untagged = true;
  TM_TRY(read_archive(sink, key, parsed, decoding, digests, count, deadline));
  return found;
}

}  // namespace tidemark::store
