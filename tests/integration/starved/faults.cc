#include "faults.h"

#include <execinfo.h>
#include <malloc.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>

#ifdef TIDEMARK_TEST_SANITIZED
#define TIDEMARK_REAL(name) __interceptor_##name
#else
#define TIDEMARK_REAL(name) __libc_##name
#endif

#define TIDEMARK_PUBLIC __attribute__((visibility("default")))

extern "C" {
void* TIDEMARK_REAL(malloc)(size_t);
void* TIDEMARK_REAL(calloc)(size_t, size_t);
void* TIDEMARK_REAL(realloc)(void*, size_t);
void* TIDEMARK_REAL(memalign)(size_t, size_t);
void TIDEMARK_REAL(free)(void*);
}

namespace tidemark::starved {
namespace {

thread_local Thread current = Thread::kWorker;
std::atomic<bool> armed{false};
Fault wanted_fault;  // written while not armed
std::atomic<uint64_t> seen_count{0};
std::atomic<uint64_t> failed_count{0};
bool prints = false;

void print_stack() {
  const As host(Thread::kHost);
  void* frames[24];
  const int count = backtrace(frames, 24);
  backtrace_symbols_fd(frames + 2, count - 2, STDERR_FILENO);
  (void)!write(STDERR_FILENO, "--\n", 3);
}

bool fails(Way way) {
  if (!armed.load(std::memory_order_acquire) || current != wanted_fault.thread || way != wanted_fault.way)
    return false;
  const uint64_t number = seen_count.fetch_add(1) + 1;
  if (number < wanted_fault.first || number - wanted_fault.first >= wanted_fault.count) return false;
  failed_count.fetch_add(1);
  if (prints) print_stack();
  errno = ENOMEM;
  return true;
}

void* allocate_new(size_t size) {
  return fails(Way::kNew) ? nullptr : TIDEMARK_REAL(malloc)(size == 0 ? 1 : size);
}

void* allocate_new(size_t size, std::align_val_t alignment) {
  return fails(Way::kNew) ? nullptr : TIDEMARK_REAL(memalign)(static_cast<size_t>(alignment), size);
}

void* or_throw(void* memory) {
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void arm(const Fault& wanted) {
  wanted_fault = wanted;
  seen_count = 0;
  failed_count = 0;
  armed.store(true, std::memory_order_release);
}
void disarm() { armed = false; }
uint64_t seen() { return seen_count; }
uint64_t failed() { return failed_count; }
void print_where(bool on) {
  void* frame;
  backtrace(&frame, 1);  // loads what it needs now
  prints = on;
}

As::As(Thread thread) : before_(current) { current = thread; }
As::~As() { current = before_; }

}  // namespace tidemark::starved

using tidemark::starved::Way;

// ---- What the whole process allocates with -------------------------------------------------------

extern "C" {

TIDEMARK_PUBLIC void* malloc(size_t size) noexcept {
  return tidemark::starved::fails(Way::kMalloc) ? nullptr : TIDEMARK_REAL(malloc)(size);
}
TIDEMARK_PUBLIC void* calloc(size_t count, size_t size) noexcept {
  return tidemark::starved::fails(Way::kMalloc) ? nullptr : TIDEMARK_REAL(calloc)(count, size);
}
TIDEMARK_PUBLIC void* realloc(void* memory, size_t size) noexcept {
  return tidemark::starved::fails(Way::kMalloc) ? nullptr : TIDEMARK_REAL(realloc)(memory, size);
}
TIDEMARK_PUBLIC void* memalign(size_t alignment, size_t size) noexcept {
  return tidemark::starved::fails(Way::kMalloc) ? nullptr : TIDEMARK_REAL(memalign)(alignment, size);
}
TIDEMARK_PUBLIC void* aligned_alloc(size_t alignment, size_t size) noexcept {
  return memalign(alignment, size);
}
TIDEMARK_PUBLIC int posix_memalign(void** out, size_t alignment, size_t size) noexcept {
  void* const memory = memalign(alignment, size);
  if (memory == nullptr) return ENOMEM;
  *out = memory;
  return 0;
}
TIDEMARK_PUBLIC void free(void* memory) noexcept { TIDEMARK_REAL(free)(memory); }

#ifdef TIDEMARK_TEST_SANITIZED
// The dynamic linker keeps lists of its own, and not where a leak is looked for.
TIDEMARK_PUBLIC const char* __lsan_default_suppressions() { return "leak:_dl_map_object_deps\n"; }
TIDEMARK_PUBLIC const char* __lsan_default_options() { return "print_suppressions=0"; }
#endif

}  // extern "C"

namespace starved = tidemark::starved;

TIDEMARK_PUBLIC void* operator new(size_t size) { return starved::or_throw(starved::allocate_new(size)); }
TIDEMARK_PUBLIC void* operator new[](size_t size) { return starved::or_throw(starved::allocate_new(size)); }
TIDEMARK_PUBLIC void* operator new(size_t size, const std::nothrow_t&) noexcept {
  return starved::allocate_new(size);
}
TIDEMARK_PUBLIC void* operator new[](size_t size, const std::nothrow_t&) noexcept {
  return starved::allocate_new(size);
}
TIDEMARK_PUBLIC void* operator new(size_t size, std::align_val_t alignment) {
  return starved::or_throw(starved::allocate_new(size, alignment));
}
TIDEMARK_PUBLIC void* operator new[](size_t size, std::align_val_t alignment) {
  return starved::or_throw(starved::allocate_new(size, alignment));
}
TIDEMARK_PUBLIC void operator delete(void* memory) noexcept { TIDEMARK_REAL(free)(memory); }
TIDEMARK_PUBLIC void operator delete[](void* memory) noexcept { TIDEMARK_REAL(free)(memory); }
TIDEMARK_PUBLIC void operator delete(void* memory, size_t) noexcept { TIDEMARK_REAL(free)(memory); }
TIDEMARK_PUBLIC void operator delete[](void* memory, size_t) noexcept { TIDEMARK_REAL(free)(memory); }
TIDEMARK_PUBLIC void operator delete(void* memory, std::align_val_t) noexcept { TIDEMARK_REAL(free)(memory); }
TIDEMARK_PUBLIC void operator delete[](void* memory, std::align_val_t) noexcept {
  TIDEMARK_REAL(free)(memory);
}
TIDEMARK_PUBLIC void operator delete(void* memory, size_t, std::align_val_t) noexcept {
  TIDEMARK_REAL(free)(memory);
}
TIDEMARK_PUBLIC void operator delete[](void* memory, size_t, std::align_val_t) noexcept {
  TIDEMARK_REAL(free)(memory);
}
