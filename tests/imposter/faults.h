// Decides which request fails and how: by seed and rate, and never so often that a client could not get
// through.
//
// Any thread.
#ifndef TIDEMARK_TESTS_IMPOSTER_FAULTS_H
#define TIDEMARK_TESTS_IMPOSTER_FAULTS_H

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <vector>

namespace imposter {

// What may go wrong with a request that is right. Each has a rate of its own. An imposter names those that it
// knows; answers are as its store words them.
enum class Fault {
  kNone,
  kSlowDown,         // 503
  kInternal,         // 500
  kTooMany,          // 429 with Retry-After
  kResetBefore,      // connection reset before the body is read
  kResetMiddle,      // in the middle of the body; of the answer's, if the request has none
  kResetAfter,       // after the body, nothing done
  kLostAnswer,       // done, then reset
  kTruncatedXml,     // done, and half of the XML answer delivered as if it were all
  kStall,            // done, then not a byte for stall_ms in the middle of the answer
  kErrorInOkBefore,  // Complete: 200 with an <Error> inside, nothing done
  kErrorInOkAfter,   // Complete: the same, but done
  kRotate,           // another access key is accepted from now on
  kConflict,         // conditional create: 409 ConditionalRequestConflict, nothing done
  kRedirect,         // 307 to the decoy, a host that must never see a signed header
  kOkPage,           // 200 with an HTML page, from somebody on the way; nothing done
  kNotFoundPage,     // 404 as text, from somebody on the way; nothing done
  kAccepted,         // put, part: 202, nothing done
  kOkLost,           // put, part: 200 with another ETag, nothing done
  kPutErrorBefore,   // put, part: 200 with an <Error> inside, nothing done
  kPutErrorAfter,    // put, part: the same, but done
  kFlippedBit,       // put, part: a bit of the body, on its way
};
inline constexpr size_t kFaultKinds = static_cast<size_t>(Fault::kFlippedBit) + 1;
const char* name_of(Fault fault);

struct Faults {
  std::array<double, kFaultKinds> rates{};  // 0 to 1, by Fault
  // After so many faults on one key it is left alone until it has got somewhere, so that a soak ends.
  int most_in_a_row = 3;
  // After so many in all it is left alone for good: who tries more often than that cannot have bad luck.
  int most_of_a_key = std::numeric_limits<int>::max();
  std::string only_below;  // keys, and listings of prefixes, that begin so; others are left alone
  uint32_t stall_ms = 1000;
  uint32_t retry_after_s = 1;

  double& operator[](Fault fault) { return rates[static_cast<size_t>(fault)]; }
  double operator[](Fault fault) const { return rates[static_cast<size_t>(fault)]; }
};

// False, with the reason in *problem, unless `text` is like "slowdown=0.1,stall=0.02" or "all=0.1".
bool parse_rates(const std::string& text, Faults* out, std::string* problem);

class FaultDice {
 public:
  explicit FaultDice(uint64_t seed) : random_(seed) {}

  // One of `possible` or kNone, for a request about `key`.
  Fault roll(const Faults& faults, const std::vector<Fault>& possible, const std::string& key);
  // The key got somewhere: what happens to it next is counted again.
  void got_through(const std::string& key);

 private:
  std::mutex mutex_;
  std::mt19937_64 random_;             // guarded by mutex_
  std::map<std::string, int> rows_;    // guarded by mutex_; keys with a fault since they last got through
  std::map<std::string, int> totals_;  // guarded by mutex_; faults of each key
};

}  // namespace imposter

#endif  // TIDEMARK_TESTS_IMPOSTER_FAULTS_H
