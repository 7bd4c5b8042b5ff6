// The endpoints of containers and instances, through the chain as a sink asks it.
#include <gtest/gtest.h>

#include "s3/auth/world.h"

namespace tidemark::sinks::s3 {
namespace {

const auto kNoAnswer = [] { return fail(TIDEMARK_E_RETRYABLE, "timed out"); };

class ContainerTest : public ::testing::Test {
 protected:
  Exchange good(const std::string& url, const std::string& token) {
    return {"GET", url,
            [token](const HttpRequest& request) {
              EXPECT_EQ(header_of(request, "authorization"), token);
              EXPECT_FALSE(request.use_proxy);
              EXPECT_GT(request.timeout_ms, 0U);
              EXPECT_LE(request.timeout_ms, 5000U);
            },
            answer(200, world_.metadata_json("TASK", world_.in_minutes(60)))};
  }
  void expect_good() {
    const Result<CredentialChain::Found> found = world_.load();
    expect_credentials(found, "TASK", "secret of TASK", "token of TASK");
    EXPECT_EQ(found->credentials.expires_us, world_.now_us + 60 * kMinuteUs);
  }

  World world_;
};

TEST_F(ContainerTest, IsAskedAtItsPath) {
  world_.variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/credentials/0-1-2";
  world_.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "https://unused";
  world_.exchanges.push_back(good("http://169.254.170.2/v2/credentials/0-1-2", ""));
  expect_good();
}

TEST_F(ContainerTest, IsAskedOverPlainHttpOnlyOnThisMachine) {
  for (const char* url :
       {"https://agent.example.com/x", "http://127.0.0.1:51679/x?id=1", "http://127.8.9.1/x",
        "http://localhost/x", "http://[::1]:80/x", "http://169.254.170.2/x",
        "http://169.254.170.23/v1/credentials", "http://[fd00:ec2::23]/v1/credentials",
        "http://[FD00:0EC2:0:0::0023]/v1/credentials"}) {
    SCOPED_TRACE(url);
    world_.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = url;
    world_.exchanges.push_back(good(url, ""));
    expect_good();
  }
  for (const char* url :
       {"http://agent.example.com/x", "http://169.254.170.22/x", "http://169.254.169.254/x",
        "http://128.0.0.1/", "http://[fd00:ec2::24]/", "http://[::2]/", "http://127.0.0.1.example.com/",
        "http://localhost.example.com/", "http://127.0.0.1@evil/", "http://2130706433/", "http://0177.0.0.1/",
        "http://127.1/", "ftp://127.0.0.1/"}) {
    SCOPED_TRACE(url);
    world_.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = url;
    expect_failure(world_.load(), TIDEMARK_E_PERMANENT, {"container", "AWS_CONTAINER_CREDENTIALS_FULL_URI"});
  }
  world_.variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "@evil/x";
  expect_failure(world_.load(), TIDEMARK_E_PERMANENT, {"RELATIVE_URI is not a path"});
  world_.variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = ".evil/x";
  expect_failure(world_.load(), TIDEMARK_E_PERMANENT, {"RELATIVE_URI is not a path"});
}

TEST_F(ContainerTest, GetsTheTokenOfTheFileAnewEachTime) {
  const std::string url = "http://169.254.170.23/v1/credentials";
  world_.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = url;
  world_.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "of the variable";
  world_.exchanges.push_back(good(url, "of the variable"));
  expect_good();
  world_.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = world_.path("token");
  for (const char* token : {"first", "second"}) {
    world_.write("token", std::string(token) + "\n");
    world_.exchanges.push_back(good(url, token));
    expect_good();
  }
  world_.write("token", "one\r\nx-evil: two");
  expect_failure(world_.load(), TIDEMARK_E_PERMANENT, {"cannot stand in a header"});
  world_.write("token", "");
  expect_failure(world_.load(), TIDEMARK_E_RETRYABLE, {"is empty"});
  world_.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = world_.path("none");
  expect_failure(world_.load(), TIDEMARK_E_PERMANENT, {"TOKEN_FILE", world_.path("none")});
}

TEST_F(ContainerTest, IsAskedOnceMoreAndThenFails) {
  const std::string url = "http://127.0.0.1/secret-path";
  world_.variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = url;
  world_.exchanges.push_back({"GET", url, {}, kNoAnswer()});
  world_.exchanges.push_back(good(url, ""));
  expect_good();
  world_.exchanges.push_back({"GET", url, {}, answer(500, "")});
  world_.exchanges.push_back(good(url, ""));
  expect_good();
  world_.exchanges.push_back({"GET", url, {}, answer(503, "")});
  world_.exchanges.push_back({"GET", url, {}, kNoAnswer()});
  expect_failure(world_.load(), TIDEMARK_E_RETRYABLE, {"container", "127.0.0.1", "timed out"});
  world_.exchanges.push_back({"GET", url, {}, answer(404, R"({"code":"NoId","message":"no task"})")});
  const auto denied = world_.load();
  expect_failure(denied, TIDEMARK_E_PERMANENT, {"HTTP 404, NoId: no task"});
  EXPECT_EQ(denied.error().message.find("secret-path"), std::string::npos);
  world_.exchanges.push_back({"GET", url, {}, answer(200, "{}")});
  expect_failure(world_.load(), TIDEMARK_E_PERMANENT, {"AccessKeyId"});
  world_.exchanges.push_back(
      {"GET", url, {}, answer(200, world_.metadata_json("TASK", world_.in_minutes(0)))});
  const auto old = world_.load();  // better than none
  expect_credentials(old, "TASK", "secret of TASK", "token of TASK");
  EXPECT_TRUE(old->outlive_expiry);
}

class InstanceTest : public ::testing::Test {
 protected:
  InstanceTest() { world_.variables.erase("AWS_EC2_METADATA_DISABLED"); }

  Exchange token(Result<HttpAnswer> response) {
    return {"PUT", host_ + "/latest/api/token",
            [this](const HttpRequest& request) {
              EXPECT_EQ(header_of(request, "x-aws-ec2-metadata-token-ttl-seconds"), "21600");
              EXPECT_FALSE(request.use_proxy);
              EXPECT_EQ(request.timeout_ms, timeout_ms_);
            },
            std::move(response)};
  }
  Exchange get(const std::string& path, Result<HttpAnswer> response) {
    return {"GET", host_ + path,
            [this](const HttpRequest& request) {
              EXPECT_EQ(header_of(request, "x-aws-ec2-metadata-token"), "TOKEN==");
              EXPECT_FALSE(request.use_proxy);
              EXPECT_EQ(request.timeout_ms, timeout_ms_);
            },
            std::move(response)};
  }
  void expect(std::vector<Exchange> exchanges) {
    world_.exchanges.assign(exchanges.begin(), exchanges.end());
  }

  World world_;
  std::string host_ = "http://169.254.169.254";
  uint32_t timeout_ms_ = 1000;
  const std::string roles_ = "/latest/meta-data/iam/security-credentials/";
};

TEST_F(InstanceTest, GivesItsRolesCredentials) {
  const std::string json = world_.metadata_json("ROLE", world_.in_minutes(300));
  expect({token(answer(200, "TOKEN==\n")), get(roles_, answer(200, "my role\nother")),
          get(roles_ + "my%20role", answer(200, json))});
  const Result<CredentialChain::Found> found = world_.load();
  expect_credentials(found, "ROLE", "secret of ROLE", "token of ROLE");
  EXPECT_EQ(found->credentials.expires_us, world_.now_us + 300 * kMinuteUs);
  EXPECT_EQ(found->from, "the instance's role \"my role\"");
}

TEST_F(InstanceTest, IsWhereTheEnvironmentSays) {
  const std::string json = world_.metadata_json("ROLE", world_.in_minutes(300));
  const auto expect_at = [&](const std::string& host) {
    host_ = host;
    expect(
        {token(answer(200, "TOKEN==")), get(roles_, answer(200, "r")), get(roles_ + "r", answer(200, json))});
    EXPECT_TRUE(world_.load()) << host;
  };
  world_.variables["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"] = "IPv6";
  expect_at("http://[fd00:ec2::254]");
  world_.variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "http://127.0.0.1:1338//";
  expect_at("http://127.0.0.1:1338");
  world_.variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "127.0.0.1";
  expect_failure(world_.load(), TIDEMARK_E_PERMANENT, {"AWS_EC2_METADATA_SERVICE_ENDPOINT"});
  world_.variables["AWS_EC2_METADATA_DISABLED"] = "True";
  expect_failure(world_.load(), TIDEMARK_E_PERMANENT, {"AWS_EC2_METADATA_DISABLED is true"});
}

TEST_F(InstanceTest, IsAskedAsTheProfileSays) {
  world_.write(".aws/config",
               "[default]\nec2_metadata_service_endpoint = http://127.0.0.1:1338/\n"
               "metadata_service_timeout = 3\nmetadata_service_num_attempts = 3\n");
  host_ = "http://127.0.0.1:1338";
  timeout_ms_ = 3000;
  expect({token(kNoAnswer()), token(kNoAnswer()), token(answer(403, ""))});
  expect_failure(world_.load(), TIDEMARK_E_PERMANENT, {"no credentials found", "127.0.0.1:1338", "HTTP 403"});
  world_.variables["AWS_METADATA_SERVICE_NUM_ATTEMPTS"] = "1";
  expect({token(kNoAnswer())});
  expect_failure(world_.load(), TIDEMARK_E_PERMANENT, {"no credentials found", "no answer"});
  for (const char* bad : {"0", "11", "many", "1s"}) {
    world_.variables["AWS_METADATA_SERVICE_NUM_ATTEMPTS"] = bad;
    expect_failure(world_.load(), TIDEMARK_E_PERMANENT,
                   {"AWS_METADATA_SERVICE_NUM_ATTEMPTS", bad, "1 to 10"});
  }
  world_.write(".aws/config", "[default]\nec2_metadata_service_endpoint_mode = IPv5\n");
  expect_failure(world_.load(), TIDEMARK_E_PERMANENT,
                 {"ec2_metadata_service_endpoint_mode of profile \"default\"", "IPv5"});
}

// What AWS's own tools do on a machine with a role: only a profile that has credentials keeps them from it.
TEST_F(InstanceTest, IsAskedForAProfileWithoutCredentials) {
  world_.write(".aws/config", "[profile lean]\nregion = eu-west-3\noutput = json\n");
  const std::string json = world_.metadata_json("ROLE", world_.in_minutes(300));
  const auto expect_role = [&](const CredentialOptions& options) {
    expect(
        {token(answer(200, "TOKEN==")), get(roles_, answer(200, "r")), get(roles_ + "r", answer(200, json))});
    expect_credentials(world_.load(options), "ROLE", "secret of ROLE", "token of ROLE");
  };
  CredentialOptions by_option;
  by_option.profile = "lean";
  expect_role(by_option);
  world_.variables["AWS_DEFAULT_PROFILE"] = "lean";
  expect_role({});
  world_.variables["AWS_DEFAULT_PROFILE"] = "typo";
  expect_failure(world_.load(), TIDEMARK_E_PERMANENT,
                 {"there is no profile \"typo\", which AWS_DEFAULT_PROFILE names,"});
  world_.variables["AWS_PROFILE"] = "lean";  // comes first
  expect_role({});
  world_.variables["AWS_PROFILE"] = "typo2";
  expect_failure(world_.load(), TIDEMARK_E_PERMANENT,
                 {"there is no profile \"typo2\", which AWS_PROFILE names,"});
}

// As for AWS's own tools, what this user may not read is not there.
TEST_F(InstanceTest, IsAskedWhereTheFilesCannotBeRead) {
  std::filesystem::create_directory(world_.path(".aws/config"));
  std::filesystem::create_symlink("credentials", world_.path(".aws/credentials"));  // a loop
  const std::string json = world_.metadata_json("ROLE", world_.in_minutes(300));
  expect(
      {token(answer(200, "TOKEN==")), get(roles_, answer(200, "r")), get(roles_ + "r", answer(200, json))});
  expect_credentials(world_.load(), "ROLE", "secret of ROLE", "token of ROLE");
  expect({token(answer(404, ""))});
  expect_failure(
      world_.load(), TIDEMARK_E_PERMANENT,
      {world_.path("/.aws/config") + "\": not a regular file", "Too many levels of symbolic links"});
}

TEST_F(InstanceTest, ThatIsNotThereDoesNotApply) {
  expect({token(kNoAnswer()), token(kNoAnswer())});
  expect_failure(world_.load(), TIDEMARK_E_PERMANENT,
                 {"no credentials found", "no answer", "timed out", "hop limit"});
  expect({token(answer(403, ""))});
  expect_failure(world_.load(), TIDEMARK_E_PERMANENT, {"no credentials found", "HTTP 403"});
  expect({token(answer(200, "TOKEN==")), get(roles_, answer(404, ""))});
  expect_failure(world_.load(), TIDEMARK_E_PERMANENT, {"no credentials found", "the instance has no role"});
  expect({token(answer(200, "TOKEN==")), get(roles_, answer(200, " \n"))});
  expect_failure(world_.load(), TIDEMARK_E_PERMANENT, {"no credentials found", "the instance has no role"});
  expect({token(answer(200, "a\nb"))});
  expect_failure(world_.load(), TIDEMARK_E_PERMANENT,
                 {"no credentials found", "did not answer with a token"});
}

TEST_F(InstanceTest, ThatHasTroubleFails) {
  expect({token(answer(503, "")), token(answer(503, ""))});
  expect_failure(world_.load(), TIDEMARK_E_RETRYABLE, {"instance", "HTTP 503"});
  expect({token(kNoAnswer()), token(answer(200, "TOKEN==")), get(roles_, kNoAnswer()),
          get(roles_, kNoAnswer())});
  expect_failure(world_.load(), TIDEMARK_E_RETRYABLE, {"instance", "timed out"});
  expect({token(answer(200, "TOKEN==")), get(roles_, answer(200, "r")),
          get(roles_ + "r", answer(200, R"({"Code":"AssumeRoleUnauthorizedAccess","Message":"x"})"))});
  expect_failure(world_.load(), TIDEMARK_E_RETRYABLE, {"AssumeRoleUnauthorizedAccess"});
  expect({token(answer(200, "TOKEN==")), get(roles_, answer(401, ""))});
  expect_failure(world_.load(), TIDEMARK_E_PERMANENT, {"HTTP 401"});
}

TEST_F(InstanceTest, IsNotAskedAgainByACancelledCall) {
  int asked = 0;
  bool cancelled = false;
  world_.server = [&](const HttpRequest&, const Call&) -> Result<HttpAnswer> {
    ++asked;
    cancelled = true;
    return fail(TIDEMARK_E_CANCELLED, "cancelled by the caller");
  };
  const tidemark_call raw = {sizeof raw, 0, &cancelled,
                             [](void* flag) -> int32_t { return *static_cast<bool*>(flag) ? 1 : 0; }};
  const auto found = CredentialChain({}, world_.fetch(), world_.surroundings()).load(Call(&raw, nullptr));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().status, TIDEMARK_E_CANCELLED);
  EXPECT_EQ(asked, 1);
}

}  // namespace
}  // namespace tidemark::sinks::s3
