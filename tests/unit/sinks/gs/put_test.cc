#include "gs/sink_fixture.h"
#include "http/digests.h"

namespace tidemark::sinks::gs {
namespace {

class GsPut : public GsSinkTest {};

TEST_F(GsPut, TheDigestOfTheCallerIsSent) {
  start();
  const auto sink = must_open();
  TestSource source{"123456789"};
  tidemark_source raw = *source.get();
  uint32_t crc32c = 0xE3069283;
  raw.crc32c = &crc32c;
  int reads = 0;
  source.on_read = [&](uint64_t offset) { reads += offset == 0; };
  const Call call;
  EXPECT_TRUE(sink->put("good", Source(&raw, call), TIDEMARK_PUT_IF_ABSENT, call));
  EXPECT_EQ(reads, 1) << "no pass for what is known";
  crc32c ^= 1;
  EXPECT_EQ(status_of(sink->put("bad", Source(&raw, call), TIDEMARK_PUT_IF_ABSENT, call)),
            TIDEMARK_E_RETRYABLE);
  EXPECT_FALSE(is_stored("bad"));
}

TEST_F(GsPut, ReplacesOnlyWithoutTheFlag) {
  start();
  const auto sink = must_open();
  EXPECT_TRUE(put(*sink, "k", "first"));
  EXPECT_EQ(status_of(put(*sink, "k", "second")), TIDEMARK_E_EXISTS);
  EXPECT_EQ(stored("k"), "first");
  EXPECT_TRUE(put(*sink, "k", "third", 0));
  EXPECT_EQ(stored("k"), "third");
}

TEST_F(GsPut, AnExistingObjectCostsNoBody) {
  start();
  const auto sink = must_open();
  TestSource source{std::string(4 << 20, 'x')};
  tidemark_source raw = *source.get();
  Digests digests({.sha256 = false, .crc32c = true, .md5 = false});
  digests.update(source.bytes.data(), source.bytes.size());
  const uint32_t crc32c = digests.crc32c();
  raw.crc32c = &crc32c;
  const Call call;
  ASSERT_TRUE(sink->put("k", Source(&raw, call), TIDEMARK_PUT_IF_ABSENT, call));
  int reads = 0;
  source.on_read = [&](uint64_t) { ++reads; };
  EXPECT_EQ(status_of(sink->put("k", Source(&raw, call), TIDEMARK_PUT_IF_ABSENT, call)), TIDEMARK_E_EXISTS);
  EXPECT_EQ(reads, 0);
}

TEST_F(GsPut, NamesThatTheServiceRefusesAreNotSent) {
  start();
  const auto sink = must_open();
  const uint64_t asked = service().logged().size();
  const std::pair<std::string, const char*> names[] = {{"a\nb", "line break"},
                                                       {"a\rb", "line break"},
                                                       {"a\xFF", "not UTF-8"},
                                                       {std::string(1023, 'k'), "1025 bytes"}};
  for (const auto& [name, words] : names) {
    const Status refused = put(*sink, name, "x");
    EXPECT_EQ(status_of(refused), TIDEMARK_E_PERMANENT);
    EXPECT_NE(refused.error().message.find(words), std::string::npos) << refused.error().message;
  }
  EXPECT_EQ(service().logged().size(), asked);
  EXPECT_TRUE(put(*sink, std::string(1022, 'k'), "x"));
}

TEST_F(GsPut, TheKeyOfTheBodiesGoesAlong) {
  start();
  const auto sink = must_open("&kms_key=projects/p/locations/l/keyRings/r/cryptoKeys/k");
  EXPECT_TRUE(put(*sink, "k", "x"));
  EXPECT_NE(service().logged().back().target.find("kmsKeyName=projects%2Fp%2F"), std::string::npos);
}

// A page in the way of the answer, but the object is there.
TEST_F(GsPut, AnAnswerThatIsNoneIsLookedAfter) {
  start();
  const auto sink = must_open();
  change([](imposter::Config& config) {
    config.faults[imposter::Fault::kTruncatedXml] = 1;
    config.faults.most_in_a_row = 1;
  });
  EXPECT_TRUE(put(*sink, "k", "x"));
  EXPECT_EQ(count("describe"), 1u);
}

TEST_F(GsPut, AnAnswerWithoutTheDigestIsLookedAfter) {
  start();
  const auto sink = must_open();
  change([](imposter::Config& config) { config.odd.tells_no_digest = true; });
  EXPECT_TRUE(put(*sink, "k", "x"));
  EXPECT_EQ(log_.count("", TIDEMARK_LOG_ERROR), 0u) << "nothing is wrong with it";
}

TEST_F(GsPut, AFailingSourceLeavesNothing) {
  start();
  const auto sink = must_open();
  TestSource source{"123"};
  tidemark_source raw = *source.get();
  raw.size_bytes += 1;
  const Call call;
  EXPECT_EQ(status_of(sink->put("k", Source(&raw, call), TIDEMARK_PUT_IF_ABSENT, call)), TIDEMARK_E_CORRUPT);
  EXPECT_FALSE(is_stored("k"));
}

}  // namespace
}  // namespace tidemark::sinks::gs
