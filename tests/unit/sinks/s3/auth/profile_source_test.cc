// What a profile may lead to, through the chain as a sink asks it.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "s3/auth/world.h"

namespace tidemark::sinks::s3 {
namespace {

class ProfileTest : public ::testing::Test {
 protected:
  Result<CredentialChain::Found> load(const std::string& profile) {
    world_.variables["AWS_PROFILE"] = profile;
    return world_.load();
  }
  // STS is asked by `signer_id` for `role`.
  void expect_role(const std::string& signer_id, const std::string& role, const std::string& given_id) {
    world_.exchanges.push_back(
        {"POST", "https://sts.us-east-1.amazonaws.com",
         [=](const HttpRequest& request) {
           EXPECT_NE(header_of(request, "authorization").find(" Credential=" + signer_id + "/"),
                     std::string::npos)
               << header_of(request, "authorization");
           EXPECT_NE(request.body->text().find("RoleArn=" + encode_component(role) + "&"), std::string::npos)
               << request.body->text();
         },
         answer(200, sts_xml("AssumeRole", given_id, world_.in_minutes(60)))});
  }

  World world_;
};

TEST_F(ProfileTest, HasKeys) {
  world_.write(".aws/credentials",
               "[default]\naws_access_key_id = ID\naws_secret_access_key = S/+=\n"
               "[other]\naws_access_key_id=OTHER\naws_secret_access_key=s2\naws_session_token = tok==\n");
  expect_credentials(world_.load(), "ID", "S/+=", "");
  expect_credentials(load("other"), "OTHER", "s2", "tok==");
  CredentialOptions options;
  options.profile = "default";  // beats AWS_PROFILE
  expect_credentials(world_.load(options), "ID", "S/+=", "");
}

TEST_F(ProfileTest, HasKeysThatAreIndented) {
  world_.write(".aws/credentials",
               "[default]\r\n  aws_access_key_id: ID\r\n  aws_secret_access_key = S\r\n\r\n  # comment\r\n"
               "  aws_security_token = old name\r\n");
  expect_credentials(world_.load(), "ID", "S", "old name");
}

TEST_F(ProfileTest, IsInFilesThatTheEnvironmentNames) {
  world_.write("c", "[p]\naws_access_key_id=ID\naws_secret_access_key=S\n");
  world_.write("f", "[profile p]\naws_session_token=T\n");
  world_.variables["AWS_SHARED_CREDENTIALS_FILE"] = world_.path("c");
  world_.variables["AWS_CONFIG_FILE"] = "~/f";
  const auto found = load("p");
  expect_credentials(found, "ID", "S", "T");
  ASSERT_EQ(found->files.size(), 2U);
  EXPECT_EQ(found->files[0], FileStamp::of(world_.path("/f")));
  EXPECT_EQ(found->files[1], FileStamp::of(world_.path("c")));
}

TEST_F(ProfileTest, ThatIsNotThereIsMissedOnlyIfNamed) {
  expect_failure(world_.load(), TIDEMARK_E_PERMANENT, {"no credentials found", "no profile \"default\" in"});
  expect_failure(load("typo"), TIDEMARK_E_PERMANENT,
                 {"profile: there is no profile \"typo\", which AWS_PROFILE names, in",
                  world_.path("/.aws/credentials"), world_.path("/.aws/config")});
  world_.write(".aws/config", "[default]\nregion = x\n");
  world_.variables.erase("AWS_PROFILE");
  expect_failure(world_.load(), TIDEMARK_E_PERMANENT, {"no credentials found", "neither keys nor"});
  expect_failure(load("default"), TIDEMARK_E_PERMANENT,
                 {"no credentials found: ", "profile: profile \"default\" has neither"});
}

TEST_F(ProfileTest, IsBroken) {
  world_.write(".aws/config",
               "[profile half]\naws_access_key_id = ID\n"
               "[profile sso]\nsso_session = s\n"
               "[profile login]\nlogin_session = arn:x\n"
               "[profile identity]\nrole_arn = r\nsource_profile = half\nsource_identity = me\n"
               "[profile crooked]\naws_access_key_id = ID\n  aws_secret_access_key = S\n"
               "[profile mfa]\nrole_arn = r\nsource_profile = half\nmfa_serial = m\n"
               "[profile alone]\nrole_arn = r\n"
               "[profile both]\nrole_arn = r\nsource_profile = half\ncredential_source = Environment\n"
               "[profile unknown]\nrole_arn = r\ncredential_source = Elsewhere\n"
               "[profile empty-env]\nrole_arn = r\ncredential_source = Environment\n"
               "[profile short]\nrole_arn = r\nsource_profile = half\nduration_seconds = 899\n"
               "[profile no-number]\nrole_arn = r\nsource_profile = half\nduration_seconds = 1h\n"
               "[profile to-half]\nrole_arn = r\nsource_profile = half\n"
               "[profile to-none]\nrole_arn = r\nsource_profile = none\n"
               "[profile to-sso]\nrole_arn = r\nsource_profile = plain\n[profile plain]\nregion = x\n"
               "[profile loop]\nrole_arn = r\nsource_profile = loop2\n"
               "[profile loop2]\nrole_arn = r\nsource_profile = loop\n");
  struct Case {
    const char *profile, *word;
  };
  for (const Case& c : {Case{"half", "only one of"}, Case{"sso", "sso_session"}, Case{"mfa", "mfa_serial"},
                        Case{"login", "login_session"}, Case{"identity", "source_identity"},
                        Case{"crooked", "the line after aws_access_key_id is indented more"},
                        Case{"alone", "exactly one of"}, Case{"both", "exactly one of"},
                        Case{"unknown", "known: Environment, EcsContainer, Ec2InstanceMetadata"},
                        Case{"empty-env", "AWS_ACCESS_KEY_ID is not set"}, Case{"short", "900 to 43200"},
                        Case{"no-number", "900 to 43200"}, Case{"to-half", "\"half\" has only one"},
                        Case{"to-none", "no profile \"none\""}, Case{"to-sso", "\"plain\" has neither"},
                        Case{"loop", "leads back"}}) {
    SCOPED_TRACE(c.profile);
    expect_failure(load(c.profile), TIDEMARK_E_PERMANENT, {c.word});
  }
  std::string chain;
  for (int i = 0; i < 20; ++i) {
    chain += "[profile c" + std::to_string(i) + "]\nrole_arn = r\nsource_profile = c" +
             std::to_string(i + 1) + "\n";
  }
  world_.write(".aws/config", chain);
  expect_failure(load("c0"), TIDEMARK_E_PERMANENT, {"more than 8 profiles"});
  world_.write(".aws/config", "[profile c0\n");
  expect_failure(load("c0"), TIDEMARK_E_PERMANENT, {"line 1"});
  world_.write(".aws/config", std::string(kSmallFileMaxBytes + 1, '\n'));
  expect_failure(load("c0"), TIDEMARK_E_PERMANENT, {"larger than"});
}

TEST_F(ProfileTest, RunsItsProcess) {
  const std::string path = world_.path("print");
  const auto prints = [&](const std::string& json) {
    world_.write("print", "#!/bin/sh\ncat <<'END'\n" + json + "\nEND\n");
    ASSERT_EQ(chmod(path.c_str(), 0700), 0);
  };
  world_.write(".aws/config", "[profile p]\ncredential_process = \"" + path + "\" --for 'a b'\n");
  prints(R"({"Version":1,"AccessKeyId":"PRINTED","SecretAccessKey":"s","SessionToken":"t","Expiration":")" +
         world_.in_minutes(60) + "\"}");
  const auto found = load("p");
  expect_credentials(found, "PRINTED", "s", "t");
  EXPECT_EQ(found->credentials.expires_us, world_.now_us + 60 * kMinuteUs);
  prints(R"({"Version":1,"AccessKeyId":"LASTING","SecretAccessKey":"secret of it"})");
  EXPECT_EQ(load("p")->credentials.expires_us, 0);
  prints(R"({"Version":2,"AccessKeyId":"LASTING","SecretAccessKey":"secret of it"})");
  expect_failure(load("p"), TIDEMARK_E_PERMANENT,
                 {"credential_process of profile \"p\" printed: \"Version\""});
  world_.write("print", "#!/bin/sh\necho 'log in first' >&2\nexit 9\n");
  expect_failure(load("p"), TIDEMARK_E_RETRYABLE, {"profile \"p\"", "status 9: log in first"});
}

TEST_F(ProfileTest, AssumesRolesAlongItsSources) {
  world_.write(".aws/credentials", "[base]\naws_access_key_id=BASE\naws_secret_access_key=s\n");
  world_.write(".aws/config",
               "[profile top]\nrole_arn=arn:top\nsource_profile=middle\n"
               "[profile middle]\nrole_arn=arn:middle\nsource_profile=base\nrole_session_name=me\n"
               "external_id=x\nduration_seconds=900\n"
               "[profile self]\nrole_arn=arn:self\nsource_profile=self\naws_access_key_id=SELF\n"
               "aws_secret_access_key=s\n");
  expect_role("BASE", "arn:middle", "MIDDLE");
  world_.exchanges.back().check = [check = world_.exchanges.back().check](const HttpRequest& request) {
    check(request);
    EXPECT_NE(request.body->text().find("DurationSeconds=900&ExternalId=x&"), std::string::npos)
        << request.body->text();
    EXPECT_NE(request.body->text().find("RoleSessionName=me&"), std::string::npos) << request.body->text();
  };
  expect_role("MIDDLE", "arn:top", "TOP");
  expect_credentials(load("top"), "TOP", "secret of TOP", "token of TOP");
  expect_role("SELF", "arn:self", "ROLE");
  expect_credentials(load("self"), "ROLE", "secret of ROLE", "token of ROLE");
}

TEST_F(ProfileTest, AssumesRolesForItsSurroundings) {
  world_.write("token", "web token");
  world_.write(".aws/config",
               "[profile env]\nrole_arn=arn:env\ncredential_source=Environment\n"
               "[profile ecs]\nrole_arn=arn:ecs\ncredential_source=EcsContainer\n"
               "[profile ec2]\nrole_arn=arn:ec2\ncredential_source=Ec2InstanceMetadata\n"
               "[profile web]\nrole_arn=arn:web\nweb_identity_token_file=" +
                   world_.path("token") + "\n");
  CredentialOptions options;  // else the environment would be asked first
  options.profile = "env";
  world_.variables["AWS_ACCESS_KEY_ID"] = "ENV";
  world_.variables["AWS_SECRET_ACCESS_KEY"] = "s";
  expect_role("ENV", "arn:env", "A");
  expect_credentials(world_.load(options), "A", "secret of A", "token of A");

  options.profile = "ecs";
  world_.variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/c";
  world_.exchanges.push_back(
      {"GET", "http://169.254.170.2/c", {}, answer(200, world_.metadata_json("TASK", world_.in_minutes(9)))});
  expect_role("TASK", "arn:ecs", "B");
  expect_credentials(world_.load(options), "B", "secret of B", "token of B");

  options.profile = "ec2";
  world_.variables.erase("AWS_EC2_METADATA_DISABLED");
  const std::string imds = "http://169.254.169.254/latest/";
  world_.exchanges.push_back({"PUT", imds + "api/token", {}, answer(200, "T")});
  world_.exchanges.push_back({"GET", imds + "meta-data/iam/security-credentials/", {}, answer(200, "r")});
  world_.exchanges.push_back({"GET",
                              imds + "meta-data/iam/security-credentials/r",
                              {},
                              answer(200, world_.metadata_json("INSTANCE", world_.in_minutes(9)))});
  expect_role("INSTANCE", "arn:ec2", "C");
  expect_credentials(world_.load(options), "C", "secret of C", "token of C");

  options.profile = "web";
  world_.exchanges.push_back({"POST", "https://sts.us-east-1.amazonaws.com",
                              [](const HttpRequest& request) {
                                EXPECT_NE(request.body->text().find("WebIdentityToken=web%20token"),
                                          std::string::npos);
                                EXPECT_EQ(header_of(request, "authorization"), "");
                              },
                              answer(200, sts_xml("AssumeRoleWithWebIdentity", "D", world_.in_minutes(60)))});
  expect_credentials(world_.load(options), "D", "secret of D", "token of D");
}

}  // namespace
}  // namespace tidemark::sinks::s3
