// Objects that are sent in parts.
#include "s3/upload.h"

#include "s3/sink_fixture.h"

namespace tidemark::sinks::s3 {
namespace {

using imposter::Condition;
using imposter::Fault;
using std::chrono::milliseconds;

constexpr const char* kSmallParts = "&multipart_threshold=5MiB&multipart_part_size=5MiB";

std::string bytes_of(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 131 + i / 4096);
  return bytes;
}

TEST(S3PartSize, StaysWithinTheLimits) {
  EXPECT_EQ(part_size_bytes(65 * kMiB, 32 * kMiB), 32 * kMiB);
  EXPECT_EQ(part_size_bytes(9000 * 32 * kMiB, 32 * kMiB), 32 * kMiB);
  EXPECT_EQ(part_size_bytes(9000 * 32 * kMiB + 1, 32 * kMiB), 33 * kMiB);
  for (const uint64_t size : {100 * kMiB, 300 * 1024 * kMiB, 3 * 1024 * 1024 * kMiB, kObjectBytesMax}) {
    for (const uint64_t least : {kPartBytesMin, 32 * kMiB, kPartBytesMax}) {
      const uint64_t part = part_size_bytes(size, least);
      EXPECT_GE(part, least);
      EXPECT_LE(part, kPartBytesMax);
      EXPECT_LE((size + part - 1) / part, kPartsMax);
      EXPECT_EQ(part % kMiB, 0u);
    }
  }
}

class S3UploadTest : public S3SinkTest {
 protected:
  std::string stored(const std::string& key) {
    std::string bytes;
    const std::optional<imposter::Object> object = store().store.find("p/" + key);
    if (object) object->read(0, object->size(), &bytes);
    return bytes;
  }
};

TEST_F(S3UploadTest, InParts) {
  for (const bool checksums : {true, false}) {
    imposter::Config config;
    config.takes_checksums = checksums;
    start(config);
    const auto sink = must_open(kSmallParts);
    const uint64_t probe_parts = count("UploadPart");
    for (const size_t size : {(size_t{5} << 20) + 1, size_t{10} << 20, (size_t{37} << 20) + 5}) {
      const std::string key = std::to_string(size), bytes = bytes_of(size);
      ASSERT_TRUE(put(*sink, key, bytes));
      EXPECT_TRUE(stored(key) == bytes);
    }
    EXPECT_EQ(count("UploadPart") - probe_parts, 2u + 2 + 8);
    EXPECT_TRUE(store().store.uploads().empty());
  }
}

TEST_F(S3UploadTest, PartsAreOnTheirWayTogether) {
  imposter::Config config;
  config.delay_ms = 500;
  start(config);
  const auto sink = must_open(kSmallParts);
  const uint64_t connections = store().connections();
  ASSERT_TRUE(put(*sink, "k", bytes_of(20 << 20)));
  // Four parts; where the connection that was there has been idle for too long, each opens one.
  EXPECT_GE(store().connections() - connections, 3u);
  EXPECT_LE(store().connections() - connections, 4u);
}

TEST_F(S3UploadTest, AnExistingObjectCostsNoUpload) {
  start();
  const auto sink = must_open(kSmallParts);
  ASSERT_TRUE(put(*sink, "k", "first"));
  const uint64_t created = count("CreateMultipartUpload");
  EXPECT_EQ(status_of(put(*sink, "k", bytes_of(6 << 20))), TIDEMARK_E_EXISTS);
  EXPECT_EQ(count("CreateMultipartUpload"), created);
  EXPECT_EQ(stored("k"), "first");
  EXPECT_TRUE(put(*sink, "k", bytes_of(6 << 20), 0)) << "without the flag it replaces";
  EXPECT_TRUE(stored("k") == bytes_of(6 << 20));
}

TEST_F(S3UploadTest, WhoeverComesSecondAtTheEndHasLost) {
  for (const Condition complete : {Condition::kHonoured, Condition::kIgnored, Condition::kNotImplemented}) {
    imposter::Config config;
    config.complete_condition = complete;
    start(config);
    const auto sink = must_open(kSmallParts);
    TestSource source{bytes_of(12 << 20)};
    source.on_read = [&](uint64_t offset) {
      if (offset > (11u << 20)) store().store.put("p/k", {}, true);  // someone else, meanwhile
    };
    const Call call(nullptr, nullptr);
    EXPECT_EQ(status_of(sink->put("k", Source(source.get(), call), TIDEMARK_PUT_IF_ABSENT, call)),
              TIDEMARK_E_EXISTS);
    EXPECT_EQ(stored("k"), "");
    EXPECT_TRUE(store().store.uploads().empty()) << "aborted";
  }
}

TEST_F(S3UploadTest, AFailingSourceLeavesNoParts) {
  start();
  const auto sink = must_open(kSmallParts);
  TestSource source{bytes_of(20 << 20)};
  tidemark_source raw = *source.get();
  raw.size_bytes += 1;  // it ends too early
  const Call call(nullptr, nullptr);
  EXPECT_EQ(status_of(sink->put("k", Source(&raw, call), TIDEMARK_PUT_IF_ABSENT, call)), TIDEMARK_E_CORRUPT);
  EXPECT_FALSE(is_stored("k"));
  EXPECT_TRUE(store().store.uploads().empty());
}

TEST_F(S3UploadTest, ACancelledPutLeavesNoParts) {
  imposter::Config config;
  config.delay_ms = 100;
  start(config);
  const auto sink = must_open(kSmallParts);
  TestSource source{bytes_of(40 << 20), 64 * 1024};
  source.on_read = [](uint64_t) { std::this_thread::sleep_for(milliseconds(5)); };
  const CancelledAfter cancelled(milliseconds(1200));
  EXPECT_EQ(status_of(sink->put("k", Source(source.get(), cancelled.call()), 0, cancelled.call())),
            TIDEMARK_E_CANCELLED);
  EXPECT_LT(cancelled.late(), milliseconds(2500));
  EXPECT_FALSE(is_stored("k"));
  EXPECT_TRUE(store().store.uploads().empty());
}

TEST_F(S3UploadTest, AnErrorInsideOkIsSeen) {
  start();
  const auto sink = must_open(kSmallParts);
  fail_with(Fault::kErrorInOkBefore);
  EXPECT_EQ(status_of(put(*sink, "before", bytes_of(6 << 20))), TIDEMARK_E_RETRYABLE);
  EXPECT_FALSE(is_stored("before"));
  EXPECT_TRUE(store().store.uploads().empty()) << "aborted";
  fail_with(Fault::kErrorInOkAfter);
  EXPECT_EQ(status_of(put(*sink, "after", bytes_of(6 << 20))), TIDEMARK_E_RETRYABLE);
  heal();
  EXPECT_EQ(status_of(put(*sink, "after", bytes_of(6 << 20))), TIDEMARK_E_EXISTS);
}

// The store completes, and the answer is lost: what is found there is the caller's to look at.
TEST_F(S3UploadTest, AnUndecidedCompletionIsLookedAt) {
  start();
  const auto sink = must_open(kSmallParts);
  std::atomic<bool> done{false};
  std::thread saboteur([&] {
    // Both parts of the object have arrived: what comes next is the completion.
    while (!done && (store().store.uploads().empty() || store().store.uploads().front().parts.size() < 2)) {
      std::this_thread::yield();
    }
    fail_with(Fault::kTruncatedXml);
  });
  const Status outcome = put(*sink, "k", bytes_of(6 << 20));
  done = true;
  saboteur.join();
  heal();
  EXPECT_TRUE(status_of(outcome) == TIDEMARK_E_EXISTS || status_of(outcome) == TIDEMARK_OK)
      << (outcome ? "" : outcome.error().message);
  EXPECT_TRUE(stored("k") == bytes_of(6 << 20));
}

// The ETag of a whole object is made of those of its parts. Any other is not believed, however sure the store
// is of it.
TEST_F(S3UploadTest, ACompletionWithTheEtagOfAnotherObjectIsNotDone) {
  using imposter::Habit;
  for (const bool conditional : {true, false}) {
    imposter::Config config;
    if (!conditional) config.complete_condition = Condition::kIgnored;
    start(config);
    const auto sink = must_open(kSmallParts);
    const auto set_habit = [&](imposter::Habits habits) {
      store().reconfigure([&](imposter::Config& changed) { changed.habits = habits; });
    };
    set_habit({Habit::kTellsOtherEtag});
    const Status told = put(*sink, "told", bytes_of(6 << 20));
    EXPECT_EQ(status_of(told), conditional ? TIDEMARK_E_RETRYABLE : TIDEMARK_E_EXISTS);
    EXPECT_EQ(status_of(put(*sink, "told", bytes_of(6 << 20))), TIDEMARK_E_EXISTS) << "then it is read";
    set_habit({Habit::kKeepsOtherEtag});
    const Status kept = put(*sink, "kept", bytes_of(6 << 20));
    EXPECT_EQ(status_of(kept), TIDEMARK_E_EXISTS) << "what is there has to be read";
    if (conditional) {
      for (const Status& outcome : {told, kept}) {
        EXPECT_NE(outcome.error().message.find("not that of the parts"), std::string::npos);
        EXPECT_EQ(outcome.error().message.find("\"\""), std::string::npos) << outcome.error().message;
      }
    }
    set_habit({});
    EXPECT_TRUE(put(*sink, "right", bytes_of(6 << 20)));
  }
}

}  // namespace
}  // namespace tidemark::sinks::s3
