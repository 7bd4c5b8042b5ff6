#include "gs/auth/subject.h"

#include <sys/stat.h>

#include "gs/auth/world.h"

namespace tidemark::sinks::gs {
namespace {

class GsSubject : public ::testing::Test {
 protected:
  Result<Secret> token(const std::string& source, const std::string& more = "") {
    std::string text =
        R"({"type":"external_account","audience":"//aud","subject_token_type":"urn:x","token_url":"https://s/",)" +
        more + R"("credential_source":)" + source + "}";
    const Result<Account> account = parse_account(&text);
    if (!account) return account.error();
    const Call call;
    const std::function<int64_t()> now = [this] { return world_.now_us.load(); };
    const Fetch fetch = world_.fetch();
    const Environment environment = world_.surroundings().environment;
    return subject_token(*account, {fetch, now, call, environment});
  }
  std::string words(const std::string& source) {
    const Result<Secret> got = token(source);
    return got ? std::string(got->reveal()) : got.error().message;
  }
  // A program that prints this.
  std::string program(const std::string& prints, const std::string& more = "") {
    const std::string path = world_.write("program", "#!/bin/sh\ncat <<'END'\n" + prints + "\nEND\n" + more);
    chmod(path.c_str(), 0700);
    return path;
  }
  static std::string good(const std::string& token, int64_t end_s = 4'000'000'000) {
    return R"({"version":1,"success":true,"token_type":"urn:ietf:params:oauth:token-type:id_token","id_token":")" +
           token + R"(","expiration_time":)" + std::to_string(end_s) + "}";
  }
  void allow() { world_.variables["GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES"] = "1"; }
  World world_;
};

TEST_F(GsSubject, AServiceOfTheMachineIsAskedWithoutAProxy) {
  world_.expect(503, "");
  world_.expect(200, R"({"access_token":"secret","expires_in":"1"})");
  EXPECT_EQ(words(R"({"url":"http://169.254.169.254/m?resource=x","headers":{"Metadata":"True"},
                      "format":{"type":"json","subject_token_field_name":"access_token"}})"),
            "secret");
  ASSERT_EQ(world_.asked.size(), 2u) << "once more, after trouble";
  EXPECT_EQ(world_.asked[1].url, "http://169.254.169.254/m?resource=x");
  EXPECT_FALSE(world_.asked[1].use_proxy);
  EXPECT_LE(world_.asked[1].timeout_ms, 5000u);
  ASSERT_EQ(world_.asked[1].headers.size(), 1u);
  EXPECT_EQ(world_.asked[1].headers[0].name, "Metadata");
  EXPECT_EQ(world_.asked[1].headers[0].value, "True");
}

TEST_F(GsSubject, AServiceElsewhereIsAskedOnce) {
  world_.expect(200, " secret\n");
  EXPECT_EQ(words(R"({"url":"https://host.example/t"})"), "secret");
  EXPECT_TRUE(world_.asked[0].use_proxy);
  EXPECT_GT(world_.asked[0].timeout_ms, 0u) << "the wait has an end";
  world_.expect(403, "secret words");
  const Result<Secret> refused = token(R"({"url":"https://host.example/t"})");
  EXPECT_EQ(status_of(refused), TIDEMARK_E_PERMANENT);
  EXPECT_NE(refused.error().message.find("host.example: answered HTTP 403"), std::string::npos)
      << refused.error().message;
  EXPECT_EQ(refused.error().message.find("secret words"), std::string::npos);
  world_.expect(200, "<html>");
  EXPECT_NE(words(R"({"url":"https://h.example/","format":{"type":"json","subject_token_field_name":"t"}})")
                .find("not a JSON object"),
            std::string::npos);
  world_.expect(200, "");
  EXPECT_NE(words(R"({"url":"https://h.example/"})").find("is empty"), std::string::npos);
}

TEST_F(GsSubject, AProgramIsRunOnlyWhereThatIsAllowed) {
  const std::string source = R"({"executable":{"command":")" + program(good("secret")) + R"("}})";
  const Result<Secret> refused = token(source);
  EXPECT_EQ(status_of(refused), TIDEMARK_E_PERMANENT);
  EXPECT_NE(refused.error().message.find("GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES=1"), std::string::npos);
  world_.variables["GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES"] = "true";
  EXPECT_FALSE(token(source)) << "1 and nothing else";
  allow();
  EXPECT_EQ(words(source), "secret");
}

TEST_F(GsSubject, AProgramIsToldWhatItIsFor) {
  allow();
  const std::string path = world_.home / "program";
  write_file(
      path,
      "#!/bin/sh\n[ \"$1 $2\" = 'a *' ] || exit 7\n"
      "printf '{\"version\":1,\"success\":true,\"token_type\":\"urn:ietf:params:oauth:token-type:saml2\",'\n"
      "printf '\"saml_response\":\"%s|%s|%s|%s\"}' \"$GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE\" "
      "\"$GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE\" \"$GOOGLE_EXTERNAL_ACCOUNT_INTERACTIVE\" "
      "\"$GOOGLE_EXTERNAL_ACCOUNT_IMPERSONATED_EMAIL\"\n");
  chmod(path.c_str(), 0700);
  setenv("GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE", "another", 1);
  const Result<Secret> got = token(
      R"({"executable":{"command":")" + path + R"( a *"}})",
      R"("service_account_impersonation_url":"https://iam.example/v1/projects/-/serviceAccounts/a@b:generateAccessToken",)");
  unsetenv("GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE");
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->reveal(), "//aud|urn:x|0|a@b");
}

TEST_F(GsSubject, WhatAProgramMayGetWrong) {
  allow();
  struct Case {
    std::string prints, words;
    tidemark_status status;
  };
  const std::string type = R"("token_type":"urn:ietf:params:oauth:token-type:jwt")";
  const Case cases[] = {
      {"no json", "not a JSON object", TIDEMARK_E_PERMANENT},
      {"{}", "version", TIDEMARK_E_PERMANENT},
      {R"({"version":2,"success":true})", "version", TIDEMARK_E_PERMANENT},
      {R"({"version":1})", "success", TIDEMARK_E_PERMANENT},
      {R"({"version":1,"success":true,"id_token":"sesame"})", "token_type", TIDEMARK_E_PERMANENT},
      {R"({"version":1,"success":true,)" + type + "}", "id_token", TIDEMARK_E_PERMANENT},
      {good("sesame", 1), "has expired", TIDEMARK_E_RETRYABLE},
      {R"({"version":1,"success":false,"code":"401","message":"Caller not authorized."})",
       "\"401\", \"Caller not authorized.\"", TIDEMARK_E_RETRYABLE}};
  for (const Case& one : cases) {
    const Result<Secret> got = token(R"({"executable":{"command":")" + program(one.prints) + R"("}})");
    EXPECT_EQ(status_of(got), one.status) << one.prints;
    if (got) continue;
    EXPECT_NE(got.error().message.find(one.words), std::string::npos) << got.error().message;
    EXPECT_EQ(got.error().message.find("sesame"), std::string::npos) << got.error().message;
  }
  EXPECT_NE(words(R"({"executable":{"command":")" + program("", "echo gone >&2; exit 3") + R"("}})")
                .find("ended with status 3: gone"),
            std::string::npos);
  EXPECT_NE(words(R"({"executable":{"command":"/nonexistent/program"}})").find("cannot run"),
            std::string::npos);
}

TEST_F(GsSubject, TheOutputFileSparesTheProgram) {
  allow();
  const std::string file = world_.home / "kept";
  const std::string source =
      R"({"executable":{"command":")" + program(good("fresh")) + R"(","output_file":")" + file + R"("}})";
  EXPECT_EQ(words(source), "fresh") << "there is none yet";
  write_file(file, good("kept"));
  EXPECT_EQ(words(source), "kept");
  write_file(file, good("kept", 1));
  EXPECT_EQ(words(source), "fresh") << "what it kept has expired";
  write_file(file, R"({"version":1,"success":false,"code":"1","message":"m"})");
  EXPECT_EQ(words(source), "fresh") << "it kept a failure";
  write_file(file, "broken");
  EXPECT_NE(words(source).find("its output file"), std::string::npos);
}

}  // namespace
}  // namespace tidemark::sinks::gs
