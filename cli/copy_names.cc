#include "copy_names.h"

#include <algorithm>

namespace tidemark::cli {

std::string CopyNames::key_there(const Stored& stored) const {
  if (!is_wanted(stored)) return stored.key;
  const std::string& compress = encoding_->compress;
  const bool compresses = compress.empty() ? stored.coding.starts_with(".zst") : compress != "none";
  return stored.key.substr(0, stored.key.size() - stored.coding.size()) + (compresses ? ".zst" : "") +
         (wants_encrypted() ? ".age" : "");
}

// Of recipients and levels nothing is known.
bool CopyNames::is_encoded_anew(const Stored& stored) const {
  if (key_there(stored) != stored.key) return true;
  if (!is_wanted(stored) || stored.coding.empty()) return false;
  return is_encrypted(stored) || !encoding_->compress.empty();
}

bool CopyNames::is_refused(const Stored& stored) const {
  return is_wanted(stored) && !encoding_->recipients_file && is_encrypted(stored);
}

bool CopyNames::needs_identity(const Stored& stored) const {
  return is_wanted(stored) && is_encrypted(stored);
}

uint64_t CopyNames::in_the_clear(const ListedGroup& group) const {
  if (!wants_encrypted()) return 0;
  return static_cast<uint64_t>(std::count_if(
      group.destination.begin(), group.destination.end(),
      [](const Stored& there) { return there.kind == TIDEMARK_STORED_ARCHIVE && !is_encrypted(there); }));
}

std::vector<std::string> CopyNames::to_compare(const Stored& stored, const ListedGroup& group) const {
  const std::string wanted = key_there(stored);
  std::vector<std::string> keys;
  for (const Stored& there : group.destination) {
    if (there.key == wanted) {
      keys.insert(keys.begin(), wanted);
      continue;
    }
    const bool has_one_too =
        !encoding_ && std::any_of(group.source.begin(), group.source.end(),
                                  [&](const Stored& one) { return one.key == there.key; });
    if (!has_one_too) keys.push_back(there.key);
  }
  return keys;
}

}  // namespace tidemark::cli
