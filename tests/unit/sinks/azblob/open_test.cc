#include "azblob/sink_fixture.h"
#include "base/wall_clock.h"
#include "http/iso_time.h"

namespace tidemark::sinks::azblob {
namespace {

class AzblobOpen : public AzblobSinkTest {
 protected:
  void expect_failure(const Result<std::unique_ptr<AzblobSink>>& sink, tidemark_status status,
                      const std::vector<std::string>& words) {
    ASSERT_FALSE(sink);
    EXPECT_EQ(sink.error().status, status) << sink.error().message;
    for (const std::string& word : words) {
      EXPECT_NE(sink.error().message.find(word), std::string::npos) << sink.error().message;
    }
    EXPECT_EQ(sink.error().message.find(az::Config().key), std::string::npos) << sink.error().message;
  }
  static std::string in_hours(int hours) {
    return format_iso_time(wall_clock_us() + int64_t{hours} * 3600 * 1'000'000);
  }
};

TEST_F(AzblobOpen, ProvesThatItCanBeWrittenAndLeavesNoBlob) {
  start();
  const auto sink = must_open();
  EXPECT_EQ(count("PutBlock"), 1u);
  EXPECT_EQ(count("PutBlockList") + count("PutBlob") + count("DeleteBlob"), 0u);
  EXPECT_EQ(store().store.list("", "", 10).size(), 0u);
  store().reconfigure([](az::Config& config) { config.denies = true; });
  expect_failure(
      open(url()), TIDEMARK_E_PERMANENT,
      {"AuthorizationPermissionMismatch", "Storage Blob Data Contributor", "azblob://tidemark/p/"});
}

TEST_F(AzblobOpen, AReaderChangesNothing) {
  start();
  store().reconfigure([](az::Config& config) { config.denies = true; });
  const std::string key = az::Config().key;
  const tidemark_option option = {abi_str("account_key"), abi_str(key), TIDEMARK_OPTION_SECRET, 0};
  OpenRequest request = {HostLog(log_.host()), *parse_url(url()), &option, 1};
  request.read_only = true;
  EXPECT_TRUE(AzblobSink::open(request, Call(nullptr, nullptr)));
  EXPECT_EQ(count("PutBlock"), 0u);
}

TEST_F(AzblobOpen, WhatIsWrongIsNamed) {
  start();
  expect_failure(open("azblob://other/p?endpoint=" + store_->endpoint()), TIDEMARK_E_PERMANENT,
                 {"ContainerNotFound", "azblob://other/p/", "makes no containers"});
  const std::string wrong = "d3Jvbmc=";
  expect_failure(open(url(), {{"account_key", wrong}}), TIDEMARK_E_PERMANENT,
                 {"AuthenticationFailed", "key"});
  expect_failure(open(url(), {}), TIDEMARK_E_PERMANENT,
                 {"no credentials found", "account_key", "TIDEMARK_AZURE_METADATA_DISABLED"});
  fail_with(Fault::kOkPage);
  const tidemark_call brief = {sizeof brief, 300, nullptr, nullptr};
  expect_failure(open(url(), {{"account_key", az::Config().key}}, Call(&brief, nullptr)),
                 TIDEMARK_E_RETRYABLE, {"HTML page"});
}

TEST_F(AzblobOpen, AHierarchicalAccountMayRefuseTheProof) {
  az::Config config;
  config.is_hierarchical = config.refuses_probes = true;
  start(config);
  EXPECT_TRUE(open(url()));
  EXPECT_EQ(log_.count("shows with the first put"), 1u);
  store().reconfigure([](az::Config& now) { now.is_hierarchical = false; });
  EXPECT_FALSE(open(url()));
}

TEST_F(AzblobOpen, ASignatureIsEnough) {
  start();
  const auto with = [&](const std::string& permissions, const std::string& expires,
                        const std::string& protocol = "https,http") {
    return open(url(),
                {{"sas_token", "?" + az::container_sas(*store().config(), permissions, expires, protocol)}});
  };
  auto sink = with("rcl", in_hours(24));
  ASSERT_TRUE(sink) << sink.error().message;
  EXPECT_EQ(log_.count("is good until"), 1u);
  EXPECT_EQ(log_.count("sig="), 0u);
  // Case 20, seen on Azurite: who may create gets 403 for what is there, and only for that.
  EXPECT_TRUE(put(**sink, "k", "x"));
  EXPECT_EQ(code_of(put(**sink, "k", "y")), TIDEMARK_E_EXISTS);
  EXPECT_EQ(stored("k"), "x");
  const Status refused = (*sink)->remove("k", Call(nullptr, nullptr));
  EXPECT_EQ(code_of(refused), TIDEMARK_E_PERMANENT);
  EXPECT_NE(message_of(refused).find("d (delete)"), std::string::npos) << message_of(refused);
  EXPECT_EQ(message_of(refused).find("sig="), std::string::npos);
  // Who may not look believes what it is told.
  sink = with("cl", in_hours(24));
  ASSERT_TRUE(sink) << sink.error().message;
  store().reconfigure([](az::Config& config) { config.exists = az::Word::kNotMet; });
  EXPECT_EQ(code_of(put(**sink, "new", "x")), TIDEMARK_OK);

  expect_failure(with("rcl", in_hours(-1)), TIDEMARK_E_PERMANENT,
                 {"AuthenticationFailed", "the signature (SAS) expired at 20"});
  expect_failure(with("rl", in_hours(1)), TIDEMARK_E_PERMANENT, {"AuthorizationPermissionMismatch"});
  expect_failure(with("rc", in_hours(1)), TIDEMARK_E_PERMANENT, {"l (list)"});
  expect_failure(with("rcl", in_hours(1), "https"), TIDEMARK_E_PERMANENT, {"https only"});
  std::string broken = az::container_sas(*store().config(), "rcl", in_hours(1));
  char& first = broken[broken.find("sig=") + 4];  // one that is part of no escape afterwards
  first = first == 'A' ? 'B' : 'A';
  const auto unlike = open(url(), {{"sas_token", broken}});
  ASSERT_FALSE(unlike);
  expect_failure(unlike, TIDEMARK_E_PERMANENT, {"AuthenticationFailed"});
  EXPECT_EQ(unlike.error().message.find("expired at"), std::string::npos) << unlike.error().message;
}

TEST_F(AzblobOpen, ATokenIsForHttpsOnly) {
  start();
  expect_failure(open(url("&tenant_id=" + store().config()->tenant +
                          "&client_id=" + store().config()->client_id + "&authority_host=" + store_->host()),
                      {{"client_secret", store().config()->client_secret}}),
                 TIDEMARK_E_PERMANENT, {"over https only"});
}

TEST_F(AzblobOpen, TheEnvironmentIsAskedNext) {
  start();
  setenv("AZURE_STORAGE_CONNECTION_STRING",
         ("AccountName=" + store().config()->account + ";AccountKey=" + az::Config().key +
          ";BlobEndpoint=" + store_->endpoint())
             .c_str(),
         1);
  EXPECT_TRUE(open("azblob://tidemark/p", {}));
  unsetenv("AZURE_STORAGE_CONNECTION_STRING");
  setenv("AZURE_STORAGE_KEY", az::Config().key.c_str(), 1);
  EXPECT_TRUE(open(url(), {}));
  setenv("AZURE_STORAGE_KEY", "no key\n", 1);
  expect_failure(open(url(), {}), TIDEMARK_E_PERMANENT, {"AZURE_STORAGE_KEY", "base64"});
  unsetenv("AZURE_STORAGE_KEY");
  setenv("AZURE_STORAGE_SAS_TOKEN", az::container_sas(*store().config(), "rcl", in_hours(1)).c_str(), 1);
  EXPECT_TRUE(open(url(), {}));
  unsetenv("AZURE_STORAGE_SAS_TOKEN");
}

// The account in the host's name.
TEST_F(AzblobOpen, TheHostMayBeginWithTheAccount) {
  start();
  const std::string port = std::to_string(store_->port());
  const auto sink = open("azblob://tidemark/p?endpoint=http://imposteraccount.blob.localhost:" + port,
                         {{"account_key", az::Config().key}});
  ASSERT_TRUE(sink) << sink.error().message;
  EXPECT_TRUE(put(**sink, "k", "x"));
  EXPECT_TRUE(is_stored("k"));
}

}  // namespace
}  // namespace tidemark::sinks::azblob
