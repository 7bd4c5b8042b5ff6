/* A sink library with an empty table. Whoever asks for major 0 gets the table to fill it in; the loader,
 * which asks for what it knows, gets it only under the major that was written there. */
#include <tidemark/sink.h>

const tidemark_sink_api* tidemark_sink_entry(uint32_t abi_major) {
  static tidemark_sink_api table;
  return abi_major == 0 || abi_major == table.abi_major ? &table : NULL;
}
