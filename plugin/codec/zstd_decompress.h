// Frames of zstd turned back into a tar, of any writer that gives each its content size and checksum. Strict:
// not a byte between the frames, and after the last one either nothing or the one header of a skippable
// frame.
//
// One thread at a time; made once and reused. What a frame may give out is known before it is decompressed,
// so a bomb costs nothing, and memory is bounded by the largest window.
#ifndef TIDEMARK_CODEC_ZSTD_DECOMPRESS_H
#define TIDEMARK_CODEC_ZSTD_DECOMPRESS_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "codec/decoder.h"
#include "codec/zstd_frame_header.h"

struct ZSTD_DCtx_s;

namespace tidemark::codec {

class ZstdDecompressor final : public Decoder {
 public:
  static constexpr int kMaxWindowLog = 23;
  static constexpr uint64_t kMaxWindowBytes = uint64_t{1} << kMaxWindowLog;
  static constexpr uint64_t kMaxPlainBytes = uint64_t{1} << 62;  // where no size is known
  // The most that one takes: a window, and buffers for blocks of 128 KiB on either side.
  static constexpr size_t kMemoryBytes = kMaxWindowBytes + (768 << 10);

  ZstdDecompressor();
  ~ZstdDecompressor() override;
  ZstdDecompressor(const ZstdDecompressor&) = delete;
  ZstdDecompressor& operator=(const ZstdDecompressor&) = delete;

  // Before the first push of each object. `plain_bytes`: of just what it holds, if that is known.
  void begin(std::optional<uint64_t> plain_bytes, bool with_skippable_header);

  // Both may throw bad_alloc. CORRUPT names the frame.
  Status push(std::span<const uint8_t> stored, const Give& give) override;
  Status finish(const Give& give) override;

 private:
  enum class At : uint8_t { kHeader, kFrame, kEnd };
  struct ContextFree {
    void operator()(ZSTD_DCtx_s* context) const;
  };
  using Context = std::unique_ptr<ZSTD_DCtx_s, ContextFree>;

  // Each takes what it has use for off the front of `stored`.
  Status take_header(std::span<const uint8_t>& stored, const Give& give);
  Status take_frame(std::span<const uint8_t>& stored, const Give& give);

  bool gather(std::span<const uint8_t>& stored, size_t size);
  Status take_skippable_header(std::span<const uint8_t>& stored);
  Status open_frame(const FrameHeader& header);
  Status prepare();
  Error explain(size_t result) const;
  Error explain_size() const;
  Error corrupt(std::string_view what) const;

  Context context_;
  std::unique_ptr<uint8_t[]> output_;

  std::optional<uint64_t> plain_bytes_;
  bool with_skippable_header_ = false;

  At at_ = At::kHeader;
  std::array<uint8_t, kMaxFrameHeaderBytes> header_{};
  size_t header_size_ = 0;       // of it, so far
  uint64_t frame_number_ = 1;    // of the frame at work, or the one that would come
  uint64_t frame_begin_ = 0;     // where that lies in the stored bytes
  uint64_t taken_bytes_ = 0;     // stored bytes that were pushed
  uint64_t left_bytes_ = 0;      // that the frame at work has still to give
  uint64_t promised_bytes_ = 0;  // content sizes of all frames up to it
};

}  // namespace tidemark::codec

#endif  // TIDEMARK_CODEC_ZSTD_DECOMPRESS_H
