// Objects that go in pieces.
#include "gs/upload.h"

#include "gs/sink_fixture.h"

namespace tidemark::sinks::gs {
namespace {

using imposter::Fault;

class GsUpload : public GsSinkTest {
 protected:
  uint64_t pieces() { return count("send"); }
  void expect_no_session() { EXPECT_TRUE(service().sessions.open().empty()); }
};

TEST(GsUploadState, WhatIsKept) {
  const auto kept = [](const char* range) {
    HttpAnswer answer;
    if (range != nullptr) answer.headers = {{"range", range}};
    return kept_bytes(answer);
  };
  EXPECT_EQ(kept(nullptr), 0u);
  EXPECT_EQ(kept("bytes=0-0"), 1u);
  EXPECT_EQ(kept("bytes=0-262143"), 262'144u);
  for (const char* odd : {"bytes=1-2", "0-2", "bytes=0-", "bytes=0-x", "bytes=0-18446744073709551615"}) {
    EXPECT_FALSE(kept(odd)) << odd;
  }
}

TEST_F(GsUpload, InPieces) {
  start();
  const auto sink = must_open(kSmallPieces);
  for (const size_t size : {size_t{256 << 10} + 1, size_t{512} << 10, size_t{1} << 20, size_t{1'300'001}}) {
    const std::string key = std::to_string(size), bytes = bytes_of(size);
    const uint64_t before = pieces();
    const Status ok = put(*sink, key, bytes);
    ASSERT_TRUE(ok) << ok.error().message;
    EXPECT_TRUE(stored(key) == bytes);
    EXPECT_EQ(pieces() - before, (size + (512 << 10) - 1) / (512 << 10));
  }
  EXPECT_TRUE(put(*sink, "small", bytes_of(256 << 10)));
  EXPECT_EQ(count("insert"), 1u);
  expect_no_session();
}

TEST_F(GsUpload, OnlyTheLastPieceHasTheDigestAndNoneATokenOrAProxysHost) {
  start();
  change([](imposter::Config& config) { config.odd.moves_sessions = true; });
  const auto sink = must_open(kSmallPieces);
  ASSERT_TRUE(put(*sink, "k", bytes_of(1'300'001)));
  int with_digest = 0, sent = 0;
  for (const imposter::Logged& line : service().logged()) {
    if (line.operation != "send") continue;
    ++sent;
    for (const auto& [name, value] : line.headers) {
      with_digest += name == "x-goog-hash";
      EXPECT_NE(name, "authorization");
    }
  }
  EXPECT_EQ(sent, 3);
  EXPECT_EQ(with_digest, 1);
  EXPECT_EQ(service().shown_at_decoy(), 0u) << "the address names another host, which is not asked";
}

TEST_F(GsUpload, AnExistingObjectCostsNoUpload) {
  start();
  const auto sink = must_open(kSmallPieces);
  ASSERT_TRUE(put(*sink, "k", "first"));
  const uint64_t begun = count("begin");
  EXPECT_EQ(status_of(put(*sink, "k", bytes_of(1 << 20))), TIDEMARK_E_EXISTS);
  EXPECT_EQ(count("begin"), begun);
  EXPECT_EQ(stored("k"), "first");
  EXPECT_TRUE(put(*sink, "k", bytes_of(1 << 20), 0)) << "without the flag it replaces";
  EXPECT_TRUE(stored("k") == bytes_of(1 << 20));
}

TEST_F(GsUpload, WhoeverComesSecondAtTheEndHasLost) {
  start();
  const auto sink = must_open(kSmallPieces);
  TestSource source{bytes_of(1 << 20)};
  source.on_read = [&](uint64_t offset) {
    if (offset > (900u << 10)) service().store.put("p/k", {}, true);  // someone else, meanwhile
  };
  const Call call;
  EXPECT_EQ(status_of(sink->put("k", Source(source.get(), call), TIDEMARK_PUT_IF_ABSENT, call)),
            TIDEMARK_E_EXISTS);
  EXPECT_EQ(stored("k"), "");
  expect_no_session();
}

TEST_F(GsUpload, AFailingSourceLeavesNothing) {
  start();
  const auto sink = must_open(kSmallPieces);
  for (const bool knows_digest : {false, true}) {
    TestSource source{bytes_of(1 << 20)};
    tidemark_source raw = *source.get();
    raw.size_bytes += 1;  // it ends too early
    const uint32_t crc32c = 7;
    if (knows_digest) raw.crc32c = &crc32c;
    const Call call;
    EXPECT_EQ(status_of(sink->put("k", Source(&raw, call), TIDEMARK_PUT_IF_ABSENT, call)),
              TIDEMARK_E_CORRUPT);
    EXPECT_FALSE(is_stored("k"));
    expect_no_session();
  }
  EXPECT_GE(count("cancel"), 1u);
}

TEST_F(GsUpload, ACancelledPutLeavesNoSession) {
  start();
  const auto sink = must_open(kSmallPieces);
  TestSource source{bytes_of(2 << 20)};
  static bool is_cancelled;
  is_cancelled = false;
  tidemark_source raw = *source.get();
  const uint32_t crc32c = 7;
  raw.crc32c = &crc32c;
  source.on_read = [&](uint64_t offset) { is_cancelled = offset > (1u << 20); };
  const tidemark_call raw_call = {sizeof raw_call, 0, nullptr, [](void*) -> int32_t { return is_cancelled; }};
  const Call call(&raw_call);
  EXPECT_EQ(status_of(sink->put("k", Source(&raw, call), 0, call)), TIDEMARK_E_CANCELLED);
  EXPECT_FALSE(is_stored("k"));
  expect_no_session();
}

// Trouble in the middle: the service is asked what it has, and goes on from there.
TEST_F(GsUpload, ContinuesAfterTrouble) {
  for (const Fault fault :
       {Fault::kInternal, Fault::kSlowDown, Fault::kResetAfter, Fault::kLostAnswer, Fault::kResetMiddle}) {
    SCOPED_TRACE(imposter::name_of(fault));
    start();
    const auto sink = must_open(kSmallPieces);
    ASSERT_TRUE(sink->head("k", Call()).error().status == TIDEMARK_E_NOT_FOUND);
    TestSource source{bytes_of(2 << 20)};
    tidemark_source raw = *source.get();
    Digests digests({.sha256 = false, .crc32c = true, .md5 = false});
    digests.update(source.bytes.data(), source.bytes.size());
    const uint32_t crc32c = digests.crc32c();
    raw.crc32c = &crc32c;
    bool is_broken = false;
    source.on_read = [&](uint64_t offset) {
      if (offset < (600u << 10) || std::exchange(is_broken, true)) return;
      change([&](imposter::Config& config) {  // from the piece after this one on, once
        config.faults[fault] = 1;
        config.faults.most_in_a_row = 1;
      });
    };
    const Call call;
    const uint64_t begun = count("begin");
    const Status ok = sink->put("k", Source(&raw, call), TIDEMARK_PUT_IF_ABSENT, call);
    EXPECT_TRUE(ok) << ok.error().message;
    EXPECT_TRUE(stored("k") == source.bytes);
    EXPECT_EQ(count("begin") - begun, 1u) << "in the same session";
    EXPECT_EQ(count(std::string("fault.") + imposter::name_of(fault)), 1u);
  }
}

TEST_F(GsUpload, TroubleThatLastsIsTheArchivers) {
  start();
  const auto sink = must_open(std::string(kSmallPieces) + "&stall_timeout_ms=1000");
  for (const Fault fault : {Fault::kInternal, Fault::kResetAfter, Fault::kOkPage, Fault::kNotFoundPage}) {
    SCOPED_TRACE(imposter::name_of(fault));
    fail_with(fault);
    EXPECT_EQ(status_of(put(*sink, "k", bytes_of(1 << 20))), TIDEMARK_E_RETRYABLE);
    heal();
    EXPECT_FALSE(is_stored("k"));
  }
}

TEST_F(GsUpload, NoMessageShowsTheSession) {
  start();
  const auto sink = must_open(kSmallPieces);
  for (int status : {400, 403, 404, 410, 499, 500, 503}) {
    change([&](imposter::Config& config) { config.odd.session_ends = status; });
    const Status outcome = put(*sink, "k", bytes_of(1 << 20));
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().message.find("session~"), std::string::npos) << outcome.error().message;
    EXPECT_EQ(outcome.error().message.find("upload_id"), std::string::npos) << outcome.error().message;
  }
  EXPECT_EQ(log_.count("session~"), 0u);
  EXPECT_EQ(log_.count("upload_id"), 0u);
}

}  // namespace
}  // namespace tidemark::sinks::gs
