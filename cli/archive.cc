#include "archive.h"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <set>
#include <thread>
#include <utility>

#include "base/printable.h"
#include "base/status_name.h"
#include "console.h"
#include "text.h"

namespace tidemark::cli {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kTries = 6;
constexpr milliseconds kFirstDelay{250};
constexpr milliseconds kLongestDelay{8000};

tidemark_error fresh_error() {
  tidemark_error error{};
  error.struct_size = sizeof(error);
  return error;
}

ExitCode exit_code_of(tidemark_status status, int32_t sys_errno) {
  // What this machine or process has too little of is no trouble of the archive.
  if (sys_errno == EMFILE || sys_errno == ENFILE || sys_errno == ENOMEM) return kExitLocal;
  switch (status) {
    case TIDEMARK_E_INVALID:
    case TIDEMARK_E_SEALED:  // another key is to be given
      return kExitUsage;
    case TIDEMARK_E_CORRUPT:
      return kExitData;
    case TIDEMARK_E_CANCELLED:
      return kExitInterrupted;
    default:
      return kExitSink;
  }
}

Error to_error(const std::string& what, tidemark_status status, const tidemark_error& error) {
  std::string text =
      error.message[0] != '\0' ? printable(error.message) : "the plugin gave " + status_name(status);
  // Most sinks say it in the message already.
  if (text.find(printable(error.code)) == std::string::npos) text += " (" + printable(error.code) + ")";
  return {exit_code_of(status, error.sys_errno), what.empty() ? text : what + ": " + text, status,
          error.retry_after_ms};
}

int32_t is_cancelled(void* ctx) { return static_cast<const Stop*>(ctx)->is_set() ? 1 : 0; }

tidemark_call call_for(Stop& stop) {
  tidemark_call call{};
  call.struct_size = sizeof(call);
  call.ctx = &stop;
  call.is_cancelled = &is_cancelled;
  return call;
}

// Sleeps, unless it is stopped before.
void wait(milliseconds delay, const Stop& stop) {
  for (const auto until = Clock::now() + delay; Clock::now() < until && !stop.is_set();)
    std::this_thread::sleep_for(std::min(milliseconds(50), delay));
}

// Calls `attempt(call, error)` until it gives something other than "try again", or until it was tried enough.
// Tries before the last `progress`, if there is such a counter, do not count.
template <class Attempt>
Result<void> with_retries(const std::string& what, Stop& stop, const Attempt& attempt,
                          const uint64_t* progress = nullptr) {
  milliseconds delay = kFirstDelay;
  uint64_t progress_before = 0;
  for (int tried = 1;; ++tried) {
    if (progress != nullptr && *progress != std::exchange(progress_before, *progress)) {
      tried = 1;
      delay = kFirstDelay;
    }
    const tidemark_call call = call_for(stop);
    tidemark_error error = fresh_error();
    const tidemark_status status = attempt(&call, &error);
    if (status == TIDEMARK_OK) return {};
    // What the ABI says of a status nobody knows: 100 and above are worth a retry.
    if (status < TIDEMARK_E_RETRYABLE || tried == kTries || stop.is_set())
      return to_error(what, status, error);
    wait(std::clamp(milliseconds(error.retry_after_ms), delay, kLongestDelay), stop);
    delay *= 2;
  }
}

Stored to_stored(const tidemark_stored& from) {
  return {from.kind,
          std::string(view(from.partition.storage)),
          from.partition.id,
          from.first,
          from.last,
          from.size_bytes,
          from.modified_us,
          std::string(view(from.key)),
          from.epoch,
          std::string(view(from.coding)),
          0};
}

tidemark_partition to_partition(const std::string& storage, uint64_t id) { return {abi_str(storage), id}; }

// The archiver is never started, so that it asks for no entry; but a host has to have the functions.
tidemark_status acquire_nothing(void*, const tidemark_partition*, tidemark_lsn, tidemark_entry*,
                                tidemark_error*) {
  return TIDEMARK_E_NOT_FOUND;
}
void release_nothing(void*, const tidemark_partition*, tidemark_entry*) {}
tidemark_status acknowledge_nothing(void*, const tidemark_partition*, tidemark_lsn, tidemark_error*) {
  return TIDEMARK_OK;
}
void log_line(void*, int32_t level, tidemark_str component, tidemark_str message) {
  console().log(level, printable(view(component)), printable(view(message)));
}

tidemark_host host_table() {
  tidemark_host host{};
  host.struct_size = sizeof(host);
  host.abi_minor = TIDEMARK_ARCHIVER_ABI_MINOR;
  host.acquire_entry = &acquire_nothing;
  host.release_entry = &release_nothing;
  host.acknowledge = &acknowledge_nothing;
  host.log = &log_line;
  return host;
}

}  // namespace

std::string partition_text(std::string_view storage, uint64_t partition) {
  return std::string(storage) + "/" + std::to_string(partition);
}

std::string folder_of(const Scope& scope) {
  if (scope.storage.empty()) return {};
  return scope.partition ? partition_text(scope.storage, *scope.partition) + "/" : scope.storage + "/";
}

bool is_record(const Stored& stored) {
  return stored.kind == TIDEMARK_STORED_GAP || stored.kind == TIDEMARK_STORED_ACCEPTED ||
         stored.kind == TIDEMARK_STORED_PRUNED || stored.kind == TIDEMARK_STORED_ORIGIN;
}

bool is_ours(const Stored& stored) { return stored.kind == TIDEMARK_STORED_ARCHIVE || is_record(stored); }

bool names_entries(const Stored& stored) {
  return is_ours(stored) || (stored.kind == TIDEMARK_STORED_IRREGULAR && stored.last > 0);
}

bool is_epoch(const Stored& stored) { return stored.kind == TIDEMARK_STORED_EPOCH; }

bool is_encrypted(const Stored& stored) { return stored.coding.ends_with(".age"); }

void tell_unused_keys(const ArchiveOptions& options, const std::string& option) {
  if (options.identity_file.empty() && options.tag_key_file.empty()) return;
  console().print(
      "what is encrypted is proven as it is stored, and not decrypted, so nobody knows who wrote it: " +
      option + " does that");
}

bool is_refused_untagged(const ArchiveOptions& options, const Stored& stored) {
  return stored.kind == TIDEMARK_STORED_ARCHIVE && !options.tag_key_file.empty() &&
         !options.accept_untagged && !is_encrypted(stored);
}

Result<std::unique_ptr<Archive>> Archive::open(const ArchiveOptions& options) {
  TM_ASSIGN(auto plugin, Plugin::load(options.plugin));
  std::vector<Setting> settings = {{"log_level", console().log_level_name(options.keep_lines), false}};
  if (options.read_only) settings.push_back({"read_only", "true", false});
  if (!options.sink_dir.empty()) settings.push_back({"sink_dir", options.sink_dir, false});
  if (options.epoch) settings.push_back({"read_epoch", std::to_string(*options.epoch), false});
  if (!options.identity_file.empty()) settings.push_back({"identity_file", options.identity_file, false});
  if (!options.tag_key_file.empty())
    settings.push_back({"encrypt_tag_key_file", options.tag_key_file, false});
  if (options.accept_untagged) settings.push_back({"accept_untagged", "true", false});
  if (!options.compress.empty()) settings.push_back({"compress", options.compress, false});
  if (!options.recipients_file.empty())
    settings.push_back({"encrypt_recipients_file", options.recipients_file, false});
  const auto list = to_options(settings);
  const tidemark_host host = host_table();
  tidemark_archiver* archiver = nullptr;
  tidemark_error error = fresh_error();
  const auto status =
      plugin->api().create(&host, list.data(), static_cast<uint32_t>(list.size()), &archiver, &error);
  if (status != TIDEMARK_OK) {
    Error problem = to_error("cannot set up the plugin", status, error);
    if (problem.exit_code == kExitSink) problem.exit_code = kExitLocal;  // nothing was asked of the archive
    return problem;
  }
  std::unique_ptr<Archive> archive(new Archive(std::move(plugin), archiver));
  TM_TRY(archive->connect(options));
  return archive;
}

Result<void> Archive::connect(const ArchiveOptions& options) {
  const auto list = to_options(options.sink_options);
  Stop stop;
  const tidemark_call call = call_for(stop);
  tidemark_error error = fresh_error();
  if (options.keep_lines) console().keep_infos();
  const auto status = plugin_->api().set_sink(archiver_, abi_str(options.url), list.data(),
                                              static_cast<uint32_t>(list.size()), &call, &error);
  opening_lines_ = console().take_infos();
  // Without the query and a password: they are nobody's business.
  if (status != TIDEMARK_OK)
    return to_error("cannot open " + printable(printable_url(options.url)), status, error);
  const auto extension = [&](const char* id) { return plugin_->api().get_extension(archiver_, id); };
  maintenance_ = static_cast<const tidemark_maintenance_api*>(extension(TIDEMARK_EXT_MAINTENANCE));
  readback_ = static_cast<const tidemark_readback_api*>(extension(TIDEMARK_EXT_READBACK));
  draft_ = static_cast<const tidemark_draft_maintenance_api*>(extension(TIDEMARK_EXT_DRAFT_MAINTENANCE));
  const char* missing = nullptr;
  if (readback_ == nullptr || !TIDEMARK_HAS(readback_, tidemark_readback_api, fetch))
    missing = TIDEMARK_EXT_READBACK;
  if (maintenance_ == nullptr || !TIDEMARK_HAS(maintenance_, tidemark_maintenance_api, unpack))
    missing = TIDEMARK_EXT_MAINTENANCE;
  if (draft_ == nullptr || !TIDEMARK_HAS(draft_, tidemark_draft_maintenance_api, plain_size))
    missing = TIDEMARK_EXT_DRAFT_MAINTENANCE;
  if (missing == nullptr) return {};
  return Error{kExitSink,
               std::string("this plugin is of another release: it has no ") + missing +
                   " (name another with --plugin)",
               TIDEMARK_OK, 0};
}

Result<std::unique_ptr<Archive>> Archive::open_existing(const ArchiveOptions& options) {
  if (!options.read_only) {
    ArchiveOptions look = options;
    look.read_only = true;
    TM_ASSIGN(const auto looked, open(look));
    assert(looked != nullptr);
  }
  return open(options);
}

Archive::~Archive() { plugin_->api().destroy(archiver_); }

Result<void> Archive::list(const ListAfter& attempt, const std::string& start_after,
                           const std::function<bool(const Stored&)>& visit, Stop& stop) {
  struct Context {
    Archive& archive;
    const std::function<bool(const Stored&)>& visit;
    Stop& stop;
    std::string newest_key;  // what a second try has to reach before it visits anything
    uint64_t visited = 0;
    Result<void> looked;
  } context{*this, visit, stop, start_after, 0, {}};
  const auto on_object = [](void* ctx, const tidemark_stored* object) -> int32_t {
    auto& self = *static_cast<Context*>(ctx);
    Stored stored = to_stored(*object);
    if (!self.newest_key.empty() && stored.key <= self.newest_key) return 0;
    self.looked = self.archive.look_when_made(stored, self.stop);
    if (!self.looked || !self.visit(stored)) return 1;
    self.newest_key = std::move(stored.key);
    ++self.visited;
    return 0;
  };
  TM_TRY(with_retries(
      "", stop,
      [&](const tidemark_call* call, tidemark_error* error) {
        const std::string after = context.newest_key;
        return attempt(after, on_object, &context, call, error);
      },
      &context.visited));
  return std::move(context.looked);
}

Result<void> Archive::scan(const Scope& scope, uint64_t from, const std::function<bool(const Stored&)>& visit,
                           Stop& stop) {
  const uint64_t* partition = scope.partition ? &*scope.partition : nullptr;
  return list(
      [&](const std::string&, auto on_object, void* ctx, const tidemark_call* call, tidemark_error* error) {
        return maintenance_->scan(archiver_, abi_str(scope.storage), partition, from, on_object, ctx, call,
                                  error);
      },
      "", visit, stop);
}

Result<void> Archive::scan_level(const std::string& storage, const std::string& start_after,
                                 const std::function<bool(const Stored&)>& visit, Stop& stop) {
  return list(
      [&](const std::string& after, auto on_object, void* ctx, const tidemark_call* call,
          tidemark_error* error) {
        return draft_->scan_level(archiver_, abi_str(storage), abi_str(after), on_object, ctx, call, error);
      },
      start_after, visit, stop);
}

Result<void> Archive::scan_folders(const std::vector<std::string>& folders, const std::string& start_after,
                                   const std::function<bool(const Stored&)>& visit, Stop& stop) {
  std::vector<tidemark_str> keys;
  keys.reserve(folders.size());
  for (const std::string& folder : folders) keys.push_back(abi_str(folder));
  return list(
      [&](const std::string& after, auto on_object, void* ctx, const tidemark_call* call,
          tidemark_error* error) {
        return draft_->scan_folders(archiver_, keys.data(), static_cast<uint32_t>(keys.size()),
                                    abi_str(after), on_object, ctx, call, error);
      },
      start_after, visit, stop);
}

Result<void> Archive::look_when_made(Stored& stored, Stop& stop) {
  if (!tells_when_made_ || stored.kind != TIDEMARK_STORED_ARCHIVE) return {};
  int64_t made_us = 0;
  const auto read = with_retries("", stop, [&](const tidemark_call* call, tidemark_error* error) {
    return draft_->made(archiver_, abi_str(stored.key), &made_us, call, error);
  });
  if (read && made_us > 0) stored.modified_us = made_us;
  if (read) return {};
  // What is damaged, or gone by now, is for others to find.
  const tidemark_status status = read.error().status;
  return status == TIDEMARK_E_CORRUPT || status == TIDEMARK_E_NOT_FOUND ? Result<void>() : read.error();
}

Result<uint64_t> Archive::plain_size(const std::string& key, Stop& stop) {
  uint64_t size_bytes = 0;
  TM_TRY(with_retries("", stop, [&](const tidemark_call* call, tidemark_error* error) {
    return draft_->plain_size(archiver_, abi_str(key), &size_bytes, call, error);
  }));
  return size_bytes;
}

Result<void> Archive::check(const std::string& key, bool deep, ReadMeter* meter, Stop& stop) {
  tidemark_check_options options{};
  options.struct_size = sizeof(options);
  options.flags = deep ? TIDEMARK_CHECK_DEEP : 0;
  options.progress = meter != nullptr ? &ReadMeter::report : nullptr;
  options.ctx = meter;
  return with_retries("", stop, [&](const tidemark_call* call, tidemark_error* error) {
    return draft_->check(archiver_, abi_str(key), &options, call, error);
  });
}

Result<void> Archive::check_entries(const std::string& key, const std::function<void()>& again,
                                    const std::function<bool(const CheckedEntry&)>& visit, Stop& stop) {
  tidemark_check_options options{};
  options.struct_size = sizeof(options);
  options.visit = [](void* ctx, const tidemark_checked_entry* entry) -> int32_t {
    CheckedEntry checked{entry->lsn, {}};
    std::copy_n(entry->sha256, checked.sha256.size(), checked.sha256.begin());
    return (*static_cast<const std::function<bool(const CheckedEntry&)>*>(ctx))(checked) ? 0 : 1;
  };
  options.ctx = const_cast<std::function<bool(const CheckedEntry&)>*>(&visit);
  return with_retries("", stop, [&](const tidemark_call* call, tidemark_error* error) {
    again();
    return draft_->check(archiver_, abi_str(key), &options, call, error);
  });
}

Result<void> Archive::unpack(const std::string& key, uint64_t first, uint64_t last, const std::string& place,
                             bool keep_setid, ReadMeter* meter, Stop& stop) {
  const tidemark_unpack_options options = {
      sizeof(options),
      TIDEMARK_UNPACK_PRIVATE | TIDEMARK_UNPACK_SYNC_LATER | (keep_setid ? TIDEMARK_UNPACK_KEEP_SETID : 0),
      first,
      last,
      abi_str(place),
      meter != nullptr ? &ReadMeter::report : nullptr,
      meter};
  bool disk_full = false;
  auto result = with_retries("", stop, [&](const tidemark_call* call, tidemark_error* error) {
    const tidemark_status status = maintenance_->unpack(archiver_, abi_str(key), &options, call, error);
    // Nothing is written to the sink: it is this machine that is full, and waiting does not help.
    disk_full = status == TIDEMARK_E_NO_SPACE;
    return disk_full ? TIDEMARK_E_PERMANENT : status;
  });
  if (!result && disk_full) return Error{kExitLocal, result.error().message, TIDEMARK_E_NO_SPACE, 0};
  return result;
}

Result<std::vector<ComparedEntry>> Archive::compare(const std::string& key, const CompareWish& wish,
                                                    const std::string& directory, ReadMeter* meter,
                                                    Stop& stop) {
  struct Context {
    std::vector<ComparedEntry> entries;
    ReadMeter* meter;
  } context{{}, meter};
  tidemark_compare_options options{};
  options.struct_size = sizeof(options);
  if (wish.keep_setid) options.flags |= TIDEMARK_UNPACK_KEEP_SETID;
  if (wish.by_digest) options.flags |= TIDEMARK_COMPARE_BY_DIGEST;
  options.first = wish.first;
  options.last = wish.last;
  options.directory = abi_str(directory);
  options.visit = [](void* ctx, const tidemark_compared_entry* entry) -> int32_t {
    if (entry->result != TIDEMARK_COMPARED_SAME) {
      static_cast<Context*>(ctx)->entries.push_back(
          {entry->result, entry->lsn, printable(view(entry->message))});
    }
    return 0;
  };
  options.progress = [](void* ctx, uint64_t read_bytes) {
    if (ReadMeter* total = static_cast<Context*>(ctx)->meter) ReadMeter::report(total, read_bytes);
  };
  options.ctx = &context;
  TM_TRY(with_retries("", stop, [&](const tidemark_call* call, tidemark_error* error) {
    context.entries.clear();
    return draft_->compare(archiver_, abi_str(key), &options, call, error);
  }));
  return std::move(context.entries);
}

Result<void> Archive::fetch(const std::string& key, bool plain, const tidemark_writer& out, Stop& stop) {
  const tidemark_call call = call_for(stop);
  tidemark_error error = fresh_error();
  const auto fetch = plain ? draft_->fetch_plain : readback_->fetch;
  const auto status = fetch(archiver_, abi_str(key), &out, &call, &error);
  if (status != TIDEMARK_OK) return to_error("", status, error);
  return {};
}

Result<Record> Archive::read_record(const std::string& key, Stop& stop) {
  Record record;
  const auto on_record = [](void* ctx, const tidemark_record* read) {
    *static_cast<Record*>(ctx) = {read->kind, read->first, read->last, read->made_us,
                                  std::string(view(read->reason))};
  };
  TM_TRY(with_retries("", stop, [&](const tidemark_call* call, tidemark_error* error) {
    return maintenance_->read_record(archiver_, abi_str(key), on_record, &record, call, error);
  }));
  return record;
}

Result<Epoch> Archive::read_epoch(const std::string& key, Stop& stop) {
  Epoch epoch;
  const auto on_epoch = [](void* ctx, const tidemark_epoch* read) {
    auto& out = *static_cast<Epoch*>(ctx);
    out = {read->epoch,
           read->parent,
           read->how,
           read->made_us,
           {},
           std::string(view(read->host)),
           std::string(view(read->reason))};
    std::copy_n(read->owner, out.owner.size(), out.owner.begin());
  };
  TM_TRY(with_retries("", stop, [&](const tidemark_call* call, tidemark_error* error) {
    return draft_->read_epoch(archiver_, abi_str(key), on_epoch, &epoch, call, error);
  }));
  return epoch;
}

Result<TakenOver> Archive::take_over(const std::string& storage, const TakeoverWish& wish, Stop& stop) {
  tidemark_takeover takeover{};
  takeover.struct_size = sizeof(takeover);
  takeover.lineage_file = abi_str(wish.lineage_file);
  takeover.over = wish.over;
  takeover.restored_from = wish.restored_from;
  takeover.reason = abi_str(wish.reason);
  tidemark_taken_over taken{};
  taken.struct_size = sizeof(taken);
  const tidemark_call call = call_for(stop);
  tidemark_error error = fresh_error();
  const auto status = draft_->take_over(archiver_, abi_str(storage), &takeover, &taken, &call, &error);
  if (status != TIDEMARK_OK) return to_error("", status, error);
  return TakenOver{taken.epoch, taken.records_written_again};
}

Result<void> Archive::accept_gap(const std::string& storage, uint64_t partition, uint64_t first,
                                 uint64_t last, const std::string& reason, Stop& stop) {
  const tidemark_partition where = to_partition(storage, partition);
  return with_retries("", stop, [&](const tidemark_call* call, tidemark_error* error) {
    return draft_->accept_gap(archiver_, &where, first, last, abi_str(reason), call, error);
  });
}

namespace {

// What a later plugin may say besides, nobody knows to be more than the least.
CopyCompared to_compared(int32_t compared) {
  switch (compared) {
    case 0:
      return CopyCompared::kNothing;
    case TIDEMARK_COMPARED_TAG:
      return CopyCompared::kTag;
    case TIDEMARK_COMPARED_BODIES:
      return CopyCompared::kBodies;
    default:
      return CopyCompared::kFooters;
  }
}

}  // namespace

CopyOutcome Archive::copy_to(Archive& to, const CopyWish& wish, const std::function<void(uint64_t)>& progress,
                             Stop& stop) {
  tidemark_copy_options options{};
  options.struct_size = sizeof(options);
  if (wish.compare_only) options.flags |= TIDEMARK_COPY_COMPARE;
  if (wish.read_whole) options.flags |= TIDEMARK_COPY_READ_WHOLE;
  if (wish.encode) options.flags |= TIDEMARK_COPY_ENCODE;
  if (wish.keep_compression) options.flags |= TIDEMARK_COPY_KEEP_COMPRESSION;
  options.to_key = abi_str(wish.to_key);
  options.size_bytes = wish.size_bytes;
  options.buffer_bytes = wish.buffer_bytes;
  options.progress = [](void* ctx, uint64_t read_bytes) {
    (*static_cast<const std::function<void(uint64_t)>*>(ctx))(read_bytes);
  };
  options.ctx = const_cast<std::function<void(uint64_t)>*>(&progress);
  tidemark_copy_result result{};
  result.struct_size = sizeof(result);
  auto done = with_retries("", stop, [&](const tidemark_call* call, tidemark_error* error) {
    return draft_->copy(archiver_, to.archiver_, abi_str(wish.key), &options, &result, call, error);
  });
  return {std::move(done), result.result == TIDEMARK_COPY_THERE, to_compared(result.compared),
          result.result == TIDEMARK_COPY_ENCODED, result.failed == TIDEMARK_COPY_DESTINATION};
}

Result<void> Archive::try_out(const std::string& name, const Scope& where,
                              const std::function<bool(const std::string& name, int64_t age_us)>& is_left,
                              const std::function<void(const TriedThing&)>& visit, Stop& stop) {
  struct Context {
    const std::function<bool(const std::string& name, int64_t age_us)>& is_left;
    const std::function<void(const TriedThing&)>& visit;
  } context{is_left, visit};
  tidemark_try_options options{};
  options.struct_size = sizeof(options);
  options.name = abi_str(name);
  options.visit = [](void* ctx, const tidemark_tried* tried) {
    static_cast<Context*>(ctx)->visit(
        {tried->result, std::string(view(tried->what)), printable(view(tried->message))});
  };
  options.is_left = [](void* ctx, tidemark_str other, int64_t age_us) -> int32_t {
    return static_cast<Context*>(ctx)->is_left(std::string(view(other)), age_us) ? 1 : 0;
  };
  options.ctx = &context;
  const tidemark_partition partition = to_partition(where.storage, where.partition.value_or(0));
  if (where.partition) options.partition = &partition;
  const tidemark_call call = call_for(stop);
  tidemark_error error = fresh_error();
  const auto status = draft_->try_out(archiver_, &options, &call, &error);
  if (status != TIDEMARK_OK) return to_error("", status, error);
  return {};
}

Result<void> Archive::prune_branch(const std::string& storage, uint64_t epoch, bool dry_run,
                                   const std::function<void(const Stored&)>& visit, Stop& stop) {
  std::set<std::string> seen;  // a dry run that is tried again begins from the start
  const std::function<void(const Stored&)> once = [&](const Stored& stored) {
    if (!dry_run || seen.insert(stored.key).second) visit(stored);
  };
  const auto on_object = [](void* ctx, const tidemark_stored* object) -> int32_t {
    (*static_cast<const std::function<void(const Stored&)>*>(ctx))(to_stored(*object));
    return 0;
  };
  return with_retries("", stop, [&](const tidemark_call* call, tidemark_error* error) {
    return draft_->prune_branch(archiver_, abi_str(storage), epoch, dry_run ? 1 : 0, on_object,
                                const_cast<std::function<void(const Stored&)>*>(&once), call, error);
  });
}

Result<void> Archive::prune(const std::string& storage, uint64_t partition, uint64_t before, bool dry_run,
                            const std::function<void(const Stored&)>& visit, Stop& stop) {
  const tidemark_partition where = to_partition(storage, partition);
  struct Context {
    const std::function<void(const Stored&)>& visit;
    // A dry run that is tried again begins from the start. Pruned records go after all else, see prune.
    std::string newest_key{}, newest_pruned_key{};
    uint64_t visited = 0;
  } context{visit};
  const auto on_object = [](void* ctx, const tidemark_stored* object) -> int32_t {
    auto& self = *static_cast<Context*>(ctx);
    Stored stored = to_stored(*object);
    std::string& newest = stored.kind == TIDEMARK_STORED_PRUNED ? self.newest_pruned_key : self.newest_key;
    if (stored.key <= newest) return 0;
    self.visit(stored);
    newest = std::move(stored.key);
    ++self.visited;
    return 0;
  };
  return with_retries(
      "", stop,
      [&](const tidemark_call* call, tidemark_error* error) {
        return draft_->prune(archiver_, &where, before, dry_run ? 1 : 0, on_object, &context, call, error);
      },
      &context.visited);
}

}  // namespace tidemark::cli
