#include "bridge/archiver.h"

#include <dlfcn.h>
#include <sys/stat.h>

#include <optional>

#include "base/printable.h"

namespace tidemark::postgres {

// The file sink makes the directory that its url names. Here a mistyped one, or one that is not mounted,
// would take the log for an archive that nobody looks at.
Status check_sink_directory(const std::string& url) {
  constexpr std::string_view kScheme = "file://";
  if (!url.starts_with(kScheme)) return {};
  const std::string path = url.substr(kScheme.size(), url.find('?') - kScheme.size());
  // A host, or a password: the sink refuses it.
  if (!path.starts_with('/')) return {};
  struct stat status {};
  if (path.find('%') != std::string::npos || (::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)))
    return {};
  return fail(TIDEMARK_E_INVALID,
              "the directory " + path +
                  " is not there: is it mounted, and spelled right? It is not created; make it first");
}

namespace {

// The server has libraries of its own, see README; sanitizers refuse it.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kLoadFlags = 0;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr int kLoadFlags = 0;
#else
constexpr int kLoadFlags = RTLD_DEEPBIND;
#endif
#else
constexpr int kLoadFlags = RTLD_DEEPBIND;
#endif

Result<std::string> plugin_path(const std::string& given) {
  if (!given.empty()) return given;
  TM_ASSIGN(const std::string directory, own_directory());
  const std::string beside = directory + "/tidemark.so";
  return ::access(beside.c_str(), F_OK) == 0 ? beside : default_plugin_path();
}

}  // namespace

Result<std::unique_ptr<Archiver>> Archiver::create(const std::string& plugin, const tidemark_host& host,
                                                   const Options& options) {
  TM_ASSIGN(const std::string path, plugin_path(plugin));
  TM_ASSIGN(Library library, Library::load(path, kLoadFlags));
  TM_ASSIGN(const tidemark_archiver_api* const api, archiver_table(library));
  std::vector<tidemark_option> list;
  for (const auto& [key, value] : options) list.push_back({abi_str(key), abi_str(value), 0, 0});
  tidemark_archiver* archiver = nullptr;
  tidemark_error error = empty_abi_error();
  const auto status = api->create(&host, list.data(), static_cast<uint32_t>(list.size()), &archiver, &error);
  if (status != TIDEMARK_OK) return from_abi(status, error, "cannot create the archiver");
  return std::unique_ptr<Archiver>(new Archiver(std::move(library), api, archiver));
}

Archiver::~Archiver() { api_->destroy(archiver_); }

Status Archiver::set_sink(const std::string& url, const std::vector<SinkOption>& options,
                          const tidemark_call& call) {
  std::vector<tidemark_option> list;
  for (const SinkOption& option : options)
    list.push_back({abi_str(option.name), abi_str(option.value.reveal()), TIDEMARK_OPTION_SECRET, 0});
  tidemark_error error = empty_abi_error();
  const auto status =
      api_->set_sink(archiver_, abi_str(url), list.data(), static_cast<uint32_t>(list.size()), &call, &error);
  if (status != TIDEMARK_OK) return from_abi(status, error, "cannot open the sink " + printable_url(url));
  return {};
}

Status Archiver::start() {
  tidemark_error error = empty_abi_error();
  const auto status = api_->start(archiver_, &error);
  if (status != TIDEMARK_OK) return from_abi(status, error, "cannot start the archiver");
  return {};
}

Status Archiver::stop() {
  tidemark_error error = empty_abi_error();
  const auto status = api_->stop(archiver_, 0, &error);
  if (status != TIDEMARK_OK) return from_abi(status, error, "cannot stop the archiver");
  return {};
}

Status Archiver::notify(const std::string& storage, uint64_t id, uint64_t low, uint64_t high) {
  const tidemark_partition partition{abi_str(storage), id};
  tidemark_error error = empty_abi_error();
  const auto status = api_->notify(archiver_, &partition, low, high, &error);
  if (status != TIDEMARK_OK) return from_abi(status, error, "cannot notify the archiver");
  return {};
}

Status Archiver::list(const std::string& storage, uint64_t id, uint64_t from, const VisitRange& visit,
                      const tidemark_call& call) {
  const auto* readback = static_cast<const tidemark_readback_api*>(extension(TIDEMARK_EXT_READBACK));
  if (readback == nullptr || !TIDEMARK_HAS(readback, tidemark_readback_api, list))
    return fail(TIDEMARK_E_UNSUPPORTED, "this plugin cannot list: it lacks " TIDEMARK_EXT_READBACK);
  const auto call_visit = [](void* ctx, const tidemark_archive* archive) -> int32_t {
    return (*static_cast<const VisitRange*>(ctx))(archive->first, archive->last) ? 0 : 1;
  };
  VisitRange own = visit;
  const tidemark_partition partition{abi_str(storage), id};
  tidemark_error error = empty_abi_error();
  const auto status = readback->list(archiver_, &partition, from, call_visit, &own, &call, &error);
  if (status != TIDEMARK_OK) return from_abi(status, error, "cannot list the archive");
  return {};
}

Result<bool> Archiver::holds(const std::string& storage, uint64_t id, uint64_t lsn,
                             const tidemark_call& call) {
  bool found = false;
  const auto visit = [&](uint64_t first, uint64_t last) {
    found = first <= lsn && lsn <= last;
    return false;  // the first one with an entry from there on decides
  };
  TM_TRY(list(storage, id, lsn, visit, call));
  return found;
}

}  // namespace tidemark::postgres
