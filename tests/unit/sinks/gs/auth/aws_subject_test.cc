// GetCallerIdentity, signed: what Google would send to AWS is checked as AWS would, by the imposters' own
// code.
#include "gs/auth/subject.h"
#include "gs/auth/world.h"
#include "http/json.h"
#include "imposter/request.h"
#include "imposter/signature.h"
#include "imposter/text.h"

namespace tidemark::sinks::gs {
namespace {

class GsAwsSubject : public ::testing::Test {
 protected:
  Result<Secret> ask(const std::string& more = kMachine) {
    std::string text =
        R"({"type":"external_account","audience":"//aud/x","subject_token_type":"urn:x","token_url":"https://s/",
            "credential_source":{"environment_id":"aws1",)" +
        more +
        R"("regional_cred_verification_url":
               "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"}})";
    const Result<Account> account = parse_account(&text);
    if (!account) return account.error();
    const Call call;
    const std::function<int64_t()> now = [this] { return world_.now_us.load(); };
    const Fetch fetch = world_.fetch();
    const Environment environment = world_.surroundings().environment;
    return subject_token(*account, {fetch, now, call, environment});
  }
  // What comes out of the token, which has to be a request that AWS takes with this secret.
  imposter::Request request_in(const Secret& token, const std::string& secret) {
    std::string text;
    EXPECT_TRUE(imposter::percent_decode(token.reveal(), &text));
    rapidjson::Document document;
    imposter::Request request;
    if (!read_object(&text, &document)) ADD_FAILURE() << "not JSON";
    request.method = text_of(document, "method");
    const std::string url(text_of(document, "url"));
    const size_t end = url.find_first_of("/?", 8);
    request.target = (url[end] == '?' ? "/" : "") + url.substr(end);
    EXPECT_TRUE(imposter::split_target(&request));
    for (const auto& one : member(document, "headers")->GetArray()) {
      request.headers.emplace_back(std::string(text_of(one, "key")), std::string(text_of(one, "value")));
    }
    EXPECT_EQ(url.substr(0, end), "https://" + request.header_or("host", ""));
    const auto authorization =
        imposter::parse_authorization(imposter::kAws, request.header_or("authorization", ""));
    if (!authorization) {
      ADD_FAILURE() << request.header_or("authorization", "(none)");
      return request;
    }
    EXPECT_EQ(imposter::signed_headers_problem(imposter::kAws, request, *authorization), "");
    EXPECT_EQ(authorization->signature,
              imposter::expected_signature(
                  imposter::kAws, request, *authorization, secret, request.header_or("x-amz-date", ""),
                  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    EXPECT_EQ(authorization->service, "sts");
    return request;
  }
  static constexpr char kMachine[] =
      R"("region_url":"http://169.254.169.254/zone","url":"http://169.254.169.254/roles",
         "imdsv2_session_token_url":"http://169.254.169.254/session",)";
  World world_;
};

TEST_F(GsAwsSubject, WithTheKeysOfTheEnvironmentNobodyIsAsked) {
  world_.variables["AWS_ACCESS_KEY_ID"] = "AKID";
  world_.variables["AWS_SECRET_ACCESS_KEY"] = "s/ecret";
  world_.variables["AWS_SESSION_TOKEN"] = "to/ken+";
  world_.variables["AWS_DEFAULT_REGION"] = "eu-central-1";
  const Result<Secret> token = ask("");
  ASSERT_TRUE(token) << token.error().message;
  const imposter::Request request = request_in(*token, "s/ecret");
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/?Action=GetCallerIdentity&Version=2011-06-15");
  EXPECT_EQ(request.header_or("host", ""), "sts.eu-central-1.amazonaws.com");
  EXPECT_EQ(request.header_or("x-amz-security-token", ""), "to/ken+");
  EXPECT_EQ(request.header_or("x-goog-cloud-target-resource", ""), "//aud/x");
  EXPECT_TRUE(request.header_or("authorization", "").find("AKID/20240229/eu-central-1/sts/") !=
              std::string::npos);
  EXPECT_NE(request.header_or("authorization", "").find("x-goog-cloud-target-resource"), std::string::npos);
  world_.variables["AWS_REGION"] = "us-east-2";
  EXPECT_EQ(request_in(*ask(""), "s/ecret").header_or("host", ""), "sts.us-east-2.amazonaws.com");
  EXPECT_TRUE(world_.asked.empty());
}

TEST_F(GsAwsSubject, TheMachineIsAskedForWhatTheEnvironmentDoesNotSay) {
  world_.expect(200, "session");
  world_.expect(200, "role-1");
  world_.expect(200, R"({"AccessKeyId":"ASIA1","SecretAccessKey":"secret","Token":"t","Code":"Success"})");
  world_.expect(200, "us-east-1b");
  const Result<Secret> token = ask();
  ASSERT_TRUE(token) << token.error().message;
  EXPECT_EQ(request_in(*token, "secret").header_or("host", ""), "sts.us-east-1.amazonaws.com");
  ASSERT_EQ(world_.asked.size(), 4u);
  EXPECT_EQ(world_.asked[0].method, "PUT");
  EXPECT_EQ(world_.asked[2].url, "http://169.254.169.254/roles/role-1");
  for (const Asked& one : world_.asked) {
    EXPECT_FALSE(one.use_proxy) << one.url;
    ASSERT_EQ(one.headers.size(), 1u);
    EXPECT_EQ(one.headers[0].value, one.method == "PUT" ? "300" : "session");
  }
}

TEST_F(GsAwsSubject, WhatTheMachineMayGetWrong) {
  world_.expect(403, "");
  Result<Secret> token = ask();
  EXPECT_EQ(status_of(token), TIDEMARK_E_PERMANENT);
  EXPECT_NE(token.error().message.find("169.254.169.254: answered HTTP 403"), std::string::npos);
  for (const char* role : {"", "a/b", "<html>", "a b"}) {
    world_.expect(200, "session");
    world_.expect(200, role);
    token = ask();
    EXPECT_EQ(status_of(token), TIDEMARK_E_RETRYABLE) << role;
  }
  for (const char* keys : {"", "{}", R"({"AccessKeyId":"A\nB","SecretAccessKey":"sesame"})"}) {
    world_.expect(200, "session");
    world_.expect(200, "role");
    world_.expect(200, keys);
    token = ask();
    EXPECT_EQ(status_of(token), TIDEMARK_E_RETRYABLE) << keys;
    EXPECT_EQ(token.error().message.find("sesame"), std::string::npos);
  }
}

TEST_F(GsAwsSubject, WhatCannotBeKnown) {
  EXPECT_EQ(status_of(ask("")), TIDEMARK_E_INVALID) << "nothing says where to ask";
  world_.variables["AWS_EC2_METADATA_DISABLED"] = "true";
  const Result<Secret> token = ask();
  EXPECT_EQ(status_of(token), TIDEMARK_E_PERMANENT);
  EXPECT_NE(token.error().message.find("AWS_EC2_METADATA_DISABLED"), std::string::npos);
  world_.variables["AWS_ACCESS_KEY_ID"] = "A\nB";
  world_.variables["AWS_SECRET_ACCESS_KEY"] = "s";
  EXPECT_EQ(status_of(ask()), TIDEMARK_E_INVALID);
  world_.variables["AWS_ACCESS_KEY_ID"] = "AB";
  world_.variables["AWS_REGION"] = "a/b";
  EXPECT_EQ(status_of(ask()), TIDEMARK_E_INVALID);
}

}  // namespace
}  // namespace tidemark::sinks::gs
