#include "piece_reader.h"

#include <algorithm>
#include <set>

#include "holders.h"
#include "text.h"

namespace tidemark::cli {

namespace {

// Of one archive alone: another may have the same entries. What is sealed needs a key that is not at hand.
bool is_of_archive(const Error& error) {
  return error.status == TIDEMARK_E_CORRUPT || error.status == TIDEMARK_E_SEALED;
}

}  // namespace

Result<void> PieceReader::read_others(const Piece& piece, const Error& damage, const Attempt& attempt,
                                      std::vector<std::string>& warnings) {
  if (piece.is_preferred)
    return Error{damage.exit_code, damage.message + "; --prefer names it, so no other is taken",
                 damage.status};
  std::set<std::string> damaged = {piece.key};
  for (uint64_t next = piece.range.first; next <= piece.range.last;) {
    TM_ASSIGN(auto holders, find_holders(histories_, partition_, next, stop_));
    const uint64_t begun = next;
    for (const Stored& other : holders) {
      if (damaged.count(other.key) > 0 || !survey_.plan().is_wanted(other)) continue;
      const uint64_t last = std::min(other.last, piece.range.last);
      auto result = attempt(other.key, {next, last});
      if (result) {
        warnings.push_back(range_text(next, last) + " comes from " + other.key + ": " + damage.message);
        next = last + 1;
        break;
      }
      if (!is_of_archive(result.error()) && result.error().status != TIDEMARK_E_NOT_FOUND) return result;
      damaged.insert(other.key);
    }
    if (next == begun) {
      return Error{damage.exit_code, damage.message + "; no other archive has LSN " + both(next),
                   damage.status};
    }
  }
  return {};
}

Result<void> PieceReader::read(const Piece& piece, const Attempt& attempt,
                               std::vector<std::string>& warnings) {
  auto result = attempt(piece.key, piece.range);
  if (result) return result;
  Error error = result.error();
  if (error.status == TIDEMARK_E_NOT_FOUND) error = survey_.explain(piece.key, piece.range, error.message);
  return is_of_archive(error) ? read_others(piece, error, attempt, warnings) : error;
}

}  // namespace tidemark::cli
