#include "common/table.h"
#include "s3/s3_sink.h"

namespace {

constexpr tidemark_sink_api kTable = tidemark::sinks::Table<tidemark::sinks::s3::S3Sink>::make(
    "s3", TIDEMARK_CAPABILITY_WANTS_SHA256 | TIDEMARK_CAPABILITY_WANTS_CRC32C, tidemark::sinks::s3::kOptions);

}  // namespace

extern "C" const tidemark_sink_api* tidemark_sink_entry(uint32_t abi_major) {
  return abi_major == TIDEMARK_SINK_ABI_MAJOR ? &kTable : nullptr;
}
