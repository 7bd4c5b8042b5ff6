#include "codec/zstd_compress.h"

#include <zstd.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <string>
#include <utility>

#include "base/crc32c.h"
#include "codec/zstd_error.h"

namespace tidemark::codec {
namespace {

constexpr size_t kInputBytes = 128 << 10;  // a block of zstd
constexpr size_t kSkipBytes = 16 << 10;    // compressed at once to be passed over
constexpr size_t kKeptFrames = 4096;       // 64 KiB of places are kept for the next tar

size_t frame_count(uint64_t plain_bytes) {
  const uint64_t full = plain_bytes / ZstdCompressor::kFrameBytes;
  const bool has_rest = plain_bytes % ZstdCompressor::kFrameBytes != 0;
  return std::max<uint64_t>(full + (has_rest ? 1 : 0),
                            1);  // of nothing an empty one: nothing is no zstd file
}

Error compressed_differently(size_t index, uint64_t begin) {
  return fail(TIDEMARK_E_RETRYABLE, "frame " + std::to_string(index + 1) + ", at byte " +
                                        std::to_string(begin) +
                                        ", was compressed differently the second time");
}

}  // namespace

void ZstdCompressor::ContextFree::operator()(ZSTD_CCtx_s* context) const { ZSTD_freeCCtx(context); }

ZstdCompressor::ZstdCompressor() = default;
ZstdCompressor::~ZstdCompressor() = default;

Result<ZstdCompressor::Context> ZstdCompressor::make_context(int level) {
  Context context(ZSTD_createCCtx());
  if (context == nullptr) return out_of_memory();
  for (const auto& [parameter, value] :
       {std::pair(ZSTD_c_compressionLevel, level), std::pair(ZSTD_c_contentSizeFlag, 1),
        std::pair(ZSTD_c_checksumFlag, 1), std::pair(ZSTD_c_dictIDFlag, 0)}) {
    TM_TRY(check_zstd(ZSTD_CCtx_setParameter(context.get(), parameter, value), "ZSTD_CCtx_setParameter"));
  }
  return context;
}

// The library takes its memory when a frame begins, for what was said of its size.
Result<size_t> ZstdCompressor::memory_bytes(int level) {
  TM_ASSIGN(const Context context, make_context(level));
  TM_TRY(check_zstd(ZSTD_CCtx_setPledgedSrcSize(context.get(), kFrameBytes), "ZSTD_CCtx_setPledgedSrcSize"));
  ZSTD_inBuffer input = {"x", 1, 0};
  uint8_t out[64];
  ZSTD_outBuffer output = {out, sizeof out, 0};
  TM_TRY(check_zstd(ZSTD_compressStream2(context.get(), &output, &input, ZSTD_e_continue),
                    "ZSTD_compressStream2"));
  return ZSTD_sizeof_CCtx(context.get()) + kInputBytes;
}

uint64_t ZstdCompressor::table_bytes(uint64_t plain_bytes) {
  return std::max(frame_count(plain_bytes), kKeptFrames) * sizeof(Frame);
}

void ZstdCompressor::begin(ByteReader& plain, uint64_t plain_bytes, int level, bool with_skippable_header) {
  assert(level >= kMinLevel && level <= kMaxLevel);
  end();
  frames_.reserve(frame_count(plain_bytes));
  frames_.push_back({0, 0});
  plain_ = &plain;
  plain_bytes_ = plain_bytes;
  level_ = level;
  with_skippable_header_ = with_skippable_header;
}

void ZstdCompressor::end() {
  plain_ = nullptr;
  frames_.clear();
  if (frames_.capacity() > kKeptFrames) frames_ = {};
  measured_ = 0;
  is_measured_ = false;
  is_open_ = false;
}

std::optional<uint64_t> ZstdCompressor::size_bytes() const {
  if (!is_measured_) return std::nullopt;
  return measured_ + (with_skippable_header_ ? kSkippableHeader.size() : 0);
}

Result<size_t> ZstdCompressor::read(uint64_t offset, uint8_t* out, size_t size) {
  assert(plain_ != nullptr && offset <= size_bytes().value_or(measured_));
  size_t given = 0;
  while (given < size && !(is_measured_ && offset + given >= measured_)) {
    TM_TRY(go_to(offset + given));
    TM_ASSIGN(const size_t count, advance(out + given, size - given));
    given += count;
  }
  if (is_measured_ && offset + given >= measured_) {
    const uint64_t from = offset + given - measured_;
    const size_t count = std::min<uint64_t>(*size_bytes() - measured_ - from, size - given);
    std::memcpy(out + given, kSkippableHeader.data() + from, count);
    given += count;
  }
  return given;
}

Status ZstdCompressor::go_to(uint64_t offset) {
  if (is_open_ && offset == at_) return {};
  const auto after = std::upper_bound(frames_.begin(), frames_.end(), offset,
                                      [](uint64_t at, const Frame& frame) { return at < frame.begin; });
  const size_t index = static_cast<size_t>(after - frames_.begin()) - 1;
  if (!is_open_ || index != index_ || offset < at_) TM_TRY(open_frame(index));
  uint8_t passed_over[kSkipBytes];
  while (at_ < offset) TM_TRY(advance(passed_over, std::min<uint64_t>(sizeof passed_over, offset - at_)));
  return {};
}

Status ZstdCompressor::prepare() {
  if (input_ == nullptr) input_ = std::make_unique_for_overwrite<uint8_t[]>(kInputBytes);
  if (context_ != nullptr && context_level_ == level_) return {};
  context_.reset();
  TM_ASSIGN(context_, make_context(level_));
  context_level_ = level_;
  return {};
}

Status ZstdCompressor::open_frame(size_t index) {
  is_open_ = false;
  TM_TRY(prepare());
  TM_TRY(check_zstd(ZSTD_CCtx_reset(context_.get(), ZSTD_reset_session_only), "ZSTD_CCtx_reset"));
  TM_TRY(check_zstd(ZSTD_CCtx_setPledgedSrcSize(context_.get(), plain_bytes_of(index)),
                    "ZSTD_CCtx_setPledgedSrcSize"));
  index_ = index;
  at_ = frames_[index].begin;
  crc32c_ = 0;
  taken_bytes_ = 0;
  input_begin_ = input_end_ = 0;
  has_ended_ = false;
  is_open_ = true;
  return {};
}

// The next bytes of the frame at work, at least one. Never across the end of what was read before, so that
// they can be compared there. After an error no frame is at work.
Result<size_t> ZstdCompressor::advance(uint8_t* out, size_t size) {
  const uint64_t known_end = end_of(index_);
  const bool is_again = at_ < known_end;
  if (is_again) size = std::min<uint64_t>(size, known_end - at_);
  is_open_ = false;
  TM_ASSIGN(const size_t count, compress(out, size));
  at_ += count;
  if (is_again) {
    TM_TRY(check_again());
  } else {
    note_first_time();
  }
  is_open_ = !has_ended_;
  return count;
}

void ZstdCompressor::note_first_time() {
  measured_ = at_;
  frames_.back().crc32c = crc32c_;
  if (!has_ended_) return;
  if (frames_.size() < frame_count(plain_bytes_)) {
    frames_.push_back({measured_, 0});
  } else {
    is_measured_ = true;
  }
}

Status ZstdCompressor::check_again() {
  const bool is_whole = is_measured_ || index_ + 1 < frames_.size();
  const bool is_at_end = at_ == end_of(index_);
  const bool may_end = is_whole && is_at_end;
  if (has_ended_ == may_end && (!is_at_end || crc32c_ == frames_[index_].crc32c)) return {};
  return compressed_differently(index_, frames_[index_].begin);
}

// Streamed, with all input before the library is told that it ends: told together, it may go past its own
// buffer where there is much room, and then what comes out would depend on the sizes in which it is read.
Result<size_t> ZstdCompressor::compress(uint8_t* out, size_t size) {
  ZSTD_outBuffer output = {out, size, 0};
  while (output.pos < output.size && !has_ended_) {
    if (input_begin_ == input_end_) TM_TRY(fill_input());
    const auto directive = input_begin_ == input_end_ ? ZSTD_e_end : ZSTD_e_continue;
    ZSTD_inBuffer input = {input_.get(), input_end_, input_begin_};
    const size_t before = output.pos;
    const size_t left = ZSTD_compressStream2(context_.get(), &output, &input, directive);
    TM_TRY(check_zstd(left, "ZSTD_compressStream2"));
    crc32c_ = extend_crc32c(crc32c_, out + before, output.pos - before);  // while it is cached
    input_begin_ = input.pos;
    has_ended_ = directive == ZSTD_e_end && left == 0;
  }
  return output.pos;
}

// Nothing, where all of the frame was taken.
Status ZstdCompressor::fill_input() {
  const uint64_t left = plain_bytes_of(index_) - taken_bytes_;
  if (left == 0) return {};
  const uint64_t offset = index_ * kFrameBytes + taken_bytes_;
  TM_ASSIGN(const size_t count, plain_->read(offset, input_.get(), std::min<uint64_t>(kInputBytes, left)));
  if (count == 0) {
    return fail(TIDEMARK_E_CORRUPT, "what is to be compressed ends after " + std::to_string(offset) +
                                        " bytes instead of " + std::to_string(plain_bytes_));
  }
  taken_bytes_ += count;
  input_begin_ = 0;
  input_end_ = count;
  return {};
}

uint64_t ZstdCompressor::plain_bytes_of(size_t index) const {
  return std::min(plain_bytes_ - index * kFrameBytes, kFrameBytes);
}

// As far as it was read.
uint64_t ZstdCompressor::end_of(size_t index) const {
  return index + 1 < frames_.size() ? frames_[index + 1].begin : measured_;
}

}  // namespace tidemark::codec
