// Finds out whether entries have what an archive does not keep: extended attributes, and with them access
// control lists and capabilities. So that somebody is told, once.
//
// One thread at a time. Asking costs a system call, which matters beside reading a small file; so each of
// the first kEachMax members is asked, then one in kOneIn, until one has something.
#ifndef TIDEMARK_TREE_ATTRIBUTES_H
#define TIDEMARK_TREE_ATTRIBUTES_H

#include <cstdint>
#include <string>

#include "tree/walker.h"

namespace tidemark::tree {

class AttributeWatch {
 public:
  static constexpr uint64_t kEachMax = 1024;
  static constexpr uint64_t kOneIn = 16;

  // A file or directory, open as `fd`.
  void look(int fd, const Place& place) {
    if (is_due()) ask(fd, place);
  }
  // Or in two steps, where it costs something to say which it is: whether the next one is to be asked.
  bool is_due() { return found_.empty() && (seen_++ < kEachMax || seen_ % kOneIn == 0); }
  void ask(int fd, const Place& place);

  // The path of the first that has something, with what it is called; empty: none so far.
  const std::string& found() const { return found_; }
  void forget() { found_.clear(), seen_ = 0; }

 private:
  uint64_t seen_ = 0;
  std::string found_;
};

}  // namespace tidemark::tree

#endif  // TIDEMARK_TREE_ATTRIBUTES_H
