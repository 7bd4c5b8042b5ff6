#include "base/module.h"

#include <boost/dll/runtime_symbol_info.hpp>
#include <boost/dll/shared_library.hpp>
#include <dlfcn.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace tidemark {
namespace {

// The dynamic linker says it only as text, and has no text if there is no memory for it.
bool is_for_want_of_memory(int sys_errno, const char* why) {
  return sys_errno == ENOMEM || (why != nullptr && (std::strstr(why, "out of memory") != nullptr ||
                                                    std::strstr(why, strerrordesc_np(ENOMEM)) != nullptr));
}

// The first function that is missing from a table, or nullptr.
#define TM_NEEDS(type, member) \
  if (!TIDEMARK_HAS(&api, type, member) || api.member == nullptr) return #member
const char* missing_function(const tidemark_archiver_api& api) {
  TM_NEEDS(tidemark_archiver_api, create);
  TM_NEEDS(tidemark_archiver_api, destroy);
  TM_NEEDS(tidemark_archiver_api, set_sink);
  TM_NEEDS(tidemark_archiver_api, start);
  TM_NEEDS(tidemark_archiver_api, stop);
  TM_NEEDS(tidemark_archiver_api, notify);
  TM_NEEDS(tidemark_archiver_api, write_metrics);
  TM_NEEDS(tidemark_archiver_api, get_extension);
  return nullptr;
}
const char* missing_function(const tidemark_sink_api& api) {
  TM_NEEDS(tidemark_sink_api, open);
  TM_NEEDS(tidemark_sink_api, close);
  TM_NEEDS(tidemark_sink_api, put);
  TM_NEEDS(tidemark_sink_api, head);
  TM_NEEDS(tidemark_sink_api, get);
  TM_NEEDS(tidemark_sink_api, list);
  TM_NEEDS(tidemark_sink_api, remove);
  return nullptr;
}
#undef TM_NEEDS

template <typename Api>
Result<const Api*> table_of(const Library& library, const char* what, const char* entry_name,
                            uint32_t newest) {
  const auto entry = reinterpret_cast<const Api* (*)(uint32_t)>(library.symbol(entry_name));
  if (entry == nullptr) {
    return fail(TIDEMARK_E_UNSUPPORTED, library.path() + " is not a module of the " + what +
                                            " ABI: it does not export " + entry_name);
  }
  const Api* api = nullptr;
  for (uint32_t major = newest; major > 0 && api == nullptr; --major) {
    api = entry(major);
    if (api != nullptr && api->abi_major != major) api = nullptr;
  }
  if (api == nullptr) {
    return fail(TIDEMARK_E_UNSUPPORTED, library.path() + " does not speak version " + std::to_string(newest) +
                                            " of the " + what + " ABI" +
                                            (newest > 1 ? " or an older one" : ""));
  }
  if (const char* const missing = missing_function(*api)) {
    return fail(TIDEMARK_E_UNSUPPORTED, library.path() + " offers no function " + missing);
  }
  return api;
}

}  // namespace

void Library::Close::operator()(boost::dll::shared_library* handle) const { delete handle; }

// Twice: where there was no memory for a moment, the linker may report it as something else, a symbol that it
// does not find, say.
Result<Library> Library::load(const std::string& path, int flags) {
  namespace dll = boost::dll;
  const auto mode =
      dll::load_mode::rtld_now | dll::load_mode::rtld_local | static_cast<dll::load_mode::type>(flags);
  Handle handle(new dll::shared_library);
  for (int attempt = 0; attempt < 2; ++attempt) {
    dll::fs::error_code problem;
    errno = 0;
    handle->load(path, problem, mode);
    if (!problem) return Library(path, std::move(handle));
  }
  const int sys_errno = errno;
  const char* const why = dlerror();  // says more than the code that Boost.DLL makes of it
  if (is_for_want_of_memory(sys_errno, why)) {
    return fail(TIDEMARK_E_RETRYABLE, "out of memory to load the library " + path);
  }
  return fail(TIDEMARK_E_UNSUPPORTED,
              "cannot load the library " + path + ": " + (why != nullptr ? why : "?"));
}

void* Library::symbol(const char* name) const {
  return handle_->has(name) ? &handle_->get<char>(name) : nullptr;
}

void Library::leave_loaded() const { dlopen(path_.c_str(), RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE); }

Result<const tidemark_archiver_api*> archiver_table(const Library& library) {
  return table_of<tidemark_archiver_api>(library, "archiver", TIDEMARK_ARCHIVER_ENTRY_NAME,
                                         TIDEMARK_ARCHIVER_ABI_MAJOR);
}

Result<const tidemark_sink_api*> sink_table(const Library& library) {
  return table_of<tidemark_sink_api>(library, "sink", TIDEMARK_SINK_ENTRY_NAME, TIDEMARK_SINK_ABI_MAJOR);
}

const tidemark_draft_list_folders_api* list_folders_of(const tidemark_sink_api* api, tidemark_sink* sink) {
  if (!TIDEMARK_HAS(api, tidemark_sink_api, get_extension) || api->get_extension == nullptr) return nullptr;
  const auto* folders = static_cast<const tidemark_draft_list_folders_api*>(
      api->get_extension(sink, TIDEMARK_EXT_DRAFT_LIST_FOLDERS));
  const bool is_whole = folders != nullptr &&
                        TIDEMARK_HAS(folders, tidemark_draft_list_folders_api, list_folders) &&
                        folders->list_folders != nullptr && folders->page_keys > 0;
  return is_whole ? folders : nullptr;
}

Result<std::string> own_directory() {
  boost::dll::fs::error_code problem;
  const std::filesystem::path self = boost::dll::this_line_location(problem);
  if (problem) {
    return fail(TIDEMARK_E_PERMANENT, "cannot find out where this module lies: " + problem.message());
  }
  const std::string folder = self.parent_path().string();
  return folder.empty() ? std::string(".") : folder;
}

std::string default_plugin_path() {
  std::error_code code;
  const auto folder = std::filesystem::read_symlink("/proc/self/exe", code).parent_path();
  const auto prefix = folder.parent_path();
  // Some installations put libraries in lib64 or lib/<architecture>.
  for (const auto& place : {folder, prefix / "lib/tidemark", prefix / TIDEMARK_MODULE_DIR}) {
    const auto path = place / "tidemark.so";
    if (std::filesystem::exists(path, code)) return path.string();
  }
  return (prefix / "lib/tidemark/tidemark.so").string();
}

}  // namespace tidemark
