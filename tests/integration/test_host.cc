#include "test_host.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>

namespace tidemark::integration {
namespace {

Partition partition_of(const tidemark_partition& p) { return {text_of(p.storage), p.id}; }
// What of an event is not as the table in tidemark/archiver.h has it; empty if all is.
std::string problem_of(const tidemark_event& event) {
  const bool is_of_sink = event.kind >= TIDEMARK_EVENT_SINK_CHANGED;
  const bool is_conflict = event.kind == TIDEMARK_EVENT_CONFLICT;
  const bool is_failing = event.kind == TIDEMARK_EVENT_FAILING;
  const bool is_failure = is_conflict || is_failing || event.kind == TIDEMARK_EVENT_SINK_DOWN;
  if ((event.partition.storage.size == 0) != is_of_sink) return "partition";
  if (is_of_sink && (event.partition.id != 0 || event.first != 0 || event.last != 0))
    return "partition or range";
  if (!is_of_sink && (event.first == 0 || event.last < event.first)) return "range";
  if ((event.status != TIDEMARK_OK) != is_failure || (event.error != nullptr) != is_failure)
    return "status or error";
  if (is_conflict && event.status != TIDEMARK_E_EXISTS && event.status != TIDEMARK_E_CORRUPT) return "status";
  if (is_failing ? event.attempt == 0 : !is_conflict && event.attempt != 0) return "attempt";
  return "";
}

}  // namespace

void Gate::open() {
  const std::lock_guard<std::mutex> lock(mutex_);
  is_open_ = true;
  changed_.notify_all();
}

bool Gate::pass(const tidemark_call* call) {
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  std::unique_lock<std::mutex> lock(mutex_);
  while (!is_open_ && std::chrono::steady_clock::now() < deadline) {
    if (call != nullptr && call->is_cancelled != nullptr && call->is_cancelled(call->ctx) != 0) return false;
    changed_.wait_for(lock, std::chrono::milliseconds(call == nullptr ? 60'000 : 20));
  }
  return is_open_;
}

TestHost::TestHost() {
  table_.struct_size = sizeof table_;
  table_.abi_minor = TIDEMARK_ARCHIVER_ABI_MINOR;
  table_.ctx = this;
  table_.acquire_entry = acquire_entry;
  table_.release_entry = release_entry;
  table_.acknowledge = acknowledge;
  table_.event = event;
  table_.log = log;
}

// ---- Entries ------------------------------------------------------------------------------------

std::string TestHost::path(const Partition& p, Lsn lsn) const {
  return dir_ / (p.storage + "/" + std::to_string(p.id) + "/" + std::to_string(lsn));
}

void TestHost::commit(const Partition& p, Lsn lsn, std::string_view content) {
  const std::filesystem::path file = path(p, lsn);
  std::filesystem::create_directories(file.parent_path());
  // Under another name first: whoever finds the entry finds it whole.
  test::write_file(file.string() + ".new", content, 0640);
  std::filesystem::rename(file.string() + ".new", file);
  const std::lock_guard<std::mutex> lock(mutex_);
  records_[p].unsafe.insert(lsn);
}

void TestHost::commit_range(const Partition& p, Lsn low, Lsn high) {
  for (Lsn lsn = low; lsn <= high; ++lsn) commit(p, lsn, "payload of " + name_of(p, lsn));
}

std::string TestHost::make_tree(const Partition& p, Lsn lsn) {
  std::filesystem::create_directories(path(p, lsn));
  const std::lock_guard<std::mutex> lock(mutex_);
  records_[p].unsafe.insert(lsn);
  return path(p, lsn);
}

void TestHost::prune(const Partition& p, Lsn lsn) { std::filesystem::remove_all(path(p, lsn)); }

void TestHost::safe_in(const std::string& archive_root) {
  const std::lock_guard<std::mutex> lock(mutex_);
  archive_roots_.push_back(archive_root);
}

void TestHost::excuse(const Partition& p, Lsn low, Lsn high) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Record& record = records_[p];
  record.unsafe.erase(record.unsafe.lower_bound(low), record.unsafe.upper_bound(high));
}

// ---- Callbacks ----------------------------------------------------------------------------------

void TestHost::violate(std::string what) { violations_.push_back(std::move(what)); }

void TestHost::arrived(const char* callback) {
  threads_.insert(std::this_thread::get_id());
  if (!alive_) violate(std::string(callback) + " called while not started");
}

tidemark_status TestHost::acquire_entry(void* ctx, const tidemark_partition* partition, tidemark_lsn lsn,
                                        tidemark_entry* out, tidemark_error* error) {
  auto& self = *static_cast<TestHost*>(ctx);
  const Partition p = partition_of(*partition);
  ++self.acquired_;
  {
    const std::lock_guard<std::mutex> lock(self.mutex_);
    self.arrived("acquire_entry");
    if (out->struct_size < sizeof(tidemark_entry)) self.violate("acquire_entry got a short tidemark_entry");
    if (++self.records_[p].leases > self.leases_allowed_)
      self.violate("too many entries at once: " + name_of(p, lsn));
  }
  tidemark_status status = self.on_acquire ? self.on_acquire(p, lsn, error) : TIDEMARK_OK;
  auto lease = std::make_unique<Lease>(Lease{p, lsn, self.path(p, lsn)});
  struct stat info;
  if (status == TIDEMARK_OK && lstat(lease->path.c_str(), &info) != 0) status = TIDEMARK_E_NOT_FOUND;
  const std::lock_guard<std::mutex> lock(self.mutex_);
  self.changed_.notify_all();
  if (status != TIDEMARK_OK) {
    --self.records_[p].leases;
    return status;
  }
  out->path = {lease->path.data(), lease->path.size()};
  out->lease = lease.get();
  self.leases_.insert(lease.release());
  self.most_leases_ = std::max(self.most_leases_, static_cast<int>(self.leases_.size()));
  return TIDEMARK_OK;
}

void TestHost::release_entry(void* ctx, const tidemark_partition* partition, tidemark_entry* entry) {
  auto& self = *static_cast<TestHost*>(ctx);
  const std::lock_guard<std::mutex> lock(self.mutex_);
  self.arrived("release_entry");
  const auto* lease = static_cast<const Lease*>(entry->lease);
  if (self.leases_.erase(lease) == 0) {
    self.violate("released what was not on loan");
    return;
  }
  if (lease->partition != partition_of(*partition)) self.violate("released for another partition");
  --self.records_[lease->partition].leases;
  delete lease;
  self.changed_.notify_all();
}

// Everything up to lsn must be an object now, not a moment later.
// Whether an object of one entry or of a batch holds it: texts of LSNs sort as the LSNs do.
static bool holds(const std::string& root, const Partition& p, Lsn lsn, const std::string& suffix) {
  const std::string key = archive_key(p, lsn) + suffix;
  if (access((root + "/" + key).c_str(), F_OK) == 0) return true;
  const std::string text = lsn_text(lsn);
  std::error_code none;
  const std::filesystem::path folder = std::filesystem::path(root + "/" + key).parent_path();
  for (const auto& object : std::filesystem::directory_iterator(folder, none)) {
    const std::string name = object.path().filename().string();
    const std::string end = ".tar" + suffix;
    if (name.size() == 2 * text.size() + 1 + end.size() && name.ends_with(end) &&
        name.substr(0, text.size()) >= text && name.substr(text.size() + 1, text.size()) <= text)
      return true;
  }
  return false;
}

void TestHost::check_safe(const Partition& p, Record& record, Lsn lsn) {
  if (archive_roots_.empty()) return;
  while (!record.unsafe.empty() && *record.unsafe.begin() <= lsn) {
    const Lsn oldest = *record.unsafe.begin();
    const bool found = std::any_of(archive_roots_.begin(), archive_roots_.end(),
                                   [&](const std::string& root) { return holds(root, p, oldest, suffix_); });
    if (!found)
      violate("acknowledged " + std::to_string(lsn) + " without an object of " + name_of(p, oldest));
    record.unsafe.erase(record.unsafe.begin());
  }
}

tidemark_status TestHost::acknowledge(void* ctx, const tidemark_partition* partition, tidemark_lsn lsn,
                                      tidemark_error* error) {
  auto& self = *static_cast<TestHost*>(ctx);
  const Partition p = partition_of(*partition);
  {
    const std::lock_guard<std::mutex> lock(self.mutex_);
    self.arrived("acknowledge");
    Record& record = self.records_[p];
    if (record.acking) self.violate("two acknowledgements at once: " + name_of(p, lsn));
    record.acking = true;
    if (lsn < record.position) self.violate("went back: " + name_of(p, lsn));
    self.check_safe(p, record, lsn);
  }
  const tidemark_status status = self.on_acknowledge ? self.on_acknowledge(p, lsn, error) : TIDEMARK_OK;
  const std::lock_guard<std::mutex> lock(self.mutex_);
  Record& record = self.records_[p];
  record.acking = false;
  if (status == TIDEMARK_OK) {
    record.position = std::max(record.position, lsn);
    record.acknowledgements.push_back(lsn);
  }
  self.changed_.notify_all();
  return status;
}

void TestHost::event(void* ctx, const tidemark_event* event) {
  auto& self = *static_cast<TestHost*>(ctx);
  SeenEvent seen = {event->kind,
                    partition_of(event->partition),
                    event->first,
                    event->last,
                    event->status,
                    event->attempt,
                    event->error == nullptr ? "" : event->error->message};
  if (self.on_event) self.on_event(seen);
  const std::string problem = problem_of(*event);
  const std::lock_guard<std::mutex> lock(self.mutex_);
  if (!problem.empty()) self.violate("the " + problem + " of an event of kind " + std::to_string(seen.kind));
  self.arrived("event");
  self.events_.push_back(std::move(seen));
  self.changed_.notify_all();
}

void TestHost::log(void* ctx, int32_t level, tidemark_str component, tidemark_str message) {
  auto& self = *static_cast<TestHost*>(ctx);
  const std::lock_guard<std::mutex> lock(self.mutex_);
  self.log_lines_.push_back(std::to_string(level) + " " + text_of(component) + ": " + text_of(message));
}

// ---- What was seen ------------------------------------------------------------------------------

void TestHost::begin_run() {
  const std::lock_guard<std::mutex> lock(mutex_);
  alive_ = true;
  for (auto& [partition, record] : records_) {
    record.position = 0;
    record.acknowledgements.clear();
  }
}

void TestHost::end_run() {
  const std::lock_guard<std::mutex> lock(mutex_);
  alive_ = false;
  for (const Lease* lease : leases_) violate("never released: " + name_of(lease->partition, lease->lsn));
}

void TestHost::forget_position(const Partition& p) {
  const std::lock_guard<std::mutex> lock(mutex_);
  records_[p].position = 0;
}

std::vector<Lsn> TestHost::acknowledgements(const Partition& p) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = records_.find(p);
  return found == records_.end() ? std::vector<Lsn>() : found->second.acknowledgements;
}

Lsn TestHost::acknowledged(const Partition& p) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = records_.find(p);
  const bool none = found == records_.end() || found->second.acknowledgements.empty();
  return none ? 0 : found->second.acknowledgements.back();
}

std::vector<SeenEvent> TestHost::events() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return events_;
}

std::vector<SeenEvent> TestHost::events(int32_t kind) const {
  std::vector<SeenEvent> result = events();
  std::erase_if(result, [kind](const SeenEvent& seen) { return seen.kind != kind; });
  return result;
}

std::vector<std::string> TestHost::log_lines() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return log_lines_;
}

int TestHost::most_jobs_at_once() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return most_leases_;
}

std::set<std::thread::id> TestHost::threads() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return threads_;
}

std::vector<std::string> TestHost::violations() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return violations_;
}

// The condition takes the lock by itself, so what changes meanwhile is looked for again after a moment.
bool TestHost::wait_until(const std::function<bool()>& condition) const {
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  while (!condition()) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (std::chrono::steady_clock::now() > deadline) return false;
    changed_.wait_for(lock, std::chrono::milliseconds(5));
  }
  return true;
}

bool TestHost::wait_for_acknowledge(const Partition& p, Lsn lsn) const {
  return wait_until([&] { return acknowledged(p) >= lsn; });
}

bool TestHost::wait_for_event(int32_t kind, size_t count) const {
  return wait_until([&] { return events(kind).size() >= count; });
}

// ---- Names --------------------------------------------------------------------------------------

std::string lsn_text(Lsn lsn) {
  std::string digits(13, '0');
  for (auto digit = digits.rbegin(); lsn > 0; ++digit, lsn /= 36) {
    *digit = "0123456789abcdefghijklmnopqrstuvwxyz"[lsn % 36];
  }
  return digits;
}

std::string archive_key(const Partition& p, Lsn lsn) {
  return p.storage + "/" + std::to_string(p.id) + "/" + lsn_text(lsn) + ".tar";
}

std::string gap_key(const Partition& p, Lsn first, Lsn last) {
  return p.storage + "/" + std::to_string(p.id) + "/" + lsn_text(last) + "-" + lsn_text(first) + ".gap";
}

std::string origin_key(const Partition& p, Lsn last) {
  return p.storage + "/" + std::to_string(p.id) + "/" + lsn_text(last) + "-" + lsn_text(1) + ".origin";
}

}  // namespace tidemark::integration
