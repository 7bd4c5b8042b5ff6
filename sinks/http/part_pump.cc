#include "http/part_pump.h"

#include <algorithm>
#include <cassert>

#include "http/answer.h"

namespace tidemark::sinks {

Status PartPump::run(Session& session, const PartSender& sender, const Call& call) {
  begin_reading();
  while (reading_ || running_ > 0) {
    if (is_read() && running_ < plan_.parallel) {
      TM_TRY(sender.start(reading_->begin, reading_->end, reading_->digests));
      ++running_;
      assert(running_ <= plan_.parallel);
      begin_reading();
    }
    const bool reads = reading_ && !is_read();
    if (reads) {
      TM_TRY(read_some(call));
    }
    if (running_ == 0) continue;
    const Result<HttpRequest*> ended = session.drive(call, reads ? 0 : UINT64_MAX);
    if (!ended) return within(plan_.what, ended.error());
    if (*ended == nullptr) continue;
    TM_ASSIGN(const bool is_there, sender.settle(**ended));
    if (is_there) --running_;
  }
  assert(next_offset_ == source_.size_bytes());  // every byte was in a part
  return {};
}

void PartPump::begin_reading() {
  reading_.reset();
  const uint64_t size = source_.size_bytes();
  if (next_offset_ >= size) {
    buffer_.reset();
    return;
  }
  const uint64_t end = std::min(next_offset_ + plan_.part_bytes, size);
  reading_ = Reading{next_offset_, end, next_offset_, Digests(plan_.digests)};
  next_offset_ = end;
}

Status PartPump::read_some(const Call& call) {
  TM_TRY(call.check());
  Reading& reading = *reading_;
  size_t size = std::min<uint64_t>(reading.end - reading.position, BufferPool::kBufferSize);
  if (source_.data() != nullptr) {
    reading.digests.update(reinterpret_cast<const char*>(source_.data()) + reading.position, size);
  } else {
    if (!buffer_) buffer_.emplace(buffers_);
    TM_TRY(source_.read(reading.position, buffer_->data(), size, &size));
    reading.digests.update(buffer_->data(), size);
  }
  reading.position += size;
  return {};
}

}  // namespace tidemark::sinks
