// What is found out about a sink, and that each fault has its name.
#include "store/try_out.h"

#include "store/maintenance_fixture.h"

namespace tidemark::store {
namespace {

using Names = std::vector<std::string>;

class TryOutTest : public MaintenanceTest {
 protected:
  void try_it() { try_it(fake_, ""); }
  void try_it(test::FakeSink& fake, const std::string& folder) {
    said_.clear();
    const TryingOut what = {"me-1-1", [](std::string_view name, int64_t) { return name == "me-0-0"; },
                            [this] { return now_us_; }, folder};
    const Status status = try_out(
        fake.sink(), what, [this](const Tried& tried) { said_[std::string(tried.what)] = tried; }, nullptr);
    EXPECT_TRUE(status) << status.error().message;
  }
  Names with(TryResult result) const {
    Names names;
    for (const auto& [name, tried] : said_) {
      if (tried.result == result) names.push_back(name);
    }
    return names;
  }
  Names failed() const { return with(TryResult::kFailed); }
  std::string why(const std::string& name) { return said_[name].message; }

  std::map<std::string, Tried> said_;
  int64_t now_us_ = 1'700'000'000'500'000;  // half a second after the fake's clock, which counts whole ones
};

TEST_F(TryOutTest, ASinkThatIsRight) {
  fake_.objects["db/7/0000000000001.tar"] = "x";
  const auto before = fake_.objects;
  try_it();
  EXPECT_EQ(with(TryResult::kOk),
            (Names{"clock", "conditions", "gone", "list", "range", "read", "remove", "write"}));
  EXPECT_EQ(said_.size(), 8u);
  EXPECT_EQ(fake_.objects, before);
}

TEST_F(TryOutTest, WhatAKilledOneLeftGoes) {
  fake_.objects["tidemark-check-me-0-0"] = "x";
  fake_.objects["tidemark-check-other"] = "x";
  try_it();
  EXPECT_EQ(said_["leftovers"].result, TryResult::kOk);
  EXPECT_EQ(keys(), (Names{"tidemark-check-other"}));
}

TEST_F(TryOutTest, EachFaultHasItsName) {
  fake_.overwrites = true;
  try_it();
  EXPECT_EQ(failed(), (Names{"conditions"}));
  EXPECT_NE(why("conditions").find("was not refused"), std::string::npos) << why("conditions");
  fake_.overwrites = false;

  fake_.lists_late = true;
  try_it();
  EXPECT_EQ(failed(), (Names{"list"}));
  fake_.lists_late = false;

  fake_.stores_nothing = true;
  try_it();
  EXPECT_EQ(failed(), (Names{"conditions", "list", "range", "read"}));
  EXPECT_NE(why("read").find("said that it had stored"), std::string::npos) << why("read");
  fake_.stores_nothing = false;

  fake_.removes_late = true;
  try_it();
  EXPECT_EQ(failed(), (Names{"gone"}));
  fake_.removes_late = false;
  fake_.objects.clear();
  try_it();
  EXPECT_EQ(failed(), Names());
}

TEST_F(TryOutTest, WhatIsRefusedIsNamedAndTheOthersAreTried) {
  const std::map<std::string, Names> expected = {{"put", {"write"}},
                                                 {"get", {"conditions", "range", "read"}},
                                                 {"list", {"gone", "list"}},
                                                 {"head", {"gone"}},
                                                 {"remove", {"remove"}}};
  for (const auto& one : expected) {
    const auto& refused = one.first;
    const auto& names = one.second;
    fake_.objects.clear();
    fake_.refuse = [&](std::string_view verb) {
      return verb == refused ? TIDEMARK_E_PERMANENT : TIDEMARK_OK;
    };
    try_it();
    EXPECT_EQ(failed(), names) << refused;
    for (const std::string& name : names) {
      EXPECT_NE(why(name).find("no " + refused + " for you"), std::string::npos) << why(name);
    }
    EXPECT_EQ(fake_.objects.size(), refused == "remove" ? 1u : 0u) << refused;
  }
}

// What prune relies on where the sink offers it.
TEST_F(TryOutTest, ManyRemovalsWithOneRequest) {
  test::FakeSink many(true);
  try_it(many, "");
  EXPECT_EQ(said_["remove-many"].result, TryResult::kOk);
  EXPECT_EQ(many.removes_of_many, 1);
  EXPECT_EQ(many.objects.size(), 0u);
  many.removes_none_of_many = true;
  try_it(many, "");
  EXPECT_EQ(failed(), (Names{"remove-many"}));
  EXPECT_NE(why("remove-many").find("is still there"), std::string::npos) << why("remove-many");
  EXPECT_EQ(many.objects.size(), 0u) << "what it left is removed one by one";
  many.refuse = [](std::string_view verb) {
    return verb == "remove_many" ? TIDEMARK_E_UNSUPPORTED : TIDEMARK_OK;
  };
  try_it(many, "");
  EXPECT_EQ(with(TryResult::kWarning), (Names{"remove-many"}));
  EXPECT_NE(why("remove-many").find("no remove_many for you"), std::string::npos) << why("remove-many");
  EXPECT_EQ(many.objects.size(), 0u);
}

TEST_F(TryOutTest, AFolder) {
  add({1, 1});
  fake_.objects["db/7/tidemark-check-me-0-0"] = "x";
  fake_.objects["db/7/tidemark-check-other"] = "x";
  fake_.objects["db/8/tidemark-check-me-0-0"] = "x";
  try_it(fake_, "db/7/");
  EXPECT_EQ(with(TryResult::kOk), (Names{"leftovers", "list", "remove", "write"}));
  EXPECT_EQ(said_.size(), 4u);
  EXPECT_EQ(keys(),
            (Names{"db/7/0000000000001.tar", "db/7/tidemark-check-other", "db/8/tidemark-check-me-0-0"}));
  for (const std::string refused : {"list", "put", "remove"}) {
    fake_.refuse = [&](std::string_view verb) {
      return verb == refused ? TIDEMARK_E_PERMANENT : TIDEMARK_OK;
    };
    try_it(fake_, "db/7/");
    EXPECT_EQ(failed(), (Names{refused == "put" ? "write" : refused}));
  }
  EXPECT_EQ(keys().size(), 4u) << "the one that could not be removed";
}

TEST_F(TryOutTest, AStoreThatIsBusyIsAskedAgain) {
  int asked = 0;
  fake_.refuse = [&](std::string_view) { return ++asked % 2 == 1 ? TIDEMARK_E_RETRYABLE : TIDEMARK_OK; };
  try_it();
  EXPECT_EQ(failed(), Names());
}

TEST_F(TryOutTest, Clocks) {
  const struct {
    int64_t off_us;
    TryResult result;
    const char* text;
  } cases[] = {{0, TryResult::kOk, "this machine's"},
               {3'000'000, TryResult::kOk, "3.0 s ahead of"},
               {60'200'000, TryResult::kWarning, "60.2 s ahead of"},
               {-7'000'000, TryResult::kWarning, "7.0 s behind"}};
  for (const auto& one : cases) {
    fake_.clock_us = now_us_ + one.off_us;
    try_it();
    EXPECT_EQ(said_["clock"].result, one.result);
    EXPECT_NE(why("clock").find(one.text), std::string::npos) << why("clock");
  }
}

TEST_F(TryOutTest, ACallThatHasEndedIsAnErrorAndNothingIsLeft) {
  bool cancelled = false;
  const tidemark_call call = {sizeof call, 0, &cancelled,
                              [](void* ctx) -> int32_t { return *static_cast<bool*>(ctx) ? 1 : 0; }};
  const TryingOut what = {"me-1-1", {}, [this] { return now_us_; }};
  const Status status = try_out(
      fake_.sink(), what, [&](const Tried& tried) { cancelled = tried.what == "write"; }, &call);
  expect_error(status, TIDEMARK_E_CANCELLED, "");
  EXPECT_EQ(fake_.objects.size(), 0u);
  expect_error(try_out(
                   fake_.sink(), {"a/b", {}, {}}, [](const Tried&) {}, nullptr),
               TIDEMARK_E_INVALID, "a/b");
}

}  // namespace
}  // namespace tidemark::store
