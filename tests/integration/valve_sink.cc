#include <dlfcn.h>

#include <charconv>
#include <cstring>
#include <memory>
#include <string>

#include "valve.h"

namespace tidemark::integration {
namespace {

std::string_view view(tidemark_str s) {
  return s.size > 0 ? std::string_view(s.data, s.size) : std::string_view();
}

// What tidemark_sink* points to.
struct Pipe {
  Valve* valve = nullptr;
  const tidemark_sink_api* api = nullptr;  // the file sink's
  tidemark_sink* inner = nullptr;
};

Pipe& pipe_of(tidemark_sink* sink) { return *reinterpret_cast<Pipe*>(sink); }

tidemark_status fail(tidemark_error* error, tidemark_status status, const char* message) {
  if (error != nullptr) {
    std::strncpy(error->message, message, sizeof error->message - 1);
    error->message[sizeof error->message - 1] = '\0';
  }
  return status;
}

struct Running {
  explicit Running(Valve& of) : valve(of) { ++valve.running_calls; }
  ~Running() { --valve.running_calls; }
  Valve& valve;
};

tidemark_status before(Pipe& pipe, const char* verb, tidemark_str key, const tidemark_call* call,
                       tidemark_error* error) {
  if (!pipe.valve->before) return TIDEMARK_OK;
  const tidemark_status status = pipe.valve->before(verb, view(key), call);
  if (status != TIDEMARK_OK) fail(error, status, "the valve is shut");
  return status;
}

tidemark_status after(Pipe& pipe, const char* verb, tidemark_str key, tidemark_status status,
                      tidemark_error* error) {
  if (status == TIDEMARK_OK && pipe.valve->after) {
    status = pipe.valve->after(verb, view(key));
    if (status != TIDEMARK_OK) fail(error, status, "the valve lost the answer");
  }
  if (status == TIDEMARK_OK && pipe.valve->proved) pipe.valve->proved(view(key));
  return status;
}

tidemark_status open(const tidemark_sink_host* host, tidemark_str url, const tidemark_option* options,
                     uint32_t count, const tidemark_call* call, tidemark_sink** out, tidemark_error* error) {
  auto pipe = std::make_unique<Pipe>();
  std::string library;
  for (uint32_t i = 0; i < count; ++i) {
    const std::string_view value = view(options[i].value);
    if (view(options[i].key) == "valve") {
      uintptr_t address = 0;
      std::from_chars(value.data(), value.data() + value.size(), address);
      pipe->valve = reinterpret_cast<Valve*>(address);
    } else {
      library = value;
    }
  }
  if (pipe->valve == nullptr) return fail(error, TIDEMARK_E_INVALID, "option valve is missing");
  if (pipe->valve->stores) {
    // Never closed: the file sink's library is not what is tested here.
    void* const handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) return fail(error, TIDEMARK_E_INVALID, dlerror());
    const auto entry = reinterpret_cast<tidemark_sink_entry_fn>(dlsym(handle, TIDEMARK_SINK_ENTRY_NAME));
    pipe->api = entry(TIDEMARK_SINK_ABI_MAJOR);
    const tidemark_status status = pipe->api->open(host, url, nullptr, 0, call, &pipe->inner, error);
    if (status != TIDEMARK_OK) return status;
  }
  ++pipe->valve->open_sinks;
  *out = reinterpret_cast<tidemark_sink*>(pipe.release());
  return TIDEMARK_OK;
}

void close(tidemark_sink* sink) {
  if (sink == nullptr) return;
  const std::unique_ptr<Pipe> pipe(&pipe_of(sink));
  if (pipe->api != nullptr) pipe->api->close(pipe->inner);
  --pipe->valve->open_sinks;
}

// A source that tells the valve of each piece.
struct Watched {
  const tidemark_source* source;
  Valve* valve;
  std::string_view key;

  static tidemark_status read(void* ctx, uint64_t offset, void* buffer, size_t size, size_t* out_size,
                              tidemark_error* error) {
    auto& self = *static_cast<Watched*>(ctx);
    const tidemark_status status = self.source->read(self.source->ctx, offset, buffer, size, out_size, error);
    if (status == TIDEMARK_OK && *out_size > 0) self.valve->read(self.key, offset + *out_size);
    return status;
  }
};

tidemark_status put(tidemark_sink* sink, tidemark_str key, const tidemark_source* source, uint32_t flags,
                    const tidemark_call* call, tidemark_error* error) {
  Pipe& pipe = pipe_of(sink);
  const Running running(*pipe.valve);
  if (const tidemark_status status = before(pipe, "put", key, call, error); status != TIDEMARK_OK)
    return status;
  if (pipe.valve->body) pipe.valve->body(view(key), *source);
  if (pipe.api == nullptr) return TIDEMARK_OK;
  if (!pipe.valve->read || source->data != nullptr) {
    return after(pipe, "put", key, pipe.api->put(pipe.inner, key, source, flags, call, error), error);
  }
  Watched watched = {source, pipe.valve, view(key)};
  tidemark_source through = *source;
  through.ctx = &watched;
  through.read = Watched::read;
  return after(pipe, "put", key, pipe.api->put(pipe.inner, key, &through, flags, call, error), error);
}

tidemark_status head(tidemark_sink* sink, tidemark_str key, const tidemark_call* call, tidemark_object* out,
                     tidemark_error* error) {
  Pipe& pipe = pipe_of(sink);
  const Running running(*pipe.valve);
  if (const tidemark_status status = before(pipe, "head", key, call, error); status != TIDEMARK_OK)
    return status;
  if (pipe.api == nullptr) return fail(error, TIDEMARK_E_NOT_FOUND, "nothing is stored");
  return after(pipe, "head", key, pipe.api->head(pipe.inner, key, call, out, error), error);
}

tidemark_status get(tidemark_sink* sink, tidemark_str key, int64_t offset, uint64_t size,
                    const tidemark_writer* out, const tidemark_call* call, tidemark_error* error) {
  Pipe& pipe = pipe_of(sink);
  const Running running(*pipe.valve);
  if (const tidemark_status status = before(pipe, "get", key, call, error); status != TIDEMARK_OK)
    return status;
  if (pipe.api == nullptr) return fail(error, TIDEMARK_E_NOT_FOUND, "nothing is stored");
  return pipe.api->get(pipe.inner, key, offset, size, out, call, error);
}

tidemark_status list(tidemark_sink* sink, tidemark_str prefix, tidemark_str start_after,
                     int32_t (*visit)(void*, tidemark_str, const tidemark_object*), void* visit_ctx,
                     const tidemark_call* call, tidemark_error* error) {
  Pipe& pipe = pipe_of(sink);
  const Running running(*pipe.valve);
  if (const tidemark_status status = before(pipe, "list", prefix, call, error); status != TIDEMARK_OK)
    return status;
  if (pipe.api == nullptr) return TIDEMARK_OK;
  return pipe.api->list(pipe.inner, prefix, start_after, visit, visit_ctx, call, error);
}

tidemark_status remove(tidemark_sink* sink, tidemark_str key, const tidemark_call* call,
                       tidemark_error* error) {
  Pipe& pipe = pipe_of(sink);
  const Running running(*pipe.valve);
  if (const tidemark_status status = before(pipe, "remove", key, call, error); status != TIDEMARK_OK)
    return status;
  return pipe.api == nullptr ? TIDEMARK_OK : pipe.api->remove(pipe.inner, key, call, error);
}

const void* get_extension(tidemark_sink*, const char*) { return nullptr; }

constexpr tidemark_sink_api kApi = {sizeof kApi,
                                    TIDEMARK_SINK_ABI_MAJOR,
                                    TIDEMARK_SINK_ABI_MINOR,
                                    0,
                                    "valve",
                                    "1.0.0",
                                    open,
                                    close,
                                    put,
                                    head,
                                    get,
                                    list,
                                    remove,
                                    get_extension,
                                    nullptr,
                                    0,
                                    0};

}  // namespace
}  // namespace tidemark::integration

extern "C" const tidemark_sink_api* tidemark_sink_entry(uint32_t abi_major) {
  return abi_major == TIDEMARK_SINK_ABI_MAJOR ? &tidemark::integration::kApi : nullptr;
}
