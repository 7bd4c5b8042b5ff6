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

}  // namespace tidemark::host

#endif  // TIDEMARK_HOST_SIM_USAGE_H
