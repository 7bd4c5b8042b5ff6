// What an entry may look like on disk, and what happens when it is not as it should be.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "harness.h"

namespace tidemark::integration {
namespace {

namespace fs = std::filesystem;
using test::write_file;

class EntriesScenario : public Scenario {
 protected:
  // One entry, as the host has it, through the archive and back; also by plain tar.
  void expect_round_trip(Lsn lsn) {
    begin();
    notify(p_, lsn, lsn);
    drain();
    EXPECT_EQ(host_.acknowledged(p_), lsn);
    EXPECT_TRUE(host_.events().empty());
    expect_archived(p_, lsn, lsn);
    const test::TempDir out;
    const std::string tar =
        "tar -xpf '" + archive_ / archive_key(p_, lsn) + "' -C '" + out.path().string() + "'";
    ASSERT_EQ(std::system(tar.c_str()), 0);
    EXPECT_EQ(test::describe_tree(out / lsn_text(lsn)), test::describe_tree(host_.path(p_, lsn)));
  }
};

TEST_F(EntriesScenario, AnEntryThatIsMissingAtFirstAndThereLater) {
  host_.commit_range(p_, 1, 1);
  begin();
  notify(p_, 1, 2);
  ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_FAILING));
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 1));
  const SeenEvent failing = host_.events(TIDEMARK_EVENT_FAILING).front();
  EXPECT_EQ(failing.partition, p_);
  EXPECT_EQ(failing.first, 2U);
  EXPECT_EQ(failing.last, 2U);
  EXPECT_EQ(failing.status, TIDEMARK_E_NOT_FOUND);
  EXPECT_NE(failing.message.find("orders/7 entry 2"), std::string::npos) << failing.message;
  host_.commit_range(p_, 2, 2);
  ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_RECOVERED));
  drain();
  EXPECT_EQ(host_.acknowledged(p_), 2U);
  EXPECT_EQ(host_.events(TIDEMARK_EVENT_FAILING).size(), 1U) << "one event a streak of failures";
  expect_archived(p_, 1, 2);
}

// Not there, and low passes it: a gap, not a failure for ever.
TEST_F(EntriesScenario, AnEntryThatNeverComesIsAGapOnceLowHasPassedIt) {
  host_.commit_range(p_, 1, 1);
  host_.commit_range(p_, 3, 3);
  begin();
  notify(p_, 1, 3);
  ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_FAILING));
  notify(p_, 3, 3);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 3));
  drain();
  ASSERT_EQ(host_.events(TIDEMARK_EVENT_GAP).size(), 1U);
  EXPECT_EQ(host_.events(TIDEMARK_EVENT_GAP)[0].first, 2U);
  EXPECT_EQ(host_.events(TIDEMARK_EVENT_GAP)[0].last, 2U);
}

TEST_F(EntriesScenario, ADirectoryAlone) {
  host_.make_tree(p_, 1);
  expect_round_trip(1);
}

TEST_F(EntriesScenario, AnEmptyFile) {
  host_.commit(p_, 1, "");
  expect_round_trip(1);
}

TEST_F(EntriesScenario, ATreeWithAllThatIsAllowed) {
  const std::string root = host_.make_tree(p_, 36);
  fs::create_directories(root + "/a/b/c");
  write_file(root + "/a/b/data", std::string(70'000, 'x'), 0600);
  write_file(root + "/a/run", "#!/bin/sh\n", 0755);
  write_file(root + "/a/readonly", "r", 0444);
  write_file(root + "/empty", "");
  ASSERT_EQ(link((root + "/a/run").c_str(), (root + "/linked").c_str()), 0);
  expect_round_trip(36);
}

TEST_F(EntriesScenario, AnEntryThatIsStreamed) {
  std::string content(5'000'000, '\0');
  for (size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 2654435761U >> 13U);
  host_.commit(p_, 1, content);
  expect_round_trip(1);
}

TEST_F(EntriesScenario, NamesOf150CharactersAndMore) {
  const std::string root = host_.make_tree(p_, 1);
  const std::string name_150(150, 'n');
  fs::create_directories(root + "/" + std::string(150, 'd') + "/" + std::string(255, 'e'));
  write_file(root + "/" + name_150, "a long name");
  write_file(root + "/" + std::string(150, 'd') + "/" + std::string(255, 'e') + "/" + name_150,
             "a long path");
  write_file(root + "/" + std::string(100, 'h'), "exactly what ustar can say");
  write_file(root + "/" + std::string(101, 'h'), "one more");
  expect_round_trip(1);
}

TEST_F(EntriesScenario, NamesThatAreNotAscii) {
  const std::string root = host_.make_tree(p_, 1);
  write_file(root + "/Größe-数据-данные-🌊", "utf-8");
  write_file(root + "/" + std::string(60, 'x') + "\xC3\xA4\xC3\xB6" + std::string(60, 'y'), "long, too");
  write_file(root + "/not utf-8 \xFF\xFE", "bytes");
  write_file(root + "/with\nnewline and \\ and =", "odd");
  write_file(root + "/-dash", "dash");
  expect_round_trip(1);
}

TEST_F(EntriesScenario, SymlinksAreStoredAndNotFollowed) {
  const test::TempDir outside;
  write_file(outside / "secret", "not part of the entry");
  const std::string root = host_.make_tree(p_, 1);
  fs::create_directory(root + "/dir");
  fs::create_symlink(outside / "secret", root + "/absolute");
  fs::create_directory_symlink(outside.path(), root + "/to-directory");
  fs::create_symlink("nowhere", root + "/dangling");
  fs::create_symlink("..", root + "/dir/loop");
  fs::create_symlink(std::string(150, 't'), root + "/long");
  expect_round_trip(1);
  EXPECT_EQ(test::read_file(archive_ / archive_key(p_, 1)).find("not part of"), std::string::npos);
}

// Whatever a reader would wait for is an error at once, which names it; others are not held up.
TEST_F(EntriesScenario, AFifoIsAnErrorAtOnce) {
  const std::string root = host_.make_tree(p_, 1);
  write_file(root + "/a", "fine");
  ASSERT_EQ(mkfifo((root + "/pipe").c_str(), 0600), 0);
  const Partition other = {"orders", 8};
  fs::create_directories(fs::path(host_.path(other, 1)).parent_path());
  ASSERT_EQ(mkfifo(host_.path(other, 1).c_str(), 0600), 0);
  const Partition healthy = {"orders", 9};
  host_.commit_range(healthy, 1, 3);
  begin({{"workers", "1"}});
  notify(p_, 1, 1);
  notify(other, 1, 1);
  notify(healthy, 1, 3);
  ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_FAILING, 2));
  ASSERT_TRUE(host_.wait_for_acknowledge(healthy, 3));
  for (const SeenEvent& seen : host_.events(TIDEMARK_EVENT_FAILING)) {
    EXPECT_NE(seen.message.find("FIFO"), std::string::npos) << seen.message;
    const std::string culprit = host_.path(seen.partition, 1) + (seen.partition == p_ ? "/pipe" : "");
    EXPECT_NE(seen.message.find(culprit), std::string::npos) << seen.message;
  }
  EXPECT_EQ(objects(), keys(healthy, 1, 3));
  fs::remove(root + "/pipe");
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 1));
  expect_archived(p_, 1, 1);
  stop(0);
  EXPECT_EQ(host_.acknowledged(other), 0U);
}

// The header of what ustar cannot say, as the sink receives it; the body itself is not read.
TEST_F(EntriesScenario, TheHeaderOfANineGigabyteSparseFile) {
  constexpr uint64_t kSize = uint64_t{9} << 30;
  host_.commit(p_, 1, "");
  fs::resize_file(host_.path(p_, 1), kSize);
  std::mutex mutex;
  std::string head;
  uint64_t size_bytes = 0;
  valve_.body = [&](std::string_view, const tidemark_source& source) {
    const std::lock_guard<std::mutex> lock(mutex);
    head.assign(4096, '\0');
    size_t count = 0;
    ErrorOut error;
    EXPECT_EQ(source.read(source.ctx, 0, head.data(), head.size(), &count, &error), TIDEMARK_OK)
        << error.message;
    head.resize(count);
    size_bytes = source.size_bytes;
  };
  valve_.stores = false;
  begin_with_valve();
  notify(p_, 1, 1);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 1));
  stop(0);
  const test::TempDir out;
  write_file(out / "head.tar", head);
  const std::string list = "tar --list --verbose --numeric-owner -f '" + out / "head.tar" + "' > '" +
                           out / "list" + "' 2>/dev/null";
  EXPECT_NE(std::system(list.c_str()), 0) << "tar must miss the body";
  const std::string line = test::read_file(out / "list");
  EXPECT_NE(line.find(" 9663676416 "), std::string::npos) << line;
  EXPECT_NE(line.find(lsn_text(1)), std::string::npos) << line;
  // pax header and its record, the header, the body, the end mark, the footer.
  EXPECT_EQ(size_bytes, 3 * 512 + kSize + 1024 + 512);
}

// A file that is cut while the sink reads it: nothing becomes visible, and it is archived once it is whole.
TEST_F(EntriesScenario, AFileThatShrinksWhileItIsRead) {
  const std::string content(6 << 20, 'x');
  host_.commit(p_, 1, content);
  std::atomic<int> pieces{0};
  valve_.read = [&](std::string_view, uint64_t) {
    if (pieces++ > 0) return;
    EXPECT_EQ(truncate(host_.path(p_, 1).c_str(), 3 << 20), 0);
  };
  Gate looked;
  host_.on_acquire = [&](const Partition&, Lsn, tidemark_error*) -> tidemark_status {
    return pieces == 0 || looked.pass() ? TIDEMARK_OK : TIDEMARK_E_INVALID;
  };
  begin_with_valve();
  notify(p_, 1, 1);
  ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_FAILING));
  const SeenEvent failing = host_.events(TIDEMARK_EVENT_FAILING).front();
  EXPECT_EQ(failing.status, TIDEMARK_E_CORRUPT);
  EXPECT_NE(failing.message.find(host_.path(p_, 1)), std::string::npos) << failing.message;
  EXPECT_TRUE(objects().empty());
  looked.open();
  // It is stable now, though shorter, and is archived as it is.
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 1));
  drain();
  EXPECT_EQ(fs::file_size(host_.path(p_, 1)), 3U << 20);
  expect_archived(p_, 1, 1);
}

// The same, for a file that changes at every try: it never becomes visible.
TEST_F(EntriesScenario, AFileThatChangesAtEveryTryNeverBecomesVisible) {
  host_.commit(p_, 1, std::string(6 << 20, 'x'));
  std::atomic<int> cuts{0};
  valve_.read = [&](std::string_view, uint64_t read_bytes) {
    if (read_bytes >= 2 << 20) return;
    EXPECT_EQ(truncate(host_.path(p_, 1).c_str(), (6 << 20) - ++cuts), 0);
  };
  begin_with_valve();
  notify(p_, 1, 1);
  ASSERT_TRUE(host_.wait_until([&] { return cuts >= 5; }));
  EXPECT_TRUE(objects().empty());
  stop(0);
  EXPECT_TRUE(objects().empty());
  EXPECT_EQ(host_.acknowledged(p_), 0U);
  EXPECT_EQ(host_.events(TIDEMARK_EVENT_FAILING).size(), 1U);
  EXPECT_GE(metrics()["tidemark_archives_total{result=\"failed\"}"], 1);
}

// A file that is none of a disk: said as what it is, not as one that changes for ever.
TEST_F(EntriesScenario, AFileBelowProcIsSaidToBeOne) {
  const fs::path entry = host_.path(p_, 1);
  fs::create_directories(entry.parent_path().parent_path());
  fs::create_directory_symlink("/proc/self/fdinfo", entry.parent_path());  // where file 1 is
  begin();
  notify(p_, 1, 1);
  ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_FAILING));
  const SeenEvent failing = host_.events(TIDEMARK_EVENT_FAILING).front();
  EXPECT_EQ(failing.status, TIDEMARK_E_PERMANENT);
  EXPECT_NE(failing.message.find("1: reports size 0 but has content; it is not a file on a disk"),
            std::string::npos)
      << failing.message;
  stop(0);
  EXPECT_TRUE(objects().empty());
}

// The host's own word about an entry reaches the operator.
TEST_F(EntriesScenario, AnEntryThatCannotBeAcquired) {
  host_.commit_range(p_, 1, 1);
  std::atomic<int> tries{0};
  host_.on_acquire = [&](const Partition&, Lsn, tidemark_error* error) -> tidemark_status {
    if (++tries > 3) return TIDEMARK_OK;
    std::snprintf(error->message, sizeof error->message, "the log is being rewritten");
    return TIDEMARK_E_RETRYABLE;
  };
  begin();
  notify(p_, 1, 1);
  ASSERT_TRUE(host_.wait_for_acknowledge(p_, 1));
  drain();
  EXPECT_EQ(tries, 4);
  ASSERT_EQ(host_.events(TIDEMARK_EVENT_FAILING).size(), 1U);
  EXPECT_NE(host_.events(TIDEMARK_EVENT_FAILING)[0].message.find("the log is being rewritten"),
            std::string::npos);
  EXPECT_TRUE(host_.events(TIDEMARK_EVENT_SINK_DOWN).empty());
}

}  // namespace
}  // namespace tidemark::integration
