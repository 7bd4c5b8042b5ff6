#include <algorithm>
#include <cstring>
#include <span>

#include "store/deadline.h"
#include "store/store.h"
#include "tar/content_stream.h"

namespace tidemark::store {
namespace {

Result<core::ParsedKey> parse_key(std::string_view key) {
  const auto parsed = core::parse_object_key(key);
  if (!parsed) {
    return fail(TIDEMARK_E_INVALID, "'" + std::string(key.substr(0, 200)) +
                                        "' is not the key of an archive (<storage>/<partition>/<LSN>.tar)");
  }
  return *parsed;
}

tl::unexpected<Error> about(std::string_view key, Error error) {
  error.message = std::string(key) + ": " + error.message;
  return tl::unexpected<Error>(std::move(error));
}

// Reads an object through a function that gets its pieces and may stop it with an error.
Status stream(sink::Sink& sink, std::string_view key, int64_t offset, uint64_t size, Deadline& deadline,
              const std::function<Status(std::span<const uint8_t>)>& take) {
  const auto call = deadline.next_call();
  if (!call) return tl::unexpected(call.error());
  Status taken;
  Status got = sink.get(
      key, offset, size,
      [&](const void* data, size_t count) {
        taken = deadline.check();
        if (taken) taken = take({static_cast<const uint8_t*>(data), count});
        return taken.has_value();
      },
      *call);
  return taken ? got : taken;
}

Status fetch_archive(sink::Sink& sink, std::string_view key, const core::ParsedKey& parsed,
                     const std::function<Status(std::span<const uint8_t>)>& give, Deadline& deadline) {
  tar::FooterSplitter splitter;
  Status status = stream(sink, key, 0, UINT64_MAX, deadline, [&](std::span<const uint8_t> piece) -> Status {
    const auto pieces = splitter.push(piece);
    if (Status first = give(pieces.first); !first) return first;
    return give(pieces.second);
  });
  if (!status) return status;
  const auto footer = splitter.check(parsed.storage, parsed.partition, parsed.name.range);
  if (!footer) return about(key, footer.error());
  const std::string_view tail = splitter.tail();
  return give({reinterpret_cast<const uint8_t*>(tail.data()), tail.size()});
}

Status fetch_gap_record(sink::Sink& sink, std::string_view key, const core::ParsedKey& parsed,
                        const std::function<Status(std::span<const uint8_t>)>& give, Deadline& deadline) {
  const auto expected = core::format_gap_record(parsed.storage, parsed.partition, parsed.name.range);
  std::string block;
  Status status = stream(sink, key, 0, UINT64_MAX, deadline, [&](std::span<const uint8_t> piece) -> Status {
    // One byte more than a record has tells that it is none.
    const size_t room = expected.size() + 1 - block.size();
    block.append(reinterpret_cast<const char*>(piece.data()), std::min(piece.size(), room));
    return {};
  });
  if (!status) return status;
  if (block != std::string_view(expected.data(), expected.size())) {
    return fail(TIDEMARK_E_CORRUPT, std::string(key) + ": is not the gap record its name promises");
  }
  return give({reinterpret_cast<const uint8_t*>(block.data()), block.size()});
}

}  // namespace

Result<core::Footer> read_footer(sink::Sink& sink, std::string_view key, const tidemark_call* call) {
  const auto parsed = parse_key(key);
  if (!parsed) return tl::unexpected(parsed.error());
  if (parsed->name.kind != core::ObjectKind::kArchive) {
    return fail(TIDEMARK_E_INVALID, std::string(key) + ": is a gap record, which has no footer");
  }
  Deadline deadline(call);
  std::string block;
  Status status =
      stream(sink, key, -static_cast<int64_t>(core::kFooterSize), core::kFooterSize, deadline,
             [&](std::span<const uint8_t> piece) -> Status {
               const size_t room = core::kFooterSize + 1 - block.size();
               block.append(reinterpret_cast<const char*>(piece.data()), std::min(piece.size(), room));
               return {};
             });
  if (!status) return tl::unexpected(std::move(status.error()));
  std::string problem;
  auto footer = core::parse_footer(block, &problem);
  if (!footer) {
    const std::string what = block.size() < core::kFooterSize
                                 ? "it ends after " + std::to_string(block.size()) + " bytes"
                                 : problem;
    return fail(TIDEMARK_E_CORRUPT, std::string(key) + ": the object has no valid footer: " + what);
  }
  Status identity = tar::check_identity(*footer, parsed->storage, parsed->partition, parsed->name.range);
  if (!identity) return about(key, identity.error());
  return std::move(*footer);
}

Status fetch(sink::Sink& sink, std::string_view key, const tidemark_writer& out, const tidemark_call* call) {
  const auto parsed = parse_key(key);
  if (!parsed) return tl::unexpected(parsed.error());
  const auto give = [&](std::span<const uint8_t> piece) -> Status {
    if (piece.empty()) return {};
    const tidemark_status status = out.write(out.ctx, piece.data(), piece.size());
    if (status == TIDEMARK_OK) return {};
    return fail(status, std::string(key) + ": the receiver stopped it with status " + std::to_string(status));
  };
  Deadline deadline(call);
  return parsed->name.kind == core::ObjectKind::kArchive
             ? fetch_archive(sink, key, *parsed, give, deadline)
             : fetch_gap_record(sink, key, *parsed, give, deadline);
}

Status digest_entries(sink::Sink& sink, std::string_view key, tar::EntryDigests& digests,
                      const tidemark_call* call) {
  const auto parsed = parse_key(key);
  if (!parsed) return tl::unexpected(parsed.error());
  Deadline deadline(call);
  const auto take = [&](std::span<const uint8_t> piece) -> Status {
    Status status = digests.push(piece);
    return status ? status : about(key, status.error());
  };
  tar::FooterSplitter splitter;
  Status status = stream(sink, key, 0, UINT64_MAX, deadline, [&](std::span<const uint8_t> piece) -> Status {
    const auto pieces = splitter.push(piece);
    if (Status first = take(pieces.first); !first) return first;
    return take(pieces.second);
  });
  if (!status) return status;
  const auto footer = splitter.check(parsed->storage, parsed->partition, parsed->name.range);
  if (!footer) return about(key, footer.error());
  return {};
}

}  // namespace tidemark::store
