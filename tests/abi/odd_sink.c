/* Libraries that are not quite a sink; ODD chooses the way. */
#include <tidemark/sink.h>

enum { NO_ENTRY = 1, OTHER_MAJOR = 2, SHORT_TABLE = 3, MISSING_FUNCTION = 4 };

#if ODD == 1
TIDEMARK_EXPORT int tidemark_test_nothing(void);
int tidemark_test_nothing(void) { return 0; }
#else

static tidemark_status open_sink(const tidemark_sink_host* host, tidemark_str url,
                                 const tidemark_option* options, uint32_t option_count,
                                 const tidemark_call* call, tidemark_sink** out, tidemark_error* error) {
  (void)host, (void)url, (void)options, (void)option_count, (void)call, (void)out, (void)error;
  return TIDEMARK_E_UNSUPPORTED;
}
static void close_sink(tidemark_sink* sink) { (void)sink; }

const tidemark_sink_api* tidemark_sink_entry(uint32_t abi_major) {
  static tidemark_sink_api api;
  if (abi_major != (ODD == OTHER_MAJOR ? 7 : 1)) return NULL;
  api.struct_size = ODD == SHORT_TABLE ? (uint32_t)offsetof(tidemark_sink_api, put) : (uint32_t)sizeof api;
  api.abi_major = abi_major;
  api.name = "odd";
  api.version = "1.0.0";
  api.open = open_sink;
  api.close = close_sink; /* put and the rest stay NULL */
  return &api;
}
#endif
