#include "tool/archive.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <random>
#include <system_error>

#include "base/files.h"
#include "base/guard.h"
#include "format/lsn.h"
#include "tool/find.h"

namespace tidemark::postgres {

namespace {

constexpr std::string_view kWorkPrefix = ".tidemark-get-";
constexpr size_t kSmallFileBytes = size_t{1} << 20;
constexpr int64_t kProbeLeftUs = int64_t{3600} * 1'000'000;  // no check takes that long

// Never started, so none of these is called.
tidemark_host host_table() {
  tidemark_host host{};
  host.struct_size = sizeof(host);
  host.acquire_entry = [](void*, const tidemark_partition*, tidemark_lsn, tidemark_entry*, tidemark_error*) {
    return tidemark_status{TIDEMARK_E_NOT_FOUND};
  };
  host.release_entry = [](void*, const tidemark_partition*, tidemark_entry*) {};
  host.acknowledge = [](void*, const tidemark_partition*, tidemark_lsn, tidemark_error*) {
    return tidemark_status{TIDEMARK_OK};
  };
  return host;
}

tidemark_call endless_call() {
  tidemark_call call{};
  call.struct_size = sizeof(call);
  return call;
}

// Exceptions of a visitor end here: they may not cross the plugin.
struct Visit {
  const VisitObject& visit;
  Status failed;

  static int32_t call(void* ctx, const tidemark_stored* stored) {
    auto& self = *static_cast<Visit*>(ctx);
    bool goes_on = false;
    self.failed = guarded([&] {
      goes_on = self.visit({stored->kind, std::string(view(stored->partition.storage)), stored->partition.id,
                            stored->first, stored->last, stored->size_bytes, stored->modified_us,
                            std::string(view(stored->key))});
      return Status();
    });
    return goes_on && self.failed ? 0 : 1;
  }
};

bool is_alive(std::string_view rest_of_name) {
  const std::string_view pid_text = rest_of_name.substr(0, rest_of_name.find('.'));
  pid_t pid = 0;
  const auto [rest, problem] = std::from_chars(pid_text.data(), pid_text.data() + pid_text.size(), pid);
  return problem != std::errc() || rest != pid_text.data() + pid_text.size() || pid <= 0 ||
         ::kill(pid, 0) == 0 || errno == EPERM;
}

// A name that no other process of any machine has.
std::string own_probe_name() {
  std::random_device random;
  return "postgres-" + std::to_string(::getpid()) + "-" + std::to_string(random());
}

}  // namespace

Result<std::unique_ptr<Archive>> Archive::open(const Access& access) {
  Options options = {{"log_level", "off"}};
  if (access.read_only) options.emplace_back("read_only", "true");
  if (!access.identity_file.empty()) options.emplace_back("identity_file", access.identity_file);
  if (!access.tag_key.empty()) options.emplace_back("encrypt_tag_key_file", access.tag_key);
  if (access.accept_untagged) options.emplace_back("accept_untagged", "true");
  TM_ASSIGN(auto archiver, Archiver::create(access.plugin, host_table(), options));
  std::vector<SinkOption> sink_options;
  if (!access.options_file.empty()) {
    TM_ASSIGN(sink_options, read_options_file(access.options_file));
  }
  const tidemark_call call = endless_call();
  TM_TRY(archiver->set_sink(access.sink, sink_options, call));
  std::unique_ptr<Archive> archive(new Archive(std::move(archiver)));
  archive->maintenance_ =
      static_cast<const tidemark_maintenance_api*>(archive->archiver_->extension(TIDEMARK_EXT_MAINTENANCE));
  archive->draft_ = static_cast<const tidemark_draft_maintenance_api*>(
      archive->archiver_->extension(TIDEMARK_EXT_DRAFT_MAINTENANCE));
  if (archive->maintenance_ == nullptr || archive->draft_ == nullptr ||
      !TIDEMARK_HAS(archive->draft_, tidemark_draft_maintenance_api, scan_level))
    return fail(TIDEMARK_E_UNSUPPORTED, "this plugin is of another release (name another with --plugin)");
  return archive;
}

Status Archive::scan(const std::string& storage, std::optional<uint64_t> partition, uint64_t from,
                     const VisitObject& visit) {
  Visit context{visit, {}};
  const tidemark_call call = endless_call();
  tidemark_error error = empty_abi_error();
  const auto status =
      maintenance_->scan(archiver_->handle(), abi_str(storage), partition ? &*partition : nullptr, from,
                         &Visit::call, &context, &call, &error);
  TM_TRY(context.failed);
  if (status != TIDEMARK_OK) return from_abi(status, error, "cannot list the archive");
  return {};
}

Result<std::vector<std::string>> Archive::storages() {
  std::vector<std::string> names;
  const VisitObject note = [&names](const Object& object) {
    if (object.kind == TIDEMARK_STORED_STORAGE) names.push_back(object.storage);
    return true;
  };
  Visit context{note, {}};
  const tidemark_call call = endless_call();
  tidemark_error error = empty_abi_error();
  const auto status = draft_->scan_level(archiver_->handle(), {}, {}, &Visit::call, &context, &call, &error);
  TM_TRY(context.failed);
  if (status != TIDEMARK_OK) return from_abi(status, error, "cannot list the archive");
  return names;
}

Status Archive::unpack(const std::string& key, uint64_t lsn, const std::string& directory) {
  tidemark_unpack_options options{};
  options.struct_size = sizeof(options);
  options.flags = TIDEMARK_UNPACK_PRIVATE | TIDEMARK_UNPACK_SYNC_LATER;
  options.first = options.last = lsn;
  options.directory = abi_str(directory);
  const tidemark_call call = endless_call();
  tidemark_error error = empty_abi_error();
  const auto status = maintenance_->unpack(archiver_->handle(), abi_str(key), &options, &call, &error);
  if (status != TIDEMARK_OK) return from_abi(status, error, "");
  return {};
}

Result<std::string> Archive::read_small(const Place& place) {
  Find find(place.lsn, false);
  TM_TRY(scan(place.storage, place.partition, place.lsn, [&find](const Object& object) {
    return find.add(object.kind, object.first, object.last, object.key);
  }));
  if (find.keys().empty()) return fail(TIDEMARK_E_NOT_FOUND, "is not in the archive");
  TM_ASSIGN(const WorkDirectory work, WorkDirectory::make(std::filesystem::temp_directory_path().string()));
  TM_TRY(unpack(find.keys().front(), place.lsn, work.path()));
  return read_file(work.path() + "/" + lsn_text(place.lsn), kSmallFileBytes);
}

Status Archive::try_writing() {
  if (!TIDEMARK_HAS(draft_, tidemark_draft_maintenance_api, try_out))
    return fail(TIDEMARK_E_UNSUPPORTED, "this plugin is of another release (name another with --plugin)");
  Status first;
  const std::string name = own_probe_name();
  tidemark_try_options options{};
  options.struct_size = sizeof(options);
  options.name = abi_str(name);
  options.ctx = &first;
  options.visit = [](void* ctx, const tidemark_tried* tried) {
    auto& failed = *static_cast<Status*>(ctx);
    if (tried->result != TIDEMARK_TRIED_FAILED || !failed) return;
    failed = guarded([&]() -> Status {
      return fail(std::string(view(tried->what)).append(": ").append(view(tried->message)));
    });
  };
  // What a check has left that was killed, and nobody is at any more.
  options.is_left = [](void*, tidemark_str, int64_t age_us) { return age_us > kProbeLeftUs ? 1 : 0; };
  const tidemark_call call = endless_call();
  tidemark_error error = empty_abi_error();
  const auto status = draft_->try_out(archiver_->handle(), &options, &call, &error);
  if (status != TIDEMARK_OK) return from_abi(status, error, "cannot try the sink");
  return first;
}

Status Archive::prune(const std::string& storage, uint64_t partition, uint64_t before, bool dry_run,
                      const VisitObject& visit) {
  Visit context{visit, {}};
  const tidemark_partition of{abi_str(storage), partition};
  const tidemark_call call = endless_call();
  tidemark_error error = empty_abi_error();
  const auto status =
      draft_->prune(archiver_->handle(), &of, before, dry_run ? 1 : 0, &Visit::call, &context, &call, &error);
  TM_TRY(context.failed);
  if (status != TIDEMARK_OK)
    return from_abi(status, error, "cannot prune " + storage + "/" + std::to_string(partition));
  return {};
}

Result<WorkDirectory> WorkDirectory::make(const std::string& parent) {
  std::error_code problem;
  for (std::filesystem::directory_iterator at(parent, problem), end; !problem && at != end;
       at.increment(problem)) {
    const std::string name = at->path().filename().string();
    if (!name.starts_with(kWorkPrefix) || is_alive(std::string_view(name).substr(kWorkPrefix.size())))
      continue;
    std::error_code ignored;  // another process may be at it
    std::filesystem::remove_all(at->path(), ignored);
  }
  static std::atomic<uint64_t> made{0};
  const std::string path =
      parent + "/" + std::string(kWorkPrefix) + std::to_string(::getpid()) + "." + std::to_string(made++);
  std::filesystem::remove_all(path, problem);  // of a process that had this number
  if (::mkdir(path.c_str(), 0700) != 0) return fail_errno(errno, path);
  return WorkDirectory(path);
}

WorkDirectory::~WorkDirectory() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace tidemark::postgres
