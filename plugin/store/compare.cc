#include "store/compare.h"

#include <span>
#include <string>

#include "store/read_archive.h"
#include "store/store.h"
#include "store/stream.h"
#include "tar/content_stream.h"
#include "tar/entry_digests.h"

namespace tidemark::store {
namespace {

// Every byte, once. The footer, if it is of these bytes and of this key.
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
                    const tidemark_call* call) {
  if (depth == Depth::kFull) return read_whole(sink, key, read_bytes, call);
  *read_bytes += kFooterSize;
  return read_footer(sink, key, call);
}

}  // namespace

Error other_content(std::string_view key, const Digest& there, const Digest& here) {
  Error error;
  error.status = TIDEMARK_E_EXISTS;
  error.message =
      std::string(key) + " holds other content: sha256 " + hex(there) + " there, " + hex(here) + " here";
  return error;
}

Status compare_archive(sink::Sink& sink, std::string_view key, uint64_t there_bytes,
                       const ArchiveContent& here, Depth depth, uint64_t* read_bytes,
                       const tidemark_call* call) {
  // Of another size it is not ours whatever it holds; its footer shows whether it was cut or is another
  // history's.
  const bool is_other_size = there_bytes != here.size_bytes;
  TM_ASSIGN(const auto footer, read(sink, key, is_other_size ? Depth::kFooter : depth, read_bytes, call));
  if (footer.sha256 != here.sha256) {
    // Another history, or a footer that is damaged itself: that the operator gets the right one is worth
    // reading.
    if (depth == Depth::kFooter && !is_other_size) {
      TM_TRY(read(sink, key, Depth::kFull, read_bytes, call));
    }
    return other_content(key, footer.sha256, here.sha256);
  }
  if (is_other_size) {
    return fail(TIDEMARK_E_CORRUPT,
                std::string(key) + ": the object is damaged: it has " + std::to_string(there_bytes) +
                    " bytes, but by its footer it should have " + std::to_string(here.size_bytes));
  }
  return {};
}

Status prove_archive(sink::Sink& sink, std::string_view key, Depth depth, uint64_t* read_bytes,
                     const tidemark_call* call) {
  const auto footer = read(sink, key, depth, read_bytes, call);
  return footer ? Status() : footer.error();
}

Result<EntryDigestMap> digest_entries(sink::Sink& sink, std::string_view key, Range wanted,
                                      uint64_t* read_bytes, const tidemark_call* call) {
  TM_ASSIGN(const auto parsed, parse_readable_key(key));
  EntryDigestMap found;
  const tar::EntryDigests::Take keep = [&](Lsn lsn, uint64_t, const Digest& digest) -> Status {
    found.emplace(lsn, digest);
    return {};
  };
  const Call deadline(call);
  tar::FooterSplitter splitter;
  tar::EntryDigests digests(wanted, keep);
  const Progress count = [read_bytes](uint64_t so_far) { *read_bytes = so_far; };
  Status status = read_archive(sink, key, parsed, splitter, digests, count, deadline);
  if (!status) return std::move(status.error());
  return found;
}

}  // namespace tidemark::store
