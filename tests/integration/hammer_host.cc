#include "hammer_host.h"

#include <algorithm>
#include <filesystem>
#include <thread>

namespace tidemark::integration {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kLargeBytes = 200'000;  // streamed where the memory is small
constexpr size_t kLogLines = 300;
constexpr size_t kViolations = 20;

}  // namespace

HammerHost::HammerHost(const HammerPlan& plan) : plan_(plan), first_root_{plan.roots.front()} {
  table_.struct_size = sizeof table_;
  table_.abi_minor = TIDEMARK_ARCHIVER_ABI_MINOR;
  table_.ctx = this;
  table_.acquire_entry = acquire_entry;
  table_.release_entry = release_entry;
  table_.acknowledge = acknowledge;
  table_.event = event;
  table_.log = log;
  for (size_t i = 0; i < plan.partitions; ++i) {
    parts_.push_back(std::make_unique<Part>());
    parts_.back()->name = {plan.storage, 10 + i};
    fs::create_directories(dir_ / std::to_string(10 + i));
  }
}

void HammerHost::violate(const std::string& what) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (violations_.size() < kViolations) violations_.push_back(plan_.storage + ": " + what);
}

// ---- The log ------------------------------------------------------------------------------------

std::string HammerHost::path(const Part& part, Lsn lsn) const {
  return dir_ / (std::to_string(part.name.id) + "/" + std::to_string(lsn));
}

std::string HammerHost::write_entry(const std::string& path, sim::Random& random) {
  const auto content = [&] {
    std::string bytes(random.below(random.chance(3) ? kLargeBytes : 3000), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.next());
    return bytes;
  };
  Fingerprint print;
  const auto file = [&](const std::string& at, const std::string& name) {
    const std::string bytes = content();
    test::write_file(at, bytes);
    print.file(name, bytes);
  };
  if (random.chance(60)) {
    file(path, "");
    return print.finish();
  }
  fs::create_directories(path + "/m");
  print.directory("/");
  file(path + "/a", "/a");
  print.directory("/m/");
  file(path + "/m/b", "/m/b");
  file(path + "/z", "/z");
  return print.finish();
}

void HammerHost::commit(size_t partition) {
  Part& part = *parts_[partition];
  Lsn lsn = 0;
  {
    const std::lock_guard<std::mutex> lock(part.mutex);
    lsn = part.entries.size() + 1;
  }
  sim::Random random(plan_.seed * 1000 + partition * 100'000 + lsn);
  Entry entry;
  entry.fingerprint = write_entry(path(part, lsn), random);  // one thread commits
  ++entries_;
  const std::lock_guard<std::mutex> lock(part.mutex);
  part.entries.push_back(std::move(entry));
}

void HammerHost::give_up(Part& part, Lsn lsn) {
  Entry& entry = part.entries[lsn - 1];
  entry.state = State::kGone;
  if (entry.loans == 0) fs::remove_all(path(part, lsn));
}

// Nothing is given up while a notification of it is on its way: whether it was heard is not known yet.
void HammerHost::lose(size_t partition, sim::Random& random) {
  Part& part = *parts_[partition];
  const std::lock_guard<std::mutex> lock(part.mutex);
  if (part.notifying > 0) return;
  uint64_t most = random.between(1, 4);
  for (Lsn lsn = 1; lsn <= part.entries.size() && most > 0; ++lsn) {
    if (part.entries[lsn - 1].state == State::kGone) continue;
    give_up(part, lsn);
    --most;
  }
}

void HammerHost::lose_one(size_t partition, sim::Random& random) {
  Part& part = *parts_[partition];
  const std::lock_guard<std::mutex> lock(part.mutex);
  if (part.notifying > 0 || part.entries.empty()) return;
  give_up(part, part.entries.size() - random.below(std::min<size_t>(part.entries.size(), 5)));
}

void HammerHost::hide(size_t partition, sim::Random& random) {
  Part& part = *parts_[partition];
  const std::lock_guard<std::mutex> lock(part.mutex);
  if (part.notifying > 0) return;
  uint64_t most = random.between(1, 3);
  for (Entry& entry : part.entries) {
    if (entry.state == State::kGone) continue;
    if (entry.state != State::kThere || most-- == 0) return;
    entry.state = State::kHidden;
  }
}

void HammerHost::show(size_t partition) {
  Part& part = *parts_[partition];
  const std::lock_guard<std::mutex> lock(part.mutex);
  for (Entry& entry : part.entries) {
    if (entry.state == State::kHidden) entry.state = State::kThere;
  }
}

HammerHost::Notice HammerHost::notice(size_t partition) const {
  const Part& part = *parts_[partition];
  const std::lock_guard<std::mutex> lock(part.mutex);
  Lsn low = 1;
  while (low <= part.entries.size() && part.entries[low - 1].state != State::kThere) ++low;
  return {partition, low, part.entries.size()};
}

void HammerHost::notify(const Notice& notice) {
  Part& part = *parts_[notice.partition];
  std::map<Lsn, uint64_t> before;
  {
    const std::lock_guard<std::mutex> lock(part.mutex);
    ++part.notifying;
    for (Lsn lsn = notice.low; lsn <= notice.high; ++lsn) {
      Entry& entry = part.entries[lsn - 1];
      if (entry.notified_in == run_) continue;
      // An acknowledgement of a later one may be on its way that knows nothing of it, nor of a gap where an
      // old notification says that something is there.
      if (lsn <= part.highest) entry.owed_from = UINT64_MAX;
      if (entry.state != State::kThere) continue;
      before[lsn] = entry.notified_in;
      entry.notified_in = run_;
    }
    part.highest = std::max({part.highest, notice.high, notice.low - 1});
    part.lowest_gone = std::max(part.lowest_gone, notice.low);
    part.trusted = std::min(part.trusted, notice.high);
  }
  const tidemark_partition abi = {{part.name.storage.data(), part.name.storage.size()}, part.name.id};
  const tidemark_status status = notify_through(&abi, notice.low, notice.high);
  const std::lock_guard<std::mutex> lock(part.mutex);
  --part.notifying;
  if (status == TIDEMARK_OK) {
    for (const auto& [lsn, run] : before) {
      Entry& entry = part.entries[lsn - 1];
      if (run == 0) entry.first_notified_in = run_;
      if (entry.owed_from != 0) entry.owed_from = part.acknowledgements + 2;  // the next one but one knows it
    }
    return;
  }
  for (const auto& [lsn, run] : before) part.entries[lsn - 1].notified_in = run;
  if (status != TIDEMARK_E_CANCELLED && status != TIDEMARK_E_INVALID)
    violate("notify: status " + std::to_string(status));
}

void HammerHost::prune(Part& part, Lsn through) {
  for (Lsn lsn = 1; lsn <= std::min<Lsn>(through, part.entries.size()); ++lsn) {
    const Entry& entry = part.entries[lsn - 1];
    // What was given up and is there after all is kept until it is archived.
    if (entry.state == State::kThere && entry.safe) give_up(part, lsn);
  }
}

// ---- A run -------------------------------------------------------------------------------------

void HammerHost::begin_run() {
  calm_ = false;
  acquired_ = refused_ = 0;
  began_ = std::chrono::steady_clock::now();
  for (const auto& part : parts_) {
    const std::lock_guard<std::mutex> lock(part->mutex);
    part->position = part->given = part->highest = part->lowest_gone = part->acknowledgements = 0;
    part->trusted = UINT64_MAX;
    for (Entry& entry : part->entries) {
      if (entry.state == State::kHidden) entry.state = State::kThere;
      entry.owed_from = 0;
    }
  }
  ++run_;
  alive_ = true;
}

void HammerHost::end_run(uint64_t swaps) {
  if (inside_ != 0) violate("stop returned while a callback ran");
  alive_ = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!leases_.empty() && violations_.size() < kViolations)
      violations_.push_back("never released: " + (*leases_.begin())->path);
  }
  // A failure is followed by a delay; only a new sink lets one try at once.
  const auto elapsed_ms = static_cast<uint64_t>(
      std::chrono::ceil<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began_).count());
  if (refused_ > 1000 + acquired_ + (swaps + 8 * elapsed_ms) * plan_.partitions)
    violate("acquire_entry failed " + std::to_string(refused_) + " times in " + std::to_string(elapsed_ms) +
            " ms: nobody waits");
  for (const auto& part : parts_) check_gap_records(*part);
}

// A folder is proved as it was when the question was put.
thread_local std::vector<std::string> seen_in_folder;

void HammerHost::asks(std::string_view key) {
  seen_in_folder.clear();
  const std::string folder(key.substr(0, key.rfind('/') + 1));
  std::error_code none;
  for (const auto& file : fs::directory_iterator(plan_.roots.front() + "/" + folder, none))
    seen_in_folder.push_back(folder + file.path().filename().string());
}

void HammerHost::proved(std::string_view key) {
  const std::lock_guard<std::mutex> lock(mutex_);
  proved_.emplace(key);
  proved_.insert(seen_in_folder.begin(), seen_in_folder.end());
  seen_in_folder.clear();
}

void HammerHost::be_calm() {
  for (size_t i = 0; i < parts_.size(); ++i) show(i);
  calm_ = true;
}

// What is archived and acknowledged goes: so low gets beyond what is missing in the middle.
std::string HammerHost::unsettled() {
  std::string why;
  for (const auto& part : parts_) {
    std::vector<std::pair<Lsn, std::string>> open;
    {
      const std::lock_guard<std::mutex> lock(part->mutex);
      if (part->position < part->entries.size())
        why = name_of(part->name, part->position + 1) + " is not acknowledged";
      for (Lsn lsn = 1; lsn <= part->entries.size(); ++lsn) {
        const Entry& entry = part->entries[lsn - 1];
        if (entry.state == State::kThere && !entry.safe) open.emplace_back(lsn, entry.fingerprint);
      }
    }
    for (const auto& [lsn, fingerprint] : open) {
      const std::string problem = unsafe(*part, lsn, fingerprint);
      if (!problem.empty()) why = name_of(part->name, lsn) + " is there and not archived: " + problem;
      const std::lock_guard<std::mutex> lock(part->mutex);
      part->entries[lsn - 1].safe = problem.empty();
    }
    const std::lock_guard<std::mutex> lock(part->mutex);
    prune(*part, part->position);
  }
  return why;
}

// Also what was found while the deliverer was busy, or without any drain.
void HammerHost::check_gap_records(const Part& part) {
  for (const std::string& root : plan_.roots) {
    for (const NamedRange& record : ranges_in(root, part.name, ".gap")) {
      const std::lock_guard<std::mutex> lock(part.mutex);
      for (Lsn lsn = record.first; lsn <= record.last; ++lsn) {
        if (lsn <= part.entries.size() && part.entries[lsn - 1].told) continue;
        violate("stop returned, " + record.name + " is there, and nobody was told of " +
                name_of(part.name, lsn));
        break;
      }
    }
  }
}

std::vector<std::string> HammerHost::violations() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return violations_;
}

std::vector<std::string> HammerHost::log_lines() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return {log_lines_.begin(), log_lines_.end()};
}

// ---- Shared with the callbacks, which are in hammer_callbacks.cc ---------------------------------

HammerHost::Part* HammerHost::part_of(const tidemark_partition& partition) {
  for (const auto& part : parts_) {
    if (part->name.id == partition.id && part->name.storage == text_of(partition.storage)) return part.get();
  }
  violate("a callback for the unknown partition " + text_of(partition.storage) + "/" +
          std::to_string(partition.id));
  return nullptr;
}

void HammerHost::log(void* ctx, int32_t level, tidemark_str component, tidemark_str message) {
  auto& self = *static_cast<HammerHost*>(ctx);
  const std::lock_guard<std::mutex> lock(self.mutex_);
  self.log_lines_.push_back(std::to_string(level) + " " + text_of(component) + ": " + text_of(message));
  if (self.log_lines_.size() > kLogLines) self.log_lines_.pop_front();
}

}  // namespace tidemark::integration
