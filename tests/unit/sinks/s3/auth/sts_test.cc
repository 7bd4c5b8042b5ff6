#include "s3/auth/sts.h"

#include <gtest/gtest.h>

#include "http/digests.h"
#include "s3/auth/settings.h"
#include "s3/auth/world.h"

namespace tidemark::sinks::s3 {
namespace {

constexpr char kRole[] = "arn:aws:iam::123456789012:role/demo";
constexpr char kRoleEncoded[] = "arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fdemo";

class StsTest : public ::testing::Test {
 protected:
  Result<Credentials> assume(AssumeRole role) {
    return assume_role(context(), role, {{"BASE", Secret("base secret"), Secret("base token")}, 0});
  }
  Result<Credentials> with_web_identity(AssumeRole role, const std::string& file) {
    return assume_role_with_web_identity(context(), role, file);
  }
  SourceContext context() { return {options_, around_.environment, fetch_, around_.now_us, call_, &files_}; }

  // Signed by those of assume(), for `region`, over what really is in the request.
  static void expect_signed(const HttpRequest& request, const std::string& host, const std::string& path,
                            const std::string& region, int64_t now_us) {
    SignatureSteps steps;
    Signer signer("sts");
    const HttpRequest asked = {.method = request.method,
                               .path = path,
                               .headers = request.headers,
                               .payload_sha256 = *sha256_hex(request.body->text()),
                               .host = host};
    const Headers expected =
        signer.sign(asked, {"BASE", Secret("base secret"), Secret("base token")}, region, now_us, &steps)
            .value();
    EXPECT_EQ(request.headers.size(), 1U);
    EXPECT_EQ(header_of(request, "content-type"), "application/x-www-form-urlencoded");
    for (const Header& header : expected) EXPECT_EQ(header_of(request, header.name), header.value);
    EXPECT_NE(header_of(request, "authorization").find("/" + region + "/sts/aws4_request"),
              std::string::npos);
  }

  World world_;
  CredentialEnvironment around_ = world_.surroundings();
  Fetch fetch_ = world_.fetch();
  CredentialOptions options_;
  Call call_ = no_limit();
  std::vector<FileStamp> files_;
};

TEST_F(StsTest, AssumesARoleWithASignedForm) {
  options_.region = "eu-central-1";
  world_.exchanges.push_back(
      {"POST", "https://sts.eu-central-1.amazonaws.com",
       [&](const HttpRequest& request) {
         EXPECT_EQ(request.body->text(), "Action=AssumeRole&DurationSeconds=1800&ExternalId=a%20b&RoleArn=" +
                                             std::string(kRoleEncoded) +
                                             "&RoleSessionName=me%40host&Version=2011-06-15");
         EXPECT_TRUE(request.use_proxy);
         EXPECT_GT(request.timeout_ms, 0U);
         expect_signed(request, "sts.eu-central-1.amazonaws.com", "/", "eu-central-1", world_.now_us);
       },
       answer(200, sts_xml("AssumeRole", "ROLE", world_.in_minutes(60)))});
  const Result<Credentials> credentials = assume({kRole, "me@host", "a b", 1800});
  ASSERT_TRUE(credentials) << credentials.error().message;
  EXPECT_EQ(credentials->access_key_id, "ROLE");
  EXPECT_EQ(credentials->secret_access_key.reveal(), "secret of ROLE");
  EXPECT_EQ(credentials->session_token.reveal(), "token of ROLE");
  EXPECT_EQ(credentials->expires_us, world_.now_us + 60 * kMinuteUs);
}

TEST_F(StsTest, GoesWhereItIsSent) {
  struct Case {
    const char *option, *variable, *region, *url, *host, *path, *signed_region;
  };
  for (const Case& c :
       {Case{"", "", "", "https://sts.us-east-1.amazonaws.com", "sts.us-east-1.amazonaws.com", "/",
             "us-east-1"},
        Case{"", "", "cn-north-1", "https://sts.cn-north-1.amazonaws.com.cn",
             "sts.cn-north-1.amazonaws.com.cn", "/", "cn-north-1"},
        Case{"", "", "us-isob-east-1", "https://sts.us-isob-east-1.sc2s.sgov.gov",
             "sts.us-isob-east-1.sc2s.sgov.gov", "/", "us-isob-east-1"},
        Case{"", "https://sts.example:443", "x", "https://sts.example:443", "sts.example", "/", "x"},
        Case{"", "http://127.0.0.1:9000/sts", "x", "http://127.0.0.1:9000/sts", "127.0.0.1:9000", "/sts",
             "x"},
        Case{"https://option", "https://variable", "Odd One", "https://option", "option", "/", "Odd One"}}) {
    options_.sts_endpoint = c.option;
    options_.region = c.region;
    world_.variables["AWS_ENDPOINT_URL_STS"] = c.variable;
    world_.exchanges.push_back({"POST", c.url,
                                [&](const HttpRequest& request) {
                                  expect_signed(request, c.host, c.path, c.signed_region, world_.now_us);
                                },
                                answer(200, sts_xml("AssumeRole", "ROLE", world_.in_minutes(60)))});
    EXPECT_TRUE(assume({kRole})) << c.url;
  }
  for (const char* region : {"evil.example.com/", "a.b", "A", "x@y"}) {
    options_ = {};
    world_.variables.erase("AWS_ENDPOINT_URL_STS");
    options_.region = region;
    EXPECT_FALSE(assume({kRole})) << region;  // and asks nobody
  }
  for (const char* url :
       {"sts.example.com", "https://user:pw@host", "https://host/?x=y", "https://host/%41"}) {
    options_.sts_endpoint = url;
    const Result<Credentials> refused = assume({kRole});
    ASSERT_FALSE(refused) << url;
    EXPECT_NE(refused.error().message.find("endpoint of STS"), std::string::npos);
  }
}

TEST_F(StsTest, TakesTheRegionFromWhereItIsSaid) {
  world_.write(".aws/config", "[default]\nregion = from-file\n[profile p]\nregion = from-p\n");
  const auto region = [&] { return find_settings(options_, around_.environment).region->value; };
  EXPECT_EQ(region(), "from-file");
  world_.variables["AWS_PROFILE"] = "p";
  EXPECT_EQ(region(), "from-p");
  world_.variables["AWS_DEFAULT_REGION"] = "from-default";
  EXPECT_EQ(region(), "from-default");
  world_.variables["AWS_REGION"] = "from-region";
  EXPECT_EQ(region(), "from-region");
  options_.region = "from-option";
  EXPECT_EQ(region(), "from-option");
}

TEST_F(StsTest, ReadsTheWebIdentityTokenAnewEachTime) {
  for (const char* token : {"first.token", "second+token"}) {
    world_.write("token", std::string("\n ") + token + " \n");
    world_.exchanges.push_back(
        {"POST", "https://sts.us-east-1.amazonaws.com",
         [&](const HttpRequest& request) {
           EXPECT_EQ(request.body->text(),
                     "Action=AssumeRoleWithWebIdentity&RoleArn=" + std::string(kRoleEncoded) +
                         "&RoleSessionName=tidemark-1709208000&Version=2011-06-15&WebIdentityToken=" +
                         encode_component(token));
           EXPECT_TRUE(request.proof.empty());  // nothing is signed
         },
         answer(200, sts_xml("AssumeRoleWithWebIdentity", "WEB", world_.in_minutes(60)))});
    const Result<Credentials> credentials = with_web_identity({kRole}, world_.path("token"));
    ASSERT_TRUE(credentials) << credentials.error().message;
    EXPECT_EQ(credentials->session_token.reveal(), "token of WEB");
  }
  world_.write("token", " \n");
  EXPECT_NE(with_web_identity({kRole}, world_.path("token")).error().message.find("is empty"),
            std::string::npos);
  EXPECT_NE(with_web_identity({kRole}, world_.path("none")).error().message.find(world_.path("none")),
            std::string::npos);
}

TEST_F(StsTest, TellsErrorsApart) {
  const auto error = [](const char* code) {
    return std::string(
               "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender"
               "</Type><Code>") +
           code + "</Code><Message>what it says</Message></Error><RequestId>r-42</RequestId></ErrorResponse>";
  };
  struct Case {
    int status;
    std::string body;
    tidemark_status expected;
    const char* word;
  };
  const std::string good = sts_xml("AssumeRole", "ROLE", world_.in_minutes(60));
  for (const Case& c :
       {Case{403, error("AccessDenied"), TIDEMARK_E_PERMANENT, "AccessDenied: what it says"},
        Case{400, error("ExpiredTokenException"), TIDEMARK_E_RETRYABLE, "r-42"},
        Case{400, error("IDPCommunicationError"), TIDEMARK_E_RETRYABLE, "IDPCommunicationError"},
        Case{400, error("Throttling"), TIDEMARK_E_THROTTLED, "Throttling"},
        Case{429, "slow", TIDEMARK_E_THROTTLED, "HTTP 429"},
        Case{503, "<html>", TIDEMARK_E_RETRYABLE, "HTTP 503"},
        Case{403, "", TIDEMARK_E_PERMANENT, "HTTP 403"}, Case{301, "", TIDEMARK_E_PERMANENT, "HTTP 301"},
        Case{200, good.substr(0, good.size() / 2), TIDEMARK_E_RETRYABLE, "cut short"},
        Case{200, good.substr(0, good.size() - 3), TIDEMARK_E_RETRYABLE, "cut short"},
        Case{200, sts_xml("AssumeRole", "ROLE", "later"), TIDEMARK_E_RETRYABLE, "complete"},
        Case{200, sts_xml("Other", "ROLE", world_.in_minutes(60)), TIDEMARK_E_RETRYABLE, "complete"},
        Case{200, "", TIDEMARK_E_RETRYABLE, "cut short"}}) {
    world_.exchanges.push_back({"POST", "https://sts.us-east-1.amazonaws.com", {}, answer(c.status, c.body)});
    const Result<Credentials> failed = assume({kRole});
    ASSERT_FALSE(failed) << c.status << c.body;
    EXPECT_EQ(failed.error().status, c.expected) << failed.error().message;
    EXPECT_NE(failed.error().message.find(c.word), std::string::npos) << failed.error().message;
    EXPECT_NE(failed.error().message.find(kRole), std::string::npos);
    EXPECT_EQ(failed.error().message.find("secret of"), std::string::npos);
  }
  world_.exchanges.push_back(
      {"POST", "https://sts.us-east-1.amazonaws.com", {}, fail(TIDEMARK_E_RETRYABLE, "no connection")});
  const Error failed = assume({kRole}).error();
  EXPECT_EQ(failed.status, TIDEMARK_E_RETRYABLE);
  EXPECT_EQ(failed.message, "STS at \"sts.us-east-1.amazonaws.com\", AssumeRole of \"" + std::string(kRole) +
                                "\": no connection");
}

}  // namespace
}  // namespace tidemark::sinks::s3
