// What this process has used so far. Any thread.
#ifndef TIDEMARK_HOST_SIM_USAGE_H
#define TIDEMARK_HOST_SIM_USAGE_H

#include <cstdint>

namespace tidemark::host {

struct Usage {
  double wall_s = 0;  // since an arbitrary point in time
  double cpu_s = 0;   // user and system, all threads
  uint64_t rss_bytes = 0;
  uint64_t peak_rss_bytes = 0;
};

Usage usage_now();

// From now on the peak is that of what follows. Where the kernel does not offer it, the peak stays that of
// the whole process so far.
void restart_peak_rss();

}  // namespace tidemark::host

#endif  // TIDEMARK_HOST_SIM_USAGE_H
