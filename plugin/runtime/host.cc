#include "runtime/host.h"

#include <algorithm>
#include <cstring>

namespace tidemark::runtime {

Result<tidemark_host> copy_host(const tidemark_host* host) {
  if (host == nullptr) return fail(TIDEMARK_E_INVALID, "host is NULL");
  // A host's table must reach this far, over the required callbacks.
  constexpr size_t kRequired = offsetof(tidemark_host, acknowledge) + sizeof(host->acknowledge);
  if (host->struct_size < kRequired) {
    return fail(TIDEMARK_E_INVALID, "host.struct_size is " + std::to_string(host->struct_size) +
                                        ": at least " + std::to_string(kRequired) +
                                        " is needed; set it to sizeof(tidemark_host)");
  }
  tidemark_host copy;
  std::memset(&copy, 0, sizeof copy);
  std::memcpy(&copy, host, std::min<size_t>(host->struct_size, sizeof copy));
  const auto missing = [](const char* name) {
    return fail(TIDEMARK_E_INVALID, std::string("host.") + name + " is NULL: the callback is required");
  };
  if (copy.acquire_entry == nullptr) return missing("acquire_entry");
  if (copy.release_entry == nullptr) return missing("release_entry");
  if (copy.acknowledge == nullptr) return missing("acknowledge");
  // A member that only partly fits is absent.
  if (!TIDEMARK_HAS(host, tidemark_host, event)) copy.event = nullptr;
  if (!TIDEMARK_HAS(host, tidemark_host, log)) copy.log = nullptr;
  return copy;
}

}  // namespace tidemark::runtime
