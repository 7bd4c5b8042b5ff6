// The books of an imposter: which requests came, and what became of them.
//
// Any thread.
#ifndef TIDEMARK_TESTS_IMPOSTER_BOOKS_H
#define TIDEMARK_TESTS_IMPOSTER_BOOKS_H

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>

#include "imposter/faults.h"
#include "imposter/request.h"

namespace imposter {

// One line of them.
struct Logged {
  std::string operation;  // as the store calls it; "" if the request was not understood
  std::string method, target;
  Pairs headers;
  int status = 0;  // 0: no answer
  Fault fault = Fault::kNone;
};

class Books {
 public:
  static constexpr size_t kLogged = 10'000;  // the last ones are kept

  void log(Logged line);
  std::deque<Logged> logged() const;
  std::map<std::string, uint64_t> counts() const;  // by operation, "fault.<name>", "status.<number>"

 private:
  mutable std::mutex mutex_;
  // Guarded by mutex_:
  std::deque<Logged> log_;
  std::map<std::string, uint64_t> counts_;
};

}  // namespace imposter

#endif  // TIDEMARK_TESTS_IMPOSTER_BOOKS_H
