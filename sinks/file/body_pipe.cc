#include "file/body_pipe.h"

#include <cassert>
#include <new>
#include <system_error>

#include "base/blocked_signals.h"

namespace tidemark::sinks::file {

std::unique_ptr<BodyPipe> BodyPipe::start(BodyWriter& writer, BufferPool& pool) {
  try {
    std::unique_ptr<BodyPipe> pipe(new BodyPipe(writer, pool));
    const BlockedSignals blocked;
    pipe->thread_ = std::thread([self = pipe.get()] { self->run(); });
    return pipe;
  } catch (const std::bad_alloc&) {
  } catch (const std::system_error&) {
  }
  return nullptr;
}

BodyPipe::~BodyPipe() { end(); }

char* BodyPipe::next() {
  const MutexLock lock(mutex_);
  while (given_ - written_ == kBuffers && problem_ == 0) changed_.wait(mutex_);
  return problem_ == 0 ? buffer(given_) : nullptr;
}

void BodyPipe::give(size_t size) {
  {
    const MutexLock lock(mutex_);
    assert(given_ - written_ < kBuffers);
    sizes_[given_ % kBuffers] = size;
    ++given_;
  }
  changed_.notify_one();
}

int BodyPipe::finish() {
  {
    const MutexLock lock(mutex_);
    while (written_ < given_ && problem_ == 0) changed_.wait(mutex_);
  }
  end();
  const MutexLock lock(mutex_);
  return problem_;
}

void BodyPipe::end() {
  {
    const MutexLock lock(mutex_);
    is_ended_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

// One of the two waits at most: the owner for a buffer, this one for a piece.
void BodyPipe::run() noexcept {
  for (;;) {
    uint64_t piece = 0;
    size_t size = 0;
    {
      const MutexLock lock(mutex_);
      while (written_ == given_ && !is_ended_) changed_.wait(mutex_);
      if (is_ended_) return;
      piece = written_;
      size = sizes_[piece % kBuffers];
    }
    const int problem = writer_.write(buffer(piece), size);
    {
      const MutexLock lock(mutex_);
      ++written_;
      problem_ = problem;
    }
    changed_.notify_one();
    if (problem != 0) return;
  }
}

}  // namespace tidemark::sinks::file
