#include "store/tar_stream.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

#include "base/blocked_signals.h"
#include "base/guard.h"
#include "codec/decode.h"
#include "format/footer.h"
#include "store/stream.h"

namespace tidemark::store {
namespace {

constexpr uint32_t kPollMs = 100;

}  // namespace

TarStream::TarStream(sink::Sink& from, std::string_view key, Coding coding, Sizes sizes,
                     const codec::Keys& keys, const Call& deadline)
    : from_(from),
      key_(key),
      coding_(coding),
      sizes_(sizes),
      keys_(keys),
      deadline_(deadline),
      outer_(deadline.remaining()) {}

TarStream::~TarStream() {
  {
    const MutexLock lock(mutex_);  // so that the thread does not begin to wait right after it was told
    stopped_.store(true);
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Status TarStream::start() {
  filling_ = page_buffer(kPieceBytes);
  const BlockedSignals blocked;
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& problem) {
    return fail(TIDEMARK_E_RETRYABLE, std::string(key_) + ": no thread to read it: " + problem.what());
  }
  return {};
}

int32_t TarStream::is_stopped(void* ctx) {
  const auto& self = *static_cast<const TarStream*>(ctx);
  if (self.stopped_.load()) return 1;
  return self.outer_.is_cancelled != nullptr ? self.outer_.is_cancelled(self.outer_.ctx) : 0;
}

void TarStream::run() {
  Status produced = guarded([this] { return produce(); });
  const MutexLock lock(mutex_);
  ended_ = std::move(produced);
  changed_.notify_all();
}

Status TarStream::produce() {
  const tidemark_call own = {sizeof own, outer_.timeout_ms, this, is_stopped};
  const Call call(&own);
  const codec::Give give = [this](std::span<const uint8_t> plain) { return take(plain); };
  std::unique_ptr<codec::Decoder> decoder;
  if (coding_ != Coding::kNone) {
    TM_ASSIGN(decoder, codec::make_decoder(coding_, keys_, sizes_.plain_bytes));
  }
  TM_TRY(stream(from_, key_, 0, sizes_.stored_bytes - kFooterSize, call,
                [&](std::span<const uint8_t> stored) -> Status {
                  read_bytes_.fetch_add(stored.size(), std::memory_order_relaxed);
                  return decoder == nullptr ? take(stored) : decoder->push(stored, give);
                }));
  if (decoder != nullptr) TM_TRY(decoder->finish(give));
  return filled_ == 0 ? Status() : hand_over();
}

Status TarStream::take(std::span<const uint8_t> plain) {
  while (!plain.empty()) {
    const size_t count = std::min(plain.size(), kPieceBytes - filled_);
    std::memcpy(filling_.get() + filled_, plain.data(), count);
    filled_ += count;
    plain = plain.subspan(count);
    if (filled_ == kPieceBytes) TM_TRY(hand_over());
  }
  return {};
}

Status TarStream::hand_over() {
  const MutexLock lock(mutex_);
  while (ready_.is_ready && is_stopped(this) == 0) changed_.wait_ms(mutex_, kPollMs);
  if (ready_.is_ready) return fail(TIDEMARK_E_CANCELLED, "nobody wants the rest");
  if (ready_.bytes == nullptr) ready_.bytes = page_buffer(kPieceBytes);
  std::swap(filling_, ready_.bytes);
  ready_.filled = std::exchange(filled_, 0);
  ready_.is_ready = true;
  changed_.notify_all();
  return {};
}

Result<size_t> TarStream::next(PageBuffer& piece) {
  const MutexLock lock(mutex_);
  while (!ready_.is_ready && !ended_) {
    TM_TRY(deadline_.check());
    changed_.wait_ms(mutex_, kPollMs);
  }
  if (ready_.is_ready) {
    std::swap(piece, ready_.bytes);
    ready_.is_ready = false;
    changed_.notify_all();
    return ready_.filled;
  }
  if (!*ended_) return ended_->error();
  return size_t{0};
}

}  // namespace tidemark::store
