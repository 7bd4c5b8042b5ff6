// An archiver plugin for tests of the engine: one thread that copies entries to <sink
// path>/<storage>/<partition>/ as plain trees. The option `fault` makes it break one rule of the contract:
//   ack_beyond   acknowledges one LSN too many      ack_back    acknowledges, then acknowledges less
//   never        acknowledges nothing               flip        changes a byte of what it stores
//   swap_fails   refuses every sink but the first   no_readback offers no extension
//   notify_fails refuses every notification
// The environment FAKE_PLUGIN_TABLE=old_major or =short_table spoils what the entry point returns.
#include <tidemark/archiver.h>

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>

namespace fs = std::filesystem;

struct tidemark_archiver {
  tidemark_host host{};
  std::string fault;
  std::mutex mutex;
  std::condition_variable changed;
  std::string sink;
  bool stopping = false;
  struct Work {
    uint64_t next = 0, high = 0;
  };
  std::map<std::pair<std::string, uint64_t>, Work> work;
  std::thread thread;
};

namespace {

std::string text(tidemark_str str) { return {str.data, str.size}; }

tidemark_status fail(tidemark_error* error, tidemark_status status, const std::string& message) {
  if (error) std::snprintf(error->message, sizeof(error->message), "%s", message.c_str());
  return status;
}

std::string lsn_name(uint64_t lsn) {
  std::string name(13, '0');
  for (size_t i = 13; i-- > 0; lsn /= 36) name[i] = "0123456789abcdefghijklmnopqrstuvwxyz"[lsn % 36];
  return name;
}

void flip_byte(const fs::path& tree) {
  std::fstream file(tree / "payload-0", std::ios::in | std::ios::out | std::ios::binary);
  const int byte = file.get();
  file.seekp(0);
  file.put(static_cast<char>(byte ^ 1));
}

// Copies one entry; true if it is archived now.
bool archive(tidemark_archiver& self, const std::string& sink, const tidemark_partition& partition,
             uint64_t lsn) {
  tidemark_entry entry{};
  entry.struct_size = sizeof(entry);
  if (self.host.acquire_entry(self.host.ctx, &partition, lsn, &entry, nullptr) != TIDEMARK_OK) return false;
  const fs::path folder = fs::path(sink) / text(partition.storage) / std::to_string(partition.id);
  fs::create_directories(folder);
  const fs::path target = folder / lsn_name(lsn);
  if (!fs::exists(target)) {
    fs::copy(text(entry.path), target, fs::copy_options::recursive);
    if (self.fault == "flip" && lsn == 2) flip_byte(target);
  }
  self.host.release_entry(self.host.ctx, &partition, &entry);
  return true;
}

void work_loop(tidemark_archiver* self) {
  std::unique_lock lock(self->mutex);
  while (!self->stopping) {
    auto due = self->work.begin();
    while (due != self->work.end() && due->second.next > due->second.high) ++due;
    if (due == self->work.end() || self->fault == "never") {
      self->changed.wait(lock);
      continue;
    }
    const auto [storage, id] = due->first;
    const uint64_t lsn = due->second.next;
    const tidemark_partition partition{{storage.data(), storage.size()}, id};
    const std::string sink = self->sink;
    lock.unlock();
    const bool archived = archive(*self, sink, partition, lsn);
    tidemark_error error{};
    error.struct_size = sizeof(error);
    if (archived) {
      const uint64_t ack = self->fault == "ack_beyond" ? 1'000'000 : lsn;
      self->host.acknowledge(self->host.ctx, &partition, ack, &error);
      if (self->fault == "ack_back" && lsn == 3)
        self->host.acknowledge(self->host.ctx, &partition, 2, &error);
    } else {
      tidemark_event event{};
      event.struct_size = sizeof(event);
      event.kind = TIDEMARK_EVENT_FAILING;
      event.partition = partition;
      event.first = event.last = lsn;
      self->host.event(self->host.ctx, &event);
    }
    lock.lock();
    if (archived) self->work[{storage, id}].next = lsn + 1;
  }
}

tidemark_status create(const tidemark_host* host, const tidemark_option* options, uint32_t count,
                       tidemark_archiver** out, tidemark_error* error) {
  auto* self = new tidemark_archiver;
  self->host = *host;
  for (uint32_t i = 0; i < count; ++i) {
    if (text(options[i].key) == "fault") {
      self->fault = text(options[i].value);
    } else if (text(options[i].key) != "log_level" && text(options[i].key) != "read_only") {
      const std::string message = "unknown option " + text(options[i].key);
      delete self;
      return fail(error, TIDEMARK_E_INVALID, message);
    }
  }
  *out = self;
  return TIDEMARK_OK;
}

tidemark_status set_sink(tidemark_archiver* self, tidemark_str url, const tidemark_option*, uint32_t,
                         const tidemark_call*, tidemark_error* error) {
  const std::string name = text(url);
  if (name.rfind("file://", 0) != 0) return fail(error, TIDEMARK_E_INVALID, "not a file URL");
  std::lock_guard lock(self->mutex);
  if (self->fault == "swap_fails" && !self->sink.empty()) {
    return fail(error, TIDEMARK_E_PERMANENT, "no other sink for you");
  }
  self->sink = name.substr(7);
  return TIDEMARK_OK;
}

tidemark_status start(tidemark_archiver* self, tidemark_error*) {
  self->stopping = false;
  self->thread = std::thread(work_loop, self);
  return TIDEMARK_OK;
}

tidemark_status stop(tidemark_archiver* self, uint32_t, tidemark_error*) {
  {
    std::lock_guard lock(self->mutex);
    self->stopping = true;
  }
  self->changed.notify_all();
  if (self->thread.joinable()) self->thread.join();
  return TIDEMARK_OK;
}

void destroy(tidemark_archiver* self) {
  if (self) stop(self, 0, nullptr);
  delete self;
}

tidemark_status notify(tidemark_archiver* self, const tidemark_partition* partition, tidemark_lsn low,
                       tidemark_lsn high, tidemark_error* error) {
  if (self->fault == "notify_fails") return fail(error, TIDEMARK_E_NO_SPACE, "too many partitions");
  std::lock_guard lock(self->mutex);
  auto& work = self->work[{text(partition->storage), partition->id}];
  if (work.next < low) work.next = low;
  if (work.high < high) work.high = high;
  self->changed.notify_all();
  return TIDEMARK_OK;
}

tidemark_status write_metrics(tidemark_archiver*, const tidemark_writer* writer, tidemark_error*) {
  return writer->write(writer->ctx, "fake_up 1\n", 10);
}

tidemark_status list(tidemark_archiver* self, const tidemark_partition* partition, tidemark_lsn from,
                     int32_t (*visit)(void*, const tidemark_archive*), void* ctx, const tidemark_call*,
                     tidemark_error*) {
  const fs::path folder = fs::path(self->sink) / text(partition->storage) / std::to_string(partition->id);
  std::set<std::string> names;
  if (fs::exists(folder)) {
    for (const auto& item : fs::directory_iterator(folder)) names.insert(item.path().filename());
  }
  for (const std::string& name : names) {
    tidemark_archive archive{};
    archive.struct_size = sizeof(archive);
    archive.first = archive.last = std::stoull(name, nullptr, 36);
    const std::string key =
        text(partition->storage) + "/" + std::to_string(partition->id) + "/" + name + ".tar";
    archive.key = {key.data(), key.size()};
    if (archive.last >= from && visit(ctx, &archive) != 0) break;
  }
  return TIDEMARK_OK;
}

tidemark_status fetch(tidemark_archiver*, tidemark_str, const tidemark_writer*, const tidemark_call*,
                      tidemark_error* error) {
  return fail(error, TIDEMARK_E_UNSUPPORTED, "trees only");
}

tidemark_status restore(tidemark_archiver* self, const tidemark_partition* partition, tidemark_lsn lsn,
                        tidemark_str directory, const tidemark_call*, tidemark_error* error) {
  const fs::path source =
      fs::path(self->sink) / text(partition->storage) / std::to_string(partition->id) / lsn_name(lsn);
  if (!fs::exists(source)) return fail(error, TIDEMARK_E_NOT_FOUND, "no such archive");
  if (fs::exists(source / "corrupt")) return fail(error, TIDEMARK_E_CORRUPT, "digest mismatch");
  fs::copy(source, fs::path(text(directory)) / lsn_name(lsn), fs::copy_options::recursive);
  return TIDEMARK_OK;
}

const void* get_extension(tidemark_archiver* self, const char* id) {
  static const tidemark_readback_api kReadback = {sizeof(kReadback), 0, &list, &fetch, &restore};
  return self->fault != "no_readback" && std::string(id) == TIDEMARK_EXT_READBACK ? &kReadback : nullptr;
}

}  // namespace

extern "C" const tidemark_archiver_api* tidemark_archiver_entry(uint32_t major) {
  static const tidemark_archiver_api kApi = {sizeof(kApi),  1,         0,      0,     "0",     &create,
                                             &destroy,      &set_sink, &start, &stop, &notify, &write_metrics,
                                             &get_extension};
  static tidemark_archiver_api short_table = kApi;
  const char* spoil = std::getenv("FAKE_PLUGIN_TABLE");
  if (spoil && std::string(spoil) == "old_major") return nullptr;
  if (spoil && std::string(spoil) == "short_table") {
    short_table.struct_size = offsetof(tidemark_archiver_api, notify);
    return &short_table;
  }
  return major == 1 ? &kApi : nullptr;
}
