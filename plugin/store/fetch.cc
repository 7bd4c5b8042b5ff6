#include <algorithm>
#include <cassert>
#include <cstring>
#include <span>

#include "base/status_name.h"
#include "codec/tag.h"
#include "store/plain_giver.h"
#include "store/read_archive.h"
#include "store/record.h"
#include "store/store.h"
#include "store/stream.h"
#include "tar/content_stream.h"

namespace tidemark::store {
namespace {

Status fetch_archive(sink::Sink& sink, std::string_view key, const ParsedKey& parsed,
                     const std::function<Status(std::span<const uint8_t>)>& give, const Call& deadline) {
  tar::FooterSplitter splitter;
  Status status = stream(sink, key, 0, UINT64_MAX, deadline, [&](std::span<const uint8_t> piece) -> Status {
    const auto pieces = splitter.push(piece);
    TM_TRY(give(pieces.first));
    return give(pieces.second);
  });
  if (!status) return status;
  const auto footer = splitter.check(parsed);
  if (!footer) return about(key, footer.error());
  const std::string_view tail = splitter.tail();
  return give({reinterpret_cast<const uint8_t*>(tail.data()), tail.size()});
}

Status fetch_record(sink::Sink& sink, std::string_view key, const ParsedKey& parsed,
                    const std::function<Status(std::span<const uint8_t>)>& give, const Call& deadline) {
  TM_ASSIGN(const auto bytes, read_record_object(sink, key, parsed, deadline));
  return give({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

Result<Footer> read_footer_at(sink::Sink& sink, std::string_view key, const ParsedKey& parsed, int64_t offset,
                              const Call& deadline) {
  std::string block;
  Status status =
      stream(sink, key, offset, kFooterSize, deadline, [&](std::span<const uint8_t> piece) -> Status {
        assert(block.size() <= kFooterSize + 1);
        const size_t room = kFooterSize + 1 - block.size();
        block.append(reinterpret_cast<const char*>(piece.data()), std::min(piece.size(), room));
        return {};
      });
  if (!status) return std::move(status.error());
  std::string problem;
  auto footer = parse_footer(ObjectKind::kArchive, block, &problem);
  if (!footer) {
    const std::string what =
        block.size() < kFooterSize ? "it ends after " + std::to_string(block.size()) + " bytes" : problem;
    return fail(TIDEMARK_E_CORRUPT, std::string(key) + ": the object has no valid footer: " + what);
  }
  Status identity = tar::check_identity(*footer, parsed);
  if (!identity) return about(key, identity.error());
  return std::move(*footer);
}

}  // namespace

Result<Footer> read_footer(sink::Sink& sink, std::string_view key, const tidemark_call* call,
                           uint64_t size_bytes) {
  TM_ASSIGN(const auto parsed, parse_key(key));
  if (parsed.name.kind != ObjectKind::kArchive) {
    return fail(TIDEMARK_E_INVALID, std::string(key) + ": is a record, not an archive");
  }
  const Call deadline(call);
  if (size_bytes > kFooterSize && size_bytes <= INT64_MAX) {
    auto footer = read_footer_at(sink, key, parsed, static_cast<int64_t>(size_bytes - kFooterSize), deadline);
    // The size may be an old one: what is at the end decides.
    if (footer || footer.error().status != TIDEMARK_E_CORRUPT) return footer;
  }
  return read_footer_at(sink, key, parsed, -static_cast<int64_t>(kFooterSize), deadline);
}

namespace {

GiveBytes gives_to(const tidemark_writer& out, std::string_view key) {
  return [&out, key](std::span<const uint8_t> piece) -> Status {
    if (piece.empty()) return {};
    const tidemark_status status = out.write(out.ctx, piece.data(), piece.size());
    if (status == TIDEMARK_OK) return {};
    return fail(status, std::string(key) + ": the receiver stopped it with " + status_name(status));
  };
}

}  // namespace

Status fetch(sink::Sink& sink, std::string_view key, const codec::Keys& keys, const tidemark_writer& out,
             const tidemark_call* call) {
  TM_ASSIGN(const auto parsed, parse_key(key));
  if (parsed.name.kind == ObjectKind::kArchive) {
    if (Status tagged = codec::check_bears_tag(keys, parsed.name.coding); !tagged)
      return about(key, std::move(tagged.error()));
  }
  const GiveBytes give = gives_to(out, key);
  const Call deadline(call);
  return parsed.name.kind == ObjectKind::kArchive ? fetch_archive(sink, key, parsed, give, deadline)
                                                  : fetch_record(sink, key, parsed, give, deadline);
}

Status fetch_plain(sink::Sink& sink, std::string_view key, const codec::Keys& keys,
                   const tidemark_writer& out, const tidemark_call* call) {
  TM_ASSIGN(const auto parsed, parse_key(key));
  if (parsed.name.kind != ObjectKind::kArchive)
    return fail(TIDEMARK_E_INVALID, std::string(key) + ": is a record, not an archive");
  const GiveBytes give = gives_to(out, key);
  const Call deadline(call);
  PlainGiver giver(give);
  TM_TRY(read_archive(sink, key, parsed, keys, giver, {}, deadline));
  return giver.finish();
}

}  // namespace tidemark::store
