// A sink that wraps another, or nothing, and fails on purpose and by seed. Any thread.
#ifndef TIDEMARK_SINKS_FAULTY_FAULTY_SINK_H
#define TIDEMARK_SINKS_FAULTY_FAULTY_SINK_H

#include <memory>
#include <string>
#include <string_view>

#include "base/stopwatch.h"
#include "common/table.h"
#include "faulty/faults.h"
#include "faulty/inner.h"

namespace tidemark::sinks::faulty {

class FaultySink {
 public:
  static Result<std::unique_ptr<FaultySink>> open(const OpenRequest& request, const Call& call);

  Status put(std::string_view key, const Source& source, uint32_t flags, const Call& call);
  Result<ObjectInfo> head(std::string_view key, const Call& call);
  Status get(std::string_view key, const Range& range, const Writer& out, const Call& call);
  Status list(std::string_view prefix, std::string_view start_after, const Visitor& visit, const Call& call);
  static constexpr uint32_t kPageKeys = 1000;  // a call has its delay and its faults, whatever it lists
  // UNSUPPORTED where the wrapped sink does not offer it.
  Status list_folders(std::string_view prefix, std::string_view start_after, const Visitor& visit,
                      const Call& call);
  Status remove(std::string_view key, const Call& call);

 private:
  // Texts that keys may contain; empty: none is one of these.
  struct Failing {
    std::string puts_of, gets_of;
  };
  FaultySink(const FaultRates& rates, uint64_t bytes_per_second, Failing failing,
             std::unique_ptr<Inner> inner);
  Status suffer(const Lot& lot, const char* verb, const Call& call) const;
  Status pass_link(uint64_t bytes, const Call& call);

  Faults faults_;
  Link link_;
  const Stopwatch since_open_;
  const Failing failing_;
  const std::unique_ptr<Inner> inner_;
};

// The table of this module. Its capabilities are those of the sinks that were wrapped so far, so they are
// to be read after open; a digest that a sink did not ask for does no harm.
const tidemark_sink_api* faulty_table();

}  // namespace tidemark::sinks::faulty

#endif  // TIDEMARK_SINKS_FAULTY_FAULTY_SINK_H
