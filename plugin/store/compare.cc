#include "store/compare.h"

#include <functional>
#include <span>
#include <string>

#include "store/store.h"
#include "store/stream.h"
#include "tar/content_stream.h"

namespace tidemark::store {
namespace {

using Take = std::function<Status(std::span<const uint8_t>)>;

// Every byte, once. The footer, if it is of these bytes and of this key.
Result<Footer> read_whole(sink::Sink& sink, std::string_view key, const Take& take, uint64_t* read_bytes,
                          const tidemark_call* call) {
  TM_ASSIGN(const auto parsed, parse_key(key));
  const Call deadline(call);
  tar::FooterSplitter splitter;
  Status status = stream(sink, key, 0, UINT64_MAX, deadline, [&](std::span<const uint8_t> piece) -> Status {
    count_bytes(read_bytes, piece.size());
    const auto pieces = splitter.push(piece);
    TM_TRY(take(pieces.first));
    return take(pieces.second);
  });
  if (!status) return std::move(status.error());
  auto footer = splitter.check(parsed.storage, parsed.partition, parsed.name.range);
  if (!footer) return about(key, footer.error());
  return footer;
}

Result<Footer> read(sink::Sink& sink, std::string_view key, Depth depth, uint64_t* read_bytes,
                    const tidemark_call* call) {
  if (depth == Depth::kFull) {
    const auto nothing = [](std::span<const uint8_t>) -> Status { return {}; };
    return read_whole(sink, key, nothing, read_bytes, call);
  }
  count_bytes(read_bytes, kFooterSize);
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
  // Of another size it is not ours whatever it holds; its footer tells a cut object from another history.
  const bool is_other_size = there_bytes != here.size_bytes;
  TM_ASSIGN(const auto footer, read(sink, key, is_other_size ? Depth::kFooter : depth, read_bytes, call));
  if (footer.sha256 != here.sha256) {
    // Another history, or a footer that is damaged itself: that an operator must be told rightly is worth
    // reading.
    if (depth == Depth::kFooter && !is_other_size) {
      TM_TRY(read(sink, key, Depth::kFull, read_bytes, call));
    }
    return other_content(key, footer.sha256, here.sha256);
  }
  if (is_other_size) {
    return fail(TIDEMARK_E_CORRUPT,
                std::string(key) + ": the object is damaged: it has " + std::to_string(there_bytes) +
                    " bytes, and what its footer says takes " + std::to_string(here.size_bytes));
  }
  return {};
}

Status prove_archive(sink::Sink& sink, std::string_view key, Depth depth, uint64_t* read_bytes,
                     const tidemark_call* call) {
  const auto footer = read(sink, key, depth, read_bytes, call);
  return footer ? Status() : footer.error();
}

Status digest_entries(sink::Sink& sink, std::string_view key, tar::EntryDigests& digests,
                      uint64_t* read_bytes, const tidemark_call* call) {
  const auto take = [&](std::span<const uint8_t> piece) -> Status {
    Status status = digests.push(piece);
    return status ? status : about(key, status.error());
  };
  const auto footer = read_whole(sink, key, take, read_bytes, call);
  return footer ? Status() : footer.error();
}

}  // namespace tidemark::store
