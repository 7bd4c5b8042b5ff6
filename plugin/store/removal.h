// Removes listed objects, many with one request where the sink can, and tells of each that is gone. For the
// other files of this folder; one owner, one thread.
#ifndef TIDEMARK_STORE_REMOVAL_H
#define TIDEMARK_STORE_REMOVAL_H

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/call.h"
#include "store/maintenance.h"

namespace tidemark::store {

struct Doomed {
  std::string key;  // of ours
  uint64_t size_bytes = 0;
  int64_t modified_us = 0;
};

class Removal {
 public:
  static constexpr size_t kPageNames =
      1000;  // a page of a store, and the most that one removes with one request

  // Of a dry run everything is told and nothing is done. `visit` (may be empty) returns false to stop.
  Removal(sink::Sink& sink, bool dry_run, const std::function<bool(const StoredInfo&)>& visit,
          const Call& deadline)
      : sink_(sink), dry_run_(dry_run), visit_(visit), deadline_(deadline) {}

  // In order; at most kPageNames.
  Status remove(const std::vector<Doomed>& page);
  bool is_stopped() const { return is_stopped_; }

 private:
  void tell(const Doomed& gone);

  sink::Sink& sink_;
  const bool dry_run_;
  const std::function<bool(const StoredInfo&)>& visit_;
  const Call& deadline_;
  bool is_stopped_ = false;
};

}  // namespace tidemark::store

#endif  // TIDEMARK_STORE_REMOVAL_H
