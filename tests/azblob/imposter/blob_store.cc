#include "blob_store.h"

#include <algorithm>

namespace imposter::azblob {
namespace {

// The characters of a text as UTF-16 orders them: those beyond U+FFFF come before U+E000.
std::u16string utf16(const std::string& text) {
  std::u16string out;
  for (size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    const size_t size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    uint32_t code = size == 1 ? first : first & (0xFFu >> (size + 1));
    for (size_t k = 1; k < size && i + k < text.size(); ++k) {
      code = (code << 6) | (static_cast<unsigned char>(text[i + k]) & 0x3F);
    }
    i += size;
    if (code < 0x10000) {
      out += static_cast<char16_t>(code);
      continue;
    }
    out += static_cast<char16_t>(0xD800 + ((code - 0x10000) >> 10));
    out += static_cast<char16_t>(0xDC00 + ((code - 0x10000) & 0x3FF));
  }
  return out;
}

}  // namespace

BlobStore::Done BlobStore::put_blob(const std::string& name, Object object, bool if_absent,
                                    bool blocks_count) {
  const std::lock_guard lock(mutex_);
  if (if_absent && objects_.contains(name)) return Done::kExists;
  if (if_absent && blocks_count && blocks_.contains(name)) return Done::kOnlyBlocks;
  blocks_.erase(name);
  objects_[name] = std::move(object);
  ++creates_[name];
  return Done::kDone;
}

BlobStore::Done BlobStore::put_block(const std::string& name, const std::string& id, BodyPtr body,
                                     uint64_t blocks_max) {
  const std::lock_guard lock(mutex_);
  id_sizes_.insert(id.size());
  const auto there = blocks_.find(name);
  if (there != blocks_.end()) {
    if (there->second.begin()->first.size() != id.size()) return Done::kOtherLength;
    if (there->second.size() >= blocks_max && !there->second.contains(id)) return Done::kTooMany;
  }
  blocks_[name][id] = std::move(body);
  return Done::kDone;
}

BlobStore::Done BlobStore::commit(const std::string& name, const std::vector<std::string>& ids, Object object,
                                  bool if_absent) {
  const std::lock_guard lock(mutex_);
  if (if_absent && objects_.contains(name)) return Done::kExists;
  const auto there = blocks_.find(name);
  for (const std::string& id : ids) {
    if (there == blocks_.end() || !there->second.contains(id)) return Done::kNoSuchBlock;
    object.pieces.push_back(there->second.at(id));
  }
  if (there != blocks_.end()) blocks_.erase(there);
  objects_[name] = std::move(object);
  ++creates_[name];
  return Done::kDone;
}

std::map<std::string, size_t> BlobStore::blocks() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, size_t> counts;
  for (const auto& [name, blocks] : blocks_) counts[name] = blocks.size();
  return counts;
}

std::set<size_t> BlobStore::id_sizes() const {
  const std::lock_guard lock(mutex_);
  return id_sizes_;
}

std::vector<std::pair<std::string, Object>> BlobStore::list_all(const std::string& prefix) const {
  std::vector<std::pair<std::string, Object>> found;
  {
    const std::lock_guard lock(mutex_);
    for (auto at = objects_.lower_bound(prefix); at != objects_.end() && at->first.starts_with(prefix);
         ++at) {
      found.push_back(*at);
    }
  }
  const auto is_wide = [](const auto& one) {
    return std::any_of(one.first.begin(), one.first.end(),
                       [](char c) { return static_cast<unsigned char>(c) >= 0xEE; });
  };
  if (std::any_of(found.begin(), found.end(), is_wide)) {
    std::sort(found.begin(), found.end(),
              [](const auto& a, const auto& b) { return utf16(a.first) < utf16(b.first); });
  }
  return found;
}

void BlobStore::add_snapshot(const std::string& name) {
  const std::lock_guard lock(mutex_);
  snapshots_.insert(name);
}

void BlobStore::lease(const std::string& name) {
  const std::lock_guard lock(mutex_);
  leases_.insert(name);
}

bool BlobStore::has_snapshot(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  return snapshots_.contains(name);
}

bool BlobStore::is_leased(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  return leases_.contains(name);
}

}  // namespace imposter::azblob
