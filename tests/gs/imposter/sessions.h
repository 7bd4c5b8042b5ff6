// Upload sessions: what was begun, and how much of it has come. An object comes of one at its end, at once.
//
// Any thread.
#ifndef TIDEMARK_TESTS_GS_IMPOSTER_SESSIONS_H
#define TIDEMARK_TESTS_GS_IMPOSTER_SESSIONS_H

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "imposter/digests.h"
#include "imposter/store.h"

namespace imposter {

struct UploadSession {
  std::string name, fields;
  bool if_absent = false;
  uint64_t size_bytes = 0;  // declared
  uint64_t received_bytes = 0;
  int pieces_seen = 0;
  std::vector<BodyPtr> pieces;
  std::shared_ptr<Digests> digests;  // of what was received
  std::optional<Object> object;      // once it is finished
};

// Each function is one step; `change` runs under the lock.
class Sessions {
 public:
  std::string begin(UploadSession session);  // returns the id
  // False: there is none for that name.
  template <typename F>
  bool with(const std::string& id, const std::string& name, F&& change) {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(id);
    if (found == sessions_.end() || found->second.name != name) return false;
    change(found->second);
    return true;
  }
  bool end(const std::string& id);
  // The names of those that are neither finished nor cancelled.
  std::vector<std::string> open() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, UploadSession> sessions_;  // guarded by mutex_
  uint64_t last_ = 0;                              // guarded by mutex_
};

}  // namespace imposter

#endif  // TIDEMARK_TESTS_GS_IMPOSTER_SESSIONS_H
