// Everything wrong that can be said to an archiver after create(): always INVALID with a name, never a crash.
#include <tidemark/sink.h>

#include "peer.h"

namespace tidemark::abi_test {
namespace {

class SetSinkTest : public PluginTest {
 protected:
  void expect_refused(std::string_view url, std::string_view culprit,
                      tidemark_status expected = TIDEMARK_E_INVALID) {
    SCOPED_TRACE(url);
    ErrorOut error;
    expect_status(expected, set_sink(url, &error), error, culprit);
    EXPECT_EQ(set_sink(url, nullptr), expected);
  }
  void create_with_odd_sinks() { create({option("sink_dir", TIDEMARK_TEST_ODD_SINKS)}); }
};

TEST_F(SetSinkTest, UrlsThatNameNoSink) {
  create();
  expect_refused("", "url");
  expect_refused("/var/archive", "/var/archive");
  expect_refused("archive", "archive");
  expect_refused("://archive", "has no scheme");
  expect_refused(":", ":");
  expect_refused(std::string(4096, 'x'), "url");
  expect_refused(std::string(4096, 'x') + "://x", "scheme");
  expect_refused("../evil://x", "../evil");
  expect_refused("a/b://x", "a/b");
  expect_refused("..://x", "..");
  expect_refused("FI LE://x", "bad scheme");
  expect_refused(std::string_view("fi\0le:///x", 10), "bad scheme");
  ErrorOut error;
  expect_invalid(api_->set_sink(archiver_, {nullptr, 4}, nullptr, 0, nullptr, &error), error, "url");
}

TEST_F(SetSinkTest, AnUnknownSchemeNamesTheFileLookedForAndTheOption) {
  create_with_odd_sinks();
  for (const char* word : {"nosuch", "tidemark-sink-nosuch.so", TIDEMARK_TEST_ODD_SINKS, "sink_dir"}) {
    expect_refused("nosuch:///x", word, TIDEMARK_E_NOT_FOUND);
  }
}

TEST_F(SetSinkTest, LibrariesThatAreNoSink) {
  create_with_odd_sinks();
  expect_refused("text:///x", "tidemark-sink-text.so", TIDEMARK_E_UNSUPPORTED);
  expect_refused("text:///x", "too short", TIDEMARK_E_UNSUPPORTED);  // the loader's own words
  expect_refused("noentry:///x", TIDEMARK_SINK_ENTRY_NAME, TIDEMARK_E_UNSUPPORTED);
  expect_refused("othermajor:///x", "tidemark-sink-othermajor.so", TIDEMARK_E_UNSUPPORTED);
  expect_refused("shorttable:///x", "put", TIDEMARK_E_UNSUPPORTED);
  expect_refused("missing:///x", "put", TIDEMARK_E_UNSUPPORTED);
}

TEST_F(SetSinkTest, TheOptionLibraryNamesAFile) {
  create();
  const std::string library = std::string(TIDEMARK_TEST_ODD_SINKS) + "/tidemark-sink-noentry.so";
  const auto expect = [&](std::string_view path, tidemark_status expected, std::string_view culprit) {
    const tidemark_option options[] = {option("library", path)};
    ErrorOut error;
    expect_status(expected, api_->set_sink(archiver_, str("any:///x"), options, 1, nullptr, &error), error,
                  culprit);
  };
  expect(library, TIDEMARK_E_UNSUPPORTED, library);
  expect("/nonexistent/sink.so", TIDEMARK_E_NOT_FOUND, "/nonexistent/sink.so");
  expect("", TIDEMARK_E_INVALID, "library");
  expect("sink.so", TIDEMARK_E_INVALID, "library");
  expect(library + std::string("\0.so", 4), TIDEMARK_E_INVALID, "library");
}

TEST_F(SetSinkTest, OptionsOfTheSink) {
  create();
  const std::string url = "file://" + sink_dir_.path();
  expect_refused(url + std::string("/a\0b", 4), sink_dir_.path());
  expect_refused(url + "/a%00b", sink_dir_.path());
  expect_refused(url + "?color=red", "color");
  tidemark_option options[] = {option("color", "red")};
  ErrorOut error;
  expect_invalid(api_->set_sink(archiver_, str(url), options, 1, nullptr, &error), error, "color");
  expect_invalid(api_->set_sink(archiver_, str(url), nullptr, 1, nullptr, &error), error, "options");
  const std::vector<tidemark_option> many(TIDEMARK_OPTIONS_MAX + 1, options[0]);
  expect_invalid(api_->set_sink(archiver_, str(url), many.data(), TIDEMARK_OPTIONS_MAX + 1, nullptr, &error),
                 error, "option");
  options[0].value = {nullptr, 3};
  expect_invalid(api_->set_sink(archiver_, str(url), options, 1, nullptr, &error), error, "options[0]");
}

TEST_F(SetSinkTest, ASinkThatDoesNotOpenLeavesTheOldOneAtWork) {
  create();
  open_file_sink();
  std::ofstream(sink_dir_.path() + "/occupied") << "a file";
  const std::string url = "file://" + sink_dir_.path() + "/occupied";
  ErrorOut error;
  EXPECT_NE(set_sink(url, &error), TIDEMARK_OK);
  EXPECT_NE(std::strstr(error.message, "/occupied"), nullptr) << error.message;
  EXPECT_EQ(api_->start(archiver_, &error), TIDEMARK_OK) << error.message;
}

TEST_F(SetSinkTest, AShorterCallStructHasNoCancellation) {
  create();
  struct {
    uint32_t struct_size, timeout_ms;
  } shorter = {8, 60000};
  ErrorOut error;
  EXPECT_EQ(api_->set_sink(archiver_, str("file://" + sink_dir_.path()), nullptr, 0,
                           reinterpret_cast<const tidemark_call*>(&shorter), &error),
            TIDEMARK_OK)
      << error.message;
}

class LifeTest : public PluginTest {};

TEST_F(LifeTest, StartWithoutASink) {
  create();
  ErrorOut error;
  expect_invalid(api_->start(archiver_, &error), error, "set_sink");
}

TEST_F(LifeTest, StartTwiceStopTwiceStartAgain) {
  start();
  ErrorOut error;
  expect_invalid(api_->start(archiver_, &error), error, "start");
  EXPECT_EQ(api_->stop(archiver_, 0, &error), TIDEMARK_OK) << error.message;
  EXPECT_EQ(api_->stop(archiver_, 0, &error), TIDEMARK_OK) << error.message;
  EXPECT_EQ(api_->start(archiver_, &error), TIDEMARK_OK) << error.message;
}

TEST_F(LifeTest, StopBeforeStart) {
  create();
  ErrorOut error;
  EXPECT_EQ(api_->stop(archiver_, 0, &error), TIDEMARK_OK) << error.message;
}

TEST_F(LifeTest, DestroyWithoutStopAndOfNothing) {
  start();
  api_->destroy(archiver_);
  archiver_ = nullptr;
  api_->destroy(nullptr);
}

TEST_F(LifeTest, NullArchiver) {
  const tidemark_partition partition = {str("orders"), 7};
  const tidemark_writer writer = {nullptr,
                                  [](void*, const void*, size_t) -> tidemark_status { return TIDEMARK_OK; }};
  ErrorOut error;
  expect_invalid(api_->set_sink(nullptr, str("file:///x"), nullptr, 0, nullptr, &error), error, "archiver");
  expect_invalid(api_->start(nullptr, &error), error, "archiver");
  expect_invalid(api_->stop(nullptr, 0, &error), error, "archiver");
  expect_invalid(api_->notify(nullptr, &partition, 1, 1, &error), error, "archiver");
  expect_invalid(api_->write_metrics(nullptr, &writer, &error), error, "archiver");
  EXPECT_EQ(api_->get_extension(nullptr, TIDEMARK_EXT_READBACK), nullptr);
  EXPECT_EQ(api_->start(nullptr, nullptr), TIDEMARK_E_INVALID);
  EXPECT_EQ(api_->stop(nullptr, 0, nullptr), TIDEMARK_E_INVALID);
  EXPECT_EQ(api_->notify(nullptr, &partition, 1, 1, nullptr), TIDEMARK_E_INVALID);
  EXPECT_EQ(api_->write_metrics(nullptr, &writer, nullptr), TIDEMARK_E_INVALID);
}

TEST_F(LifeTest, Extensions) {
  create();
  EXPECT_EQ(api_->get_extension(archiver_, nullptr), nullptr);
  EXPECT_EQ(api_->get_extension(archiver_, ""), nullptr);
  EXPECT_EQ(api_->get_extension(archiver_, "tidemark.readback"), nullptr);
  EXPECT_EQ(api_->get_extension(archiver_, "tidemark.readback/2"), nullptr);
  EXPECT_NE(api_->get_extension(archiver_, TIDEMARK_EXT_READBACK), nullptr);
}

TEST_F(LifeTest, MetricsNeedAWriterAndPassItsStatusOn) {
  create();
  ErrorOut error;
  expect_invalid(api_->write_metrics(archiver_, nullptr, &error), error, "writer");
  tidemark_writer writer = {nullptr, nullptr};
  expect_invalid(api_->write_metrics(archiver_, &writer, &error), error, "writ");
  writer.write = [](void*, const void*, size_t) -> tidemark_status { return TIDEMARK_E_NO_SPACE; };
  EXPECT_EQ(api_->write_metrics(archiver_, &writer, &error), TIDEMARK_E_NO_SPACE);
  std::string text;
  writer = {&text, [](void* ctx, const void* data, size_t size) -> tidemark_status {
              static_cast<std::string*>(ctx)->append(static_cast<const char*>(data), size);
              return TIDEMARK_OK;
            }};
  EXPECT_EQ(api_->write_metrics(archiver_, &writer, nullptr), TIDEMARK_OK);
  EXPECT_EQ(text.rfind("# HELP ", 0), 0u) << text;
}

class NotifyTest : public PluginTest {};

TEST_F(NotifyTest, OnlyBetweenStartAndStop) {
  create();
  open_file_sink();
  ErrorOut error;
  expect_invalid(notify("orders", 1, 1, &error), error, "start");
  ASSERT_EQ(api_->start(archiver_, &error), TIDEMARK_OK) << error.message;
  EXPECT_EQ(notify("orders", 1, 0, &error), TIDEMARK_OK) << error.message;
  ASSERT_EQ(api_->stop(archiver_, 0, &error), TIDEMARK_OK) << error.message;
  expect_invalid(notify("orders", 1, 1, &error), error, "start");
}

TEST_F(NotifyTest, StorageNames) {
  start();
  const std::string_view bad[] = {"",
                                  ".",
                                  "..",
                                  ".x",
                                  "a/b",
                                  "/",
                                  "a b",
                                  "a\\b",
                                  "a:b",
                                  "a\n",
                                  "a\t",
                                  "\xC3\xA9t\xC3\xA9",
                                  std::string_view("a\0b", 3),
                                  "a\x7F"};
  ErrorOut error;
  for (const std::string_view name : bad) {
    SCOPED_TRACE(name);
    expect_invalid(notify(name, 1, 1, &error), error, "storage");
    EXPECT_EQ(notify(name, 1, 1, nullptr), TIDEMARK_E_INVALID);
  }
  expect_invalid(notify(std::string(TIDEMARK_NAME_MAX + 1, 'n'), 1, 1, &error), error, "storage");
  expect_invalid(notify(std::string(1 << 20, 'n'), 1, 1, &error), error, "storage");
  const tidemark_partition no_bytes = {{nullptr, 6}, 7};
  expect_invalid(api_->notify(archiver_, &no_bytes, 1, 1, &error), error, "storage");
  expect_invalid(api_->notify(archiver_, nullptr, 1, 1, &error), error, "partition");

  for (const std::string& name : {std::string(TIDEMARK_NAME_MAX, 'n'), std::string("a"),
                                  std::string("A-z_0.9"), std::string("-x"), std::string("a..b")}) {
    EXPECT_EQ(notify(name, 1, 0, &error), TIDEMARK_OK) << name << ": " << error.message;
  }
}

TEST_F(NotifyTest, Ranges) {
  start();
  ErrorOut error;
  expect_invalid(notify("orders", 0, 1, &error), error, "low");
  expect_invalid(notify("orders", 0, 0, &error), error, "low");
  expect_invalid(notify("orders", 0, UINT64_MAX, &error), error,
                 "low");  // low == high + 1, were it not for 0
  expect_invalid(notify("orders", 3, 1, &error), error, "low");
  expect_invalid(notify("orders", UINT64_MAX, 1, &error), error, "low");
  EXPECT_EQ(notify("orders", 1, 0, &error), TIDEMARK_OK) << error.message;
  EXPECT_EQ(notify("orders", 8, 7, &error), TIDEMARK_OK) << error.message;
  EXPECT_EQ(notify("orders", UINT64_MAX, UINT64_MAX - 1, &error), TIDEMARK_OK) << error.message;
}

// The last LSN there is has no successor; archiving it must neither wrap around nor hang the partition.
TEST_F(NotifyTest, TheLastLsn) {
  start();
  host_.commit(UINT64_MAX, "the end");
  ErrorOut error;
  const tidemark_status status = notify("orders", UINT64_MAX, UINT64_MAX, &error);
  if (status == TIDEMARK_OK) {
    EXPECT_TRUE(host_.wait_for_acknowledge(UINT64_MAX));
  } else {
    expect_invalid(status, error, "high");
  }
}

class ReadbackTest : public PluginTest {
 protected:
  // One archived entry, orders/7/1; the archiver is stopped and its sink still open.
  void archive_one() {
    start();
    host_.commit(1, "payload");
    ErrorOut error;
    ASSERT_EQ(notify("orders", 1, 1, &error), TIDEMARK_OK) << error.message;
    ASSERT_TRUE(host_.wait_for_acknowledge(1));
    ASSERT_EQ(api_->stop(archiver_, 1000, &error), TIDEMARK_OK) << error.message;
    find_extension();
  }
  void find_extension() {
    readback_ =
        static_cast<const tidemark_readback_api*>(api_->get_extension(archiver_, TIDEMARK_EXT_READBACK));
    ASSERT_NE(readback_, nullptr);
    ASSERT_TRUE(TIDEMARK_HAS(readback_, tidemark_readback_api, restore));
  }
  tidemark_status restore(const tidemark_partition* partition, tidemark_lsn lsn, std::string_view directory,
                          tidemark_error* error) {
    return readback_->restore(archiver_, partition, lsn, str(directory), nullptr, error);
  }
  tidemark_status fetch(std::string_view key, tidemark_error* error) { return fetch(str(key), error); }
  tidemark_status fetch(tidemark_str key, tidemark_error* error) {
    const tidemark_writer writer = {
        nullptr, [](void*, const void*, size_t) -> tidemark_status { return TIDEMARK_OK; }};
    return readback_->fetch(archiver_, key, &writer, nullptr, error);
  }
  static int32_t count(void* ctx, const tidemark_archive*) { return ++*static_cast<int*>(ctx), 0; }

  const tidemark_readback_api* readback_ = nullptr;
  const tidemark_partition partition_ = {str("orders"), 7};
  const std::string key_ = "orders/7/0000000000001.tar";
};

TEST_F(ReadbackTest, BeforeSetSink) {
  create();
  find_extension();
  ErrorOut error;
  int seen = 0;
  expect_invalid(readback_->list(archiver_, &partition_, 1, count, &seen, nullptr, &error), error,
                 "set_sink");
  expect_invalid(fetch(key_, &error), error, "set_sink");
  expect_invalid(restore(&partition_, 1, host_.dir(), &error), error, "set_sink");
}

TEST_F(ReadbackTest, List) {
  archive_one();
  ErrorOut error;
  int seen = 0;
  expect_invalid(readback_->list(nullptr, &partition_, 1, count, &seen, nullptr, &error), error, "archiver");
  expect_invalid(readback_->list(archiver_, nullptr, 1, count, &seen, nullptr, &error), error, "partition");
  expect_invalid(readback_->list(archiver_, &partition_, 1, nullptr, &seen, nullptr, &error), error, "visit");
  const tidemark_partition bad = {str(".."), 7};
  expect_invalid(readback_->list(archiver_, &bad, 1, count, &seen, nullptr, &error), error, "storage");
  EXPECT_EQ(readback_->list(nullptr, nullptr, 1, nullptr, nullptr, nullptr, nullptr), TIDEMARK_E_INVALID);
  EXPECT_EQ(seen, 0);
  EXPECT_EQ(readback_->list(archiver_, &partition_, 1, count, &seen, nullptr, nullptr), TIDEMARK_OK);
  EXPECT_EQ(readback_->list(archiver_, &partition_, 2, count, &seen, nullptr, nullptr), TIDEMARK_OK);
  EXPECT_EQ(seen, 1);
}

TEST_F(ReadbackTest, Fetch) {
  archive_one();
  ErrorOut error;
  EXPECT_EQ(fetch(key_, &error), TIDEMARK_OK) << error.message;
  EXPECT_EQ(fetch("orders/7/0000000000002.tar", &error), TIDEMARK_E_NOT_FOUND);
  EXPECT_NE(std::strstr(error.message, "0000000000002"), nullptr) << error.message;
  for (const std::string_view bad : {"orders", "orders/7/", "../orders/7/0000000000001.tar", "orders/7/1.tar",
                                     "orders//0000000000001.tar", "/orders/7/0000000000001.tar"}) {
    expect_invalid(fetch(bad, &error), error, bad);
  }
  expect_invalid(fetch("", &error), error, "key");
  expect_invalid(fetch(tidemark_str{nullptr, 3}, &error), error, "key");
  expect_invalid(fetch(std::string(TIDEMARK_KEY_MAX + 1, 'k'), &error), error, "key");
  expect_invalid(readback_->fetch(archiver_, str(key_), nullptr, nullptr, &error), error, "writer");
  expect_invalid(readback_->fetch(nullptr, str(key_), nullptr, nullptr, &error), error, "archiver");
}

TEST_F(ReadbackTest, Restore) {
  archive_one();
  ErrorOut error;
  const TempDir target;
  expect_invalid(restore(nullptr, 1, target.path(), &error), error, "partition");
  expect_invalid(restore(&partition_, 0, target.path(), &error), error, "lsn");
  expect_invalid(restore(&partition_, 1, "", &error), error, "directory");
  expect_invalid(restore(&partition_, 1, target.path() + std::string("\0/x", 3), &error), error, "directory");
  expect_invalid(readback_->restore(archiver_, &partition_, 1, {nullptr, 4}, nullptr, &error), error,
                 "directory");
  expect_invalid(readback_->restore(nullptr, &partition_, 1, str(target.path()), nullptr, &error), error,
                 "archiver");
  EXPECT_EQ(restore(&partition_, 2, target.path(), &error), TIDEMARK_E_NOT_FOUND) << error.message;
  EXPECT_TRUE(std::filesystem::is_empty(target.path()));
  ASSERT_EQ(restore(&partition_, 1, target.path(), &error), TIDEMARK_OK) << error.message;
  std::ifstream file(target.path() + "/0000000000001", std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "payload");
}

}  // namespace
}  // namespace tidemark::abi_test
