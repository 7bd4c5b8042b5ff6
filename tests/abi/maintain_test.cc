// tidemark.maintain/1 through the live plugin: a round on a real archive, read_only, and careless callers.
#include <tidemark/maintain.h>

#include "peer.h"

namespace tidemark::abi_test {
namespace {

class MaintainTest : public PluginTest {
 protected:
  // Entries 1 to 4, as archives of their own, and a stopped archiver.
  void archive_four() {
    start();
    for (tidemark_lsn lsn = 1; lsn <= 4; ++lsn) host_.commit(lsn, "payload " + std::to_string(lsn));
    ErrorOut error;
    ASSERT_EQ(notify("orders", 1, 4, &error), TIDEMARK_OK) << error.message;
    ASSERT_TRUE(host_.wait_for_acknowledge(4));
    ASSERT_EQ(api_->stop(archiver_, 1000, &error), TIDEMARK_OK) << error.message;
    find_extension();
  }
  void reopen_to_read() {
    api_->destroy(archiver_);
    archiver_ = nullptr;
    create({option("read_only", "true")});
    open_file_sink();
    find_extension();
  }
  void find_extension() {
    maintain_ =
        static_cast<const tidemark_maintain_api*>(api_->get_extension(archiver_, TIDEMARK_EXT_MAINTAIN));
    ASSERT_NE(maintain_, nullptr);
    ASSERT_TRUE(TIDEMARK_HAS(maintain_, tidemark_maintain_api, prune));
  }
  std::string scanned() {
    std::string text;
    ErrorOut error;
    EXPECT_EQ(maintain_->scan(
                  archiver_, str(""), nullptr, 0,
                  [](void* ctx, const tidemark_stored* stored) -> int32_t {
                    EXPECT_EQ(stored->struct_size, sizeof *stored);
                    EXPECT_GT(stored->modified_us, 1'600'000'000'000'000);
                    static_cast<std::string*>(ctx)->append(std::to_string(stored->kind) + ":" +
                                                           std::to_string(stored->first) + "-" +
                                                           std::to_string(stored->last) + " ");
                    return 0;
                  },
                  &text, nullptr, &error),
              TIDEMARK_OK)
        << error.message;
    return text;
  }
  static int32_t count_stored(void* ctx, const tidemark_stored*) { return ++*static_cast<int*>(ctx), 0; }

  const tidemark_maintain_api* maintain_ = nullptr;
  const tidemark_partition partition_ = {str("orders"), 7};
};

TEST_F(MaintainTest, ARoundOnARealArchive) {
  archive_four();
  EXPECT_EQ(scanned(), "1:1-1 1:2-2 1:3-3 1:4-4 ");

  ErrorOut error;
  tidemark_lsn seen = 0;
  uint64_t read_bytes = 0;
  ASSERT_EQ(maintain_->check(
                archiver_, str("orders/7/0000000000002.tar"),
                [](void* ctx, const tidemark_checked_entry* entry) -> int32_t {
                  *static_cast<tidemark_lsn*>(ctx) = entry->lsn;
                  EXPECT_EQ(entry->size_bytes, 1024u) << "a header and a block";
                  EXPECT_NE(entry->sha256, nullptr);
                  return 0;
                },
                &seen, &read_bytes, nullptr, &error),
            TIDEMARK_OK)
      << error.message;
  EXPECT_EQ(seen, 2u);
  EXPECT_EQ(read_bytes, 2560u);

  TempDir out;
  ASSERT_EQ(
      maintain_->unpack(
          archiver_, str("orders/7/0000000000003.tar"), 1, 9, str(out.path()), nullptr,
          [](void* ctx, tidemark_lsn lsn) -> int32_t { return *static_cast<tidemark_lsn*>(ctx) = lsn, 0; },
          &seen, nullptr, nullptr, &error),
      TIDEMARK_OK)
      << error.message;
  EXPECT_EQ(seen, 3u);
  std::ifstream restored(out.path() + "/0000000000003", std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(restored), {}), "payload 3");

  std::filesystem::remove(sink_dir_.path() + "/orders/7/0000000000002.tar");
  int gone = 0;
  expect_invalid(maintain_->prune(archiver_, &partition_, 4, 1, count_stored, &gone, nullptr, &error), error,
                 "entries 2 to 2");
  ASSERT_EQ(maintain_->accept_gap(archiver_, &partition_, 2, 2, str("spilled coffee"), nullptr, &error),
            TIDEMARK_OK)
      << error.message;
  expect_status(TIDEMARK_E_EXISTS,
                maintain_->accept_gap(archiver_, &partition_, 2, 2, str("again"), nullptr, &error), error,
                "accepted");
  std::string reason;
  ASSERT_EQ(maintain_->read_record(
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
  ASSERT_EQ(maintain_->prune(archiver_, &partition_, 4, 0, count_stored, &gone, nullptr, &error), TIDEMARK_OK)
      << error.message;
  EXPECT_EQ(gone, 3);
  EXPECT_EQ(scanned(), "4:1-3 1:4-4 ");
}

TEST_F(MaintainTest, ReadOnlyReadsAndChangesNothing) {
  archive_four();
  reopen_to_read();
  ErrorOut error;
  expect_invalid(api_->start(archiver_, &error), error, "read_only");
  expect_invalid(maintain_->accept_gap(archiver_, &partition_, 9, 9, str("x"), nullptr, &error), error,
                 "read_only");
  int gone = 0;
  expect_invalid(maintain_->prune(archiver_, &partition_, 4, 0, count_stored, &gone, nullptr, &error), error,
                 "read_only");
  EXPECT_EQ(gone, 0);
  ASSERT_EQ(maintain_->prune(archiver_, &partition_, 4, 1, count_stored, &gone, nullptr, &error), TIDEMARK_OK)
      << error.message;
  EXPECT_EQ(gone, 3);
  EXPECT_EQ(scanned(), "1:1-1 1:2-2 1:3-3 1:4-4 ");
  expect_status(TIDEMARK_E_NOT_FOUND, set_sink("file://" + sink_dir_.path() + "/absent", &error), error,
                "absent");
  EXPECT_FALSE(std::filesystem::exists(sink_dir_.path() + "/absent"));
}

TEST_F(MaintainTest, BeforeSetSink) {
  create();
  find_extension();
  ErrorOut error;
  int seen = 0;
  expect_invalid(maintain_->scan(archiver_, str(""), nullptr, 0, count_stored, &seen, nullptr, &error), error,
                 "set_sink");
  expect_invalid(
      maintain_->check(archiver_, str("a/1/0000000000001.tar"), nullptr, nullptr, nullptr, nullptr, &error),
      error, "set_sink");
  expect_invalid(maintain_->prune(archiver_, &partition_, 4, 0, nullptr, nullptr, nullptr, &error), error,
                 "set_sink");
}

TEST_F(MaintainTest, CarelessCallers) {
  create();
  open_file_sink();
  find_extension();
  ErrorOut error;
  const tidemark_str broken = {nullptr, 5};
  const tidemark_str key = str("orders/7/0000000000001.tar");
  const tidemark_partition bad = {str("../x"), 7};
  const auto& m = *maintain_;
  expect_invalid(m.scan(nullptr, str(""), nullptr, 0, count_stored, nullptr, nullptr, &error), error,
                 "archiver");
  expect_invalid(m.scan(archiver_, broken, nullptr, 0, count_stored, nullptr, nullptr, &error), error,
                 "storage");
  expect_invalid(m.scan(archiver_, str(""), nullptr, 0, nullptr, nullptr, nullptr, &error), error, "visit");
  expect_invalid(m.scan(archiver_, str(""), &partition_.id, 0, count_stored, nullptr, nullptr, &error), error,
                 "storage name");
  expect_invalid(m.check(archiver_, broken, nullptr, nullptr, nullptr, nullptr, &error), error, "key");
  expect_invalid(m.check(archiver_, str("nonsense"), nullptr, nullptr, nullptr, nullptr, &error), error,
                 "nonsense");
  const auto unpack = [&](tidemark_str what, tidemark_lsn first, tidemark_lsn last, tidemark_str directory) {
    return m.unpack(archiver_, what, first, last, directory, nullptr, nullptr, nullptr, nullptr, nullptr,
                    &error);
  };
  expect_invalid(unpack(broken, 1, 2, str("/tmp")), error, "key");
  expect_invalid(unpack(key, 0, 2, str("/tmp")), error, "first");
  expect_invalid(unpack(key, 3, 2, str("/tmp")), error, "first");
  expect_invalid(unpack(key, 1, 2, str("")), error, "directory");
  expect_invalid(unpack(key, 1, 2, str(std::string_view("/tmp\0/x", 7))), error, "directory");
  expect_invalid(m.read_record(archiver_, key, nullptr, nullptr, nullptr, &error), error, "visit");
  const auto ignore = [](void*, const tidemark_record*) {};
  expect_invalid(m.read_record(archiver_, key, ignore, nullptr, nullptr, &error), error, "is an archive");
  expect_invalid(m.accept_gap(archiver_, nullptr, 1, 2, str("x"), nullptr, &error), error, "partition");
  expect_invalid(m.accept_gap(archiver_, &bad, 1, 2, str("x"), nullptr, &error), error, "../x");
  expect_invalid(m.accept_gap(archiver_, &partition_, 2, 1, str("x"), nullptr, &error), error, "first");
  expect_invalid(m.accept_gap(archiver_, &partition_, 1, 2, str(""), nullptr, &error), error, "reason");
  expect_invalid(m.accept_gap(archiver_, &partition_, 1, 2, broken, nullptr, &error), error, "reason");
  expect_invalid(m.prune(archiver_, &partition_, 0, 0, nullptr, nullptr, nullptr, &error), error, "before");
  expect_invalid(m.prune(archiver_, &bad, 5, 0, nullptr, nullptr, nullptr, &error), error, "../x");
  EXPECT_EQ(m.check(archiver_, str("nonsense"), nullptr, nullptr, nullptr, nullptr, nullptr),
            TIDEMARK_E_INVALID)
      << "an error that is NULL is fine";
}

}  // namespace
}  // namespace tidemark::abi_test
