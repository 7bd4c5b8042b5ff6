#include "sink/loader.h"

#include <boost/dll/runtime_symbol_info.hpp>
#include <boost/dll/shared_library.hpp>
#include <dlfcn.h>
#include <openssl/evp.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <vector>

namespace tidemark::sink {
namespace {

namespace fs = std::filesystem;

// What an open sink leans on: its library, unloaded last, and the log it may write to until then.
struct Library {
  boost::dll::shared_library handle;
  std::shared_ptr<spdlog::logger> log;
  tidemark_sink_host host;
  const tidemark_sink_api* api = nullptr;
};

void log_line(void* ctx, int32_t level, tidemark_str message) {
  const std::string_view text = view(message);
  static_cast<spdlog::logger*>(ctx)->log(log::spdlog_level(level),
                                         spdlog::string_view_t(text.data(), text.size()));
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

boost::dll::load_mode::type load_mode() {
  const auto mode = boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local;
  return is_bound_deeply() ? mode | boost::dll::load_mode::rtld_deepbind : mode;
}

Result<fs::path> own_directory() {
  boost::dll::fs::error_code problem;
  const fs::path path = boost::dll::this_line_location(problem);
  if (problem) {
    return fail(TIDEMARK_E_PERMANENT,
                "cannot tell where the plugin lies (" + problem.message() + "); give the option sink_dir");
  }
  return path.parent_path();
}

// The first function that is missing from the table, or nullptr.
const char* missing_function(const tidemark_sink_api& api) {
#define TIDEMARK_NEEDS(member) \
  if (!TIDEMARK_HAS(&api, tidemark_sink_api, member) || api.member == nullptr) return #member
  TIDEMARK_NEEDS(open);
  TIDEMARK_NEEDS(close);
  TIDEMARK_NEEDS(put);
  TIDEMARK_NEEDS(head);
  TIDEMARK_NEEDS(get);
  TIDEMARK_NEEDS(list);
  TIDEMARK_NEEDS(remove);
#undef TIDEMARK_NEEDS
  return nullptr;
}

// The dynamic linker has only words for it, and these are lost where there is no memory for them.
bool is_for_want_of_memory(int sys_errno, const char* why) {
  return sys_errno == ENOMEM || (why != nullptr && (std::strstr(why, "out of memory") != nullptr ||
                                                    std::strstr(why, strerrordesc_np(ENOMEM)) != nullptr));
}

// Twice: where there was no memory for a moment, the linker may tell of it as of something else, a symbol
// that it does not find, say.
Status load_library(const fs::path& path, boost::dll::shared_library& handle) {
  boost::dll::fs::error_code problem;
  for (int attempt = 0; attempt < 2; ++attempt) {
    errno = 0;
    handle.load(path, problem, load_mode());
    if (!problem) return {};
  }
  const int sys_errno = errno;
  const char* const why = dlerror();  // says more than the code that Boost.DLL makes of it
  if (is_for_want_of_memory(sys_errno, why)) {
    return fail(TIDEMARK_E_RETRYABLE, "out of memory to load the sink library " + path.string());
  }
  return fail(TIDEMARK_E_UNSUPPORTED, "cannot load the sink library " + path.string() + ": " +
                                          (why != nullptr ? why : problem.message()));
}

Result<std::shared_ptr<Library>> load(const fs::path& path, const std::string& scheme, const log::Log& log) {
  std::error_code exists_problem;
  if (!fs::exists(path, exists_problem)) {
    return fail(TIDEMARK_E_NOT_FOUND, "no sink for scheme '" + scheme + "': there is no file " +
                                          path.string() +
                                          "; set the option sink_dir, or library for this sink");
  }
  auto library = std::make_shared<Library>();
  boost::dll::fs::error_code problem;
  if (Status loaded = load_library(path, library->handle); !loaded) {
    return tl::unexpected(std::move(loaded.error()));
  }
  if (!library->handle.has(TIDEMARK_SINK_ENTRY_NAME)) {
    return fail(TIDEMARK_E_UNSUPPORTED,
                path.string() + " is no sink: it has no symbol " TIDEMARK_SINK_ENTRY_NAME);
  }
  const auto entry = library->handle.get<tidemark_sink_api const*(uint32_t)>(TIDEMARK_SINK_ENTRY_NAME);
  for (uint32_t major = TIDEMARK_SINK_ABI_MAJOR; major > 0 && library->api == nullptr; --major) {
    library->api = entry(major);
  }
  if (library->api == nullptr) {
    return fail(TIDEMARK_E_UNSUPPORTED, path.string() + " speaks no major version of the sink ABI up to " +
                                            std::to_string(TIDEMARK_SINK_ABI_MAJOR));
  }
  if (const char* missing = missing_function(*library->api)) {
    return fail(TIDEMARK_E_UNSUPPORTED, path.string() + " offers no function " + missing);
  }
  library->log = log.component("sink-" + scheme);
  library->host = {
      sizeof(tidemark_sink_host), TIDEMARK_SINK_ABI_MINOR, library->log.get(), log_line, 0, 0, 0};
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

std::string printable_url(std::string_view url) {
  std::string text(url.substr(0, url.find_first_of("?#")));
  const size_t authority = text.find("://");
  if (authority != std::string::npos) {
    const size_t path = text.find('/', authority + 3);
    const size_t at = text.rfind('@', path);
    if (at != std::string::npos && at > authority) text.erase(authority + 3, at - authority - 2);
  }
  return text.substr(0, 300);
}

Result<std::shared_ptr<Sink>> open_sink(std::string_view url, std::span<const config::Option> options,
                                        const std::string& sink_dir, const log::Log& log,
                                        const HostTerms& terms, const tidemark_call* call) {
  const Result<std::string> scheme = scheme_of(url);
  if (!scheme) return tl::unexpected(scheme.error());
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
      const Result<fs::path> own = own_directory();
      if (!own) return tl::unexpected(own.error());
      directory = *own;
    }
    library_path = (directory / ("tidemark-sink-" + *scheme + ".so")).string();
  }
  Result<std::shared_ptr<Library>> library = load(library_path, *scheme, log);
  if (!library) return tl::unexpected(library.error());
  (*library)->host.put_buffer_bytes = terms.put_buffer_bytes;
  (*library)->host.flags = terms.read_only ? TIDEMARK_OPEN_READ_ONLY : 0;

  tidemark_sink* handle = nullptr;
  tidemark_error error = empty_abi_error();
  const tidemark_status status =
      (*library)->api->open(&(*library)->host, abi_str(url), passed_on.data(),
                            static_cast<uint32_t>(passed_on.size()), call, &handle, &error);
  if (status != TIDEMARK_OK) return tl::unexpected(from_abi(status, error, "open " + printable_url(url)));
  if (handle == nullptr) {
    return fail(TIDEMARK_E_UNSUPPORTED, library_path + " broke the ABI: open gave OK but no sink");
  }
  const tidemark_sink_api* const api = (*library)->api;
  std::unique_ptr<tidemark_sink, decltype(api->close)> open(handle, api->close);
  auto sink = std::make_shared<Sink>(api, handle, *library);
  (void)open.release();  // the Sink closes it now
  return sink;
}

}  // namespace tidemark::sink
