#include "common/table.h"
#include "file/config.h"
#include "file/file_sink.h"

namespace {

constexpr tidemark_sink_api kTable =
    tidemark::sinks::Table<tidemark::sinks::file::FileSink>::make("file", 0, tidemark::sinks::file::kOptions);

}  // namespace

extern "C" const tidemark_sink_api* tidemark_sink_entry(uint32_t abi_major) {
  return abi_major == TIDEMARK_SINK_ABI_MAJOR ? &kTable : nullptr;
}
