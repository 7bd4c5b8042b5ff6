#include "agreement.h"

#include <utility>

#include "text.h"

namespace tidemark::cli {

namespace {

constexpr size_t kWrongMax = 10'000;  // after that a fault may be said twice

}  // namespace

void Agreement::compared(const Stored& stored, const Comparison& found) {
  for (const auto& unread : found.unread) cannot_read(stored, unread);
  for (const auto& [overlap, lsn] : found.differences) {
    in_doubt_ = stored.key;
    findings_.disagree(stored, overlap, lsn);
  }
}

void Agreement::cannot_read(const Stored& stored, const Comparison::Unread& unread) {
  if (unread.error.status == TIDEMARK_E_SEALED) {
    if (std::exchange(newest_sealed_, stored.key) == stored.key) return;
    if (++sealed_ == 1) first_sealed_ = unread.overlap;
  } else if (wrong_.count(unread.key) == 0) {
    in_doubt_ = stored.key;
    why_ = "it cannot be compared with " + unread.overlap.earlier +
           ", which has the same entries: " + unread.error.message;
  }
}

void Agreement::checked(const Stored& stored, bool is_right) {
  const std::string why = std::exchange(why_, {});
  if (!is_right && wrong_.size() < kWrongMax) wrong_.insert(stored.key);
  if (is_right && !why.empty()) findings_.unreadable(stored, why);
}

void Agreement::end(const std::string& partition, bool has_identity) {
  if (sealed_ > 0) {
    findings_.not_compared(partition,
                           count_text(sealed_, "archive overlaps", "archives overlap") +
                               " another and cannot be compared with it, the first " + first_sealed_.later +
                               " with " + first_sealed_.earlier + ": " +
                               (has_identity ? "the identity given does not decrypt them; give one that does"
                                             : "they are encrypted; --deep --identity FILE compares them"));
  }
  sealed_ = 0;
  newest_sealed_.clear();
  wrong_.clear();
}

}  // namespace tidemark::cli
