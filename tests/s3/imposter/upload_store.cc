#include "upload_store.h"

#include <algorithm>

namespace imposter {

std::string Store::begin_upload(Upload upload) {
  const std::lock_guard lock(mutex_);
  // Ids of real stores hold characters that must be encoded in a query.
  upload.id = "up~load+" + std::to_string(++last_upload_) + "/=";
  const std::string id = upload.id;
  uploads_[id] = std::move(upload);
  return id;
}

std::optional<Upload> Store::find_upload(const std::string& key, const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = uploads_.find(id);
  if (found == uploads_.end() || found->second.key != key) return {};
  return found->second;
}

bool Store::put_part(const std::string& key, const std::string& id, uint64_t number, Part part) {
  const std::lock_guard lock(mutex_);
  const auto found = uploads_.find(id);
  if (found == uploads_.end() || found->second.key != key) return false;
  found->second.parts[number] = std::move(part);
  return true;
}

bool Store::end_upload(const std::string& key, const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = uploads_.find(id);
  if (found == uploads_.end() || found->second.key != key) return false;
  uploads_.erase(found);
  return true;
}

Store::Completed Store::complete(const std::string& key, const std::string& id, Object object,
                                 bool if_absent) {
  const std::lock_guard lock(mutex_);
  const auto found = uploads_.find(id);
  if (found == uploads_.end() || found->second.key != key) return Completed::kGone;
  if (if_absent && objects_.count(key) > 0) return Completed::kExists;
  uploads_.erase(found);
  objects_[key] = std::move(object);
  ++creates_[key];
  return Completed::kDone;
}

std::vector<Upload> Store::uploads() const {
  const std::lock_guard lock(mutex_);
  std::vector<Upload> all;
  for (const auto& [id, upload] : uploads_) all.push_back(upload);
  std::sort(all.begin(), all.end(),
            [](const Upload& a, const Upload& b) { return a.key != b.key ? a.key < b.key : a.id < b.id; });
  return all;
}

void Store::mark_untold(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = uploads_.find(id);
  if (found != uploads_.end()) found->second.is_untold = true;
}

void Store::backdate_uploads(int64_t seconds) {
  const std::lock_guard lock(mutex_);
  for (auto& [id, upload] : uploads_) upload.initiated -= seconds;
}

}  // namespace imposter
