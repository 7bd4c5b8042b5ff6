// What a listing shows that no sink looks into: a symbolic link, say, in place of an archive or of a
// partition's directory. Who reads everything must name it and not call the rest complete.
//
// One thread. Remembers the first keys and counts the rest.
#ifndef TIDEMARK_CLI_IRREGULAR_H
#define TIDEMARK_CLI_IRREGULAR_H

#include <cstdint>
#include <string>
#include <vector>

#include "archive.h"

namespace tidemark::cli {

class Irregular {
 public:
  void add(const Stored& stored);
  bool is_empty() const { return count_ == 0; }
  const std::vector<std::string>& keys() const { return keys_; }
  // "main/2 and 3 more: each is a symbolic link, ..., and nothing that lies there was looked at".
  std::string text() const;

 private:
  static constexpr size_t kMostKeys = 16;
  std::vector<std::string> keys_;
  uint64_t count_ = 0;
};

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_IRREGULAR_H
