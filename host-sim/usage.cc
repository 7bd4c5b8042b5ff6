#include "usage.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

#include "base/fd.h"
#include "fs.h"

namespace tidemark::host {

Usage usage_now() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  Usage usage;
  usage.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  usage.cpu_s = seconds(used.ru_utime) + seconds(used.ru_stime);
  usage.peak_rss_bytes = static_cast<uint64_t>(used.ru_maxrss) * 1024;
  unsigned long size_pages = 0, resident_pages = 0;
  const auto statm = read_file("/proc/self/statm");
  if (statm && std::sscanf(statm->c_str(), "%lu %lu", &size_pages, &resident_pages) == 2) {
    usage.rss_bytes = resident_pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  }
  return usage;
}

void restart_peak_rss() {
  const UniqueFd fd(::open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC));
  if (fd) static_cast<void>(write_all(fd.get(), "5", "/proc/self/clear_refs"));  // proc(5)
}

}  // namespace tidemark::host
