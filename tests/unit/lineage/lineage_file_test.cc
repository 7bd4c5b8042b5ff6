#include "lineage/lineage_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <random>

#include "base/sha256.h"
#include "format/hex.h"
#include "temp_dir.h"

namespace tidemark::lineage {
namespace {

using core::RememberedEpoch;

// The epoch `chain` ends with.
RememberedEpoch epoch_of(std::string_view chain, uint8_t claim, uint8_t archive = 1) {
  RememberedEpoch epoch;
  epoch.archive = {archive};
  epoch.claim = {claim};
  epoch.chain = *Chain::parse(chain);
  epoch.epoch = epoch.chain.newest();
  return epoch;
}

std::vector<std::string> chains(const std::vector<RememberedEpoch>& epochs) {
  std::vector<std::string> result;
  for (const RememberedEpoch& epoch : epochs)
    result.push_back(epoch.chain.text() + "/" + std::to_string(epoch.claim[0]));
  return result;
}

std::string with_digest(const std::string& text) {
  Sha256 sha256;
  sha256.update(text.data(), text.size());
  return text + "sha256=" + hex(*sha256.finish()) + "\n";
}

// True in a child process, whose end says what came out of it.
bool in_child(const std::function<bool()>& holds) {
  const pid_t child = fork();
  if (child == 0) _exit(holds() ? 0 : 1);
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

class LineageFileTest : public testing::Test {
 protected:
  std::unique_ptr<LineageFile> open_ok(IfMissing if_missing = IfMissing::kMake) {
    auto file = LineageFile::open(path_, if_missing);
    EXPECT_TRUE(file) << file.error().message;
    return file ? std::move(*file) : nullptr;
  }
  // The error names the file and says `part`.
  void expect_refused(tidemark_status status, const std::string& part,
                      IfMissing if_missing = IfMissing::kMake) {
    const auto file = LineageFile::open(path_, if_missing);
    ASSERT_FALSE(file) << part;
    EXPECT_EQ(file.error().status, status) << file.error().message;
    EXPECT_EQ(file.error().message.find("lineage file " + path_), 0U) << file.error().message;
    EXPECT_NE(file.error().message.find(part), std::string::npos) << file.error().message;
  }
  // One that remembers something, as it lies on disk.
  std::string made() {
    const auto file = open_ok();
    EXPECT_TRUE(file->remember_durably("db", std::nullopt, epoch_of("1", 1)));
    EXPECT_TRUE(file->remember_durably("db", 0, epoch_of("1-2", 2)));
    EXPECT_TRUE(file->remember_durably("metrics", std::nullopt, epoch_of("1", 3, 3)));
    return test::read_file(path_);
  }

  test::TempDir dir_;
  std::string path_ = dir_ / "lineage";
};

TEST_F(LineageFileTest, IsMadeAtFirstUseAndReadAgain) {
  Id owner;
  {
    const auto file = open_ok();
    owner = file->owner();
    EXPECT_NE(owner, Id());
    EXPECT_EQ(file->path(), path_);
    EXPECT_TRUE(file->remembered("db").empty());
  }
  EXPECT_EQ(test::read_file(path_), with_digest(format_lineage({owner, {}})));
  EXPECT_EQ(open_ok()->owner(), owner);
  EXPECT_EQ(open_ok(IfMissing::kFail)->owner(), owner);
  std::filesystem::remove(path_);
  EXPECT_NE(open_ok()->owner(), owner) << "owners are drawn by chance";
}

TEST_F(LineageFileTest, WhatIsRememberedIsReadAgain) {
  const std::string text = made();
  const auto file = open_ok();
  EXPECT_EQ(chains(file->remembered("db")), (std::vector<std::string>{"1/1", "1-2/2"}));
  EXPECT_EQ(chains(file->remembered("metrics")), (std::vector<std::string>{"1/3"}));
  EXPECT_TRUE(file->remembered("others").empty());
  EXPECT_EQ(text, with_digest("TIDEMARK-LINEAGE 1\nowner=" + hex(file->owner()) +
                              "\n"
                              "storage=db archive=01000000000000000000000000000000 epoch=1 "
                              "claim=01000000000000000000000000000000 chain=1\n"
                              "storage=db archive=01000000000000000000000000000000 epoch=2 "
                              "claim=02000000000000000000000000000000 chain=1-2\n"
                              "storage=metrics archive=03000000000000000000000000000000 epoch=1 "
                              "claim=03000000000000000000000000000000 chain=1\n"));
}

TEST_F(LineageFileTest, WhereItMustExistNoneIsMade) {
  expect_refused(TIDEMARK_E_NOT_FOUND, "", IfMissing::kFail);
  EXPECT_TRUE(std::filesystem::is_empty(dir_.path())) << "nor a lock";
}

// ---- Damage -------------------------------------------------------------------------------------

TEST_F(LineageFileTest, DamageAnywhereIsRefused) {
  const std::string good = made();
  for (size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] ^= 1;
    test::write_file(path_, bad);
    expect_refused(TIDEMARK_E_CORRUPT, "bring it back from a copy");
  }
  test::write_file(path_, good + "\n");
  expect_refused(TIDEMARK_E_CORRUPT, "bring it back from a copy");
  test::write_file(path_, good + good);
  expect_refused(TIDEMARK_E_CORRUPT, "bring it back from a copy");
  test::write_file(path_, good);
  EXPECT_TRUE(open_ok());
}

// Also empty: it is not made again in silence.
TEST_F(LineageFileTest, WhatWasCutIsRefused) {
  const std::string good = made();
  for (size_t size = 0; size < good.size(); ++size) {
    test::write_file(path_, good.substr(0, size));
    expect_refused(TIDEMARK_E_CORRUPT, "bring it back from a copy");
    EXPECT_EQ(test::read_file(path_).size(), size);
  }
}

TEST_F(LineageFileTest, AnotherVersionIsSaidToBeOne) {
  const std::string good = made();
  const std::string body = good.substr(0, good.find("sha256="));
  std::string newer = body;
  newer.replace(newer.find(" 1\n"), 3, " 2\n");
  test::write_file(path_, with_digest(newer));
  expect_refused(TIDEMARK_E_CORRUPT, "needs a Tidemark that knows version 2");
  newer.replace(newer.find(" 2\n"), 3, " 12345678901234567890123\n");
  test::write_file(path_, with_digest(newer));
  expect_refused(TIDEMARK_E_CORRUPT, "version 12345678901234567890 of it");
  test::write_file(path_, "TIDEMARK-LINEAGE 2\nall else is different\n");
  expect_refused(TIDEMARK_E_CORRUPT, "version 2 of it; install that one");
  newer.replace(newer.find(" 1234"), 24, " q\n");
  test::write_file(path_, with_digest(newer));
  expect_refused(TIDEMARK_E_CORRUPT, "it is of version q; bring it back from a copy");
}

TEST_F(LineageFileTest, WhatIsNoLineageFileIsSaidToBeNone) {
  test::write_file(path_, "host all all trust\n");
  expect_refused(TIDEMARK_E_CORRUPT, "not a lineage file");
  test::write_file(path_, with_digest("host all all trust\n"));
  expect_refused(TIDEMARK_E_CORRUPT, "it is not a lineage file");
  test::write_file(path_, with_digest("TIDEMARK-LINEAGE 1\nowner=AB\n"));
  expect_refused(TIDEMARK_E_CORRUPT, "no owner");
  test::write_file(path_, with_digest("TIDEMARK-LINEAGE 1\nowner=" + hex(Id()) + "\nstorage=\n"));
  expect_refused(TIDEMARK_E_CORRUPT, "line 3 is not");
}

TEST_F(LineageFileTest, WhatIsInItsPlaceIsNamed) {
  std::filesystem::create_directory(path_);
  expect_refused(TIDEMARK_E_PERMANENT, "");
  std::filesystem::remove(path_);
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);  // nobody waits for a writer
  expect_refused(TIDEMARK_E_PERMANENT, "");
  std::filesystem::remove(path_);
  // By this name it would have another lock than by its own.
  std::filesystem::create_symlink(dir_ / "own", path_);
  expect_refused(TIDEMARK_E_INVALID, "is a symbolic link; name the file that it leads to");
  test::write_file(dir_ / "own", "");
  expect_refused(TIDEMARK_E_INVALID, "is a symbolic link; name the file that it leads to");
}

TEST_F(LineageFileTest, WithoutItsDirectoryItIsNotMade) {
  path_ = dir_ / "no/lineage";
  expect_refused(TIDEMARK_E_NOT_FOUND, path_ + ".lock");
  EXPECT_FALSE(std::filesystem::exists(dir_ / "no"));
}

// Root may read everything, so a process that is not root has to try.
TEST_F(LineageFileTest, WhatMayNotBeReadIsRefused) {
  made();
  ASSERT_EQ(chmod(path_.c_str(), 0), 0);
  ASSERT_EQ(chmod((path_ + ".lock").c_str(), 0666), 0);
  ASSERT_EQ(chmod(dir_.path().c_str(), 0755), 0);
  EXPECT_TRUE(in_child([&] {
    constexpr uid_t kNobody = 65534;
    if (geteuid() == 0 && setresuid(kNobody, kNobody, kNobody) != 0) return false;
    const auto file = LineageFile::open(path_, IfMissing::kMake);
    return !file && file.error().status == TIDEMARK_E_PERMANENT &&
           file.error().message == "lineage file " + path_ + ": cannot open " + path_ + ": Permission denied";
  }));
}

// ---- The text -----------------------------------------------------------------------------------

TEST(LineageTextTest, IsReadAsItWasWritten) {
  std::mt19937_64 random(5);
  const auto draw = [&random] {
    Id id;
    for (uint8_t& byte : id) byte = static_cast<uint8_t>(random());
    return id;
  };
  for (int round = 0; round < 500; ++round) {
    LineageText lineage;
    lineage.owner = draw();
    for (size_t storages = random() % 4; storages > 0; --storages) {
      auto& epochs = lineage.memory["db" + std::to_string(random() % 100)];
      for (size_t count = 1 + random() % 4; count > 0; --count) {
        RememberedEpoch epoch;
        epoch.archive = draw();
        epoch.claim = draw();
        epoch.chain = Chain::none();
        uint64_t next = 0;
        for (size_t length = 1 + random() % 9; length > 0; --length)
          ASSERT_TRUE(epoch.chain.extend(next += 1 + random() % 3));
        epoch.epoch = next;
        epochs.push_back(epoch);
      }
    }
    const std::string text = format_lineage(lineage);
    std::string problem;
    const auto read = parse_lineage(text, &problem);
    ASSERT_TRUE(read) << problem << text;
    ASSERT_EQ(*read, lineage) << text;
    // Of what is nearly the same nothing is read, or what was written was another text.
    for (int change = 0; change < 50; ++change) {
      std::string other = text;
      const size_t at = random() % (other.size() + 1);
      switch (random() % 3) {
        case 0:
          other.insert(at, 1, " \n,-09af="[random() % 9]);
          break;
        case 1:
          other.erase(at, 1);
          break;
        default:
          other.replace(at, 1, 1, " \n,-09af="[random() % 9]);
      }
      const auto parsed = parse_lineage(other, &problem);
      ASSERT_TRUE(!parsed || format_lineage(*parsed) == other) << other << "\n" << text;
    }
  }
}

// ---- The lock -----------------------------------------------------------------------------------

TEST_F(LineageFileTest, IsHeldByOne) {
  auto file = open_ok();
  expect_refused(TIDEMARK_E_RETRYABLE, "stop the other one");
  EXPECT_TRUE(in_child([&] {
    const auto second = LineageFile::open(path_, IfMissing::kMake);
    return !second && second.error().status == TIDEMARK_E_RETRYABLE;
  })) << "and not by another process";
  ASSERT_TRUE(file->remember_durably("db", std::nullopt, epoch_of("1", 1)));
  expect_refused(TIDEMARK_E_RETRYABLE, "stop the other one");  // although the file is another one now
  file.reset();
  EXPECT_TRUE(in_child([&] { return bool(LineageFile::open(path_, IfMissing::kMake)); }));
  EXPECT_TRUE(open_ok());
}

TEST_F(LineageFileTest, ForgetsAnEpochThatWasGivenTwice) {
  made();
  {
    const auto file = open_ok();
    EXPECT_TRUE(file->forget_durably("none", 1));
    EXPECT_TRUE(file->forget_durably("db", 1)) << "another was claimed since";
    EXPECT_EQ(chains(file->remembered("db")), (std::vector<std::string>{"1/1", "1-2/2"}));
    EXPECT_TRUE(file->forget_durably("db", 2));
    EXPECT_TRUE(file->forget_durably("metrics", 1)) << "the only one";
  }
  const auto again = open_ok();
  EXPECT_EQ(chains(again->remembered("db")), std::vector<std::string>{"1/1"}) << "what it continued is known";
  EXPECT_TRUE(again->remembered("metrics").empty());
}

// A host that starts a program must not hand the lock on to it.
TEST_F(LineageFileTest, TheLockEndsWithItsProcess) {
  auto file = open_ok();
  for (int fd = 3; fd < 256; ++fd) {
    const int flags = fcntl(fd, F_GETFD);
    if (flags == -1) continue;
    const std::string link = "/proc/self/fd/" + std::to_string(fd);
    std::error_code ignored;
    const std::string target = std::filesystem::read_symlink(link, ignored);
    EXPECT_TRUE(!target.starts_with(dir_.path().string()) || (flags & FD_CLOEXEC) != 0) << target;
  }
}

// ---- remember -----------------------------------------------------------------------------------

TEST(RememberTest, WhatLiesBeforeTheContinuedOneIsForgotten) {
  std::vector<RememberedEpoch> epochs;
  remember(epochs, std::nullopt, epoch_of("1", 1));
  remember(epochs, 0, epoch_of("1-2", 2));
  EXPECT_EQ(chains(epochs), (std::vector<std::string>{"1/1", "1-2/2"}));
  remember(epochs, 0, epoch_of("1-2", 3));  // the try before may have got there
  EXPECT_EQ(chains(epochs), (std::vector<std::string>{"1/1", "1-2/2", "1-2/3"}));
  remember(epochs, 1, epoch_of("1-3", 4));
  EXPECT_EQ(chains(epochs), (std::vector<std::string>{"1-2/2", "1-3/4"}));
  remember(epochs, 1, epoch_of("1-4", 5));
  EXPECT_EQ(chains(epochs), (std::vector<std::string>{"1-3/4", "1-4/5"}));
}

// Its number was tried before, and that try did not get there.
TEST(RememberTest, TheContinuedOneIsKeptWhereverItStands) {
  std::vector<RememberedEpoch> epochs = {epoch_of("1-3", 3), epoch_of("1-2", 2), epoch_of("1-2", 4)};
  remember(epochs, 2, epoch_of("1-2,5", 5));
  EXPECT_EQ(chains(epochs), (std::vector<std::string>{"1-2/4", "1-3/3", "1-2,5/5"}));
}

TEST(RememberTest, OtherArchivesAreKeptAndTheOneUsedLastIsLast) {
  std::vector<RememberedEpoch> epochs = {epoch_of("1-5", 5, 7), epoch_of("1-2", 2, 8)};
  remember(epochs, 0, epoch_of("1-6", 6, 7));
  EXPECT_EQ(chains(epochs), (std::vector<std::string>{"1-2/2", "1-5/5", "1-6/6"}));
  remember(epochs, 0, epoch_of("1-3", 3, 8));
  EXPECT_EQ(chains(epochs), (std::vector<std::string>{"1-5/5", "1-6/6", "1-2/2", "1-3/3"}));
  remember(epochs, std::nullopt, epoch_of("1", 1, 9));
  EXPECT_EQ(chains(epochs), (std::vector<std::string>{"1-5/5", "1-6/6", "1-2/2", "1-3/3", "1/1"}));
}

constexpr size_t kMost = 64;

// Each try to begin an archive is another archive; those that were continued outlive all of them.
TEST(RememberTest, OfTooManyTriesToBeginTheOldestIsForgotten) {
  std::vector<RememberedEpoch> epochs = {epoch_of("1", 200, 200), epoch_of("1-5", 201, 202)};
  for (uint8_t archive = 1; archive <= 2 * kMost; ++archive) {
    remember(epochs, std::nullopt, epoch_of("1", archive, archive));
    ASSERT_LE(epochs.size(), kMost);
    ASSERT_EQ(epochs.back().claim[0], archive);
  }
  EXPECT_EQ(epochs.size(), kMost);
  EXPECT_EQ(epochs[0].claim[0], 200) << "perhaps a whole archive";
  EXPECT_EQ(epochs[1].claim[0], 201);
  EXPECT_EQ(epochs[2].claim[0], 2 * kMost - kMost + 3);
}

TEST(RememberTest, OfTooManyArchivesTheOldestIsForgotten) {
  std::vector<RememberedEpoch> epochs;
  for (uint8_t archive = 1; archive <= 2 * kMost; ++archive) {
    remember(epochs, std::nullopt, epoch_of("1", archive, archive));
    remember(epochs, epochs.size() - 1, epoch_of("1-2", 200, archive));
    remember(epochs, epochs.size() - 1, epoch_of("1-3", 201, archive));
    ASSERT_LE(epochs.size(), kMost);
    ASSERT_EQ(epochs.back().archive[0], archive);
  }
  EXPECT_EQ(epochs.size(), kMost);
  EXPECT_EQ(epochs.front().archive[0], kMost + kMost / 2 + 1);
}

// Each try of a claim that fails is remembered; what is continued, and other archives, outlive all of them.
TEST(RememberTest, OfTooManyTriesTheOldestTryIsForgotten) {
  std::vector<RememberedEpoch> epochs = {epoch_of("1-9", 200, 200), epoch_of("1-5", 201, 201)};
  for (uint8_t claim = 1; claim <= 2 * kMost; ++claim) {
    const auto continued = std::find_if(epochs.begin(), epochs.end(),
                                        [](const RememberedEpoch& epoch) { return epoch.claim[0] == 201; });
    ASSERT_NE(continued, epochs.end()) << int{claim};
    remember(epochs, static_cast<size_t>(continued - epochs.begin()), epoch_of("1-6", claim, 201));
    ASSERT_LE(epochs.size(), kMost);
    ASSERT_EQ(epochs.back().claim[0], claim);
  }
  EXPECT_EQ(epochs[0].claim[0], 200) << "the other archive's";
  EXPECT_EQ(epochs[1].claim[0], 201);
  EXPECT_EQ(epochs.size(), kMost);
}

// ---- What cannot be written ---------------------------------------------------------------------

TEST_F(LineageFileTest, AReplaceThatFailsLeavesWhatWasRemembered) {
  const std::string before = made();
  const auto file = open_ok();
  const std::string there = test::read_file(path_);
  // A full disk; in a child, because the limit is its whole process's.
  EXPECT_TRUE(in_child([&] {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit = {before.size() / 2, before.size() / 2};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return false;
    const Status status = file->remember_durably("db", 1, epoch_of("1-3", 9));
    return !status && status.error().message.find("lineage file " + path_) == 0 &&
           chains(file->remembered("db")) == std::vector<std::string>{"1/1", "1-2/2"};
  }));
  EXPECT_EQ(test::read_file(path_), there);
  // Something that cannot be replaced.
  std::filesystem::remove(path_ + ".tmp");
  std::filesystem::create_directory(path_ + ".tmp");
  const Status status = file->remember_durably("db", 1, epoch_of("1-3", 9));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message.find("lineage file " + path_), 0U) << status.error().message;
  EXPECT_EQ(chains(file->remembered("db")), (std::vector<std::string>{"1/1", "1-2/2"}));
  EXPECT_EQ(test::read_file(path_), there);
  std::filesystem::remove(path_ + ".tmp");
  EXPECT_TRUE(file->remember_durably("db", 1, epoch_of("1-3", 9)));
  EXPECT_EQ(chains(file->remembered("db")), (std::vector<std::string>{"1-2/2", "1-3/9"}));
}

TEST_F(LineageFileTest, WhatCannotBeMadeIsRefused) {
  std::filesystem::create_directory(path_ + ".tmp");
  expect_refused(TIDEMARK_E_PERMANENT, path_ + ".tmp");
  EXPECT_FALSE(std::filesystem::exists(path_));
}

// What a killed one left is written over.
TEST_F(LineageFileTest, WhatAKillLeftIsNoTrouble) {
  const std::string good = made();
  test::write_file(path_ + ".tmp", good.substr(0, 20));
  const auto file = open_ok();
  EXPECT_TRUE(file->remember_durably("db", 1, epoch_of("1-3", 9)));
  EXPECT_EQ(chains(file->remembered("db")), (std::vector<std::string>{"1-2/2", "1-3/9"}));
}

TEST(DrawIdTest, NoTwoAreEqual) { EXPECT_NE(*draw_id(), *draw_id()); }

}  // namespace
}  // namespace tidemark::lineage
