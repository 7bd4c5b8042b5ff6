#include "sink/loader.h"

#include <dlfcn.h>
#include <openssl/evp.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <vector>

#include "base/module.h"
#include "base/printable.h"

namespace tidemark::sink {
namespace {

namespace fs = std::filesystem;

// What an open sink needs: its library, unloaded last, and the log it may write to until then.
struct OpenLibrary {
  Library library;
  log::Logger log;
  tidemark_sink_host host;
  const tidemark_sink_api* api = nullptr;
};

void log_line(void* ctx, int32_t level, tidemark_str message) {
  static_cast<const log::Logger*>(ctx)->write(level, view(message));
}

// The host has a libcrypto of its own and loaded the plugin with RTLD_DEEPBIND, so that each has its own: a
// sink needs the same. Otherwise the flag is not for us to choose: sanitizers refuse it, and it hides a
// malloc that the host put in place of libc's.
bool is_bound_deeply() {
  void* const program = dlopen(nullptr, RTLD_NOW);
  if (program == nullptr) return false;
  void* const theirs = dlsym(program, "EVP_DigestUpdate");
  dlclose(program);
  return theirs != nullptr && theirs != reinterpret_cast<void*>(&EVP_DigestUpdate);
}

constexpr std::string_view kPrefix = "tidemark-sink-";
constexpr std::string_view kSuffix = ".so";
constexpr size_t kMostNamed = 16;

// "; there are file, s3": what lies beside the one that is not there.
std::string sinks_text(const fs::path& directory) {
  std::vector<std::string> schemes;
  std::error_code ignored;
  for (fs::directory_iterator at(directory, ignored), end; at != end; at.increment(ignored)) {
    const std::string name = at->path().filename().string();
    if (name.size() <= kPrefix.size() + kSuffix.size() || !name.starts_with(kPrefix) ||
        !name.ends_with(kSuffix))
      continue;
    schemes.push_back(name.substr(kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size()));
  }
  std::sort(schemes.begin(), schemes.end());
  if (schemes.size() > kMostNamed) schemes.resize(kMostNamed);
  std::string text;
  for (const std::string& scheme : schemes) text += (text.empty() ? "; there are " : ", ") + scheme;
  return text.empty() ? "; there is no sink at all" : text;
}

Result<std::shared_ptr<OpenLibrary>> load(const fs::path& path, const std::string& scheme,
                                          const log::Log& log) {
  std::error_code exists_problem;
  if (!fs::exists(path, exists_problem)) {
    return fail(TIDEMARK_E_NOT_FOUND, "no sink for scheme '" + scheme + "': there is no file " +
                                          path.string() + sinks_text(path.parent_path()) +
                                          " (the option sink_dir names another directory, library a file)");
  }
  TM_ASSIGN(Library loaded, Library::load(path.string(), library_flags()));
  TM_ASSIGN(const tidemark_sink_api* const api, sink_table(loaded));
  auto library =
      std::make_shared<OpenLibrary>(OpenLibrary{std::move(loaded), log.component("sink-" + scheme), {}, api});
  library->host = {sizeof(tidemark_sink_host), TIDEMARK_SINK_ABI_MINOR, &library->log, log_line, 0, 0, 0};
  return library;
}

}  // namespace

Result<std::string> scheme_of(std::string_view url) {
  const size_t end = url.find(':');
  if (end == std::string_view::npos || end == 0) {
    return fail(TIDEMARK_E_INVALID,
                "sink url '" + printable_url(url) + "' has no scheme; use file:///directory or its like");
  }
  const std::string_view scheme = url.substr(0, end);
  const bool starts_well = scheme.front() >= 'a' && scheme.front() <= 'z';
  const bool all_well =
      scheme.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789+-") == std::string_view::npos;
  if (!starts_well || !all_well || scheme.size() > 32) {
    return fail(TIDEMARK_E_INVALID, "sink url '" + printable_url(url) +
                                        "' has a bad scheme; it is made of a-z, 0-9, + and -, at most 32");
  }
  return std::string(scheme);
}

int library_flags() { return is_bound_deeply() ? RTLD_DEEPBIND : 0; }

Result<std::shared_ptr<Sink>> open_sink(std::string_view url, std::span<const config::Option> options,
                                        const std::string& sink_dir, const log::Log& log,
                                        const HostTerms& terms, const tidemark_call* call) {
  TM_ASSIGN(const std::string scheme, scheme_of(url));
  std::string library_path;
  std::vector<tidemark_option> passed_on;
  for (const config::Option& option : options) {
    if (option.key == "library") {
      if (option.value.empty() || option.value.front() != '/' ||
          option.value.find('\0') != std::string::npos) {
        return fail(TIDEMARK_E_INVALID, "option library is '" + (option.secret ? "(secret)" : option.value) +
                                            "': an absolute path is needed");
      }
      library_path = option.value;
      continue;
    }
    passed_on.push_back(
        {abi_str(option.key), abi_str(option.value), option.secret ? TIDEMARK_OPTION_SECRET : 0U, 0});
  }
  if (library_path.empty()) {
    fs::path directory = sink_dir;
    if (sink_dir.empty()) {
      const Result<std::string> own = own_directory();
      if (!own) return fail(own.error().status, own.error().message + "; give the option sink_dir");
      directory = *own;
    }
    library_path = (directory / (std::string(kPrefix) + scheme + std::string(kSuffix))).string();
  }
  TM_ASSIGN(std::shared_ptr<OpenLibrary> library, load(library_path, scheme, log));
  library->host.put_buffer_bytes = terms.put_buffer_bytes;
  library->host.flags = terms.read_only ? TIDEMARK_OPEN_READ_ONLY : 0;

  tidemark_sink* handle = nullptr;
  tidemark_error error = empty_abi_error();
  const tidemark_status status =
      library->api->open(&library->host, abi_str(url), passed_on.data(),
                         static_cast<uint32_t>(passed_on.size()), call, &handle, &error);
  if (status != TIDEMARK_OK) return from_abi(status, error, "open " + printable_url(url));
  if (handle == nullptr) {
    return fail(TIDEMARK_E_UNSUPPORTED, library_path + " broke the ABI: open gave OK but no sink");
  }
  const tidemark_sink_api* const api = library->api;
  std::unique_ptr<tidemark_sink, decltype(api->close)> open(handle, api->close);
  auto sink = std::make_shared<Sink>(api, handle, library);
  (void)open.release();  // the Sink closes it now
  return sink;
}

}  // namespace tidemark::sink
