#include "checkpoint_age.h"

#include <algorithm>

namespace tidemark::cli {

CheckpointAge age_of(const Checkpoint& checkpoint, const Scope& scope, int64_t now_us) {
  CheckpointAge age;
  for (const auto& [name, objects] : checkpoint) {
    if (!is_in_scope(name, scope)) continue;
    for (const Checked& object : objects) {
      if (object.checked_us == 0) {
        ++age.not_right;
      } else if (object.kind == TIDEMARK_STORED_ARCHIVE) {
        age.ages.add(object.checked_us, now_us);
        age.newest_us = std::max(age.newest_us, object.checked_us);
      }
    }
  }
  return age;
}

}  // namespace tidemark::cli
