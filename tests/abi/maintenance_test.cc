// tidemark.maintenance/1 through the live plugin: a round on a real archive, read_only, and careless callers.
#include "maintenance_fixture.h"

namespace tidemark::abi_test {
namespace {

// What a reader of progress has seen.
struct Progress {
  uint64_t read_bytes = 0;
  int calls = 0;
  static void report(void* ctx, uint64_t read_bytes) {
    auto& self = *static_cast<Progress*>(ctx);
    EXPECT_GT(read_bytes, self.read_bytes);
    self.read_bytes = read_bytes;
    ++self.calls;
  }
};

class UnpackTest : public MaintenanceTest {
 protected:
  tidemark_unpack_options options(tidemark_lsn first, tidemark_lsn last, tidemark_str directory,
                                  uint32_t flags = 0) {
    return {sizeof(tidemark_unpack_options), flags, first, last, directory, Progress::report, &progress_};
  }
  tidemark_status unpack(tidemark_str key, const tidemark_unpack_options& options, ErrorOut& error) {
    return maintenance_->unpack(archiver_, key, &options, nullptr, &error);
  }
  static std::string content(const std::string& path) {
    std::ifstream restored(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(restored), {});
  }
  Progress progress_;
};

TEST_F(UnpackTest, ARoundOnARealArchive) {
  archive_four();
  EXPECT_EQ(scanned(), "1:1-1 1:2-2 1:3-3 1:4-4 ");
  ErrorOut error;
  for (const uint32_t flags : {0U, TIDEMARK_UNPACK_PRIVATE}) {
    TempDir out;
    progress_ = {};
    ASSERT_EQ(unpack(str("orders/7/0000000000003.tar"), options(1, 9, str(out.path()), flags), error),
              TIDEMARK_OK)
        << error.message;
    EXPECT_GE(progress_.calls, 1);
    EXPECT_EQ(progress_.read_bytes, 2560u);
    EXPECT_EQ(content(out.path() + "/0000000000003"), "payload 3");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(out.path()), {}), 1);
    expect_status(TIDEMARK_E_EXISTS,
                  unpack(str("orders/7/0000000000003.tar"), options(1, 9, str(out.path()), flags), error),
                  error, "0000000000003");
  }
}

TEST_F(UnpackTest, OptionsOfOtherVersions) {
  archive_four();
  ErrorOut error;
  TempDir out;
  const tidemark_str key = str("orders/7/0000000000003.tar");
  struct {
    tidemark_unpack_options options;
    uint64_t later[4];
  } longer = {options(1, 9, str(out.path())), {~0ULL, ~0ULL, ~0ULL, ~0ULL}};
  longer.options.struct_size = sizeof longer;
  EXPECT_EQ(unpack(key, longer.options, error), TIDEMARK_OK) << error.message;
  auto shorter = options(1, 9, str(out.path()));
  shorter.struct_size = offsetof(tidemark_unpack_options, ctx);
  expect_invalid(unpack(key, shorter, error), error, "options.struct_size");
  expect_status(TIDEMARK_E_UNSUPPORTED, unpack(key, options(1, 9, str(out.path()), 0x80), error), error,
                "options.flags");
}

TEST_F(MaintenanceTest, BeforeSetSink) {
  create();
  find_extension();
  ErrorOut error;
  int seen = 0;
  expect_invalid(maintenance_->scan(archiver_, str(""), nullptr, 0, count_stored, &seen, nullptr, &error),
                 error, "set_sink");
}

TEST_F(UnpackTest, CarelessCallers) {
  create();
  open_file_sink();
  find_extension();
  ErrorOut error;
  const tidemark_str broken = {nullptr, 5};
  const tidemark_str key = str("orders/7/0000000000001.tar");
  const tidemark_partition& partition = partition_;
  const auto& m = *maintenance_;
  expect_invalid(m.scan(nullptr, str(""), nullptr, 0, count_stored, nullptr, nullptr, &error), error,
                 "archiver");
  expect_invalid(m.scan(archiver_, broken, nullptr, 0, count_stored, nullptr, nullptr, &error), error,
                 "storage");
  expect_invalid(m.scan(archiver_, str(""), nullptr, 0, nullptr, nullptr, nullptr, &error), error, "visit");
  expect_invalid(m.scan(archiver_, str(""), &partition.id, 0, count_stored, nullptr, nullptr, &error), error,
                 "storage name");
  expect_invalid(m.unpack(archiver_, key, nullptr, nullptr, &error), error, "options");
  expect_invalid(unpack(broken, options(1, 2, str("/tmp")), error), error, "key");
  expect_invalid(unpack(key, options(0, 2, str("/tmp")), error), error, "first");
  expect_invalid(unpack(key, options(3, 2, str("/tmp")), error), error, "first");
  expect_invalid(unpack(key, options(1, 2, str("")), error), error, "directory");
  expect_invalid(unpack(key, options(1, 2, str(std::string_view("/tmp\0/x", 7))), error), error, "directory");
  EXPECT_EQ(progress_.calls, 0);
  expect_invalid(m.read_record(archiver_, key, nullptr, nullptr, nullptr, &error), error, "visit");
  const auto ignore = [](void*, const tidemark_record*) {};
  expect_invalid(m.read_record(archiver_, key, ignore, nullptr, nullptr, &error), error, "is an archive");
}

}  // namespace
}  // namespace tidemark::abi_test
