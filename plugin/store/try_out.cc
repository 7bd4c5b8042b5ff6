#include "store/try_out.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/call.h"
#include "sink/memory_source.h"
#include "store/stream.h"

namespace tidemark::store {
namespace {

constexpr size_t kBodyBytes = 8192;
constexpr int kTries = 4;
constexpr uint64_t kFirstDelayMs = 125;
constexpr uint32_t kCleanUpMs = 3000;
constexpr int64_t kSecondUs = 1'000'000;
constexpr int64_t kClockWarningUs = 5 * kSecondUs;

// Bytes that no store makes up, and that differ by the seed.
std::string body_of(uint32_t seed) {
  std::string body(kBodyBytes, '\0');
  for (char& byte : body) {
    seed = seed * 1664525 + 1013904223;
    byte = static_cast<char>(seed >> 24);
  }
  return body;
}

class Trial {
 public:
  Trial(sink::Sink& sink, const TryingOut& what, const std::function<void(const Tried&)>& visit,
        const tidemark_call* call)
      : sink_(sink),
        what_(what),
        visit_(visit),
        deadline_(call),
        prefix_(what.folder + std::string(kTrialPrefix)),
        key_(prefix_ + std::string(what.name)) {}

  Status run();
  Status run_in_folder();

 private:
  struct Seen {
    std::optional<sink::ObjectInfo> own;
    std::vector<std::string> left;  // keys
  };
  template <typename Attempt>
  auto tried(const Attempt& attempt) -> decltype(attempt(std::declval<const tidemark_call&>()));
  void tell(std::string_view what, const Status& status, const std::string& fine = {});
  void skip(std::initializer_list<std::string_view> all, const char* why);
  Result<Seen> list();
  Result<std::string> read(int64_t offset, uint64_t size);
  Status put(const std::string& key, const std::string& body);
  Status remove(const std::string& key);
  void sweep(const Result<Seen>& seen);
  bool write();
  void look();
  void look_at_clock(const sink::ObjectInfo& own);
  Status try_conditions();
  Status try_read(int64_t offset, uint64_t size, std::string_view expected);
  Status try_gone();
  bool remove_own();
  void try_removals();
  Status look_for_any(std::span<const std::string_view> keys);
  void clean_up();

  sink::Sink& sink_;
  const TryingOut& what_;
  const std::function<void(const Tried&)>& visit_;
  const Call deadline_;
  const std::string prefix_, key_;
  const std::string first_ = body_of(1), second_ = body_of(2);
  int64_t begun_us_ = 0, ended_us_ = 0;    // of the put, by this machine's clock
  std::vector<std::string> may_be_there_;  // keys
};

// A store that is busy is no worse a store.
template <typename Attempt>
auto Trial::tried(const Attempt& attempt) -> decltype(attempt(std::declval<const tidemark_call&>())) {
  for (int number = 1;; ++number) {
    TM_ASSIGN(const auto call, deadline_.next_call());
    auto result = attempt(call);
    if (result || number == kTries || !is_retryable(result.error().status)) return result;
    TM_TRY(deadline_.sleep_ms(kFirstDelayMs << number));
  }
}

void Trial::tell(std::string_view what, const Status& status, const std::string& fine) {
  if (!status && !deadline_.check()) return;  // it is the call that has ended
  visit_({what, status ? TryResult::kOk : TryResult::kFailed, status ? fine : status.error().message});
}

void Trial::skip(std::initializer_list<std::string_view> all, const char* why) {
  if (!deadline_.check()) return;
  for (const std::string_view what : all) visit_({what, TryResult::kSkipped, why});
}

Result<Trial::Seen> Trial::list() {
  return tried([&](const tidemark_call& call) -> Result<Seen> {
    Seen seen;
    const auto visit = [&](std::string_view key, const sink::ObjectInfo& object) {
      if (!key.starts_with(prefix_)) return false;
      const std::string_view name = key.substr(prefix_.size());
      if (key == key_) {
        seen.own = object;
      } else if (what_.is_left && what_.is_left(name, what_.now_us() - object.modified_us)) {
        seen.left.emplace_back(key);
      }
      return true;
    };
    Status listed = sink_.list(what_.folder, prefix_, visit, &call);
    if (!listed) return std::move(listed.error());
    return seen;
  });
}

Result<std::string> Trial::read(int64_t offset, uint64_t size) {
  return tried([&](const tidemark_call& call) -> Result<std::string> {
    std::string bytes;
    const auto take = [&](const void* data, size_t count) {
      bytes.append(static_cast<const char*>(data), std::min(count, 2 * kBodyBytes - bytes.size()));
      return true;
    };
    Status got = sink_.get(key_, offset, size, take, &call);
    if (!got) return std::move(got.error());
    return bytes;
  });
}

Status Trial::put(const std::string& key, const std::string& body) {
  return tried([&](const tidemark_call& call) -> Status {
    const sink::MemorySource source(sink_, body);
    TM_ASSIGN(const auto raw, source.source());
    return sink_.put(key, *raw, TIDEMARK_PUT_IF_ABSENT, &call);
  });
}

Status Trial::remove(const std::string& key) {
  return tried([&](const tidemark_call& call) { return sink_.remove(key, &call); });
}

void Trial::sweep(const Result<Seen>& seen) {
  if (!seen || seen->left.empty()) return;  // what is wrong with listing is told in its turn
  Status removed;
  for (const std::string& key : seen->left) {
    if (Status one = remove(key); !one) removed = one;
  }
  tell("leftovers", removed,
       std::to_string(seen->left.size()) + " of earlier checks, which were killed, removed");
}

bool Trial::write() {
  may_be_there_.push_back(key_);
  begun_us_ = what_.now_us();
  Status written = put(key_, first_);
  ended_us_ = what_.now_us();
  // An attempt whose answer was lost: nobody else has this name.
  if (!written && written.error().status == TIDEMARK_E_EXISTS) written = Status();
  tell("write", written, std::to_string(kBodyBytes) + " bytes, under a name of its own");
  return written.has_value();
}

Status Trial::try_read(int64_t offset, uint64_t size, std::string_view expected) {
  auto bytes = read(offset, size);
  if (!bytes && bytes.error().status == TIDEMARK_E_NOT_FOUND) {
    return fail(TIDEMARK_E_CORRUPT, "the sink said that it had stored " + key_ +
                                        ", and it is not there: " + bytes.error().message);
  }
  if (!bytes) return std::move(bytes.error());
  if (*bytes == expected) return {};
  return fail(TIDEMARK_E_CORRUPT,
              key_ + ": what was read is not what was written: " + std::to_string(bytes->size()) +
                  " bytes instead of " + std::to_string(expected.size()) + ", or others");
}

Status Trial::try_conditions() {
  const Status again = put(key_, second_);
  if (again) {
    return fail(TIDEMARK_E_CORRUPT,
                "a second put under the same name was not refused: two hosts could overwrite each other's "
                "archives, and so could a host that was set back");
  }
  if (again.error().status != TIDEMARK_E_EXISTS) return again;
  return try_read(0, UINT64_MAX, first_);
}

void Trial::look_at_clock(const sink::ObjectInfo& own) {
  // Many a sink counts whole seconds.
  int64_t ahead_us = 0;
  if (own.modified_us < begun_us_ - kSecondUs) ahead_us = own.modified_us - begun_us_;
  if (own.modified_us > ended_us_) ahead_us = own.modified_us - ended_us_;
  const int64_t tenths = (ahead_us < 0 ? -ahead_us : ahead_us) / (kSecondUs / 10);
  const std::string seconds = std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
  if (tenths == 0) return visit_({"clock", TryResult::kOk, "the sink's time is this machine's"});
  const bool is_far = tenths > kClockWarningUs / (kSecondUs / 10);
  visit_({"clock", is_far ? TryResult::kWarning : TryResult::kOk,
          "the sink's clock is " + seconds + (ahead_us > 0 ? " ahead of" : " behind") + " this machine's" +
              (is_far ? "; set the one that is wrong" : "")});
}

void Trial::look() {
  const auto seen = list();
  Status listed = seen ? Status() : Status(seen.error());
  if (seen && !seen->own) {
    listed =
        fail(TIDEMARK_E_CORRUPT, key_ +
                                     " was written, and a listing does not have it: an archiver that starts "
                                     "now would take entries for missing");
  } else if (seen && seen->own->size_bytes != kBodyBytes) {
    listed = fail(TIDEMARK_E_CORRUPT, key_ + " is listed with " + std::to_string(seen->own->size_bytes) +
                                          " bytes instead of " + std::to_string(kBodyBytes));
  }
  tell("list", listed, "it is listed");
  const auto there = seen && seen->own
                         ? Result<sink::ObjectInfo>(*seen->own)
                         : tried([&](const tidemark_call& call) { return sink_.head(key_, &call); });
  if (there) {
    look_at_clock(*there);
  } else {
    skip({"clock"}, "nothing is there that has a time");
  }
}

Status Trial::try_gone() {
  const auto there = tried([&](const tidemark_call& call) { return sink_.head(key_, &call); });
  if (there) return fail(TIDEMARK_E_CORRUPT, key_ + " was removed, and is still there");
  if (there.error().status != TIDEMARK_E_NOT_FOUND) return there.error();
  TM_ASSIGN(const Seen seen, list());
  if (seen.own) return fail(TIDEMARK_E_CORRUPT, key_ + " was removed, and is still listed");
  return {};
}

bool Trial::remove_own() {
  Status removed = remove(key_);
  if (removed) may_be_there_.clear();
  if (!removed) removed.error().message += "; " + key_ + " may stay (archiving removes nothing, prune does)";
  tell("remove", removed, "it was removed");
  return removed.has_value();
}

// An error: one of these is there.
Status Trial::look_for_any(std::span<const std::string_view> keys) {
  for (const std::string_view key : keys) {
    const auto there = tried([&](const tidemark_call& call) { return sink_.head(key, &call); });
    if (there) {
      return fail(TIDEMARK_E_CORRUPT,
                  "the store said that it had removed several objects with one request, and " +
                      std::string(key) + " is still there: prune would take what stays for removed");
    }
    if (there.error().status != TIDEMARK_E_NOT_FOUND) return there.error();
  }
  return {};
}

// With what prune does where the sink offers it. That a store does not take it makes prune slower, no more.
void Trial::try_removals() {
  if (sink_.removals_max() < 2) return;
  const std::string names[] = {key_ + "-1", key_ + "-2"};
  Status written;
  for (const std::string& name : names) {
    if (!written) break;
    may_be_there_.push_back(name);
    written = put(name, first_);
    if (!written && written.error().status == TIDEMARK_E_EXISTS) written = Status();
  }
  if (!written) return tell("remove-many", written);
  const std::string_view keys[] = {names[0], names[1]};
  const Status removed = tried([&](const tidemark_call& call) { return sink_.remove_at_once(keys, &call); });
  if (removed) {
    const Status gone = look_for_any(keys);
    if (gone) may_be_there_.clear();
    return tell("remove-many", gone, "several were removed with one request");
  }
  if (!deadline_.check()) return;
  visit_({"remove-many", TryResult::kWarning,
          "not with one request, so prune removes one after the other: " + removed.error().message});
}

// Also when the call has ended.
void Trial::clean_up() {
  const tidemark_call own = {sizeof own, kCleanUpMs, nullptr, nullptr};
  for (const std::string& key : may_be_there_) (void)sink_.remove(key, &own);
}

Status Trial::run() {
  sweep(list());
  if (write()) {
    tell("read", try_read(0, UINT64_MAX, first_), "what was written, byte for byte");
    const std::string_view middle = std::string_view(first_).substr(1000, 3000);
    Status range = try_read(1000, middle.size(), middle);
    if (range) range = try_read(-512, 512, std::string_view(first_).substr(kBodyBytes - 512));
    tell("range", range, "a part of it, and its end");
    look();
    tell("conditions", try_conditions(), "a second put under the same name was refused");
  } else {
    const auto seen = list();
    tell("list", seen ? Status() : Status(seen.error()), "it can be listed");
    skip({"read", "range", "clock", "conditions"}, "nothing could be written");
  }
  if (remove_own()) {
    tell("gone", try_gone(), "it is neither there nor listed any more");
    try_removals();
  } else {
    skip({"gone"}, "it could not be removed");
  }
  clean_up();
  return deadline_.check();
}

Status Trial::run_in_folder() {
  const auto seen = list();
  sweep(seen);
  tell("list", seen ? Status() : Status(seen.error()), "it can be listed");
  if (write()) {
    remove_own();
  } else {
    skip({"remove"}, "nothing could be written");
  }
  clean_up();
  return deadline_.check();
}

}  // namespace

Status try_out(sink::Sink& sink, const TryingOut& what, const std::function<void(const Tried&)>& visit,
               const tidemark_call* call) {
  if (what.name.empty() || what.name.front() == '.' || what.name.find('/') != std::string_view::npos) {
    return fail(TIDEMARK_E_INVALID, "'" + std::string(what.name.substr(0, 200)) + "' is not a part of a key");
  }
  Trial trial(sink, what, visit, call);
  return what.folder.empty() ? trial.run() : trial.run_in_folder();
}

}  // namespace tidemark::store
