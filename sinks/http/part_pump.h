// A large body in parts, several on their way at a time, all driven by the thread of the put: while some are
// being sent, the next one is read for its digests. So each byte is read twice. The sink knows how a part is
// put.
//
// Lives on the stack of one put; one thread. Memory: one buffer of the pool for reading; what is on its way
// has its own.
#ifndef TIDEMARK_SINKS_HTTP_PART_PUMP_H
#define TIDEMARK_SINKS_HTTP_PART_PUMP_H

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "common/source.h"
#include "http/digests.h"
#include "http/transport.h"

namespace tidemark::sinks {

// What the sink provides: how a part is put.
struct PartSender {
  // Puts the bytes [begin, end) on their way, of which these are the digests.
  std::function<Status(uint64_t begin, uint64_t end, Digests& digests)> start;
  // The request has ended. False: it was started again.
  std::function<Result<bool>(HttpRequest&)> settle;
};

class PartPump {
 public:
  struct Plan {
    std::string what;  // begins the message when the call ends
    uint64_t part_bytes;
    uint64_t parallel;
    Digests::Wanted digests;
  };
  PartPump(const Source& source, BufferPool& buffers, Plan plan)
      : source_(source), buffers_(buffers), plan_(std::move(plan)) {}

  // Returns when all parts are there, or with the first error; then the session cancels what is on its way.
  Status run(Session& session, const PartSender& sender, const Call& call);

 private:
  // The digests of the part to be sent next, computed piece by piece while others are on their way.
  struct Reading {
    uint64_t begin, end, position;
    Digests digests;
  };
  void begin_reading();
  Status read_some(const Call& call);
  bool is_read() const { return reading_ && reading_->position == reading_->end; }

  const Source& source_;
  BufferPool& buffers_;
  const Plan plan_;
  uint64_t next_offset_ = 0;  // of the part to be read next
  uint64_t running_ = 0;      // parts on their way
  std::optional<Reading> reading_;
  std::optional<BufferPool::Lease> buffer_;
};

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_HTTP_PART_PUMP_H
