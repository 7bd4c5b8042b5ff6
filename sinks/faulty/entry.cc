#include "faulty/faulty_sink.h"

extern "C" const tidemark_sink_api* tidemark_sink_entry(uint32_t abi_major) {
  return abi_major == TIDEMARK_SINK_ABI_MAJOR ? tidemark::sinks::faulty::faulty_table() : nullptr;
}
