#include "sessions.h"

namespace imposter {

std::string Sessions::begin(UploadSession session) {
  const std::lock_guard lock(mutex_);
  session.digests = std::make_shared<Digests>(false, false, true);
  const std::string id = "session~secret+" + std::to_string(++last_) + "/=";  // to be encoded in a query
  sessions_.emplace(id, std::move(session));
  return id;
}

bool Sessions::end(const std::string& id) {
  const std::lock_guard lock(mutex_);
  return sessions_.erase(id) > 0;
}

std::vector<std::string> Sessions::open() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [id, session] : sessions_) {
    if (!session.object) names.push_back(session.name);
  }
  return names;
}

}  // namespace imposter
