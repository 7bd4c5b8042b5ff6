// The plain tar of a stored archive, pulled front to back: a thread of its own reads and decodes ahead by two
// pieces. Decoders push and a put pulls, so one of them needs a thread. Nothing is proven here: for archives
// that were read and proven before.
//
// One thread owns it. Borrows the sink, the key, the keys of decoding and the call.
#ifndef TIDEMARK_STORE_TAR_STREAM_H
#define TIDEMARK_STORE_TAR_STREAM_H

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <thread>

#include "base/call.h"
#include "base/mutex.h"
#include "base/page_buffer.h"
#include "base/result.h"
#include "codec/keys.h"
#include "format/object_name.h"
#include "sink/sink.h"

namespace tidemark::store {

class TarStream {
 public:
  static constexpr size_t kPieceBytes = 1 << 20;

  // `stored_bytes`: of the object; `plain_bytes`: of the tar.
  struct Sizes {
    uint64_t stored_bytes = 0;
    uint64_t plain_bytes = 0;
  };
  TarStream(sink::Sink& from, std::string_view key, Coding coding, Sizes sizes, const codec::Keys& keys,
            const Call& deadline);
  ~TarStream();  // ends the thread
  TarStream(const TarStream&) = delete;
  TarStream& operator=(const TarStream&) = delete;

  // RETRYABLE: there is no thread for it.
  Status start();
  // `piece`, of kPieceBytes, gets the next bytes: so many, less than kPieceBytes only at the end, then 0.
  Result<size_t> next(PageBuffer& piece) TM_EXCLUDES(mutex_);
  // Of the object, so far.
  uint64_t read_bytes() const { return read_bytes_.load(std::memory_order_relaxed); }

 private:
  struct Piece {
    PageBuffer bytes;
    size_t filled = 0;
    bool is_ready = false;
  };
  static int32_t is_stopped(void* ctx);
  void run() TM_EXCLUDES(mutex_);
  Status produce();
  Status take(std::span<const uint8_t> plain);
  Status hand_over() TM_EXCLUDES(mutex_);

  sink::Sink& from_;
  const std::string_view key_;
  const Coding coding_;
  const Sizes sizes_;
  const codec::Keys& keys_;
  const Call& deadline_;
  const tidemark_call outer_;
  std::atomic<bool> stopped_{false};
  std::atomic<uint64_t> read_bytes_{0};

  // The thread's own: what it fills.
  PageBuffer filling_;
  size_t filled_ = 0;

  Mutex mutex_;
  CondVar changed_;
  Piece ready_ TM_GUARDED_BY(mutex_);
  std::optional<Status> ended_ TM_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace tidemark::store

#endif  // TIDEMARK_STORE_TAR_STREAM_H
