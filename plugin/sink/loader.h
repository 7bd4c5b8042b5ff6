// Finding and loading a sub-plugin, and opening a sink of it.
//
// [control]: the caller serialises.
#ifndef TIDEMARK_SINK_LOADER_H
#define TIDEMARK_SINK_LOADER_H

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "config/config.h"
#include "log/log.h"
#include "sink/sink.h"

namespace tidemark::sink {

// The scheme of url: [a-z][a-z0-9+-]*, at most 32 characters.
Result<std::string> scheme_of(std::string_view url);

// What dlopen is given besides when this plugin loads what has libraries of its own: RTLD_DEEPBIND or 0, as
// the host has loaded the plugin.
int library_flags();

// What a sink gets from its host.
struct HostTerms {
  uint64_t put_buffer_bytes = 0;  // what one put may hold in buffers of the sink; 0: no limit
  bool read_only = false;         // nothing may be changed
};

// Opens the sink that `url` names. The library is tidemark-sink-<scheme>.so in sink_dir (empty: where this
// plugin lies), or what the option `library` names; that option is consumed, all others go to the sink.
//   INVALID      bad url or scheme; what the sink says of its options
//   NOT_FOUND    no such library
//   UNSUPPORTED  not a sink, or one that does not speak an ABI that we know
// and whatever open gives. The sink keeps its library and `log` alive.
Result<std::shared_ptr<Sink>> open_sink(std::string_view url, std::span<const config::Option> options,
                                        const std::string& sink_dir, const log::Log& log,
                                        const HostTerms& terms, const tidemark_call* call);

}  // namespace tidemark::sink

#endif  // TIDEMARK_SINK_LOADER_H
