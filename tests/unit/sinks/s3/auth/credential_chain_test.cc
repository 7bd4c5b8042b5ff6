#include "s3/auth/credential_chain.h"

#include <gtest/gtest.h>

#include "s3/auth/world.h"

namespace tidemark::sinks::s3 {
namespace {

// Everything is set up; then one place after the other is taken away.
TEST(CredentialChain, AsksItsPlacesInOrder) {
  World world;
  world.write("token", "web");
  world.write(".aws/credentials", "[default]\naws_access_key_id=FILE\naws_secret_access_key=s\n");
  world.variables["AWS_ACCESS_KEY_ID"] = "ENV";
  world.variables["AWS_SECRET_ACCESS_KEY"] = "env secret";
  world.variables["AWS_SESSION_TOKEN"] = "env token";
  world.variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = world.path("token");
  world.variables["AWS_ROLE_ARN"] = "arn:role";
  world.variables["AWS_ROLE_SESSION_NAME"] = "pod";
  world.variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/c";
  world.variables.erase("AWS_EC2_METADATA_DISABLED");

  CredentialOptions options;
  options.access_key_id = "OPTION";
  options.secret_access_key = Secret("option secret");
  options.session_token = Secret("option token");
  expect_credentials(world.load(options), "OPTION", "option secret", "option token");

  expect_credentials(world.load(), "ENV", "env secret", "env token");

  world.variables.erase("AWS_ACCESS_KEY_ID");
  world.variables.erase("AWS_SECRET_ACCESS_KEY");
  world.exchanges.push_back({"POST", "https://sts.us-east-1.amazonaws.com",
                             [](const HttpRequest& request) {
                               EXPECT_NE(request.body->text().find("&RoleSessionName=pod&"),
                                         std::string::npos);
                             },
                             answer(200, sts_xml("AssumeRoleWithWebIdentity", "WEB", world.in_minutes(60)))});
  expect_credentials(world.load(), "WEB", "secret of WEB", "token of WEB");

  world.variables.erase("AWS_WEB_IDENTITY_TOKEN_FILE");
  expect_credentials(world.load(), "FILE", "s", "");

  world.write(".aws/credentials", "");
  world.exchanges.push_back(
      {"GET", "http://169.254.170.2/c", {}, answer(200, world.metadata_json("TASK", world.in_minutes(9)))});
  expect_credentials(world.load(), "TASK", "secret of TASK", "token of TASK");

  world.variables.erase("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  world.exchanges.push_back({"PUT", "http://169.254.169.254/latest/api/token", {}, answer(404, "")});
  expect_failure(world.load(), TIDEMARK_E_PERMANENT, {"instance: http://169.254.169.254 answered HTTP 404"});
}

TEST(CredentialChain, TakesAProfileOfTheOptionsWithoutALookAtTheRest) {
  World world;
  world.write(".aws/credentials", "[p]\naws_access_key_id=FILE\naws_secret_access_key=s\n");
  world.variables["AWS_ACCESS_KEY_ID"] = "ENV";
  world.variables["AWS_SECRET_ACCESS_KEY"] = "env secret";
  CredentialOptions options;
  options.profile = "p";
  expect_credentials(world.load(options), "FILE", "s", "");
  options.profile = "q";
  expect_failure(world.load(options), TIDEMARK_E_PERMANENT, {"there is no profile \"q\""});
}

TEST(CredentialChain, SaysWhereItLookedAndWhyNothingApplied) {
  World world;
  const auto found = world.load();
  expect_failure(
      found, TIDEMARK_E_PERMANENT,
      {"no credentials found: ", "options: access_key_id", "environment: AWS_ACCESS_KEY_ID is not set",
       "web identity: AWS_WEB_IDENTITY_TOKEN_FILE is not set", "profile: there is no profile \"default\"",
       "container: neither", "instance: AWS_EC2_METADATA_DISABLED is true"});
  EXPECT_LT(found.error().message.size(), size_t{TIDEMARK_MESSAGE_MAX});
}

TEST(CredentialChain, DoesNotGoPastAPlaceThatIsBroken) {
  World world;
  world.write(".aws/credentials", "[default]\naws_access_key_id=FILE\naws_secret_access_key=s\n");
  world.variables["AWS_ACCESS_KEY_ID"] = "ENV";
  expect_failure(world.load(), TIDEMARK_E_PERMANENT, {"environment", "set AWS_SECRET_ACCESS_KEY too"});
  world.variables.erase("AWS_ACCESS_KEY_ID");
  world.variables["AWS_SECRET_ACCESS_KEY"] = "secret of x";
  expect_failure(world.load(), TIDEMARK_E_PERMANENT, {"environment", "set AWS_ACCESS_KEY_ID too"});
  world.variables.erase("AWS_SECRET_ACCESS_KEY");
  world.variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = world.path("none");
  expect_failure(world.load(), TIDEMARK_E_PERMANENT, {"web identity", "AWS_ROLE_ARN is not"});
  world.variables["AWS_ROLE_ARN"] = "arn";
  // Not NOT_FOUND: that would be said of an object.
  expect_failure(world.load(), TIDEMARK_E_PERMANENT, {"web identity", world.path("none")});
}

// They would end a header and begin another one, or make a signature that nobody understands.
TEST(CredentialChain, RefusesKeysWithLineBreaksAndOuterBlanksByTheirName) {
  const char* odd[] = {"secret of x\n", "\nsecret of x", "secret of x\r", "\rsecret of x", "secret\r\nof: x",
                       " secret of x",  "secret of x ",  "\tsecret of x", "secret of x\t"};
  for (const std::string value : odd) {
    for (const std::string name :
         {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"}) {
      World world;
      world.variables["AWS_ACCESS_KEY_ID"] = "ENV";
      world.variables["AWS_SECRET_ACCESS_KEY"] = "s";
      world.variables[name] = value;
      expect_failure(world.load(), TIDEMARK_E_PERMANENT, {"environment", name + " has a line break"});
      // The same as a role's source: it signs a request too.
      world.write(".aws/config", "[default]\nrole_arn=arn\ncredential_source=Environment\n");
      CredentialOptions options;
      options.profile = "default";
      expect_failure(world.load(options), TIDEMARK_E_PERMANENT, {name + " has a line break"});
    }
    World world;
    CredentialOptions good;
    good.access_key_id = "ID";
    good.secret_access_key = Secret("s");
    CredentialOptions options = good;
    options.access_key_id = value;
    const std::string words = "\" has a line break";
    expect_failure(world.load(options), TIDEMARK_E_PERMANENT, {"option \"access_key_id" + words});
    options = good;
    options.secret_access_key = Secret(value);
    expect_failure(world.load(options), TIDEMARK_E_PERMANENT, {"option \"secret_access_key" + words});
    options = good;
    options.session_token = Secret(value);
    expect_failure(world.load(options), TIDEMARK_E_PERMANENT, {"option \"session_token" + words});
    expect_credentials(world.load(good), "ID", "s", "");
  }
  World world;  // A blank inside is none of that.
  world.variables["AWS_ACCESS_KEY_ID"] = "ENV";
  world.variables["AWS_SECRET_ACCESS_KEY"] = "s s+/=";
  expect_credentials(world.load(), "ENV", "s s+/=", "");
  world.write(".aws/credentials", "[p]\naws_access_key_id=FILE\naws_secret_access_key=s\x7F\n");
  CredentialOptions options;
  options.profile = "p";
  expect_failure(world.load(options), TIDEMARK_E_PERMANENT, {"aws_secret_access_key of profile \"p\" has"});
}

}  // namespace
}  // namespace tidemark::sinks::s3
