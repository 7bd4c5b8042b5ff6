// A plain tar as frames of zstd, each of kFrameBytes of it, and after the last one, if that is wanted, the
// header of a skippable frame which makes readers of zstd pass over the footer. Nothing is kept: what is read
// again is compressed again, and must then have the checksum that it had.
//
// One thread at a time; made once and reused. The context of the library is made at first use and kept.
#ifndef TIDEMARK_CODEC_ZSTD_COMPRESS_H
#define TIDEMARK_CODEC_ZSTD_COMPRESS_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "codec/byte_reader.h"

struct ZSTD_CCtx_s;

namespace tidemark::codec {

// Of a skippable frame of 512 bytes, little-endian.
inline constexpr std::array<uint8_t, 8> kSkippableHeader = {0x5E, 0x2A, 0x4D, 0x18, 0x00, 0x02, 0x00, 0x00};

class ZstdCompressor final : public ByteReader {
 public:
  static constexpr uint64_t kFrameBytes = 4 << 20;  // of the tar
  static constexpr int kMinLevel = 1;
  static constexpr int kMaxLevel = 3;

  // What one takes while it compresses: the library's context and the buffers; and what the places of its
  // frames take besides. The first is asked of the library, which may fail for want of memory.
  static Result<size_t> memory_bytes(int level);
  static uint64_t table_bytes(uint64_t plain_bytes);

  ZstdCompressor();
  ~ZstdCompressor() override;
  ZstdCompressor(const ZstdCompressor&) = delete;
  ZstdCompressor& operator=(const ZstdCompressor&) = delete;

  // `plain`, of exactly `plain_bytes`, is borrowed until end(). May throw bad_alloc.
  void begin(ByteReader& plain, uint64_t plain_bytes, int level, bool with_skippable_header);
  void end();

  // RETRYABLE: what is read again was compressed differently. This is seen where a frame ends, or where it
  // was read up to before. After an error it may be called again.
  Result<size_t> read(uint64_t offset, uint8_t* out, size_t size) override;

  // Of what read() gives; known once it was read up to the end.
  std::optional<uint64_t> size_bytes() const;

 private:
  struct ContextFree {
    void operator()(ZSTD_CCtx_s* context) const;
  };
  using Context = std::unique_ptr<ZSTD_CCtx_s, ContextFree>;
  struct Frame {
    uint64_t begin;   // in the output
    uint32_t crc32c;  // of its output, as far as that was read
  };

  static Result<Context> make_context(int level);

  Status prepare();
  Status go_to(uint64_t offset);
  Status open_frame(size_t index);
  Result<size_t> advance(uint8_t* out, size_t size);
  Result<size_t> compress(uint8_t* out, size_t size);
  Status fill_input();
  void note_first_time();
  Status check_again();

  uint64_t plain_bytes_of(size_t index) const;
  uint64_t end_of(size_t index) const;

  Context context_;
  int context_level_ = 0;
  std::unique_ptr<uint8_t[]> input_;

  ByteReader* plain_ = nullptr;
  uint64_t plain_bytes_ = 0;
  int level_ = 0;
  bool with_skippable_header_ = false;

  // Bytes of frames up to measured_ were read once, in order. The frame in which they end is the last of
  // frames_; all before it, or all if is_measured_, were read to their ends.
  std::vector<Frame> frames_;
  uint64_t measured_ = 0;
  bool is_measured_ = false;

  // The frame at work, if there is one: its next byte is at at_.
  bool is_open_ = false;
  bool has_ended_ = false;
  size_t index_ = 0;
  uint64_t at_ = 0;
  uint32_t crc32c_ = 0;
  uint64_t taken_bytes_ = 0;  // of its plain bytes, into input_
  size_t input_begin_ = 0;
  size_t input_end_ = 0;
};

}  // namespace tidemark::codec

#endif  // TIDEMARK_CODEC_ZSTD_COMPRESS_H
