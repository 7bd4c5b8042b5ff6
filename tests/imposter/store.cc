#include "imposter/store.h"

#include <algorithm>

namespace imposter {

void Body::append(const char* data, size_t size) {
  size_ += size;
  size_t to_head = size;
  if (discards_) to_head = std::min(size, kKept - head_.size());
  head_.append(data, to_head);
  tail_.append(data + to_head, size - to_head);
  if (tail_.size() > 8 * kKept) tail_.erase(0, tail_.size() - kKept);
}

bool Body::read(uint64_t offset, uint64_t size, std::string* out) const {
  const uint64_t tail_begin = size_ - tail_.size();
  if (offset < head_.size()) {
    const uint64_t from_head = std::min<uint64_t>(size, head_.size() - offset);
    out->append(head_, offset, from_head);
    offset += from_head;
    size -= from_head;
  }
  if (size == 0) return true;
  if (offset < tail_begin) return false;
  out->append(tail_, offset - tail_begin, size);
  return true;
}

uint64_t Object::size() const {
  uint64_t sum = 0;
  for (const BodyPtr& piece : pieces) sum += piece->size();
  return sum;
}

bool Object::read(uint64_t offset, uint64_t size, std::string* out) const {
  for (const BodyPtr& piece : pieces) {
    if (size == 0) break;
    if (offset >= piece->size()) {
      offset -= piece->size();
      continue;
    }
    const uint64_t here = std::min(size, piece->size() - offset);
    if (!piece->read(offset, here, out)) return false;
    size -= here;
    offset = 0;
  }
  return true;
}

bool ObjectStore::put(const std::string& key, Object object, bool if_absent) {
  const std::lock_guard lock(mutex_);
  if (if_absent && objects_.count(key) > 0) return false;
  objects_[key] = std::move(object);
  ++creates_[key];
  return true;
}

std::optional<Object> ObjectStore::find(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(key);
  if (found == objects_.end()) return {};
  return found->second;
}

bool ObjectStore::contains(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  return objects_.count(key) > 0;
}

void ObjectStore::remove(const std::string& key) {
  const std::lock_guard lock(mutex_);
  objects_.erase(key);
}

std::vector<std::pair<std::string, Object>> ObjectStore::list(const std::string& prefix,
                                                              const std::string& after, size_t limit,
                                                              const std::string& delimiter) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<std::string, Object>> found;
  auto at = after < prefix ? objects_.lower_bound(prefix) : objects_.upper_bound(after);
  while (at != objects_.end() && found.size() < limit && at->first.starts_with(prefix)) {
    const size_t end = delimiter.empty() ? std::string::npos : at->first.find(delimiter, prefix.size());
    if (end == std::string::npos) {
      found.push_back(*at++);
      continue;
    }
    const std::string folder = at->first.substr(0, end + delimiter.size());
    found.emplace_back(folder, Object{});
    while (at != objects_.end() && at->first.starts_with(folder)) ++at;
  }
  return found;
}

std::map<std::string, uint64_t> ObjectStore::creates() const {
  const std::lock_guard lock(mutex_);
  return creates_;
}

}  // namespace imposter
