// Proving archives, and unpacking them.
#include <filesystem>
#include <thread>

#include "store/maintenance_fixture.h"

namespace tidemark::store {
namespace {

namespace fs = std::filesystem;
using test::RawTar;
using test::read_file;

class CheckTest : public MaintenanceTest {
 protected:
  Status check_key(const std::string& key) {
    seen_.clear();
    return check(
        fake_.sink(), {key},
        [&](const CheckedEntry& entry) {
          seen_[entry.lsn] = {entry.size_bytes, hex(entry.sha256)};
          return true;
        },
        nullptr);
  }
  std::string put_object(Range range, const RawTar& tar) {
    const std::string key = object_key("db", 7, range, ObjectKind::kArchive);
    fake_.objects[key] = tar.object(range);
    return key;
  }

  struct Seen {
    uint64_t size_bytes = 0;
    std::string sha256;
    friend bool operator==(const Seen&, const Seen&) = default;
  };
  std::map<Lsn, Seen> seen_;
};

TEST_F(CheckTest, EqualEntriesHaveEqualDigestsWhereverTheyLie) {
  for (const size_t chunk : {1, 100, 511, 512, 513, 1 << 20}) {
    fake_.chunk_bytes = chunk;
    ASSERT_TRUE(check_key(add({3, 5})));
    ASSERT_EQ(seen_.size(), 3u);
    const auto in_batch = seen_;
    for (Lsn lsn = 3; lsn <= 5; ++lsn) {
      const std::string single = add({lsn, lsn});
      ASSERT_TRUE(check_key(single));
      ASSERT_EQ(seen_.size(), 1u);
      EXPECT_EQ(seen_[lsn], in_batch.at(lsn));
      EXPECT_EQ(seen_[lsn].size_bytes, fake_.objects[single].size() - 1536);
      Sha256 sha;
      sha.update(fake_.objects[single].data(), fake_.objects[single].size() - 1536);
      EXPECT_EQ(seen_[lsn].sha256, hex(sha.finish().value()));
      EXPECT_TRUE(check(fake_.sink(), {single}, {}, nullptr));
    }
  }
}

TEST_F(CheckTest, OneRequestAndItsBytesAreCounted) {
  const std::string key = add({3, 5});
  std::vector<uint64_t> progress;
  ASSERT_TRUE(check(fake_.sink(), {key, false, [&](uint64_t read_bytes) { progress.push_back(read_bytes); }},
                    {}, nullptr));
  EXPECT_EQ(fake_.gets, 1);
  const uint64_t whole = fake_.objects[key].size();
  EXPECT_EQ(progress, (std::vector<uint64_t>{1000, 2000, 3000, 4000, whole}));
}

TEST_F(CheckTest, AnyDamageIsFoundAndNamed) {
  for (const Range range : {Range{3, 3}, Range{3, 4}}) {
    const std::string key = add(range);
    const std::string good = fake_.objects[key];
    for (size_t at = 0; at < good.size(); at += 3) {
      fake_.objects[key][at] = static_cast<char>(good[at] ^ 0x10);
      const Status status = check_key(key);
      ASSERT_FALSE(status) << at;
      EXPECT_EQ(status.error().status, TIDEMARK_E_CORRUPT);
      EXPECT_TRUE(status.error().message.starts_with(key + ": ")) << status.error().message;
      // The digest says more than what the reader of the members stumbled over.
      if (at < good.size() - 512) {
        EXPECT_NE(status.error().message.find("the object is damaged"), std::string::npos)
            << at << ": " << status.error().message;
      }
      fake_.objects[key] = good;
    }
    for (const std::string& bad : {std::string(), good.substr(0, 700), good.substr(1), good + "x"}) {
      fake_.objects[key] = bad;
      expect_error(check_key(key), TIDEMARK_E_CORRUPT, key);
    }
    fake_.objects[key] = tar_of({4, 4}).object({4, 4});
    expect_error(check_key(key), TIDEMARK_E_CORRUPT,
                 "the footer is of another archive: db/7/0000000000004.tar");
  }
}

TEST_F(CheckTest, AGoodDigestOverOtherMembersIsNotEnough) {
  expect_error(
      check_key(put_object({3, 4}, tar_of({3, 3}))), TIDEMARK_E_CORRUPT,
      "db/7/0000000000004-0000000000003.tar: the tar is not one of Tidemark's: entry 4 is not in it");
  expect_error(check_key(put_object({3, 3}, tar_of({3, 4}))), TIDEMARK_E_CORRUPT,
               "lies outside of the entries");
  expect_error(check_key(put_object({3, 3}, tar_of({3, 3}).raw(std::string(1024, '\0')))), TIDEMARK_E_CORRUPT,
               "something follows its end mark");
}

TEST_F(CheckTest, PassesOnWhatOthersSay) {
  const std::string key = add({3, 5});
  int visits = 0;
  EXPECT_TRUE(check(
      fake_.sink(), {key}, [&](const CheckedEntry&) { return ++visits < 2; }, nullptr));
  EXPECT_EQ(visits, 2);
  tidemark_call call = {sizeof call, 0, nullptr, [](void*) { return 1; }};
  expect_error(check(fake_.sink(), {key}, {}, &call), TIDEMARK_E_CANCELLED, "cancelled");
  fake_.fail_get = TIDEMARK_E_THROTTLED;
  expect_error(check_key(key), TIDEMARK_E_THROTTLED, key);
  expect_error(check_key("db/7/README"), TIDEMARK_E_INVALID, "is not the key");
  fake_.fail_get = TIDEMARK_OK;
  fake_.objects.clear();
  expect_error(check_key(key), TIDEMARK_E_NOT_FOUND, key);
}

// ---- unpack -------------------------------------------------------------------------------------

class UnpackTest : public CheckTest {
 protected:
  Status run(const std::string& key, Range wanted = {1, UINT64_MAX}, const tidemark_call* call = nullptr) {
    return unpack(fake_.sink(), {key, wanted, directory_, is_private_, progress_, with_setid_}, call);
  }
  // What anybody sees in the directory.
  std::vector<std::string> names(bool hidden = false) {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(directory_)) {
      const std::string name = entry.path().filename();
      if ((name[0] == '.') == hidden) found.push_back(name);
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  void expect_nothing_left() {
    EXPECT_TRUE(names().empty());
    EXPECT_TRUE(names(true).empty());
  }
  // Calls what it is given when all has been read and built, and nothing is published.
  Progress at_end(const std::string& key, const std::function<void()>& act) {
    return [this, key, act](uint64_t read_bytes) {
      if (read_bytes == fake_.objects.at(key).size()) act();
    };
  }

  const std::string directory_ = (fs::create_directory(dir_ / "out"), dir_ / "out");
  bool is_private_ = false;
  bool with_setid_ = false;
  Progress progress_;
};

TEST_F(UnpackTest, RestoresEveryEntryFromOneRequest) {
  const std::string key = add({3, 6});
  for (const size_t chunk : {1, 512, 1 << 20}) {
    fake_.chunk_bytes = chunk;
    fake_.gets = 0;
    int ends = 0;
    progress_ = at_end(key, [&] {
      ++ends;
      EXPECT_TRUE(names().empty()) << "not before all is proven";
    });
    const Status status = run(key);
    ASSERT_TRUE(status) << status.error().message;
    EXPECT_EQ(ends, 1);
    EXPECT_EQ(fake_.gets, 1);
    EXPECT_EQ(names(),
              (std::vector<std::string>{lsn_string(3), lsn_string(4), lsn_string(5), lsn_string(6)}));
    EXPECT_TRUE(names(true).empty());
    for (Lsn lsn = 3; lsn <= 6; ++lsn) {
      EXPECT_EQ(read_file(directory_ + "/" + lsn_string(lsn)), "entry " + std::to_string(lsn));
      fs::remove(directory_ + "/" + lsn_string(lsn));
    }
  }
}

TEST_F(UnpackTest, RestoresWhatIsAskedForOnly) {
  const std::string key = add({3, 6});
  ASSERT_TRUE(run(key, {4, 5}));
  EXPECT_EQ(names(), (std::vector<std::string>{lsn_string(4), lsn_string(5)}));
  ASSERT_TRUE(run(key, {6, 100}));
  EXPECT_EQ(names(), (std::vector<std::string>{lsn_string(4), lsn_string(5), lsn_string(6)}));
  expect_error(run(key, {7, 100}), TIDEMARK_E_INVALID, "holds none of the entries 7 to 100");
  expect_error(run(add({1, 2}, ObjectKind::kGap)), TIDEMARK_E_INVALID, "holds none");
}

TEST_F(UnpackTest, TreesComeBackAsTheyWere) {
  const std::string entry = test::make_large_entry(dir_);
  fs::permissions(entry + "/sub", fs::perms(0550));
  fs::permissions(entry + "/empty", fs::perms(04711));
  for (int i = 0; i < 40; ++i) test::write_file(entry + "/many" + std::to_string(100 + i), std::to_string(i));
  fs::permissions(entry, fs::perms(0555));
  const std::string key = "db/7/0000000000003.tar";
  fake_.objects[key] = test::archive_of(entry, 3);
  fake_.chunk_bytes = 10'000;
  with_setid_ = true;
  const Status status = run(key);
  ASSERT_TRUE(status) << status.error().message;
  const std::string out = directory_ + "/" + lsn_string(3);
  EXPECT_TRUE(test::run("diff -r --no-dereference '" + entry + "' '" + out + "'"));
  EXPECT_EQ(fs::status(out).permissions(), fs::perms(0555));
  EXPECT_EQ(fs::status(out + "/sub").permissions(), fs::perms(0550));
  EXPECT_EQ(fs::status(out + "/empty").permissions(), fs::perms(04711));
  EXPECT_EQ(test::archive_of(out, 3), fake_.objects[key]) << "archived again it is the same";
}

TEST_F(UnpackTest, SetidBitsOnlyForWhoAsksForThem) {
  const std::string entry = dir_ / "entry";
  fs::create_directories(entry + "/sub");
  test::write_file(entry + "/tool", "x", 06755);
  fs::permissions(entry + "/sub", fs::perms(03775));
  const std::string key = "db/7/0000000000003.tar";
  fake_.objects[key] = test::archive_of(entry, 3);
  const std::string out = directory_ + "/" + lsn_string(3);
  ASSERT_TRUE(run(key));
  EXPECT_EQ(fs::status(out + "/tool").permissions(), fs::perms(0755));
  EXPECT_EQ(fs::status(out + "/sub").permissions(), fs::perms(01775)) << "the sticky bit is nobody's danger";
  fs::remove_all(out);
  with_setid_ = true;
  ASSERT_TRUE(run(key));
  EXPECT_EQ(fs::status(out + "/tool").permissions(), fs::perms(06755));
  EXPECT_EQ(fs::status(out + "/sub").permissions(), fs::perms(03775));
}

TEST_F(UnpackTest, DamageLeavesNothing) {
  const std::string key = add({3, 5});
  const std::string good = fake_.objects[key];
  for (size_t at = 0; at < good.size(); at += 97) {
    fake_.objects[key][at] = static_cast<char>(good[at] ^ 1);
    const Status status = run(key);
    ASSERT_FALSE(status) << at;
    EXPECT_EQ(status.error().status, TIDEMARK_E_CORRUPT) << status.error().message;
    expect_nothing_left();
    fake_.objects[key] = good;
  }
}

TEST_F(UnpackTest, HostileMembersLeaveNothing) {
  const std::string root = lsn_string(3);
  const auto hostile = [&](char type, const std::string& name, const std::string& link = "") {
    const std::string key = put_object({3, 3}, RawTar().member('5', root + "/").member(type, name, "", link));
    expect_error(run(key), TIDEMARK_E_CORRUPT, key);
    expect_nothing_left();
  };
  hostile('0', root + "/../../escaped");
  hostile('0', "/tmp/escaped");
  hostile('1', root + "/hard", "/etc/passwd");
  hostile('3', root + "/device");
  hostile('6', root + "/fifo");
  const std::string through = put_object({3, 3}, RawTar()
                                                     .member('5', root + "/")
                                                     .member('2', root + "/l", "", directory_)
                                                     .member('0', root + "/l/escaped", "x"));
  expect_error(run(through), TIDEMARK_E_CORRUPT, "lies in no directory");
  expect_nothing_left();
  const std::string liar = put_object({3, 3}, RawTar().member_of_size('0', root, 1ULL << 32, "short"));
  expect_error(run(liar), TIDEMARK_E_CORRUPT, "fewer bytes than its header says");
  expect_nothing_left();
}

TEST_F(UnpackTest, WhatIsThereIsNeverTouched) {
  const std::string key = add({3, 6});
  test::write_file(directory_ + "/" + lsn_string(5), "precious");
  expect_error(run(key), TIDEMARK_E_EXISTS, directory_ + "/" + lsn_string(5));
  EXPECT_EQ(names(), std::vector<std::string>{lsn_string(5)});
  EXPECT_EQ(read_file(directory_ + "/" + lsn_string(5)), "precious");
  EXPECT_TRUE(names(true).empty());
  ASSERT_TRUE(run(key, {3, 4})) << "around it all is well";
}

// Somebody is faster while the archive is read.
TEST_F(UnpackTest, WhoeverIsFasterWins) {
  const std::string key = add({3, 6});
  progress_ = at_end(key, [&] { test::write_file(directory_ + "/" + lsn_string(5), "precious"); });
  expect_error(run(key), TIDEMARK_E_EXISTS, lsn_string(5));
  EXPECT_EQ(names(), (std::vector<std::string>{lsn_string(3), lsn_string(4), lsn_string(5)}));
  EXPECT_EQ(read_file(directory_ + "/" + lsn_string(5)), "precious");
}

TEST_F(UnpackTest, ACallerMayGiveUpBeforeAnythingIsVisible) {
  const std::string key = add({3, 6});
  bool gives_up = false;
  progress_ = at_end(key, [&] { gives_up = true; });
  tidemark_call call = {sizeof call, 0, &gives_up,
                        [](void* ctx) { return *static_cast<bool*>(ctx) ? 1 : 0; }};
  expect_error(run(key, {1, 9}, &call), TIDEMARK_E_CANCELLED, "cancelled");
  expect_nothing_left();
  expect_error(run(key, {1, 9}, &call), TIDEMARK_E_CANCELLED, "cancelled");
  expect_nothing_left();
  fake_.fail_get = TIDEMARK_E_RETRYABLE;
  expect_error(run(add({3, 6})), TIDEMARK_E_RETRYABLE, "told to fail");
  expect_nothing_left();
  const std::string gone = directory_ + "/gone";
  for (const bool is_private : {false, true}) {
    expect_error(unpack(fake_.sink(), {key, {1, 9}, gone, is_private, {}}, nullptr), TIDEMARK_E_NOT_FOUND,
                 gone);
  }
}

TEST_F(UnpackTest, RemovesWhatAKilledRunLeftAndNothingElse) {
  const std::string dead = directory_ + "/.tidemark/123-dead";
  fs::create_directories(dead + "/" + lsn_string(3) + "/sub");
  test::write_file(dead + "/" + lsn_string(3) + "/sub/half", "half");
  test::write_file(directory_ + "/.tidemark/stray", "not ours");
  const std::string key = add({3, 3});
  // While one waits, another restores beside it and must not sweep its staging area away.
  test::FakeSink other;
  const std::string next = add({4, 4});
  other.objects[next] = fake_.objects[next];
  progress_ = at_end(key, [&] {
    EXPECT_FALSE(fs::exists(dead));
    EXPECT_TRUE(unpack(other.sink(), {next, {4, 4}, directory_, false, {}}, nullptr));
  });
  const Status status = run(key);
  ASSERT_TRUE(status) << status.error().message;
  EXPECT_EQ(names(), (std::vector<std::string>{lsn_string(3), lsn_string(4)}));
  EXPECT_EQ(read_file(directory_ + "/.tidemark/stray"), "not ours");
}

// Nothing is staged: it is the caller who gives the entries their places.
TEST_F(UnpackTest, APrivateDirectoryGetsTheEntriesRightUnderTheirNames) {
  is_private_ = true;
  const std::string key = add({3, 6});
  std::vector<std::string> seen;
  progress_ = at_end(key, [&] {
    seen = names();
    EXPECT_TRUE(names(true).empty());
  });
  ASSERT_TRUE(run(key, {4, 5}));
  EXPECT_EQ(seen, (std::vector<std::string>{lsn_string(4), lsn_string(5)}));
  EXPECT_EQ(names(), seen);
  ASSERT_TRUE(run(key, {6, 6})) << "several archives may be brought into one place";
  EXPECT_EQ(read_file(directory_ + "/" + lsn_string(6)), "entry 6");
}

TEST_F(UnpackTest, APrivateDirectoryIsLeftAsItWasAfterAFailure) {
  is_private_ = true;
  test::write_file(directory_ + "/" + lsn_string(6), "precious");
  const std::string key = add({3, 6});
  const auto expect_untouched = [&] {
    EXPECT_EQ(names(), std::vector<std::string>{lsn_string(6)});
    EXPECT_TRUE(names(true).empty());
    EXPECT_EQ(read_file(directory_ + "/" + lsn_string(6)), "precious");
  };
  expect_error(run(key), TIDEMARK_E_EXISTS, directory_ + "/" + lsn_string(6));
  expect_untouched();
  const std::string good = fake_.objects[key];
  for (size_t at = 0; at < good.size(); at += 97) {
    fake_.objects[key][at] = static_cast<char>(good[at] ^ 1);
    expect_error(run(key, {3, 5}), TIDEMARK_E_CORRUPT, key);
    expect_untouched();
    fake_.objects[key] = good;
  }
  bool gives_up = false;
  progress_ = at_end(key, [&] { gives_up = true; });
  tidemark_call call = {sizeof call, 0, &gives_up,
                        [](void* ctx) { return *static_cast<bool*>(ctx) ? 1 : 0; }};
  expect_error(run(key, {3, 5}, &call), TIDEMARK_E_CANCELLED, "cancelled");
  expect_untouched();
}

TEST_F(UnpackTest, ManyAtOnceIntoOneDirectory) {
  std::vector<test::FakeSink> sinks(8);
  std::vector<std::thread> threads;
  for (Lsn i = 0; i < sinks.size(); ++i) {
    threads.emplace_back([&, i] {
      const Range range = {1 + i * 10, 10 + i * 10};
      const std::string key = object_key("db", 7, range, ObjectKind::kArchive);
      sinks[i].objects[key] = tar_of(range).object(range);
      const Status status = unpack(sinks[i].sink(), {key, range, directory_, false, {}}, nullptr);
      EXPECT_TRUE(status) << status.error().message;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(names().size(), 80u);
  EXPECT_TRUE(names(true).empty());
}

}  // namespace
}  // namespace tidemark::store
