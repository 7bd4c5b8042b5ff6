// The text of a file of keys: one on each line. Pure; any thread.
#ifndef TIDEMARK_CODEC_KEY_LINES_H
#define TIDEMARK_CODEC_KEY_LINES_H

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tidemark::codec {

class KeyLines {
 public:
  // Both are borrowed.
  KeyLines(std::string_view text, std::string_view file) : rest_(text), file_(file) {}

  // To the next line that is neither empty nor a comment; false: there is none.
  bool next() {
    while (!rest_.empty()) {
      const size_t end = rest_.find('\n');
      line_ = rest_.substr(0, end);
      rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
      ++number_;
      if (line_.ends_with('\r')) line_.remove_suffix(1);
      if (!line_.empty() && line_.front() != '#') return true;
    }
    return false;
  }
  std::string_view line() const { return line_; }

  // "<file>:<line>: <what>"
  Error refuse(std::string_view what) const {
    return fail(std::string(file_) + ":" + std::to_string(number_) + ": " + std::string(what));
  }

 private:
  std::string_view rest_, file_, line_;
  size_t number_ = 0;
};

}  // namespace tidemark::codec

#endif  // TIDEMARK_CODEC_KEY_LINES_H
