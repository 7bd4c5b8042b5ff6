#include "azblob/azblob_sink.h"
#include "common/table.h"

namespace {

constexpr tidemark_sink_api kTable = tidemark::sinks::Table<tidemark::sinks::azblob::AzblobSink>::make(
    "azblob", 0, tidemark::sinks::azblob::kOptions);

}  // namespace

extern "C" const tidemark_sink_api* tidemark_sink_entry(uint32_t abi_major) {
  return abi_major == TIDEMARK_SINK_ABI_MAJOR ? &kTable : nullptr;
}
