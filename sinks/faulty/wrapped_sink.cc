#include "faulty/wrapped_sink.h"

#include "base/module.h"
#include "common/url.h"

namespace tidemark::sinks::faulty {
namespace {

Status outcome(tidemark_status status) {
  if (status == TIDEMARK_OK) return {};
  return passed_on(status);
}

// It is an option that names the library; want of memory is not its fault.
Error cannot_wrap(const Error& why) {
  return fail(is_retryable(why.status) ? why.status : TIDEMARK_E_INVALID, "the wrapped sink: " + why.message);
}

Result<std::string> default_library(const std::string& url) {
  const Result<Url> parsed = parse_url(url);
  if (!parsed) return fail(TIDEMARK_E_INVALID, "option \"of\": " + parsed.error().message);
  const Result<std::string> own = own_directory();
  if (!own) return fail(own.error().status, own.error().message + "; give of_library=<file>");
  return *own + "/tidemark-sink-" + parsed->scheme + ".so";
}

}  // namespace

Result<std::unique_ptr<Inner>> WrappedSink::open(const HostLog& log, const std::string& url, std::string path,
                                                 const std::vector<PassedOption>& options, const Call& call) {
  if (path.empty()) {
    TM_ASSIGN(std::string found, default_library(url));
    path = std::move(found);
  }
  Result<Library> library = Library::load(path);
  if (!library) return cannot_wrap(library.error());
  const Result<const tidemark_sink_api*> api = sink_table(*library);
  if (!api) return cannot_wrap(api.error());
  std::unique_ptr<WrappedSink> sink(new WrappedSink(std::move(*library), *api));
  std::vector<tidemark_option> list;
  for (const PassedOption& option : options) {
    list.push_back({abi_str(option.key), abi_str(option.value), option.flags, 0});
  }
  const tidemark_call rest = call.remaining();
  const tidemark_status status =
      sink->api_->open(log.host(), abi_str(url), list.data(), static_cast<uint32_t>(list.size()), &rest,
                       &sink->handle_, call.error());
  if (status != TIDEMARK_OK) return passed_on(status);
  sink->folders_ = list_folders_of(sink->api_, sink->handle_);
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

Status WrappedSink::list_folders(std::string_view prefix, std::string_view start_after, const Visitor& visit,
                                 const Call& call) {
  if (folders_ == nullptr) return fail(TIDEMARK_E_UNSUPPORTED, "the wrapped sink does not list folders");
  const tidemark_call rest = call.remaining();
  return outcome(folders_->list_folders(handle_, abi_str(prefix), abi_str(start_after), visit.function(),
                                        visit.ctx(), &rest, call.error()));
}

Status WrappedSink::remove(std::string_view key, const Call& call) {
  const tidemark_call rest = call.remaining();
  return outcome(api_->remove(handle_, abi_str(key), &rest, call.error()));
}

}  // namespace tidemark::sinks::faulty
