// tidemark.draft.maintenance/1 through the live plugin: a round on a real archive, read_only, and careless
// callers.
#include <tidemark/draft/maintenance.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "maintenance_fixture.h"

namespace tidemark::abi_test {
namespace {

class DraftTest : public MaintenanceTest {
 protected:
  void find_extension() override {
    MaintenanceTest::find_extension();
    draft_ = static_cast<const tidemark_draft_maintenance_api*>(
        api_->get_extension(archiver_, TIDEMARK_EXT_DRAFT_MAINTENANCE));
    ASSERT_NE(draft_, nullptr);
    ASSERT_TRUE(TIDEMARK_HAS(draft_, tidemark_draft_maintenance_api, prune_branch));
  }
  const tidemark_draft_maintenance_api* draft_ = nullptr;
  TempDir lineage_dir_;
};

TEST_F(DraftTest, ARoundOnARealArchive) {
  archive_four();
  ErrorOut error;
  struct Seen {
    tidemark_lsn lsn = 0;
    uint64_t read_bytes = 0;
  } seen;
  const tidemark_check_options options = {
      sizeof options, 0,
      [](void* ctx, const tidemark_checked_entry* entry) -> int32_t {
        static_cast<Seen*>(ctx)->lsn = entry->lsn;
        EXPECT_EQ(entry->size_bytes, 1024u) << "a header and a block";
        EXPECT_NE(entry->sha256, nullptr);
        return 0;
      },
      [](void* ctx, uint64_t read_bytes) { static_cast<Seen*>(ctx)->read_bytes = read_bytes; }, &seen};
  const tidemark_str second = str("orders/7/0000000000002.tar");
  ASSERT_EQ(draft_->check(archiver_, second, &options, nullptr, &error), TIDEMARK_OK) << error.message;
  EXPECT_EQ(seen.lsn, 2u);
  EXPECT_EQ(seen.read_bytes, 2560u);
  EXPECT_EQ(draft_->check(archiver_, second, nullptr, nullptr, &error), TIDEMARK_OK) << error.message;

  std::filesystem::remove(sink_dir_.path() + "/orders/7/0000000000002.tar");
  int gone = 0;
  expect_invalid(draft_->prune(archiver_, &partition_, 4, 1, count_stored, &gone, nullptr, &error), error,
                 "entries 2 to 2");
  ASSERT_EQ(draft_->accept_gap(archiver_, &partition_, 2, 2, str("spilled coffee"), nullptr, &error),
            TIDEMARK_OK)
      << error.message;
  expect_status(TIDEMARK_E_EXISTS,
                draft_->accept_gap(archiver_, &partition_, 2, 2, str("again"), nullptr, &error), error,
                "accepted");
  std::string reason;
  ASSERT_EQ(maintenance_->read_record(
                archiver_, str("orders/7/0000000000002-0000000000002.accepted"),
                [](void* ctx, const tidemark_record* record) {
                  EXPECT_EQ(record->kind, TIDEMARK_STORED_ACCEPTED);
                  EXPECT_EQ(record->partition.id, 7u);
                  EXPECT_GT(record->made_us, 1'600'000'000'000'000);
                  static_cast<std::string*>(ctx)->assign(record->reason.data, record->reason.size);
                },
                &reason, nullptr, &error),
            TIDEMARK_OK)
      << error.message;
  EXPECT_EQ(reason, "spilled coffee");
  ASSERT_EQ(draft_->prune(archiver_, &partition_, 4, 0, count_stored, &gone, nullptr, &error), TIDEMARK_OK)
      << error.message;
  EXPECT_EQ(gone, 3);
  EXPECT_EQ(scanned(), "4:1-3 1:4-4 ");
}

// What compare said of the last entry.
struct Compared {
  int32_t result = 0;
  tidemark_lsn lsn = 0;
  std::string message;
  uint64_t read_bytes = 0;
};
int32_t note_compared(void* ctx, const tidemark_compared_entry* entry) {
  EXPECT_EQ(entry->struct_size, sizeof *entry);
  auto& seen = *static_cast<Compared*>(ctx);
  seen.result = entry->result;
  seen.lsn = entry->lsn;
  seen.message = entry->message.size == 0 ? "" : std::string(entry->message.data, entry->message.size);
  return 0;
}
void note_progress(void* ctx, uint64_t read_bytes) { static_cast<Compared*>(ctx)->read_bytes = read_bytes; }

TEST_F(DraftTest, RestoredEntriesAreCompared) {
  archive_four();
  reopen_to_read();
  ErrorOut error;
  const TempDir out;
  const tidemark_str key = str("orders/7/0000000000002.tar");
  const tidemark_unpack_options all = {sizeof all, TIDEMARK_UNPACK_KEEP_SETID, 1, 9, str(out.path()), nullptr,
                                       nullptr};
  ASSERT_EQ(maintenance_->unpack(archiver_, key, &all, nullptr, &error), TIDEMARK_OK) << error.message;
  Compared seen;
  const tidemark_compare_options options = {sizeof options, 0,    1, 9, str(out.path()), note_compared,
                                            note_progress,  &seen};
  ASSERT_EQ(draft_->compare(archiver_, key, &options, nullptr, &error), TIDEMARK_OK) << error.message;
  EXPECT_EQ(seen.result, TIDEMARK_COMPARED_SAME) << seen.message;
  EXPECT_EQ(seen.lsn, 2u);
  EXPECT_EQ(seen.message, "");
  EXPECT_EQ(seen.read_bytes, 2560u);
  tidemark_compare_options by_digest = options;
  by_digest.flags = TIDEMARK_COMPARE_BY_DIGEST;
  seen = {};
  ASSERT_EQ(draft_->compare(archiver_, key, &by_digest, nullptr, &error), TIDEMARK_OK) << error.message;
  EXPECT_EQ(seen.result, TIDEMARK_COMPARED_SAME) << seen.message;
  EXPECT_EQ(seen.read_bytes, 2560u);
  const std::string restored = out.path() + "/0000000000002";
  std::filesystem::resize_file(restored, 3);
  ASSERT_EQ(draft_->compare(archiver_, key, &options, nullptr, &error), TIDEMARK_OK) << error.message;
  EXPECT_EQ(seen.result, TIDEMARK_COMPARED_DIFFERENT);
  EXPECT_EQ(seen.message, restored + ": has 3 bytes, 9 in the archive");
}

// Not of a draft; but the frozen headers do not know the flag.
TEST_F(DraftTest, UnpackedAndSyncedLater) {
  archive_four();
  reopen_to_read();
  ErrorOut error;
  const TempDir out;
  const tidemark_str key = str("orders/7/0000000000002.tar");
  tidemark_unpack_options options = {
      sizeof options, TIDEMARK_UNPACK_SYNC_LATER, 1, 9, str(out.path()), nullptr, nullptr};
  expect_invalid(maintenance_->unpack(archiver_, key, &options, nullptr, &error), error,
                 "SYNC_LATER without PRIVATE");
  options.flags |= TIDEMARK_UNPACK_PRIVATE;
  ASSERT_EQ(maintenance_->unpack(archiver_, key, &options, nullptr, &error), TIDEMARK_OK) << error.message;
  EXPECT_EQ(std::filesystem::file_size(out.path() + "/0000000000002"), 9u);
}

TEST_F(DraftTest, AnArchiveSaysWhenItWasMade) {
  const auto now_us = [] {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  };
  const int64_t before_us = now_us();
  archive_four();
  reopen_to_read();
  ErrorOut error;
  int64_t made_us = 0;
  ASSERT_EQ(draft_->made(archiver_, str("orders/7/0000000000002.tar"), &made_us, nullptr, &error),
            TIDEMARK_OK)
      << error.message;
  EXPECT_GE(made_us, before_us);
  EXPECT_LE(made_us, now_us());
  expect_status(TIDEMARK_E_NOT_FOUND,
                draft_->made(archiver_, str("orders/7/0000000000009.tar"), &made_us, nullptr, &error), error,
                "0000000000009");
  expect_invalid(draft_->made(archiver_, str("nonsense"), &made_us, nullptr, &error), error, "nonsense");
  expect_invalid(draft_->made(archiver_, str("orders/7/0000000000002.tar"), nullptr, nullptr, &error), error,
                 "made_us");
}

TEST_F(DraftTest, ACompressedArchiveSaysHowLargeTheTarIs) {
  archive_four();
  reopen_to_read();
  ErrorOut error;
  uint64_t size_bytes = 7;
  ASSERT_EQ(draft_->plain_size(archiver_, str("orders/7/0000000000002.tar"), &size_bytes, nullptr, &error),
            TIDEMARK_OK)
      << error.message;
  EXPECT_EQ(size_bytes, 0u) << "it is the tar";
  expect_status(
      TIDEMARK_E_NOT_FOUND,
      draft_->plain_size(archiver_, str("orders/7/0000000000009.tar"), &size_bytes, nullptr, &error), error,
      "0000000000009");
  expect_invalid(draft_->plain_size(archiver_, str("nonsense"), &size_bytes, nullptr, &error), error,
                 "nonsense");
  expect_invalid(draft_->plain_size(archiver_, str("orders/7/0000000000002.tar"), nullptr, nullptr, &error),
                 error, "size_bytes");
}

TEST_F(DraftTest, ReadOnlyReadsAndChangesNothing) {
  archive_four();
  reopen_to_read();
  ErrorOut error;
  expect_invalid(api_->start(archiver_, &error), error, "read_only");
  expect_invalid(draft_->accept_gap(archiver_, &partition_, 9, 9, str("x"), nullptr, &error), error,
                 "read_only");
  int gone = 0;
  expect_invalid(draft_->prune(archiver_, &partition_, 4, 0, count_stored, &gone, nullptr, &error), error,
                 "read_only");
  EXPECT_EQ(gone, 0);
  ASSERT_EQ(draft_->prune(archiver_, &partition_, 4, 1, count_stored, &gone, nullptr, &error), TIDEMARK_OK)
      << error.message;
  EXPECT_EQ(gone, 3);
  EXPECT_EQ(scanned(), "1:1-1 1:2-2 1:3-3 1:4-4 ");
  expect_status(TIDEMARK_E_NOT_FOUND, set_sink("file://" + sink_dir_.path() + "/absent", &error), error,
                "absent");
  EXPECT_FALSE(std::filesystem::exists(sink_dir_.path() + "/absent"));
}

TEST_F(DraftTest, ObjectsAreCopiedAndCompared) {
  archive_four();
  ErrorOut error;
  const tidemark_str key = str("orders/7/0000000000002.tar");
  tidemark_copy_options options = {sizeof options, 0, 2560, 1 << 20, nullptr, nullptr, {}};
  tidemark_copy_result result = {sizeof result, 0, 0, 0};
  // To itself, which has it already.
  ASSERT_EQ(draft_->copy(archiver_, archiver_, key, &options, &result, nullptr, &error), TIDEMARK_OK)
      << error.message;
  EXPECT_EQ(result.result, TIDEMARK_COPY_THERE);
  options.flags = TIDEMARK_COPY_COMPARE | TIDEMARK_COPY_READ_WHOLE;
  ASSERT_EQ(draft_->copy(archiver_, archiver_, key, &options, &result, nullptr, &error), TIDEMARK_OK)
      << error.message;
  options.to_key = str("orders/7/0000000000003.tar");
  expect_invalid(draft_->copy(archiver_, archiver_, key, &options, &result, nullptr, &error), error,
                 "not an archive of the entries");
  options.to_key = {nullptr, 5};
  expect_invalid(draft_->copy(archiver_, archiver_, key, &options, &result, nullptr, &error), error,
                 "to_key");
  options.struct_size = offsetof(tidemark_copy_options, to_key);  // who was compiled before there was one
  ASSERT_EQ(draft_->copy(archiver_, archiver_, key, &options, &result, nullptr, &error), TIDEMARK_OK)
      << error.message;
  options.struct_size = sizeof options;
  options.to_key = {};
  expect_status(TIDEMARK_E_NOT_FOUND,
                draft_->copy(archiver_, archiver_, str("orders/7/0000000000009.tar"), &options, &result,
                             nullptr, &error),
                error, "0000000000009");
  EXPECT_EQ(result.failed, TIDEMARK_COPY_SOURCE);
  EXPECT_EQ(result.result, 0);

  const auto& d = *draft_;
  expect_invalid(d.copy(nullptr, archiver_, key, &options, &result, nullptr, &error), error, "from");
  expect_invalid(d.copy(archiver_, nullptr, key, &options, &result, nullptr, &error), error, "to");
  expect_invalid(d.copy(archiver_, archiver_, {nullptr, 5}, &options, &result, nullptr, &error), error,
                 "key");
  expect_invalid(d.copy(archiver_, archiver_, str("nonsense"), &options, &result, nullptr, &error), error,
                 "nonsense");
  expect_invalid(d.copy(archiver_, archiver_, key, nullptr, &result, nullptr, &error), error, "options");
  expect_invalid(d.copy(archiver_, archiver_, key, &options, nullptr, nullptr, &error), error, "result");
  options.flags = 0x100;
  expect_status(TIDEMARK_E_UNSUPPORTED, d.copy(archiver_, archiver_, key, &options, &result, nullptr, &error),
                error, "flags");
  options.flags = 0;
  reopen_to_read();
  expect_invalid(draft_->copy(archiver_, archiver_, key, &options, &result, nullptr, &error), error,
                 "read_only");
}

TEST_F(DraftTest, AnArchiveIsEncodedAnewAsTheOtherArchiverSays) {
  archive_four();
  ErrorOut error;
  const TempDir other;
  const tidemark_option option = {str("compress"), str("zstd"), 0, 0};
  tidemark_archiver* to = nullptr;
  ASSERT_EQ(api_->create(&host_.table(), &option, 1, &to, &error), TIDEMARK_OK) << error.message;
  const std::string url = "file://" + other.path();
  ASSERT_EQ(api_->set_sink(to, str(url.c_str()), nullptr, 0, nullptr, &error), TIDEMARK_OK) << error.message;
  const tidemark_str key = str("orders/7/0000000000002.tar");
  tidemark_copy_options options = {sizeof options, TIDEMARK_COPY_ENCODE, 2560, 1 << 20, nullptr, nullptr, {}};
  tidemark_copy_result result = {sizeof result, 0, 0, 0};
  ASSERT_EQ(draft_->copy(archiver_, to, key, &options, &result, nullptr, &error), TIDEMARK_OK)
      << error.message;
  EXPECT_EQ(result.result, TIDEMARK_COPY_ENCODED);
  EXPECT_TRUE(std::filesystem::exists(other.path() + "/orders/7/0000000000002.tar.zst"));
  ASSERT_EQ(draft_->copy(archiver_, to, key, &options, &result, nullptr, &error), TIDEMARK_OK)
      << error.message;
  EXPECT_EQ(result.result, TIDEMARK_COPY_THERE);
  options.flags = TIDEMARK_COPY_COMPARE;
  options.to_key = str("orders/7/0000000000002.tar.zst");
  EXPECT_EQ(draft_->copy(archiver_, to, key, &options, &result, nullptr, &error), TIDEMARK_OK)
      << error.message;
  options.flags = TIDEMARK_COPY_ENCODE | TIDEMARK_COPY_KEEP_COMPRESSION;
  options.to_key = {};
  EXPECT_EQ(draft_->copy(archiver_, to, key, &options, &result, nullptr, &error), TIDEMARK_OK)
      << error.message;
  EXPECT_EQ(result.result, TIDEMARK_COPIED);
  api_->destroy(to);
}

TEST_F(DraftTest, ASinkIsTriedOut) {
  archive_four();
  ErrorOut error;
  int failed = 0;
  tidemark_try_options options = {sizeof options,
                                  0,
                                  str("me"),
                                  [](void* ctx, const tidemark_tried* tried) {
                                    EXPECT_EQ(tried->struct_size, sizeof *tried);
                                    if (tried->result != TIDEMARK_TRIED_OK) ++*static_cast<int*>(ctx);
                                  },
                                  nullptr,
                                  &failed,
                                  nullptr};
  ASSERT_EQ(draft_->try_out(archiver_, &options, nullptr, &error), TIDEMARK_OK) << error.message;
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(scanned(), "1:1-1 1:2-2 1:3-3 1:4-4 ") << "it leaves nothing";
  expect_invalid(draft_->try_out(archiver_, nullptr, nullptr, &error), error, "options");
  const tidemark_partition seven = {str("orders"), 7}, bad = {str("../x"), 7};
  options.partition = &seven;
  ASSERT_EQ(draft_->try_out(archiver_, &options, nullptr, &error), TIDEMARK_OK) << error.message;
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(scanned(), "1:1-1 1:2-2 1:3-3 1:4-4 ") << "it leaves nothing";
  options.partition = &bad;
  expect_invalid(draft_->try_out(archiver_, &options, nullptr, &error), error, "../x");
  options.struct_size = offsetof(tidemark_try_options, partition);  // of a caller that does not know it
  ASSERT_EQ(draft_->try_out(archiver_, &options, nullptr, &error), TIDEMARK_OK) << error.message;
  options.name = str("a/b");
  expect_invalid(draft_->try_out(archiver_, &options, nullptr, &error), error, "a/b");
  options.visit = nullptr;
  expect_invalid(draft_->try_out(archiver_, &options, nullptr, &error), error, "visit");
  reopen_to_read();
  options.visit = [](void*, const tidemark_tried*) {};
  expect_invalid(draft_->try_out(archiver_, &options, nullptr, &error), error, "read_only");
}

// What a level and what folders show: "kind:storage/partition key ".
int32_t note_stored(void* ctx, const tidemark_stored* stored) {
  EXPECT_EQ(stored->struct_size, sizeof *stored);
  const auto text = [](tidemark_str s) { return s.size == 0 ? std::string() : std::string(s.data, s.size); };
  static_cast<std::string*>(ctx)->append(
      std::to_string(stored->kind) + ":" + text(stored->partition.storage) + "/" +
      std::to_string(stored->partition.id) + " " + text(stored->key) + " ");
  return 0;
}

TEST_F(DraftTest, LevelsAndFolders) {
  archive_four();
  reopen_to_read();
  std::filesystem::create_directories(sink_dir_.path() + "/orders/8");
  std::filesystem::create_directories(sink_dir_.path() + "/orders/x");
  std::ofstream(sink_dir_.path() + "/notes") << "x";
  ErrorOut error;
  const auto level = [&](const char* storage, const char* after) {
    std::string seen;
    EXPECT_EQ(draft_->scan_level(archiver_, str(storage), str(after), note_stored, &seen, nullptr, &error),
              TIDEMARK_OK)
        << error.message;
    return seen;
  };
  EXPECT_EQ(level("", ""), "5:/0 notes 100:orders/0 orders/ ");
  EXPECT_EQ(level("", "notes"), "100:orders/0 orders/ ");
  EXPECT_EQ(level("orders", ""), "101:orders/7 orders/7/ 101:orders/8 orders/8/ 102:/0 orders/x/ ");
  EXPECT_EQ(level("orders", "orders/7/0000000000001.tar"), "101:orders/8 orders/8/ 102:/0 orders/x/ ");
  std::string seen;
  const tidemark_str folders[] = {str("orders/7/"), str("orders/8/")};
  ASSERT_EQ(draft_->scan_folders(archiver_, folders, 2, str("orders/7/0000000000003.tar"), note_stored, &seen,
                                 nullptr, &error),
            TIDEMARK_OK)
      << error.message;
  EXPECT_EQ(seen, "1:orders/7 orders/7/0000000000004.tar ");

  const tidemark_str broken = {nullptr, 5};
  const auto& d = *draft_;
  expect_invalid(d.scan_level(archiver_, broken, str(""), note_stored, &seen, nullptr, &error), error,
                 "storage");
  expect_invalid(d.scan_level(archiver_, str("a/b"), str(""), note_stored, &seen, nullptr, &error), error,
                 "storage name");
  expect_invalid(d.scan_level(archiver_, str(""), broken, note_stored, &seen, nullptr, &error), error,
                 "start_after");
  expect_invalid(d.scan_level(archiver_, str(""), str(""), nullptr, &seen, nullptr, &error), error, "visit");
  expect_invalid(d.scan_folders(archiver_, nullptr, 2, str(""), note_stored, &seen, nullptr, &error), error,
                 "folders");
  expect_invalid(d.scan_folders(archiver_, folders, 0, str(""), note_stored, &seen, nullptr, &error), error,
                 "no folder");
  const tidemark_str turned[] = {folders[1], folders[0]};
  expect_invalid(d.scan_folders(archiver_, turned, 2, str(""), note_stored, &seen, nullptr, &error), error,
                 "orders/7/");
  expect_invalid(d.scan_folders(archiver_, &broken, 1, str(""), note_stored, &seen, nullptr, &error), error,
                 "folder");
  expect_invalid(d.scan_folders(archiver_, folders, 2, str(""), nullptr, &seen, nullptr, &error), error,
                 "visit");
  EXPECT_EQ(d.scan_level(nullptr, str(""), str(""), note_stored, &seen, nullptr, nullptr),
            TIDEMARK_E_INVALID);
}

// Of a host that has a lineage file, and was started twice.
TEST_F(DraftTest, Epochs) {
  const std::string file = lineage_dir_.path() + "/lineage";
  ErrorOut error;
  for (tidemark_lsn lsn = 1; lsn <= 2; ++lsn) {
    if (archiver_ != nullptr) api_->destroy(archiver_);
    archiver_ = nullptr;
    create({option("lineage_file", file)});
    open_file_sink();
    ASSERT_EQ(api_->start(archiver_, &error), TIDEMARK_OK) << error.message;
    host_.commit(lsn, "payload");
    ASSERT_EQ(notify("orders", 1, lsn, &error), TIDEMARK_OK) << error.message;
    ASSERT_TRUE(host_.wait_for_acknowledge(lsn));
    ASSERT_EQ(api_->stop(archiver_, 1000, &error), TIDEMARK_OK) << error.message;
  }
  reopen_to_read();
  struct Seen {
    uint64_t epoch = 0, parent = 9;
    int32_t how = 0;
    int calls = 0;
  } seen;
  const auto note = [](void* ctx, const tidemark_epoch* epoch) {
    EXPECT_EQ(epoch->struct_size, sizeof *epoch);
    EXPECT_EQ(std::string(epoch->storage.data, epoch->storage.size), "orders");
    EXPECT_GT(epoch->made_us, 1'600'000'000'000'000);
    EXPECT_NE(epoch->owner, nullptr);
    EXPECT_GT(epoch->host.size, 0u);
    EXPECT_EQ(epoch->reason.size, 0u);
    auto& out = *static_cast<Seen*>(ctx);
    out = {epoch->epoch, epoch->parent, epoch->how, out.calls + 1};
  };
  const tidemark_str first = str("orders/epoch/0000000000001.epoch");
  const tidemark_str second = str("orders/epoch/0000000000002.epoch");
  ASSERT_EQ(draft_->read_epoch(archiver_, first, note, &seen, nullptr, &error), TIDEMARK_OK) << error.message;
  EXPECT_EQ(seen.how, TIDEMARK_CLAIM_FIRST);
  EXPECT_EQ(seen.parent, 0u);
  ASSERT_EQ(draft_->read_epoch(archiver_, second, note, &seen, nullptr, &error), TIDEMARK_OK)
      << error.message;
  EXPECT_EQ(seen.how, TIDEMARK_CLAIM_RESTART);
  EXPECT_EQ(seen.epoch, 2u);
  EXPECT_EQ(seen.parent, 1u);
  EXPECT_EQ(seen.calls, 2);

  const auto& d = *draft_;
  const tidemark_str archive = str("orders/7/0000000000001.tar"), broken = {nullptr, 5};
  expect_invalid(d.read_epoch(archiver_, archive, note, &seen, nullptr, &error), error,
                 "not the key of an epoch");
  expect_invalid(d.read_epoch(archiver_, broken, note, &seen, nullptr, &error), error, "key");
  expect_invalid(d.read_epoch(archiver_, first, nullptr, &seen, nullptr, &error), error, "visit");
  expect_status(
      TIDEMARK_E_NOT_FOUND,
      d.read_epoch(archiver_, str("orders/epoch/0000000000003.epoch"), note, &seen, nullptr, &error), error,
      "0000000000003.epoch");
  EXPECT_EQ(d.read_epoch(nullptr, first, note, &seen, nullptr, nullptr), TIDEMARK_E_INVALID);
  int gone = 0;
  expect_invalid(d.prune_branch(archiver_, str("orders"), 1, 1, count_stored, &gone, nullptr, &error), error,
                 "in the history of the newest");
  expect_invalid(d.prune_branch(archiver_, str("orders"), 1, 0, count_stored, &gone, nullptr, &error), error,
                 "read_only");
  expect_invalid(d.prune_branch(archiver_, str("a/b"), 1, 1, count_stored, &gone, nullptr, &error), error,
                 "storage name");
  expect_invalid(d.prune_branch(archiver_, broken, 1, 1, count_stored, &gone, nullptr, &error), error,
                 "storage");
  EXPECT_EQ(gone, 0);
  std::ofstream(sink_dir_.path() + "/orders/epoch/0000000000002.epoch") << "cut";
  expect_status(TIDEMARK_E_CORRUPT, d.read_epoch(archiver_, second, note, &seen, nullptr, &error), error,
                "0000000000002.epoch");
}

TEST_F(DraftTest, BeforeSetSink) {
  create();
  find_extension();
  ErrorOut error;
  expect_invalid(draft_->check(archiver_, str("a/1/0000000000001.tar"), nullptr, nullptr, &error), error,
                 "set_sink");
  expect_invalid(draft_->prune(archiver_, &partition_, 4, 0, nullptr, nullptr, nullptr, &error), error,
                 "set_sink");
}

TEST_F(DraftTest, CarelessCallers) {
  create();
  open_file_sink();
  find_extension();
  ErrorOut error;
  const tidemark_str broken = {nullptr, 5};
  const tidemark_partition bad = {str("../x"), 7};
  const auto& d = *draft_;
  expect_invalid(d.check(archiver_, broken, nullptr, nullptr, &error), error, "key");
  expect_invalid(d.check(archiver_, str("nonsense"), nullptr, nullptr, &error), error, "nonsense");
  const tidemark_check_options shorter = {offsetof(tidemark_check_options, ctx), 0, nullptr, nullptr,
                                          nullptr};
  expect_invalid(d.check(archiver_, str("a/1/0000000000001.tar"), &shorter, nullptr, &error), error,
                 "options.struct_size");
  expect_invalid(d.accept_gap(archiver_, nullptr, 1, 2, str("x"), nullptr, &error), error, "partition");
  expect_invalid(d.accept_gap(archiver_, &bad, 1, 2, str("x"), nullptr, &error), error, "../x");
  expect_invalid(d.accept_gap(archiver_, &partition_, 2, 1, str("x"), nullptr, &error), error, "first");
  expect_invalid(d.accept_gap(archiver_, &partition_, 1, 2, str(""), nullptr, &error), error, "reason");
  expect_invalid(d.accept_gap(archiver_, &partition_, 1, 2, broken, nullptr, &error), error, "reason");
  expect_invalid(d.prune(archiver_, &partition_, 0, 0, nullptr, nullptr, nullptr, &error), error, "before");
  expect_invalid(d.prune(archiver_, &bad, 5, 0, nullptr, nullptr, nullptr, &error), error, "../x");
  Compared seen;
  const tidemark_str key = str("a/1/0000000000001.tar");
  const tidemark_compare_options fine = {sizeof fine,   0,       1,    2, str("/nowhere"),
                                         note_compared, nullptr, &seen};
  const auto expect_refused = [&](const auto& spoil, const char* part,
                                  tidemark_status status = TIDEMARK_E_INVALID) {
    tidemark_compare_options options = fine;
    spoil(options);
    expect_status(status, d.compare(archiver_, key, &options, nullptr, &error), error, part);
  };
  expect_invalid(d.compare(archiver_, key, nullptr, nullptr, &error), error, "options");
  expect_invalid(d.compare(archiver_, broken, &fine, nullptr, &error), error, "key");
  expect_invalid(d.compare(archiver_, str("nonsense"), &fine, nullptr, &error), error, "nonsense");
  expect_status(TIDEMARK_E_NOT_FOUND, d.compare(archiver_, key, &fine, nullptr, &error), error, "/nowhere");
  expect_refused([](auto& o) { o.struct_size = offsetof(tidemark_compare_options, ctx); },
                 "options.struct_size");
  expect_refused([](auto& o) { o.visit = nullptr; }, "options.visit");
  expect_refused([](auto& o) { o.first = 3; }, "first");
  expect_refused([](auto& o) { o.directory = str(""); }, "directory");
  expect_refused([](auto& o) { o.flags = TIDEMARK_UNPACK_PRIVATE; }, "options.flags", TIDEMARK_E_UNSUPPORTED);
  EXPECT_EQ(d.check(archiver_, str("nonsense"), nullptr, nullptr, nullptr), TIDEMARK_E_INVALID)
      << "an error that is NULL is fine";
}

}  // namespace
}  // namespace tidemark::abi_test
