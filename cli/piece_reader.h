// Reads a part of an archive, or of others that hold the same entries if that one cannot be relied on.
//
// Any thread, any number at once. Borrows all that it is given.
#ifndef TIDEMARK_CLI_PIECE_READER_H
#define TIDEMARK_CLI_PIECE_READER_H

#include <functional>
#include <string>
#include <vector>

#include "archive.h"
#include "restore_survey.h"

namespace tidemark::cli {

class PieceReader {
 public:
  // Does with these entries of the archive `key` what is to be done, as a whole or not at all.
  using Attempt = std::function<Result<void>(const std::string& key, Range range)>;

  PieceReader(Histories& histories, const Scope& partition, RestoreSurvey& survey, Stop& stop)
      : histories_(histories), partition_(partition), survey_(survey), stop_(stop) {}

  // Which entries came from another archive, and why, is added to `warnings`. CORRUPT: no archive has them.
  Result<void> read(const Piece& piece, const Attempt& attempt, std::vector<std::string>& warnings);

 private:
  Result<void> read_others(const Piece& piece, const Error& damage, const Attempt& attempt,
                           std::vector<std::string>& warnings);

  Histories& histories_;
  const Scope& partition_;
  RestoreSurvey& survey_;
  Stop& stop_;
};

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_PIECE_READER_H
