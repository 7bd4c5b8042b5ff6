#include "s3/probe.h"

#include "s3/sink_fixture.h"

namespace tidemark::sinks::s3 {
namespace {

using imposter::Condition;

class S3Probe : public S3SinkTest {};

TEST_F(S3Probe, LeavesNothingOfTheProbe) {
  start();
  const auto sink = must_open();
  EXPECT_TRUE(store().store.list("", "", 10).empty());
  EXPECT_TRUE(store().store.uploads().empty());
  EXPECT_TRUE(sink->traits().conditional_put);
  EXPECT_TRUE(sink->traits().conditional_complete);
  EXPECT_EQ(sink->traits().checksum, Checksum::kCrc32c);
  EXPECT_EQ(log_.count("the store"), 0u) << "nothing to say about one that can everything";
}

TEST_F(S3Probe, FindsOutWhatTheStoreCan) {
  for (const Condition put : {Condition::kHonoured, Condition::kIgnored, Condition::kNotImplemented}) {
    for (const Condition complete : {Condition::kHonoured, Condition::kIgnored, Condition::kNotImplemented}) {
      for (const bool checksums : {true, false}) {
        imposter::Config config;
        config.put_condition = put;
        config.complete_condition = complete;
        config.takes_checksums = checksums;
        start(config);
        const size_t said = log_.count("does not honour");
        const auto sink = must_open();
        EXPECT_EQ(sink->traits().conditional_put, put == Condition::kHonoured);
        EXPECT_EQ(sink->traits().conditional_complete, complete == Condition::kHonoured);
        EXPECT_EQ(sink->traits().checksum, checksums ? Checksum::kCrc32c : Checksum::kMd5);
        EXPECT_TRUE(sink->traits().multipart);
        EXPECT_TRUE(store().store.list("", "", 10).empty());
        EXPECT_TRUE(store().store.uploads().empty());
        const size_t lacks = (put != Condition::kHonoured) + (complete != Condition::kHonoured);
        EXPECT_EQ(log_.count("does not honour") - said, lacks);
        EXPECT_TRUE(this->put(*sink, "k", "x"));
        EXPECT_EQ(status_of(this->put(*sink, "k", "x")), TIDEMARK_E_EXISTS);
        EXPECT_EQ(log_.count("does not honour") - said, lacks) << "said once";
      }
    }
  }
}

}  // namespace
}  // namespace tidemark::sinks::s3
