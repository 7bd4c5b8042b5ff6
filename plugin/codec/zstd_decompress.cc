#include "codec/zstd_decompress.h"

#include <zstd.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "codec/zstd_compress.h"
#include "codec/zstd_error.h"

namespace tidemark::codec {
namespace {

constexpr size_t kOutputBytes = 128 << 10;  // a block of zstd

bool is_skippable(std::span<const uint8_t> magic) {
  return (magic[0] & 0xF0) == 0x50 && std::memcmp(magic.data() + 1, kSkippableHeader.data() + 1, 3) == 0;
}

// Of versions before 0.8.
bool is_legacy(std::span<const uint8_t> magic) {
  return magic[0] >= 0x22 && magic[0] <= 0x27 &&
         std::memcmp(magic.data() + 1, kFrameMagic.data() + 1, 3) == 0;
}

}  // namespace

void ZstdDecompressor::ContextFree::operator()(ZSTD_DCtx_s* context) const { ZSTD_freeDCtx(context); }

ZstdDecompressor::ZstdDecompressor() = default;
ZstdDecompressor::~ZstdDecompressor() = default;

void ZstdDecompressor::begin(std::optional<uint64_t> plain_bytes, bool with_skippable_header) {
  plain_bytes_ = plain_bytes;
  with_skippable_header_ = with_skippable_header;
  at_ = At::kHeader;
  header_size_ = 0;
  frame_number_ = 1;
  frame_begin_ = 0;
  taken_bytes_ = 0;
  left_bytes_ = 0;
  promised_bytes_ = 0;
}

Status ZstdDecompressor::push(std::span<const uint8_t> stored, const Give& give) {
  while (!stored.empty()) {
    const size_t before = stored.size();
    switch (at_) {
      case At::kHeader:
        TM_TRY(take_header(stored, give));
        break;
      case At::kFrame:
        TM_TRY(take_frame(stored, give));
        break;
      case At::kEnd:
        return fail(TIDEMARK_E_CORRUPT, "bytes follow the header of the skippable frame, at byte " +
                                            std::to_string(taken_bytes_));
    }
    taken_bytes_ += before - stored.size();
  }
  return {};
}

Status ZstdDecompressor::finish(const Give&) {
  if (at_ == At::kFrame) return corrupt("is cut off");
  if (header_size_ != 0) return corrupt("is cut off in its header");
  if (frame_number_ == 1) return fail(TIDEMARK_E_CORRUPT, "there is no frame of zstd");
  if (with_skippable_header_ && at_ != At::kEnd) {
    return fail(TIDEMARK_E_CORRUPT, "after frame " + std::to_string(frame_number_ - 1) +
                                        " the header of the skippable frame is missing");
  }
  if (!plain_bytes_ || promised_bytes_ == *plain_bytes_) return {};
  return fail(TIDEMARK_E_CORRUPT, "the frames hold " + std::to_string(promised_bytes_) + " bytes, and " +
                                      std::to_string(*plain_bytes_) + " are expected");
}

// True once the header has that many bytes.
bool ZstdDecompressor::gather(std::span<const uint8_t>& stored, size_t size) {
  if (header_size_ >= size) return true;
  const size_t count = std::min(size - header_size_, stored.size());
  std::memcpy(header_.data() + header_size_, stored.data(), count);
  header_size_ += count;
  stored = stored.subspan(count);
  return header_size_ == size;
}

Status ZstdDecompressor::take_header(std::span<const uint8_t>& stored, const Give& give) {
  if (header_size_ == 0) frame_begin_ = taken_bytes_;
  if (!gather(stored, kFrameMagic.size())) return {};
  const auto magic = std::span<const uint8_t>(header_).first(kFrameMagic.size());
  if (is_skippable(magic)) return take_skippable_header(stored);
  if (is_legacy(magic)) return corrupt("is of a version of zstd before 0.8");
  if (!std::equal(magic.begin(), magic.end(), kFrameMagic.begin())) {
    return corrupt("does not begin as one of zstd");
  }
  if (!gather(stored, kFrameStartBytes)) return {};
  const size_t size = frame_header_bytes(header_[kFrameStartBytes - 1]);
  if (!gather(stored, size)) return {};
  auto header = parse_frame_header(std::span(header_).first(size));
  if (!header) return corrupt(header.error().message);
  TM_TRY(open_frame(*header));
  header_size_ = 0;
  at_ = At::kFrame;
  std::span<const uint8_t> whole = std::span(header_).first(size);
  TM_TRY(take_frame(whole, give));
  assert(whole.empty());
  return {};
}

Status ZstdDecompressor::take_skippable_header(std::span<const uint8_t>& stored) {
  const std::string where =
      frame_number_ == 1 ? "at the beginning" : "after frame " + std::to_string(frame_number_ - 1);
  if (!with_skippable_header_ || frame_number_ == 1) {
    return fail(TIDEMARK_E_CORRUPT, "a skippable frame " + where + " does not belong there");
  }
  if (!gather(stored, kSkippableHeader.size())) return {};
  if (!std::equal(kSkippableHeader.begin(), kSkippableHeader.end(), header_.begin())) {
    return fail(TIDEMARK_E_CORRUPT, "the skippable frame " + where + " is not that of the footer");
  }
  header_size_ = 0;
  at_ = At::kEnd;
  return {};
}

Status ZstdDecompressor::open_frame(const FrameHeader& header) {
  if (header.window_bytes > kMaxWindowBytes) {
    return corrupt("needs a window of " + std::to_string(header.window_bytes) + " bytes, and at most " +
                   std::to_string(kMaxWindowBytes) + " are allowed");
  }
  const uint64_t left = plain_bytes_.value_or(kMaxPlainBytes) - promised_bytes_;
  if (header.content_bytes > left) {
    return corrupt("holds " + std::to_string(header.content_bytes) + " bytes by its header, and at most " +
                   std::to_string(left) + " may come");
  }
  promised_bytes_ += header.content_bytes;
  left_bytes_ = header.content_bytes;
  return prepare();
}

Status ZstdDecompressor::prepare() {
  if (output_ == nullptr) output_ = std::make_unique_for_overwrite<uint8_t[]>(kOutputBytes);
  if (context_ != nullptr) {
    return check_zstd(ZSTD_DCtx_reset(context_.get(), ZSTD_reset_session_only), "ZSTD_DCtx_reset");
  }
  Context context(ZSTD_createDCtx());
  if (context == nullptr) return out_of_memory();
  TM_TRY(check_zstd(ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kMaxWindowLog),
                    "ZSTD_DCtx_setParameter"));
  context_ = std::move(context);
  return {};
}

Status ZstdDecompressor::take_frame(std::span<const uint8_t>& stored, const Give& give) {
  ZSTD_inBuffer input = {stored.data(), stored.size(), 0};
  bool is_over = false;
  bool wants_more = false;
  while (!is_over && !wants_more) {
    ZSTD_outBuffer output = {output_.get(), kOutputBytes, 0};
    const size_t left = ZSTD_decompressStream(context_.get(), &output, &input);
    if (ZSTD_isError(left) != 0) return explain(left);
    is_over = left == 0;
    // Where there is room left nothing is held back.
    wants_more = input.pos == input.size && output.pos < output.size;
    // The library compares the sizes only where the frame ends.
    if (output.pos > left_bytes_ || (is_over && output.pos != left_bytes_)) return explain_size();
    left_bytes_ -= output.pos;
    if (output.pos > 0) TM_TRY(give({output_.get(), output.pos}));
  }
  stored = stored.subspan(input.pos);
  if (!is_over) return {};
  at_ = At::kHeader;
  ++frame_number_;
  return {};
}

Error ZstdDecompressor::explain(size_t result) const {
  switch (ZSTD_getErrorCode(result)) {
    case ZSTD_error_memory_allocation:
      return out_of_memory();
    case ZSTD_error_checksum_wrong:
      return corrupt("does not match its checksum");
    case ZSTD_error_dstSize_tooSmall:
      return explain_size();
    default:
      return corrupt("is damaged: " + std::string(ZSTD_getErrorName(result)));
  }
}

Error ZstdDecompressor::explain_size() const {
  return corrupt("does not hold as many bytes as its header says");
}

// Where the frame begins, so that it can be looked at with other tools.
Error ZstdDecompressor::corrupt(std::string_view what) const {
  return fail(TIDEMARK_E_CORRUPT, "frame " + std::to_string(frame_number_) + ", at byte " +
                                      std::to_string(frame_begin_) + ", " + std::string(what));
}

}  // namespace tidemark::codec
