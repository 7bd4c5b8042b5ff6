#include "azblob/sink_fixture.h"

namespace tidemark::sinks::azblob {
namespace {

class AzblobList : public AzblobSinkTest {
 protected:
  // Puts what no sink of ours puts, too.
  void place(const std::string& name) {
    imposter::Object object;
    object.etag = "\"e\"";
    object.modified = 1'700'000'000;
    store().store.put(name, std::move(object), false);
  }
  Status failure(AzblobSink& sink) {
    const Visitor visit([](void*, tidemark_str, const tidemark_object*) -> int32_t { return 0; }, nullptr);
    return sink.list("", "", visit, Call(nullptr, nullptr));
  }
};

TEST_F(AzblobList, WhatComesBeforeTheStartIsPassedOver) {
  start();
  const auto sink = must_open("&page_size=3");
  std::vector<std::string> all;
  for (int i = 10; i < 40; ++i) {
    all.push_back("k" + std::to_string(i));
    place("p/" + all.back());
  }
  EXPECT_EQ(list(*sink), all);
  EXPECT_EQ(list(*sink, "", "k35"), (std::vector<std::string>{"k36", "k37", "k38", "k39"}));
  EXPECT_EQ(list(*sink, "k1", "k15"), (std::vector<std::string>{"k16", "k17", "k18", "k19"}));
  EXPECT_EQ(list(*sink, "", "k39"), std::vector<std::string>());
  EXPECT_EQ(list(*sink, "", "\xFF"), std::vector<std::string>());
}

// A store that knows how to begin elsewhere is asked to; one that does not is found out, once.
TEST_F(AzblobList, TheStoreBeginsWhereItIsToldIfItKnowsHow) {
  std::vector<std::string> all, late;
  for (int i = 100; i < 160; ++i) all.push_back("k" + std::to_string(i));
  late.assign(all.begin() + 51, all.end());
  struct Case {
    az::StartFrom store;
    uint64_t first, second;  // requests of a listing that begins late, but for a refused one
  };
  const Case cases[] = {
      {az::StartFrom::kRefused, 6, 6}, {az::StartFrom::kIgnored, 7, 6}, {az::StartFrom::kHonoured, 2, 1}};
  for (const Case& one : cases) {
    az::Config config;
    config.start_from = one.store;
    start(config);
    const auto sink = must_open("&page_size=10");
    for (const std::string& key : all) place("p/" + key);
    for (const uint64_t requests : {one.first, one.second}) {
      const uint64_t before = count("ListBlobs");
      EXPECT_EQ(list(*sink, "", "k150"), late);
      EXPECT_EQ(count("ListBlobs") - before, requests) << static_cast<int>(one.store);
    }
    EXPECT_EQ(count("status.400"), one.store == az::StartFrom::kRefused ? 1u : 0u);
    EXPECT_EQ(list(*sink), all) << "from its beginning";
    EXPECT_EQ(list(*sink, "", "k1"), all);
    EXPECT_EQ(list(*sink, "k12", "k125"), (std::vector<std::string>{"k126", "k127", "k128", "k129"}));
    EXPECT_EQ(list(*sink, "", "k159"), std::vector<std::string>());
    EXPECT_EQ(list(*sink, "", "k158").size(), 1u);
    EXPECT_EQ(list(*sink, "", "k14\xC3\xA4"), std::vector<std::string>(all.begin() + 50, all.end()))
        << "beyond ASCII the store has an order of its own";
  }
}

// More pages than list_pages() would take for empty ones.
TEST_F(AzblobList, ManyPagesBeforeTheStartAreNoEmptyPages) {
  start();
  const auto sink = must_open("&page_size=1");
  for (int i = 100; i < 320; ++i) place("p/k" + std::to_string(i));
  EXPECT_EQ(list(*sink, "", "k317"), (std::vector<std::string>{"k318", "k319"}));
}

// Case 16, dotnet/buildtools#1903.
TEST_F(AzblobList, AnEmptyPageIsNotTheLast) {
  az::Config config;
  config.empty_pages = true;
  config.page_size = 2;
  start(config);
  const auto sink = must_open();
  std::vector<std::string> all;
  for (int i = 0; i < 9; ++i) {
    all.push_back(std::to_string(i));
    place("p/" + all.back());
  }
  EXPECT_EQ(list(*sink), all);
  EXPECT_EQ(list(*sink, "", "6"), (std::vector<std::string>{"7", "8"}));
  store().reconfigure([](az::Config& now) { now.same_marker = true; });
  const Status refused = failure(*sink);
  EXPECT_EQ(code_of(refused), TIDEMARK_E_RETRYABLE);
  EXPECT_NE(message_of(refused).find("marker"), std::string::npos) << message_of(refused);
}

// Case 18, rclone#2806, #7047.
TEST_F(AzblobList, DirectoriesAreNotVisited) {
  az::Config config;
  config.is_hierarchical = true;
  start(config);
  const auto sink = must_open();
  EXPECT_EQ(log_.count("hierarchical namespace"), 1u);
  for (const char* name : {"p/a/1", "p/a/2", "p/b/c/1", "p/d"}) place(name);
  EXPECT_EQ(list(*sink), (std::vector<std::string>{"a/1", "a/2", "b/c/1", "d"}));
}

TEST_F(AzblobList, NamesInAnotherOrderAreNotOurs) {
  start();
  const auto sink = must_open();
  for (const char* name : {"p/\xEE\x80\x80", "p/\xF0\x9F\x8C\x8A", "p/\xEF\xBC\xA1", "p/a"}) place(name);
  EXPECT_EQ(list(*sink), (std::vector<std::string>{"a", "\xEE\x80\x80", "\xEF\xBC\xA1"}));
}

TEST_F(AzblobList, NamesThatXmlCannotHoldAreDecoded) {
  start();
  const auto sink = must_open();
  place("p/a%20\xEF\xBF\xBF");
  place("p/b%20&<>");
  EXPECT_EQ(list(*sink), (std::vector<std::string>{"a%20\xEF\xBF\xBF", "b%20&<>"}));
}

// Somebody on the way rewrites what they do not know.
TEST_F(AzblobList, APageWithoutItsEndIsAnError) {
  start();
  const auto sink = must_open("&page_size=3");
  for (int i = 0; i < 9; ++i) place("p/" + std::to_string(i));
  store().reconfigure([](az::Config& config) { config.ends_unsaid = true; });
  EXPECT_EQ(code_of(failure(*sink)), TIDEMARK_E_RETRYABLE);
}

TEST_F(AzblobList, HalfAPageIsAnError) {
  start();
  const auto sink = must_open();
  place("p/a");
  for (const Fault fault : {Fault::kTruncatedXml, Fault::kOkPage, Fault::kNotFoundPage}) {
    fail_with(fault);
    EXPECT_EQ(code_of(failure(*sink)), TIDEMARK_E_RETRYABLE) << static_cast<int>(fault);
  }
}

}  // namespace
}  // namespace tidemark::sinks::azblob
