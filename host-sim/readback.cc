#include "readback.h"

#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "base/printable.h"
#include "format/lsn.h"
#include "try_often.h"

namespace tidemark::host {

tidemark_host ReadingHost::table() {
  tidemark_host host{};
  host.struct_size = sizeof(host);
  host.abi_minor = TIDEMARK_ARCHIVER_ABI_MINOR;
  host.ctx = this;
  host.acquire_entry = [](void*, const tidemark_partition*, tidemark_lsn, tidemark_entry*,
                          tidemark_error*) -> tidemark_status { return TIDEMARK_E_NOT_FOUND; };
  host.release_entry = [](void*, const tidemark_partition*, tidemark_entry*) {};
  host.acknowledge = [](void*, const tidemark_partition*, tidemark_lsn, tidemark_error*) -> tidemark_status {
    return TIDEMARK_OK;
  };
  host.log = [](void* ctx, int32_t level, tidemark_str component, tidemark_str message) {
    auto& self = *static_cast<ReadingHost*>(ctx);
    if (level < self.log_level_) return;
    self.console_.post("[" + std::string(view(component)) + "] " + std::string(view(message)));
  };
  return host;
}

Result<std::unique_ptr<Readback>> Readback::open(std::shared_ptr<Plugin> plugin, ReadingHost& host,
                                                 const CommonOptions& options, const std::string& url) {
  // An archive whose directory is mistyped or not mounted is not to be made.
  std::vector<Setting> plugin_options = options.plugin_options;
  plugin_options.push_back({"read_only", "true", false});
  if (options.epoch > 0) plugin_options.push_back({"read_epoch", std::to_string(options.epoch), false});
  TM_ASSIGN(auto archiver, Archiver::create(std::move(plugin), host.table(), plugin_options));
  TM_TRY(archiver->set_sink(url, options.sink_options));
  TM_ASSIGN(auto readback, archiver->readback());
  const tidemark_maintenance_api* maintenance = archiver->maintenance();
  return std::unique_ptr<Readback>(
      new Readback(std::move(archiver), printable_url(url), readback, maintenance, options.epoch));
}

Result<std::vector<StoredArchive>> Readback::list(const std::string& storage, uint64_t partition) const {
  const tidemark_partition id{abi_str(storage), partition};
  const tidemark_call call = fresh_call();
  struct Context {
    const tidemark_partition& id;
    std::vector<StoredObject> found;
  } context{id, {}};
  const auto visit = [](void* ctx, const tidemark_archive* archive) -> int32_t {
    auto& self = *static_cast<Context*>(ctx);
    self.found.push_back({TIDEMARK_STORED_ARCHIVE,
                          std::string(view(self.id.storage)),
                          self.id.id,
                          {std::string(view(archive->key)), archive->first, archive->last}});
    return 0;
  };
  if (maintenance_ != nullptr) {
    TM_ASSIGN(context.found, list_all(storage, &partition));
  } else {
    tidemark_error error;
    const tidemark_status status = try_often(
        [&](tidemark_error* why) {
          context.found.clear();
          return readback_->list(archiver_->handle(), &id, 1, visit, &context, &call, why);
        },
        error);
    if (status != TIDEMARK_OK) return fail("cannot list " + url_ + ": " + status_text(status, &error));
  }
  TM_ASSIGN(const auto counting, history_.cut(std::move(context.found)));
  std::vector<StoredArchive> archives;
  for (const StoredObject& object : counting) {
    if (object.kind == TIDEMARK_STORED_ARCHIVE) archives.push_back(object.archive);
  }
  return archives;
}

// In the order of keys, whatever counts. What an attempt saw before it failed is not reported.
Result<std::vector<StoredObject>> Readback::list_all(const std::string& storage,
                                                     const uint64_t* partition) const {
  std::vector<StoredObject> found;
  const auto keep = [](void* ctx, const tidemark_stored* stored) -> int32_t {
    static_cast<std::vector<StoredObject>*>(ctx)->push_back(
        {stored->kind,
         std::string(view(stored->partition.storage)),
         stored->partition.id,
         {std::string(view(stored->key)), stored->first, stored->last}});
    return 0;
  };
  const tidemark_call call = fresh_call();
  tidemark_error error;
  const tidemark_status status = try_often(
      [&](tidemark_error* why) {
        found.clear();
        return maintenance_->scan(archiver_->handle(), abi_str(storage), partition, 0, keep, &found, &call,
                                  why);
      },
      error);
  if (status != TIDEMARK_OK) return fail("cannot list " + url_ + ": " + status_text(status, &error));
  std::erase_if(found, [](const StoredObject& object) {
    return object.storage.empty() || object.kind == TIDEMARK_STORED_FOREIGN ||
           object.kind == TIDEMARK_STORED_IRREGULAR;
  });
  return found;
}

Result<void> Readback::scan(const std::function<void(StoredObject)>& visit) const {
  if (maintenance_ == nullptr) {
    return fail(
        "this plugin cannot tell what a sink holds: it lacks the extension " TIDEMARK_EXT_MAINTENANCE);
  }
  TM_ASSIGN(auto found, list_all("", nullptr));
  for (auto begin = found.begin(); begin != found.end();) {
    const auto end = std::find_if(begin, found.end(), [&](const StoredObject& object) {
      return object.storage != begin->storage || object.partition != begin->partition;
    });
    TM_ASSIGN(auto counting, history_.cut({std::make_move_iterator(begin), std::make_move_iterator(end)}));
    for (StoredObject& object : counting) visit(std::move(object));
    begin = end;
  }
  return {};
}

Result<uint64_t> Readback::origin(const std::string& storage, uint64_t partition) const {
  if (maintenance_ == nullptr) return uint64_t{0};
  TM_ASSIGN(auto found, list_all(storage, &partition));
  TM_ASSIGN(const auto counting, history_.cut(std::move(found)));
  // After anything that says what was there, an origin says nothing of what is missing.
  const auto first = std::find_if(counting.begin(), counting.end(), [](const StoredObject& object) {
    return object.kind != TIDEMARK_STORED_ACCEPTED;
  });
  if (first == counting.end() || first->kind != TIDEMARK_STORED_ORIGIN) return uint64_t{0};
  TM_TRY(prove_record(first->archive.key));
  return first->archive.last;
}

Result<void> Readback::prove_record(const std::string& key) const {
  const tidemark_call call = fresh_call();
  tidemark_error error;
  const tidemark_status status = try_often(
      [&](tidemark_error* why) {
        return maintenance_->read_record(
            archiver_->handle(), abi_str(key), [](void*, const tidemark_record*) {}, nullptr, &call, why);
      },
      error);
  if (status != TIDEMARK_OK) return fail("cannot rely on " + key + ": " + status_text(status, &error));
  return {};
}

tidemark_status Readback::unpack(const std::string& storage, uint64_t partition, const StoredArchive& archive,
                                 uint64_t first, uint64_t last, const std::string& directory, Directory kind,
                                 std::string& why) const {
  const tidemark_partition id{abi_str(storage), partition};
  const tidemark_call call = fresh_call();
  const auto skip_what_is_there = [&] {
    while (first <= last && ::access((directory + "/" + lsn_text(first)).c_str(), F_OK) == 0) ++first;
  };
  tidemark_error error;
  const tidemark_status status = try_often(
      [&](tidemark_error* problem) {
        tidemark_status done = TIDEMARK_OK;
        skip_what_is_there();
        if (maintenance_ != nullptr && first <= last) {
          const uint32_t flags = kind == Directory::kPrivate ? TIDEMARK_UNPACK_PRIVATE : 0;
          const tidemark_unpack_options options = {sizeof(options),    flags,   first,  last,
                                                   abi_str(directory), nullptr, nullptr};
          return maintenance_->unpack(archiver_->handle(), abi_str(archive.key), &options, &call, problem);
        }
        for (; first <= last && done == TIDEMARK_OK; skip_what_is_there()) {
          done = readback_->restore(archiver_->handle(), &id, first, abi_str(directory), &call, problem);
        }
        return done;
      },
      error);
  if (status != TIDEMARK_OK) why = status_text(status, &error);
  return status;
}

}  // namespace tidemark::host
