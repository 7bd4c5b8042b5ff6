#include "common/table.h"
#include "gs/gs_sink.h"

namespace {

constexpr tidemark_sink_api kTable = tidemark::sinks::Table<tidemark::sinks::gs::GsSink>::make(
    "gs", TIDEMARK_CAPABILITY_WANTS_CRC32C, tidemark::sinks::gs::kOptions);

}  // namespace

extern "C" const tidemark_sink_api* tidemark_sink_entry(uint32_t abi_major) {
  return abi_major == TIDEMARK_SINK_ABI_MAJOR ? &kTable : nullptr;
}
