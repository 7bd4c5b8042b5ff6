#include "squeeze.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <new>

#include "faults.h"

namespace tidemark::starved {
namespace {

void limit_address_space(rlim_t bytes) {
  rlimit limit;
  getrlimit(RLIMIT_AS, &limit);
  limit.rlim_cur = bytes == RLIM_INFINITY ? limit.rlim_max : bytes;
  setrlimit(RLIMIT_AS, &limit);
}

rlim_t address_space() {
  char text[64] = {};
  const int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  const ssize_t size = read(fd, text, sizeof text - 1);
  close(fd);
  return size > 0 ? std::strtoul(text, nullptr, 10) * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) : 0;
}

}  // namespace

Squeeze::Squeeze(int duration_ms)
    : duration_ms_(duration_ms), ender_([this] {
        const As host(Thread::kHost);
        while (!is_on_ && !ends_) usleep(500);
        if (is_on_) usleep(static_cast<useconds_t>(duration_ms_) * 1000);
        end();
      }) {}

Squeeze::~Squeeze() {
  ends_ = true;
  ender_.join();
}

void Squeeze::begin() {
  limit_address_space(address_space());
  take_all();
  is_on_ = true;
}

void Squeeze::take_all() {
  for (size_t size = 1 << 20; size >= sizeof(Block); size /= 2) {
    while (void* const memory = std::malloc(size)) {
      taken_ = new (memory) Block{taken_};
    }
  }
}

void Squeeze::end() {
  limit_address_space(RLIM_INFINITY);
  while (taken_ != nullptr) {
    Block* const block = taken_;
    taken_ = block->next;
    std::free(block);
  }
}

}  // namespace tidemark::starved
