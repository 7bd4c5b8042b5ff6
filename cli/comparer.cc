#include "comparer.h"

#include <algorithm>
#include <map>
#include <utility>

#include "holders.h"

namespace tidemark::cli {

namespace {

constexpr uint64_t kWindowEntries = 16384;  // compared in one reading of both; 4,096 are the most we write

using Digests = std::map<uint64_t, std::array<uint8_t, 32>>;

Result<Digests> digests_of(Archive& archive, const std::string& key, Range window, Stop& stop) {
  Digests digests;
  const auto visit = [&](const CheckedEntry& entry) {
    if (entry.lsn >= window.first && entry.lsn <= window.last) digests[entry.lsn] = entry.sha256;
    return true;
  };
  TM_TRY(archive.check_entries(
      key, [&] { digests.clear(); }, visit, stop));
  return digests;
}

Range window_at(uint64_t first, Range range) {
  return {first, std::min(range.last, first + std::min(kWindowEntries - 1, UINT64_MAX - first))};
}

// The archives that hold some of `window`, as far as every reader looks for them.
Result<std::vector<Stored>> holders_of(const ListArchives& list, Range window) {
  std::vector<Stored> holders;
  uint64_t after = 0;
  TM_TRY(list(window.first, [&](const Stored& stored) {
    if (stored.first > window.last) return ++after < kOverlapNames;
    if (stored.last >= window.first) holders.push_back(stored);
    return true;
  }));
  return holders;
}

// What the archives looked at so far say of each entry, every version once.
class Versions {
 public:
  // The first disagreement with each archive that came before.
  std::vector<Disagreement> add(const std::string& key, const Digests& digests) {
    std::map<std::string, uint64_t> with;
    for (const auto& [lsn, digest] : digests) {
      auto& said = said_[lsn];
      bool is_known = false;
      for (const auto& [other, by] : said) {
        if (other == digest) {
          is_known = true;
        } else {
          with.emplace(by, lsn);
        }
      }
      if (!is_known) said.emplace_back(digest, key);
    }
    std::vector<Disagreement> found;
    for (const auto& [other, lsn] : with) found.push_back({lsn, other, key});
    return found;
  }

 private:
  std::map<uint64_t, std::vector<std::pair<std::array<uint8_t, 32>, std::string>>> said_;
};

// False: one of the two could not be read.
bool compare_part(Archive& archive, const Overlap& part, Stop& stop, Comparison* result) {
  const auto cannot_read = [&](const std::string& key, const Error& error) {
    result->unread.push_back({part, key, error});
    return false;
  };
  for (uint64_t first = part.shared.first;;) {
    const Range window = window_at(first, part.shared);
    const auto earlier = digests_of(archive, part.earlier, window, stop);
    if (!earlier) return cannot_read(part.earlier, earlier.error());
    const auto later = digests_of(archive, part.later, window, stop);
    if (!later) return cannot_read(part.later, later.error());
    const auto [one, other] = std::mismatch(earlier->begin(), earlier->end(), later->begin(), later->end());
    if (one != earlier->end() || other != later->end()) {
      result->differences.push_back({part, one != earlier->end() ? one->first : other->first});
      return true;
    }
    if (window.last == part.shared.last) return true;
    first = window.last + 1;
  }
}

}  // namespace

Comparison compare_overlaps(Archive& archive, const std::vector<Overlap>& overlaps, Stop& stop) {
  Comparison result;
  if (overlaps.empty()) return result;
  std::vector<Range> left = {{0, UINT64_MAX}};  // what has not been compared yet
  for (const Overlap& whole : overlaps) {
    std::vector<Range> still_left;
    for (const Range& piece : left) {
      const auto shared = overlap(piece, whole.shared);
      if (!shared) {
        still_left.push_back(piece);
        continue;
      }
      const Overlap part = {whole.earlier, whole.later, *shared, whole.is_new};
      if (!compare_part(archive, part, stop, &result)) {
        still_left.push_back(piece);
        if (result.unread.back().key == whole.later) return result;  // nor with any other
        continue;
      }
      if (piece.first < shared->first) still_left.push_back({piece.first, shared->first - 1});
      if (shared->last < piece.last) still_left.push_back({shared->last + 1, piece.last});
    }
    left = std::move(still_left);
  }
  return result;
}

Result<std::vector<Disagreement>> find_disagreements(Archive& archive, const ListArchives& list, Range range,
                                                     Stop& stop) {
  std::vector<Disagreement> found;
  for (uint64_t first = range.first;;) {
    const Range window = window_at(first, range);
    TM_ASSIGN(const auto holders, holders_of(list, window));
    Versions versions;
    for (const Stored& holder : holders) {
      if (holders.size() < 2) break;
      const auto digests = digests_of(archive, holder.key, window, stop);
      // Damaged, sealed, or gone: others may have the same entries.
      const bool says_nothing = !digests && (digests.error().status == TIDEMARK_E_CORRUPT ||
                                             digests.error().status == TIDEMARK_E_SEALED ||
                                             digests.error().status == TIDEMARK_E_NOT_FOUND);
      if (says_nothing) continue;
      if (!digests) return digests.error();
      for (Disagreement& one : versions.add(holder.key, *digests)) {
        if (found.size() == kDisagreementsMax) return found;
        found.push_back(std::move(one));
      }
    }
    if (window.last == range.last) return found;
    first = window.last + 1;
  }
}

}  // namespace tidemark::cli
