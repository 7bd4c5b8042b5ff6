// What lies in the archive already: the same, something else, nothing at all.
#include <filesystem>

#include "harness.h"

namespace tidemark::integration {
namespace {

namespace fs = std::filesystem;

class ObjectsScenario : public Scenario {
 protected:
  // Archives entry 1 into an archive of its own and returns the object's bytes.
  std::string object_of(const std::string& content) {
    TestHost host;
    host.commit(p_, 1, content);
    const test::TempDir archive;
    tidemark_archiver* archiver = nullptr;
    ErrorOut error;
    EXPECT_EQ(api_->create(&host.table(), nullptr, 0, &archiver, &error), TIDEMARK_OK) << error.message;
    EXPECT_EQ(api_->set_sink(archiver, str(file_url(archive)), nullptr, 0, nullptr, &error), TIDEMARK_OK);
    host.begin_run();
    EXPECT_EQ(api_->start(archiver, &error), TIDEMARK_OK) << error.message;
    const tidemark_partition partition = {str(p_.storage), p_.id};
    EXPECT_EQ(api_->notify(archiver, &partition, 1, 1, &error), TIDEMARK_OK) << error.message;
    EXPECT_TRUE(host.wait_for_acknowledge(p_, 1));
    EXPECT_EQ(api_->stop(archiver, 0, &error), TIDEMARK_OK);
    host.end_run();
    api_->destroy(archiver);
    return test::read_file(archive / archive_key(p_, 1));
  }
  void place(const std::string& bytes) {
    const fs::path object = archive_ / archive_key(p_, 1);
    fs::create_directories(object.parent_path());
    test::write_file(object.string() + "~", bytes);
    fs::rename(object.string() + "~", object);
  }
  // A conflict that is reported once and leaves everything as it is; then an operator moves the object away.
  void expect_conflict_until_moved(const std::string& what) {
    const std::vector<std::string> before = prints(archive_);
    ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_CONFLICT));
    const SeenEvent conflict = host_.events(TIDEMARK_EVENT_CONFLICT).front();
    EXPECT_EQ(conflict.partition, p_);
    EXPECT_EQ(conflict.first, 1U);
    EXPECT_EQ(conflict.last, 1U);
    EXPECT_NE(conflict.message.find(archive_key(p_, 1)), std::string::npos) << conflict.message;
    EXPECT_NE(conflict.message.find(what), std::string::npos) << conflict.message;
    ASSERT_TRUE(host_.wait_until([&] {
      return metrics()["tidemark_archives_total{result=\"conflict\"}"] >= 2;
    })) << "it is not tried again";
    EXPECT_EQ(host_.events().size(), 1U) << "one event a streak";
    EXPECT_EQ(prints(archive_), before);
    EXPECT_EQ(host_.acknowledged(p_), 0U);
    fs::remove(archive_ / archive_key(p_, 1));
    ASSERT_TRUE(host_.wait_for_acknowledge(p_, 1));
    ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_RECOVERED));
    expect_archived(p_, 1, 1);
  }
};

TEST_F(ObjectsScenario, TheSameContentIsVerifiedAndLeftAlone) {
  place(object_of("content"));
  host_.commit(p_, 1, "content");
  const std::vector<std::string> before = prints(archive_);
  begin();
  notify(p_, 1, 1);
  drain();
  EXPECT_EQ(host_.acknowledged(p_), 1U);
  EXPECT_EQ(prints(archive_), before);
  EXPECT_TRUE(host_.events().empty());
  EXPECT_EQ(metrics()["tidemark_archives_total{result=\"verified\"}"], 1);
  EXPECT_EQ(metrics()["tidemark_archives_total{result=\"archived\"}"], 0);
}

// Not found by the listing, found by the put: someone was faster, or our own answer was lost.
TEST_F(ObjectsScenario, TheSameContentThatComesInBetween) {
  const std::string object = object_of("content");
  host_.commit(p_, 1, "content");
  valve_.before = [&](std::string_view verb, std::string_view, const tidemark_call*) -> tidemark_status {
    if (verb == "put") place(object);
    return TIDEMARK_OK;
  };
  begin_with_valve();
  notify(p_, 1, 1);
  drain();
  EXPECT_EQ(host_.acknowledged(p_), 1U);
  EXPECT_TRUE(host_.events().empty());
  EXPECT_EQ(metrics()["tidemark_archives_total{result=\"verified\"}"], 1);
}

TEST_F(ObjectsScenario, OtherContentIsAConflict) {
  place(object_of("other"));
  host_.commit(p_, 1, "content");
  begin();
  notify(p_, 1, 1);
  expect_conflict_until_moved("holds other content");
}

TEST_F(ObjectsScenario, OtherContentThatComesInBetweenIsAConflict) {
  const std::string object = object_of("other");
  host_.commit(p_, 1, "content");
  std::atomic<bool> placed{false};
  valve_.before = [&](std::string_view verb, std::string_view, const tidemark_call*) -> tidemark_status {
    if (verb != "put" || placed) return TIDEMARK_OK;
    place(object);
    placed = true;
    return TIDEMARK_OK;
  };
  begin_with_valve();
  notify(p_, 1, 1);
  ASSERT_TRUE(host_.wait_until([&] { return placed.load(); }));
  expect_conflict_until_moved("holds other content");
}

TEST_F(ObjectsScenario, AnObjectOfZeroBytesIsAConflict) {
  place("");
  host_.commit(p_, 1, "content");
  begin();
  notify(p_, 1, 1);
  expect_conflict_until_moved("");
}

TEST_F(ObjectsScenario, SomethingThatIsNoArchiveIsAConflict) {
  place(std::string(4096, 'z'));
  host_.commit(p_, 1, "content");
  begin();
  notify(p_, 1, 1);
  expect_conflict_until_moved("");
}

// A conflict is this partition's alone.
TEST_F(ObjectsScenario, AConflictHoldsUpNobodyElse) {
  place("");
  host_.commit(p_, 1, "content");
  const Partition other = {"orders", 8};
  host_.commit_range(other, 1, 5);
  begin({{"workers", "1"}});
  notify(p_, 1, 1);
  ASSERT_TRUE(host_.wait_for_event(TIDEMARK_EVENT_CONFLICT));
  notify(other, 1, 5);
  ASSERT_TRUE(host_.wait_for_acknowledge(other, 5));
  EXPECT_TRUE(host_.events(TIDEMARK_EVENT_SINK_DOWN).empty());
}

// Things in a partition's folder that are not ours are passed over.
TEST_F(ObjectsScenario, StrangeNamesInTheFolderAreSkipped) {
  host_.commit_range(p_, 1, 2);
  const std::string folder = archive_ / "orders/7/";
  fs::create_directories(folder + "sub");
  for (const char* name :
       {"1.tar", "0000000000001.TAR", "0000000000001.tar.bak", "00000000000001.tar", "notes.txt"}) {
    test::write_file(folder + name, "mine");
  }
  begin();
  notify(p_, 1, 2);
  drain();
  EXPECT_EQ(host_.acknowledged(p_), 2U);
  EXPECT_EQ(list(p_).size(), 2U);
  EXPECT_EQ(test::read_file(folder + "1.tar"), "mine");
}

}  // namespace
}  // namespace tidemark::integration
