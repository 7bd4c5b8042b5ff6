// The sink of benchmarks: takes everything, checks that callers keep the contract, keeps almost nothing.
// Any thread.
#ifndef TIDEMARK_SINKS_FAULTY_NULL_SINK_H
#define TIDEMARK_SINKS_FAULTY_NULL_SINK_H

#include "faulty/inner.h"
#include "faulty/null_store.h"

namespace tidemark::sinks::faulty {

class NullSink : public Inner {
 public:
  explicit NullSink(uint64_t max_objects) : store_(max_objects) {}

  Status put(std::string_view key, const Source& source, uint32_t flags, const Call& call) override;
  Result<ObjectInfo> head(std::string_view key, const Call& call) override;
  // UNSUPPORTED for bytes before the last 512 of an object.
  Status get(std::string_view key, const Range& range, const Writer& out, const Call& call) override;
  Status list(std::string_view prefix, std::string_view start_after, const Visitor& visit,
              const Call& call) override;
  Status list_folders(std::string_view prefix, std::string_view start_after, const Visitor& visit,
                      const Call& call) override;
  Status remove(std::string_view key, const Call& call) override;
  uint32_t capabilities() const override { return 0; }

 private:
  NullStore store_;
  BufferPool buffers_;
};

}  // namespace tidemark::sinks::faulty

#endif  // TIDEMARK_SINKS_FAULTY_NULL_SINK_H
