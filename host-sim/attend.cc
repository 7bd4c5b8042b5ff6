#include "attend.h"

#include <poll.h>
#include <sys/eventfd.h>

namespace tidemark::host {

bool attend(Console& console, Signals& signals, int wake, const std::function<bool()>& done,
            const std::function<ProgressState()>& progress, const std::function<void()>& stop) {
  for (;;) {
    eventfd_t ignored = 0;
    ::eventfd_read(wake, &ignored);
    const bool is_done = done();
    const bool is_interrupted = !is_done && signals.take();
    if (is_interrupted) stop();
    console.refresh(progress());
    if (is_done || is_interrupted) return is_done;
    pollfd descriptors[] = {{wake, POLLIN, 0}, {signals.fd(), POLLIN, 0}};
    ::poll(descriptors, 2, static_cast<int>(console.interval().count()));
  }
}

}  // namespace tidemark::host
