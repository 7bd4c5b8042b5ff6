#include "engine.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string_view>

#include "faults.h"

namespace tidemark::starved {
namespace {

// The last LSN that an archive's name says, and the first; 0 if it is none.
bool parse_name(std::string_view name, tidemark_lsn* first, tidemark_lsn* last) {
  const auto number = [](std::string_view digits) {
    tidemark_lsn value = 0;
    for (const char c : digits) value = 36 * value + static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
    return value;
  };
  constexpr size_t kText = 13;
  if (!name.ends_with(".tar") || name.size() < kText + 4) return false;
  *last = *first = number(name.substr(0, kText));
  if (name.size() == 2 * kText + 5) *first = number(name.substr(kText + 1, kText));
  return true;
}

}  // namespace

Engine::Engine(const std::string& root) {
  table_.struct_size = sizeof table_;
  table_.ctx = this;
  table_.acquire_entry = acquire_entry;
  table_.release_entry = release_entry;
  table_.acknowledge = acknowledge;
  table_.event = event;
  table_.log = log;
  for (uint64_t partition = 0; partition < kPartitions; ++partition) {
    for (tidemark_lsn lsn = 0; lsn < kLsns; ++lsn) {
      paths_[partition][lsn] = root + "/" + std::to_string(partition) + "/" + std::to_string(lsn);
    }
  }
}

void Engine::archives_lie_in(const std::string& archive_root) {
  archives_[archives_[0].empty() ? 0 : 1] = archive_root;
}

void Engine::fail_first(uint64_t partition, tidemark_lsn lsn, int times) {
  failures_left_[partition][lsn] = times;
}

void Engine::excuse(uint64_t partition, tidemark_lsn first, tidemark_lsn last) {
  for (tidemark_lsn lsn = first; lsn <= last; ++lsn) excused_[partition][lsn] = true;
}

void Engine::begin_run() {
  for (auto& position : acknowledged_) position = 0;
  alive_ = true;
}

void Engine::end_run() {
  alive_ = false;
  for (uint64_t partition = 0; partition < kPartitions; ++partition) {
    for (tidemark_lsn lsn = 0; lsn < kLsns; ++lsn) {
      if (leases_[partition][lsn] != 0) violate("not given back", partition, lsn);
    }
  }
}

bool Engine::has_gap(uint64_t partition, tidemark_lsn first, tidemark_lsn last) const {
  return events(partition, TIDEMARK_EVENT_GAP) > 0 && gap_first_[partition] == first &&
         gap_last_[partition] == last;
}

void Engine::violate(const char* what, uint64_t partition, uint64_t lsn) {
  ++violations_;
  std::fprintf(stderr, "violation: %s: partition %llu, %llu\n", what,
               static_cast<unsigned long long>(partition), static_cast<unsigned long long>(lsn));
}

// ---- Callbacks ----------------------------------------------------------------------------------

tidemark_status Engine::acquire_entry(void* ctx, const tidemark_partition* partition, tidemark_lsn lsn,
                                      tidemark_entry* out, tidemark_error* error) {
  const As host(Thread::kHost);
  auto& self = *static_cast<Engine*>(ctx);
  if (!self.alive_) self.violate("acquire_entry while not started", partition->id, lsn);
  if (partition->id >= kPartitions || lsn >= kLsns) return TIDEMARK_E_NOT_FOUND;
  if (self.failures_left_[partition->id][lsn] > 0) {
    --self.failures_left_[partition->id][lsn];
    std::snprintf(error->message, sizeof error->message, "the engine's disk is busy");
    return TIDEMARK_E_RETRYABLE;
  }
  const std::string& path = self.paths_[partition->id][lsn];
  if (access(path.c_str(), F_OK) != 0) return TIDEMARK_E_NOT_FOUND;
  ++self.leases_[partition->id][lsn];
  if (!self.has_loaned_.exchange(true)) self.at_loan_();
  out->path = {path.data(), path.size()};
  out->lease = &self.leases_[partition->id][lsn];
  return TIDEMARK_OK;
}

void Engine::release_entry(void* ctx, const tidemark_partition* partition, tidemark_entry* entry) {
  const As host(Thread::kHost);
  auto& self = *static_cast<Engine*>(ctx);
  if (!self.alive_) self.violate("release_entry while not started", partition->id, 0);
  if (--*static_cast<std::atomic<int>*>(entry->lease) < 0) {
    self.violate("given back twice", partition->id, 0);
  }
}

// Reads the directory without malloc.
bool Engine::is_archived(uint64_t partition, tidemark_lsn lsn) const {
  for (const std::string& archive : archives_) {
    char path[512];
    std::snprintf(path, sizeof path, "%s/%s/%llu", archive.c_str(), kStorage,
                  static_cast<unsigned long long>(partition));
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (archive.empty() || fd < 0) continue;
    bool found = false;
    alignas(dirent64) char listing[8192];
    for (ssize_t size; (size = getdents64(fd, listing, sizeof listing)) > 0;) {
      for (ssize_t at = 0; at < size;) {
        const auto* entry = reinterpret_cast<const dirent64*>(listing + at);
        at += entry->d_reclen;
        tidemark_lsn first = 0, last = 0;
        if (parse_name(entry->d_name, &first, &last) && first <= lsn && lsn <= last) found = true;
      }
    }
    close(fd);
    if (found) return true;
  }
  return false;
}

tidemark_status Engine::acknowledge(void* ctx, const tidemark_partition* partition, tidemark_lsn lsn,
                                    tidemark_error*) {
  const As host(Thread::kHost);
  auto& self = *static_cast<Engine*>(ctx);
  if (!self.alive_) self.violate("acknowledge while not started", partition->id, lsn);
  if (lsn < self.acknowledged_[partition->id]) self.violate("went back", partition->id, lsn);
  for (tidemark_lsn at = 1; self.looks_ && at <= lsn && at < kLsns; ++at) {
    if (self.excused_[partition->id][at] || self.is_archived(partition->id, at)) continue;
    self.violate("acknowledged without an archive of it", partition->id, at);
  }
  self.acknowledged_[partition->id] = lsn;
  return TIDEMARK_OK;
}

void Engine::event(void* ctx, const tidemark_event* event) {
  const As host(Thread::kHost);
  auto& self = *static_cast<Engine*>(ctx);
  if (!self.alive_) self.violate("event while not started", event->partition.id, event->first);
  if (event->kind < 0 || event->kind >= kKinds || event->partition.id >= kPartitions) return;
  ++self.events_[event->partition.id][event->kind];
  if (event->kind != TIDEMARK_EVENT_GAP) return;
  self.gap_first_[event->partition.id] = event->first;
  self.gap_last_[event->partition.id] = event->last;
}

void Engine::log(void* ctx, int32_t level, tidemark_str component, tidemark_str message) {
  const As host(Thread::kHost);
  if (!static_cast<Engine*>(ctx)->tells_log_) return;
  std::fprintf(stderr, "log %d %.*s: %.*s\n", level, static_cast<int>(component.size), component.data,
               static_cast<int>(message.size), message.data);
}

}  // namespace tidemark::starved
