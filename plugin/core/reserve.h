// Memory for one step of the scheduler, taken before the step begins: so a step is either not begun or done,
// and never stops half-way because there is no memory.
//
// ensure() may fail, and then nothing has happened. After it so many bytes can be had, even if the process
// has no memory left: allocate() asks for ordinary memory first, and takes from the reserve if there is
// none. That is rare, so a block of the reserve is used once, and freed when the last of it is given back.
//
// Pure. One owner, one thread at a time.
#ifndef TIDEMARK_CORE_RESERVE_H
#define TIDEMARK_CORE_RESERVE_H

#include <cassert>
#include <cstddef>
#include <functional>
#include <new>
#include <type_traits>

namespace tidemark::core {

class Reserve {
 public:
  Reserve() = default;
  ~Reserve() {
    while (blocks_ != nullptr) remove(&blocks_);
  }
  Reserve(const Reserve&) = delete;
  Reserve& operator=(const Reserve&) = delete;

  // Throws std::bad_alloc.
  void ensure(size_t bytes) {
    if (blocks_ != nullptr && blocks_->size - blocks_->used >= bytes) return;
    auto* const block = static_cast<Block*>(::operator new(sizeof(Block) + bytes));
    *block = {blocks_, bytes, 0, 0};
    blocks_ = block;
    if (block->next != nullptr && block->next->live == 0) remove(&block->next);
  }

  void* allocate(size_t bytes) {
    if (void* const memory = ::operator new(bytes, std::nothrow)) return memory;
    bytes = (bytes + kAlignment - 1) / kAlignment * kAlignment;
    const bool is_enough = blocks_ != nullptr && blocks_->size - blocks_->used >= bytes;
    assert(is_enough);  // a step needs no more than was ensured
    if (!is_enough) throw std::bad_alloc();
    void* const memory = bytes_of(blocks_) + blocks_->used;
    blocks_->used += bytes;
    ++blocks_->live;
    return memory;
  }

  void free(void* memory) noexcept {
    for (Block** at = &blocks_; *at != nullptr; at = &(*at)->next) {
      const std::less<> before;
      if (before(memory, bytes_of(*at)) || !before(memory, bytes_of(*at) + (*at)->size)) continue;
      if (--(*at)->live > 0) return;
      (*at)->used = 0;
      if (at != &blocks_) remove(at);
      return;
    }
    ::operator delete(memory);
  }

 private:
  static constexpr size_t kAlignment = alignof(std::max_align_t);
  struct alignas(kAlignment) Block {
    Block* next;
    size_t size;
    size_t used;
    size_t live;  // allocations
  };
  static std::byte* bytes_of(Block* block) { return reinterpret_cast<std::byte*>(block + 1); }
  static void remove(Block** at) {
    Block* const block = *at;
    *at = block->next;
    ::operator delete(block);
  }

  Block* blocks_ = nullptr;  // the newest is the one that is taken from
};

// The allocator of containers that a step may let grow. Without a reserve it is an ordinary one.
template <typename T>
class Reserved {
 public:
  using value_type = T;
  using propagate_on_container_copy_assignment = std::true_type;
  using propagate_on_container_move_assignment = std::true_type;
  using propagate_on_container_swap = std::true_type;

  Reserved(Reserve* reserve = nullptr) : reserve_(reserve) {}
  template <typename U>
  Reserved(const Reserved<U>& other) : reserve_(other.reserve()) {}

  T* allocate(size_t count) {
    const size_t bytes = count * sizeof(T);
    return static_cast<T*>(reserve_ == nullptr ? ::operator new(bytes) : reserve_->allocate(bytes));
  }
  void deallocate(T* memory, size_t) noexcept {
    if (reserve_ == nullptr) {
      ::operator delete(memory);
    } else {
      reserve_->free(memory);
    }
  }
  Reserve* reserve() const { return reserve_; }
  friend bool operator==(const Reserved&, const Reserved&) = default;

 private:
  Reserve* reserve_;
};

}  // namespace tidemark::core

#endif  // TIDEMARK_CORE_RESERVE_H
