// Writes the pieces of one body on a thread of its own, while its owner makes the next: a large body whose
// pieces are read and digested on the way takes as long as the slower of the two, not as both.
//
// The public functions are for one thread, the owner's. Writer and pool are borrowed; the writer is not the
// owner's from start() to finish(). Holds kBuffers buffers of the pool.
#ifndef TIDEMARK_SINKS_FILE_BODY_PIPE_H
#define TIDEMARK_SINKS_FILE_BODY_PIPE_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>

#include "base/mutex.h"
#include "common/source.h"
#include "file/body_writer.h"

namespace tidemark::sinks::file {

class BodyPipe {
 public:
  static constexpr size_t kBuffers = 2;

  // Null: there is no thread or no memory for it, and nothing was done.
  static std::unique_ptr<BodyPipe> start(BodyWriter& writer, BufferPool& pool);
  ~BodyPipe();  // waits for the write that is under way
  BodyPipe(const BodyPipe&) = delete;
  BodyPipe& operator=(const BodyPipe&) = delete;

  // Where the next piece goes. Null: a write has failed, and finish() says how.
  char* next() TM_EXCLUDES(mutex_);
  // What next() gave holds so many bytes.
  void give(size_t size) TM_EXCLUDES(mutex_);
  // After the last piece was written: 0, or the errno of the first write that failed.
  int finish() TM_EXCLUDES(mutex_);

 private:
  BodyPipe(BodyWriter& writer, BufferPool& pool) : writer_(writer), first_(pool), second_(pool) {}
  void run() noexcept TM_EXCLUDES(mutex_);
  void end() TM_EXCLUDES(mutex_);
  char* buffer(uint64_t piece) const { return piece % kBuffers == 0 ? first_.data() : second_.data(); }

  BodyWriter& writer_;
  const BufferPool::Lease first_, second_;
  Mutex mutex_;
  CondVar changed_;
  std::array<size_t, kBuffers> sizes_ TM_GUARDED_BY(mutex_){};
  uint64_t given_ TM_GUARDED_BY(mutex_) = 0;  // pieces
  uint64_t written_ TM_GUARDED_BY(mutex_) = 0;
  bool is_ended_ TM_GUARDED_BY(mutex_) = false;
  int problem_ TM_GUARDED_BY(mutex_) = 0;
  std::thread thread_;
};

}  // namespace tidemark::sinks::file

#endif  // TIDEMARK_SINKS_FILE_BODY_PIPE_H
