// An array of plain values that never moves: address space for the most it may hold is reserved once, memory
// is taken as it fills and given back by trim(). Several arrays draw on one budget.
//
// One thread at a time. push() says false when the budget is spent; reserve() fails as mmap does.
#ifndef TIDEMARK_TREE_RESERVED_ARRAY_H
#define TIDEMARK_TREE_RESERVED_ARRAY_H

#include <sys/mman.h>

#include <cstddef>
#include <cstring>
#include <type_traits>

namespace tidemark::tree {

struct ByteBudget {
  size_t limit = 0;
  size_t used = 0;
  bool refused = false;  // more than there is was asked for; the owner takes it back

  bool take(size_t bytes) {
    if (bytes > limit - used) {
      refused = true;
      return false;
    }
    used += bytes;
    return true;
  }
};

template <typename T>
class ReservedArray {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  explicit ReservedArray(ByteBudget& budget) : budget_(budget) {}
  ~ReservedArray() {
    if (data_ != nullptr) munmap(data_, mapped_);
  }
  ReservedArray(const ReservedArray&) = delete;
  ReservedArray& operator=(const ReservedArray&) = delete;

  bool reserve() {
    if (data_ != nullptr) return true;
    mapped_ = budget_.limit > 0 ? budget_.limit : 1;
    void* memory =
        mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return false;
    data_ = static_cast<T*>(memory);
    return true;
  }

  bool push(const T& value) { return append(&value, 1); }
  bool append(const T* values, size_t count) {
    if (!budget_.take(count * sizeof(T))) return false;
    std::memcpy(data_ + size_, values, count * sizeof(T));
    size_ += count;
    if (size_ > peak_) peak_ = size_;
    return true;
  }
  void shrink(size_t size) {
    budget_.used -= (size_ - size) * sizeof(T);
    size_ = size;
  }
  // Empties the array and gives memory beyond a small rest back to the system.
  void trim() {
    shrink(0);
    if (peak_ * sizeof(T) > kKeptBytes) {
      madvise(reinterpret_cast<char*>(data_) + kKeptBytes, mapped_ - kKeptBytes, MADV_DONTNEED);
    }
    peak_ = 0;
  }

  size_t size() const { return size_; }
  T* data() { return data_; }
  const T* data() const { return data_; }
  T& operator[](size_t index) { return data_[index]; }
  const T& operator[](size_t index) const { return data_[index]; }

 private:
  static constexpr size_t kKeptBytes = 256 << 10;  // a multiple of any page size

  ByteBudget& budget_;
  T* data_ = nullptr;
  size_t mapped_ = 0;
  size_t size_ = 0;
  size_t peak_ = 0;
};

}  // namespace tidemark::tree

#endif  // TIDEMARK_TREE_RESERVED_ARRAY_H
