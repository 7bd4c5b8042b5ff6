#include "comparer.h"

#include <algorithm>
#include <cassert>
#include <map>

namespace tidemark::cli {

namespace {

constexpr uint64_t kWindow = 16384;  // entries compared in one reading of both; 4,096 are the most we write

using Digests = std::map<uint64_t, std::array<uint8_t, 32>>;

std::optional<Digests> digests_of(Archive& archive, const std::string& key, Range window, Stop& stop) {
  Digests digests;
  const auto visit = [&](const CheckedEntry& entry) {
    if (entry.lsn >= window.first && entry.lsn <= window.last) digests[entry.lsn] = entry.sha256;
    return true;
  };
  if (!archive.check_entries(
          key, [&] { digests.clear(); }, visit, stop))
    return std::nullopt;
  return digests;
}

}  // namespace

std::optional<uint64_t> first_difference(Archive& archive, const Overlap& overlap, Stop& stop) {
  Range window = overlap.shared;
  for (;;) {
    window.last =
        std::min(overlap.shared.last, window.first + std::min(kWindow - 1, UINT64_MAX - window.first));
    assert(window.first <= window.last && window.last <= overlap.shared.last);
    const auto earlier = digests_of(archive, overlap.earlier, window, stop);
    const auto later = earlier ? digests_of(archive, overlap.later, window, stop) : std::nullopt;
    if (!later) return std::nullopt;
    const auto [one, other] = std::mismatch(earlier->begin(), earlier->end(), later->begin(), later->end());
    if (one != earlier->end() || other != later->end())
      return one != earlier->end() ? one->first : other->first;
    if (window.last == overlap.shared.last) return std::nullopt;
    window.first = window.last + 1;
  }
}

}  // namespace tidemark::cli
