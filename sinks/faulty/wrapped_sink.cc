#include "faulty/wrapped_sink.h"

#include <dlfcn.h>

#include "common/url.h"

namespace tidemark::sinks::faulty {
namespace {

Status outcome(tidemark_status status) {
  if (status == TIDEMARK_OK) return {};
  return passed_on(status);
}

Result<std::string> default_library(const std::string& url) {
  const Result<Url> parsed = parse_url(url);
  if (!parsed) return fail(TIDEMARK_E_INVALID, "option \"of\": " + parsed.error().message);
  Dl_info self;
  if (dladdr(reinterpret_cast<const void*>(&default_library), &self) == 0 || self.dli_fname == nullptr) {
    return fail(TIDEMARK_E_PERMANENT, "cannot find out where this module lies; give of_library=<file>");
  }
  const std::string path = self.dli_fname;
  const size_t slash = path.rfind('/');
  return (slash == std::string::npos ? "./" : path.substr(0, slash + 1)) + "tidemark-sink-" + parsed->scheme +
         ".so";
}

}  // namespace

void WrappedSink::Unload::operator()(void* library) const { dlclose(library); }

Status WrappedSink::find_table(const std::string& path) {
  const auto entry =
      reinterpret_cast<tidemark_sink_entry_fn>(dlsym(library_.get(), TIDEMARK_SINK_ENTRY_NAME));
  if (entry == nullptr)
    return fail(TIDEMARK_E_INVALID, path + " is no sink: it exports no " TIDEMARK_SINK_ENTRY_NAME);
  api_ = entry(TIDEMARK_SINK_ABI_MAJOR);
  if (api_ == nullptr || api_->abi_major != TIDEMARK_SINK_ABI_MAJOR) {
    return fail(TIDEMARK_E_UNSUPPORTED, path + " does not speak version " +
                                            std::to_string(TIDEMARK_SINK_ABI_MAJOR) + " of the sink ABI");
  }
  if (!TIDEMARK_HAS(api_, tidemark_sink_api, remove) || !api_->open || !api_->close || !api_->put ||
      !api_->head || !api_->get || !api_->list || !api_->remove) {
    return fail(TIDEMARK_E_INVALID, path + " is no complete sink: functions are missing from its table");
  }
  return {};
}

Result<std::unique_ptr<Inner>> WrappedSink::open(const HostLog& log, const std::string& url, std::string path,
                                                 const std::vector<PassedOption>& options, const Call& call) {
  if (path.empty()) {
    Result<std::string> found = default_library(url);
    if (!found) return tl::unexpected(found.error());
    path = std::move(*found);
  }
  Library library(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL));
  if (!library) {
    const char* why = dlerror();
    return fail(TIDEMARK_E_INVALID,
                std::string("cannot load the wrapped sink: ") + (why ? why : path.c_str()));
  }
  std::unique_ptr<WrappedSink> sink(new WrappedSink(std::move(library)));
  if (Status ok = sink->find_table(path); !ok) return tl::unexpected(ok.error());
  std::vector<tidemark_option> list;
  for (const PassedOption& option : options) {
    list.push_back({abi_str(option.key), abi_str(option.value), option.flags, 0});
  }
  const tidemark_call rest = call.remaining();
  const tidemark_status status =
      sink->api_->open(log.host(), abi_str(url), list.data(), static_cast<uint32_t>(list.size()), &rest,
                       &sink->handle_, call.error());
  if (status != TIDEMARK_OK) return passed_on(status);
  return std::unique_ptr<Inner>(std::move(sink));
}

WrappedSink::~WrappedSink() {
  if (handle_ != nullptr) api_->close(handle_);
}

Status WrappedSink::put(std::string_view key, const Source& source, uint32_t flags, const Call& call) {
  const tidemark_call rest = call.remaining();
  return outcome(api_->put(handle_, abi_str(key), source.raw(), flags, &rest, call.error()));
}

Result<ObjectInfo> WrappedSink::head(std::string_view key, const Call& call) {
  const tidemark_call rest = call.remaining();
  tidemark_object out = {sizeof out, 0, 0, 0};
  const tidemark_status status = api_->head(handle_, abi_str(key), &rest, &out, call.error());
  if (status != TIDEMARK_OK) return passed_on(status);
  return ObjectInfo{out.size_bytes, out.modified_us};
}

Status WrappedSink::get(std::string_view key, const Range& range, const Writer& out, const Call& call) {
  const tidemark_call rest = call.remaining();
  return outcome(api_->get(handle_, abi_str(key), range.offset, range.size, out.raw(), &rest, call.error()));
}

Status WrappedSink::list(std::string_view prefix, std::string_view start_after, const Visitor& visit,
                         const Call& call) {
  const tidemark_call rest = call.remaining();
  return outcome(api_->list(handle_, abi_str(prefix), abi_str(start_after), visit.function(), visit.ctx(),
                            &rest, call.error()));
}

Status WrappedSink::remove(std::string_view key, const Call& call) {
  const tidemark_call rest = call.remaining();
  return outcome(api_->remove(handle_, abi_str(key), &rest, call.error()));
}

}  // namespace tidemark::sinks::faulty
