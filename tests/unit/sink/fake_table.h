// A table of a sink whose functions answer what a test wants and note what they were asked.
#ifndef TIDEMARK_TESTS_UNIT_SINK_FAKE_TABLE_H
#define TIDEMARK_TESTS_UNIT_SINK_FAKE_TABLE_H

#include <tidemark/draft/remove_many.h>
#include <tidemark/sink.h>

#include <cstring>
#include <map>
#include <string>
#include <vector>

namespace tidemark::test {

// What the functions below work on; one at a time, reset by the fixture.
struct ScriptedTable {
  tidemark_status status = TIDEMARK_OK;  // of every call
  std::string message;
  uint32_t retry_after_ms = 0;
  bool gives_sink = true;
  std::vector<std::string> calls;
  std::map<std::string, std::string> options;
  std::vector<std::string> secrets;
  std::string url;
  tidemark_sink_host host = {};
  std::string content = "0123456789";
  std::vector<std::string> keys = {"a/1", "a/2", "a/3"};
  uint32_t flags = 0;
  const tidemark_call* call = nullptr;
  int open = 0;
  const tidemark_draft_remove_many_api* many = nullptr;  // what the extension is
  tidemark_status many_status = TIDEMARK_OK;
};
inline ScriptedTable scripted;

namespace fake_calls {

inline std::string text(tidemark_str s) { return s.size > 0 ? std::string(s.data, s.size) : std::string(); }
inline tidemark_status answer(std::string what, const tidemark_call* call, tidemark_error* error) {
  scripted.calls.push_back(std::move(what));
  scripted.call = call;
  if (scripted.status == TIDEMARK_OK) return TIDEMARK_OK;
  std::strncpy(error->message, scripted.message.c_str(), sizeof error->message - 1);
  error->retry_after_ms = scripted.retry_after_ms;
  return scripted.status;
}

inline tidemark_status open(const tidemark_sink_host* host, tidemark_str url, const tidemark_option* options,
                            uint32_t count, const tidemark_call* call, tidemark_sink** out,
                            tidemark_error* error) {
  scripted.host = *host;
  scripted.url = text(url);
  for (uint32_t i = 0; i < count; ++i) {
    scripted.options[text(options[i].key)] = text(options[i].value);
    if ((options[i].flags & TIDEMARK_OPTION_SECRET) != 0) scripted.secrets.push_back(text(options[i].key));
  }
  const tidemark_status status = answer("open", call, error);
  if (status != TIDEMARK_OK || !scripted.gives_sink) return status;
  ++scripted.open;
  *out = reinterpret_cast<tidemark_sink*>(&scripted);
  return TIDEMARK_OK;
}
inline void close(tidemark_sink*) {
  scripted.calls.emplace_back("close");
  --scripted.open;
}
inline tidemark_status put(tidemark_sink*, tidemark_str key, const tidemark_source*, uint32_t flags,
                           const tidemark_call* call, tidemark_error* error) {
  scripted.flags = flags;
  return answer("put " + text(key), call, error);
}
inline tidemark_status head(tidemark_sink*, tidemark_str key, const tidemark_call* call, tidemark_object* out,
                            tidemark_error* error) {
  out->size_bytes = 10;
  out->modified_us = 77;
  return answer("head " + text(key), call, error);
}
inline tidemark_status get(tidemark_sink*, tidemark_str key, int64_t, uint64_t, const tidemark_writer* out,
                           const tidemark_call* call, tidemark_error* error) {
  const tidemark_status status = answer("get " + text(key), call, error);
  if (status != TIDEMARK_OK) return status;
  for (const char c : scripted.content) {
    if (const tidemark_status stopped = out->write(out->ctx, &c, 1); stopped != TIDEMARK_OK) return stopped;
  }
  return TIDEMARK_OK;
}
inline tidemark_status list(tidemark_sink*, tidemark_str prefix, tidemark_str start_after,
                            int32_t (*visit)(void*, tidemark_str, const tidemark_object*), void* visit_ctx,
                            const tidemark_call* call, tidemark_error* error) {
  for (const std::string& key : scripted.keys) {
    const tidemark_object object = {sizeof object, 0, key.size(), 5};
    if (visit(visit_ctx, {key.data(), key.size()}, &object) != 0) break;
  }
  return answer("list " + text(prefix) + " after " + text(start_after), call, error);
}
inline tidemark_status remove(tidemark_sink*, tidemark_str key, const tidemark_call* call,
                              tidemark_error* error) {
  return answer("remove " + text(key), call, error);
}
inline tidemark_status remove_many(tidemark_sink*, const tidemark_str* keys, uint32_t count,
                                   const tidemark_call*, tidemark_error* error) {
  std::string what = "remove_many";
  for (uint32_t i = 0; i < count; ++i) what += " " + text(keys[i]);
  scripted.calls.push_back(what);
  if (scripted.many_status != TIDEMARK_OK) std::strcpy(error->message, "many are too many");
  return scripted.many_status;
}
inline const void* get_extension(tidemark_sink*, const char* id) {
  return std::strcmp(id, TIDEMARK_EXT_DRAFT_REMOVE_MANY) == 0 ? scripted.many : nullptr;
}

}  // namespace fake_calls

inline tidemark_sink_api fake_table() {
  return {sizeof(tidemark_sink_api),
          TIDEMARK_SINK_ABI_MAJOR,
          TIDEMARK_SINK_ABI_MINOR,
          0,
          "fake",
          "1.0.0",
          fake_calls::open,
          fake_calls::close,
          fake_calls::put,
          fake_calls::head,
          fake_calls::get,
          fake_calls::list,
          fake_calls::remove,
          fake_calls::get_extension,
          nullptr,
          0,
          0};
}

}  // namespace tidemark::test

#endif  // TIDEMARK_TESTS_UNIT_SINK_FAKE_TABLE_H
