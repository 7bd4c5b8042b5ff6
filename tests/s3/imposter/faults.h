// Decides which request fails and how: by seed and rate, and never so often that a client could not get
// through.
//
// Any thread.
#ifndef TIDEMARK_TESTS_S3_IMPOSTER_FAULTS_H
#define TIDEMARK_TESTS_S3_IMPOSTER_FAULTS_H

#include <map>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "config.h"

namespace imposter {

class FaultDice {
 public:
  explicit FaultDice(uint64_t seed) : random_(seed) {}

  // One of `possible` or kNone, for a request about `key`.
  Fault roll(const Faults& faults, const std::vector<Fault>& possible, const std::string& key);
  // The key got somewhere: what happens to it next is counted again.
  void got_through(const std::string& key);

 private:
  std::mutex mutex_;
  std::mt19937_64 random_;           // guarded by mutex_
  std::map<std::string, int> rows_;  // guarded by mutex_; keys with a fault since they last got through
};

}  // namespace imposter

#endif  // TIDEMARK_TESTS_S3_IMPOSTER_FAULTS_H
