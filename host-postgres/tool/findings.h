// What `check` has found: a line each, as soon as it is known.
//
// One thread.
#ifndef TIDEMARK_HOST_POSTGRES_TOOL_FINDINGS_H
#define TIDEMARK_HOST_POSTGRES_TOOL_FINDINGS_H

#include <cstdio>
#include <string>

#include "base/line.h"

namespace tidemark::postgres {

class Findings {
 public:
  void ok(const std::string& text) { print("ok      ", text); }
  void warn(const std::string& text) { print("warning ", text); }
  void wrong(const std::string& text) {
    print("WRONG   ", text);
    is_well_ = false;
  }
  bool is_well() const { return is_well_; }

 private:
  static void print(const char* word, const std::string& text) {
    std::printf("%s %s\n", word, clean_line(text).c_str());
    std::fflush(stdout);  // what comes next may hang
  }
  bool is_well_ = true;
};

}  // namespace tidemark::postgres

#endif  // TIDEMARK_HOST_POSTGRES_TOOL_FINDINGS_H
