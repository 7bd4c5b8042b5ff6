#include "core/latency_trend.h"

#include <algorithm>
#include <bit>

namespace tidemark::core {

void LatencyTrend::add(uint64_t put_us, uint64_t size_bytes) {
  if (put_us == 0) return;
  const auto doublings = static_cast<size_t>(std::bit_width(size_bytes >> 16));
  Class& c = classes_[std::min((doublings + 1) / 2, kClasses - 1)];
  ++c.puts;
  c.total_us += static_cast<double>(std::max(put_us, kQuickUs));
}

void LatencyTrend::end_round() {
  double ratios = 0;
  uint32_t puts = 0;
  for (Class& c : classes_) {
    if (c.puts >= kEnough) {
      const double mean_us = c.total_us / c.puts;
      if (c.lowest_us == 0 || mean_us < c.lowest_us) c.lowest_us = mean_us;
      ratios += mean_us / c.lowest_us * c.puts;
      puts += c.puts;
    }
    c.puts = 0;
    c.total_us = 0;
  }
  if (puts > 0) ratio_ = ratios / puts;
}

}  // namespace tidemark::core
