// Chains that are kept for a moment.
#include "runtime/known_chains.h"

#include "store/maintenance_fixture.h"

namespace tidemark::runtime {
namespace {

class KnownChainsTest : public store::MaintenanceTest {
 protected:
  std::string get(KnownChains& known, uint64_t epoch = 0) {
    const auto chain = known.get(sink_, "db", epoch, Call());
    return chain ? chain->text() : chain.error().message;
  }
  std::shared_ptr<sink::Sink> sink_{&fake_.sink(), [](sink::Sink*) {}};
};

TEST_F(KnownChainsTest, AsksOnceForOneSinkAndOneEpoch) {
  add_epoch(1, 0);
  add_epoch(2, 1);
  KnownChains known(std::chrono::hours(1));
  EXPECT_EQ(get(known), "1-2");
  EXPECT_EQ(get(known), "1-2");
  EXPECT_EQ(fake_.lists, 1);
  EXPECT_EQ(get(known, 1), "1");
  EXPECT_EQ(fake_.lists, 2);
  sink_ = std::shared_ptr<sink::Sink>(&fake_.sink(), [](sink::Sink*) {});
  EXPECT_EQ(get(known, 1), "1");
  EXPECT_EQ(fake_.lists, 3) << "another sink, though it looks the same";
}

TEST_F(KnownChainsTest, SoonAsksAgain) {
  KnownChains known(std::chrono::milliseconds(0));
  EXPECT_EQ(get(known), "1");
  add_epoch(1, 0);
  add_epoch(2, 1);
  EXPECT_EQ(get(known), "1-2");
}

TEST_F(KnownChainsTest, AnErrorIsNotKept) {
  KnownChains known(std::chrono::hours(1));
  fake_.fail_list = TIDEMARK_E_RETRYABLE;
  const auto failed = known.get(sink_, "db", 0, Call());
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().status, TIDEMARK_E_RETRYABLE);
  fake_.fail_list = TIDEMARK_OK;
  EXPECT_EQ(get(known), "1");
}

}  // namespace
}  // namespace tidemark::runtime
