#include "http/credential_walk.h"

#include <sys/random.h>

namespace tidemark::sinks {

double random_share() {
  uint32_t bits = 0;
  if (getrandom(&bits, sizeof bits, GRND_NONBLOCK) != sizeof bits)
    bits = static_cast<uint32_t>(tidemark::wall_clock_us());
  return bits / (UINT32_MAX + 1.0);
}

Error without_object(Error error) {
  if (error.status != TIDEMARK_E_RETRYABLE && error.status != TIDEMARK_E_THROTTLED &&
      error.status != TIDEMARK_E_CANCELLED) {
    error.status = TIDEMARK_E_PERMANENT;
  }
  return error;
}

}  // namespace tidemark::sinks
