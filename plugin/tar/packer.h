// Packs small entries in one pass: headers and file bytes straight into one buffer.
//
// One thread at a time. What does not fit sets overflowed() and ends the walk; the archive is then laid out
// and streamed instead.
#ifndef TIDEMARK_TAR_PACKER_H
#define TIDEMARK_TAR_PACKER_H

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "tar/format.h"
#include "tree/attributes.h"
#include "tree/walker.h"

namespace tidemark::tar {

class Packer final : public tree::TreeVisitor {
 public:
  explicit Packer(tree::AttributeWatch& attributes) : attributes_(attributes) {}

  // `capacity` is what members may take; borrowed.
  void begin(uint8_t* buffer, size_t capacity);

  size_t size() const { return used_; }
  bool overflowed() const { return overflowed_; }
  // Takes back what was added beyond `size`.
  void rewind(size_t size) { used_ = size, overflowed_ = false; }
  std::chrono::nanoseconds read_time() const { return read_time_; }  // of the files' bytes, since begin()

  Status on_directory(const tree::Place& place, const struct stat& info) override;
  void on_directory_end() override {}
  Status on_file(const tree::Place& place) override;
  Status on_symlink(const tree::Place& place) override;

 private:
  Error overflow();
  Status add(const Member& member);

  tree::AttributeWatch& attributes_;
  uint8_t* buffer_ = nullptr;
  size_t capacity_ = 0;
  size_t used_ = 0;
  bool overflowed_ = false;
  std::chrono::nanoseconds read_time_{0};
};

}  // namespace tidemark::tar

#endif  // TIDEMARK_TAR_PACKER_H
