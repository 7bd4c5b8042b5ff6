// Looks after a switch of the sink whether the one that is at work now lacks what another had meanwhile, and
// says so: the archiver continues where it is, and would tell it at its next start only.
//
// One thread, the keeper's. Bounded: a timeline is looked at until something is archived after the switch.
#ifndef TIDEMARK_HOST_POSTGRES_BRIDGE_RETURN_WATCH_H
#define TIDEMARK_HOST_POSTGRES_BRIDGE_RETURN_WATCH_H

#include <cstdint>
#include <map>
#include <string>

#include "bridge/archiver.h"
#include "bridge/services.h"

namespace tidemark::postgres {

class ReturnWatch {
 public:
  static constexpr uint32_t kLookMs = 1'000;
  static constexpr uint32_t kRetryMs = 60'000;  // after a listing that failed

  explicit ReturnWatch(Services& services) : services_(services) {}

  // Before a switch, because it begins the book anew.
  void note();
  // After it. The same place: nothing is to be looked for.
  void switched(const std::string& from_url, const std::string& to_url);
  bool is_over() const { return timelines_.empty(); }
  // Every kLookMs, until it is over.
  void look(Archiver& archiver, const tidemark_call& call);

 private:
  struct Timeline {
    uint64_t through = 0;    // was acknowledged before the switch
    uint64_t looked_at = 0;  // how far it was acknowledged at the last look
    uint64_t told_first = 0, told_last = 0;
    bool owes_look = true;
    uint64_t not_before_ms = 0;
  };
  void tell(uint32_t number, uint64_t first, uint64_t last);

  Services& services_;
  std::map<uint64_t, Timeline> timelines_;  // that are not settled, by number
  std::map<uint64_t, uint64_t> noted_;      // how far each is archived, wherever
  std::string from_, to_;
};

}  // namespace tidemark::postgres

#endif  // TIDEMARK_HOST_POSTGRES_BRIDGE_RETURN_WATCH_H
