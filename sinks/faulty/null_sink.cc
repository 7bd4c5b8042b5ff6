#include "faulty/null_sink.h"

#include <cstring>

#include "base/line.h"
#include "base/wall_clock.h"

namespace tidemark::sinks::faulty {
namespace {

void append(Tail* tail, const char* data, size_t size) {
  if (size >= kTailSize) {
    std::memcpy(tail->bytes.data(), data + size - kTailSize, kTailSize);
    tail->size = kTailSize;
    return;
  }
  if (tail->size + size > kTailSize) {
    const size_t keep = kTailSize - size;
    std::memmove(tail->bytes.data(), tail->bytes.data() + tail->size - keep, keep);
    tail->size = keep;
  }
  std::memcpy(tail->bytes.data() + tail->size, data, size);
  tail->size += size;
}

Error absent(std::string_view key) { return fail(TIDEMARK_E_NOT_FOUND, "no object " + quote(key)); }

}  // namespace

Status NullSink::put(std::string_view key, const Source& source, uint32_t flags, const Call& call) {
  Tail tail;
  const Status read = source.for_each_piece(buffers_, [&](const char* data, size_t size) -> Status {
    append(&tail, data, size);
    return {};
  });
  if (!read) return read;
  TM_TRY(call.check());
  return store_.put(key, {source.size_bytes(), wall_clock_us()}, {tail.bytes.data(), tail.size},
                    (flags & TIDEMARK_PUT_IF_ABSENT) != 0);
}

Result<ObjectInfo> NullSink::head(std::string_view key, const Call&) {
  ObjectInfo info;
  if (!store_.find(key, &info, nullptr)) return absent(key);
  return info;
}

Status NullSink::get(std::string_view key, const Range& range, const Writer& out, const Call&) {
  ObjectInfo info;
  Tail tail;
  if (!store_.find(key, &info, &tail)) return absent(key);
  uint64_t begin = 0, end = 0;
  range.resolve(info.size_bytes, &begin, &end);
  if (begin == end) return {};
  const uint64_t tail_begin = info.size_bytes - tail.size;
  if (begin < tail_begin) {
    return fail(TIDEMARK_E_UNSUPPORTED, "the null sink keeps only the last " + std::to_string(kTailSize) +
                                            " bytes of an object; use faulty with of=<url> to read more of " +
                                            quote(key));
  }
  return out.write(tail.bytes.data() + (begin - tail_begin), end - begin);
}

Status NullSink::list(std::string_view prefix, std::string_view start_after, const Visitor& visit,
                      const Call& call) {
  return list_tree(store_, prefix, start_after, visit, call);
}

Status NullSink::list_folders(std::string_view prefix, std::string_view start_after, const Visitor& visit,
                              const Call& call) {
  return list_tree_level(store_, prefix, start_after, visit, call);
}

Status NullSink::remove(std::string_view key, const Call&) {
  store_.remove(key);
  return {};
}

}  // namespace tidemark::sinks::faulty
