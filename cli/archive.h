// A sink that is open, with all its archives and records: the plugin's maintenance extension in this
// program's own types.
//
// Any thread may call any function but open(). What may work a moment later (a lost connection, a store that
// asks to slow down) is tried again for some seconds before it becomes an error. Every call ends soon after
// an interrupt or after its Stop was set.
#ifndef TIDEMARK_CLI_ARCHIVE_H
#define TIDEMARK_CLI_ARCHIVE_H

#include <tidemark/draft/maintenance.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "error.h"
#include "plugin.h"
#include "signals.h"

namespace tidemark::cli {

struct ArchiveOptions {
  std::string url;
  std::string plugin;    // empty: the one beside this program
  std::string sink_dir;  // empty: where the plugin lies
  std::vector<Setting> sink_options;
  bool read_only = true;
  std::string identity_file;      // absolute; decrypts; empty: none
  std::string tag_key_file;       // absolute; proves who encrypted it; empty: none
  bool accept_untagged = false;   // with a tag key: what bears no tag may be read too
  std::string compress;           // what is written, as the archiver's option; empty: not
  std::string recipients_file;    // absolute; what is written is encrypted; empty: not
  std::optional<uint64_t> epoch;  // whose history is looked after; nothing: that of the newest
  // Whether what the sink logs while it is opened is kept for opening_lines().
  bool keep_lines = false;
  // The words of a command line that open the same archive, quoted for a shell; without what may be secret.
  std::string words;
};

// Which part of an archive: everything, a storage, or one partition of it.
struct Scope {
  std::string storage;
  std::optional<uint64_t> partition;
};
std::string partition_text(std::string_view storage, uint64_t partition);  // "main/7"
std::string folder_of(const Scope& scope);                                 // "", "main/" or "main/7/"

// An object of the archive, as tidemark_stored has it.
struct Stored {
  int32_t kind = TIDEMARK_STORED_FOREIGN;
  std::string storage;
  uint64_t partition = 0;
  uint64_t first = 0, last = 0;
  uint64_t size_bytes = 0;
  int64_t modified_us = 0;
  std::string key;
  uint64_t epoch = 0;
  std::string coding{};  // of an archive: "", ".zst", ".age" or ".zst.age"
  // As one history sees it (history.h), first..last are those of its LSNs that count there; then this is the
  // last one by its name if it is another, else 0.
  uint64_t name_last = 0;
};
// All LSNs that it holds, whether they count or not.
inline uint64_t whole_last(const Stored& stored) { return std::max(stored.last, stored.name_last); }
bool is_record(const Stored& stored);  // gap, accepted, pruned or origin
bool is_ours(const Stored& stored);    // an archive or a record of a partition, by its name
bool is_epoch(const Stored& stored);   // the record of an epoch of a storage
bool is_encrypted(const Stored& stored);
// Ours, or what stands in the place of an archive or a record of ours: it says which entries it is of.
bool names_entries(const Stored& stored);
// Says that keys were given and nothing is decoded, which `option` would do.
void tell_unused_keys(const ArchiveOptions& options, const std::string& option);
// Whether an archiver with these options refuses to read it, because it bears no tag.
bool is_refused_untagged(const ArchiveOptions& options, const Stored& stored);

struct Record {
  int32_t kind = 0;
  uint64_t first = 0, last = 0;
  int64_t made_us = 0;
  std::string reason;
};

// The record of an epoch, as tidemark_epoch has it.
struct Epoch {
  uint64_t number = 0, parent = 0;
  int32_t how = 0;  // TIDEMARK_CLAIM_*
  int64_t made_us = 0;
  std::array<uint8_t, 16> owner{};
  std::string host, reason;
};

struct CheckedEntry {
  uint64_t lsn = 0;
  std::array<uint8_t, 32> sha256{};
};

// Which entries on disk are compared with an archive, and how.
struct CompareWish {
  uint64_t first = 0, last = 0;
  bool keep_setid = false;
  bool by_digest = false;  // an archive whose footer proves that all is the same is not read
};
// What came of it.
struct ComparedEntry {
  int32_t result = 0;  // TIDEMARK_COMPARED_*
  uint64_t lsn = 0;
  std::string message;
};

// Which data directory takes a storage over.
struct TakeoverWish {
  std::string lineage_file;
  uint64_t over = 0;           // the newest epoch
  uint64_t restored_from = 0;  // 0: the data is what the file remembers
  std::string reason;
};

struct TakenOver {
  uint64_t epoch = 0;                  // that was claimed
  uint64_t records_written_again = 0;  // of older ones, which the archive had lost
};

// How an object is copied from one archive to another.
struct CopyWish {
  std::string key;
  uint64_t size_bytes = 0;    // as the source lists it
  uint64_t buffer_bytes = 0;  // of memory
  bool compare_only = false;  // both have it; writes nothing
  bool read_whole = false;    // then compares the bodies too
  std::string to_key{};       // what is compared, if it has another name there
  // An archive is encoded anew as the options of the other archive say, or stays uncompressed if it was.
  bool encode = false;
  bool keep_compression = false;
};
// How an archive that was there was found to be the same: TIDEMARK_COMPARED_*.
enum class CopyCompared : uint8_t { kNothing, kFooters, kTag, kBodies };
struct CopyOutcome {
  Result<void> done;
  bool was_there = false;
  CopyCompared compared = CopyCompared::kNothing;  // of one that was there
  bool was_encoded = false;
  bool failed_at_destination = false;  // whose the error is
  bool was_only_read = false;          // nothing was to be put
};

// One thing that was tried on a sink.
struct TriedThing {
  int32_t result = 0;  // TIDEMARK_TRIED_*
  std::string what, message;
};

// Ends calls that run on other threads.
struct Stop {
  std::atomic<bool> asked{false};
  bool is_set() const { return interrupted() || asked.load(std::memory_order_relaxed); }
};

// Adds what is read of one object to a total that other threads look at. What a second try reads again does
// not count twice.
class ReadMeter {
 public:
  explicit ReadMeter(std::atomic<uint64_t>& total_bytes) : total_bytes_(total_bytes) {}
  static void report(void* self, uint64_t read_bytes) { static_cast<ReadMeter*>(self)->set(read_bytes); }
  uint64_t read_bytes() const { return read_bytes_; }

 private:
  void set(uint64_t read_bytes) { total_bytes_ += read_bytes - std::exchange(read_bytes_, read_bytes); }
  std::atomic<uint64_t>& total_bytes_;
  uint64_t read_bytes_ = 0;
};

class Archive {
 public:
  static Result<std::unique_ptr<Archive>> open(const ArchiveOptions& options);
  // The same, but not even one that is opened to be changed is created: a mistyped place is an error.
  static Result<std::unique_ptr<Archive>> open_existing(const ArchiveOptions& options);
  ~Archive();
  Archive(const Archive&) = delete;
  Archive& operator=(const Archive&) = delete;

  // What the sink logged when it was opened, such as what a crashed writer left. Main thread.
  const std::vector<std::string>& opening_lines() const { return opening_lines_; }

  // From now on scan() says of each archive when it was made, by its footer, instead of the sink's time: that
  // one changes when archives are copied, to a later or an earlier one. Main thread, before others.
  void tell_when_made() { tells_when_made_ = true; }
  // In byte order of keys, each once; `visit` returns false to stop. See tidemark_maintenance_api for the
  // rest.
  Result<void> scan(const Scope& scope, uint64_t from, const std::function<bool(const Stored&)>& visit,
                    Stop& stop);
  // One level of that, after a key: storages (storage empty) or partitions of one, each as its folder, and
  // what lies beside them; see tidemark_draft_maintenance_api.
  Result<void> scan_level(const std::string& storage, const std::string& start_after,
                          const std::function<bool(const Stored&)>& visit, Stop& stop);
  // What scan() gives of neighbouring folders, after a key; of one alone, or of everything, which is "".
  Result<void> scan_folders(const std::vector<std::string>& folders, const std::string& start_after,
                            const std::function<bool(const Stored&)>& visit, Stop& stop);
  // `deep`: what is compressed or encrypted is decoded too. The meter may be NULL; it lives until the call
  // returns.
  Result<void> check(const std::string& key, bool deep, ReadMeter* meter, Stop& stop);
  // Visited entries count only if the result is OK; a second try begins with `again`.
  Result<void> check_entries(const std::string& key, const std::function<void()>& again,
                             const std::function<bool(const CheckedEntry&)>& visit, Stop& stop);
  // Into the directory `place`, which nobody else looks into; there it is whole, and durable after a syncfs
  // and an fsync of the directory that the entries are moved to.
  Result<void> unpack(const std::string& key, uint64_t first, uint64_t last, const std::string& place,
                      bool keep_setid, ReadMeter* meter, Stop& stop);
  // Of the entries of `directory` those that are not the same, in order.
  Result<std::vector<ComparedEntry>> compare(const std::string& key, const CompareWish& wish,
                                             const std::string& directory, ReadMeter* meter, Stop& stop);
  // Of a compressed archive, as its footer says; 0: it does not.
  Result<uint64_t> plain_size(const std::string& key, Stop& stop);
  // Not tried again: what was written cannot be taken back.
  Result<void> fetch(const std::string& key, bool plain, const tidemark_writer& out, Stop& stop);
  Result<Record> read_record(const std::string& key, Stop& stop);
  Result<Epoch> read_epoch(const std::string& key, Stop& stop);
  Result<void> accept_gap(const std::string& storage, uint64_t partition, uint64_t first, uint64_t last,
                          const std::string& reason, Stop& stop);
  // Claims an epoch after `over` for the data directory of that lineage file. Not tried again: whether the
  // last try claimed one is not known.
  Result<TakenOver> take_over(const std::string& storage, const TakeoverWish& wish, Stop& stop);
  // `progress` gets on this thread how much was read, by this try; may sleep.
  CopyOutcome copy_to(Archive& to, const CopyWish& wish, const std::function<void(uint64_t)>& progress,
                      Stop& stop);
  // Tries what an archiver needs, with an object of that name, or what it needs of the folder of the one
  // partition that `where` names; `is_left` says of other names whether a killed process left them.
  Result<void> try_out(const std::string& name, const Scope& where,
                       const std::function<bool(const std::string& name, int64_t age_us)>& is_left,
                       const std::function<void(const TriedThing&)>& visit, Stop& stop);
  Result<void> prune_branch(const std::string& storage, uint64_t epoch, bool dry_run,
                            const std::function<void(const Stored&)>& visit, Stop& stop);
  Result<void> prune(const std::string& storage, uint64_t partition, uint64_t before, bool dry_run,
                     const std::function<void(const Stored&)>& visit, Stop& stop);

 private:
  Archive(std::shared_ptr<Plugin> plugin, tidemark_archiver* archiver)
      : plugin_(std::move(plugin)), archiver_(archiver) {}
  Result<void> connect(const ArchiveOptions& options);
  // `attempt` lists what comes after a key, and may list what comes before it too.
  using ListAfter =
      std::function<tidemark_status(const std::string& after, int32_t (*visit)(void*, const tidemark_stored*),
                                    void* visit_ctx, const tidemark_call*, tidemark_error*)>;
  Result<void> list(const ListAfter& attempt, const std::string& start_after,
                    const std::function<bool(const Stored&)>& visit, Stop& stop);
  Result<void> look_when_made(Stored& stored, Stop& stop);

  const std::shared_ptr<Plugin> plugin_;
  tidemark_archiver* const archiver_;
  const tidemark_maintenance_api* maintenance_ = nullptr;
  const tidemark_draft_maintenance_api* draft_ = nullptr;
  const tidemark_readback_api* readback_ = nullptr;
  std::vector<std::string> opening_lines_;
  bool tells_when_made_ = false;
};

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_ARCHIVE_H
