#include "gs/config.h"

#include <map>

#include "gs/sink_fixture.h"

namespace tidemark::sinks::gs {
namespace {

Result<Config> parse(const std::string& url, const std::vector<tidemark_option>& options = {}) {
  const Result<Url> parsed = parse_url(url);
  if (!parsed) return parsed.error();
  return parse_config(*parsed, options.data(), static_cast<uint32_t>(options.size()));
}

void expect_invalid(const std::string& url, const std::string& words) {
  const Result<Config> config = parse(url);
  ASSERT_FALSE(config) << url;
  EXPECT_EQ(config.error().status, TIDEMARK_E_INVALID);
  EXPECT_NE(config.error().message.find(words), std::string::npos) << config.error().message;
}

Environment environment(std::map<std::string, std::string> variables) {
  variables.emplace("HOME", "/nonexistent");
  return [variables = std::move(variables)](const char* name) {
    const auto at = variables.find(name);
    return at == variables.end() ? std::string() : at->second;
  };
}

TEST(GsConfig, Defaults) {
  const Result<Config> config = parse("gs://bucket");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->bucket, "bucket");
  EXPECT_EQ(config->prefix, "");
  EXPECT_EQ(config->resumable_threshold_bytes, 8 * kMiB);
  EXPECT_EQ(config->resumable_piece_bytes, 16 * kMiB);
  EXPECT_TRUE(config->expects_continue);
  EXPECT_TRUE(config->tokens.asks_metadata);
  EXPECT_EQ(config->name_of("k"), "gs://bucket/k");
}

TEST(GsConfig, PrefixesAndNames) {
  EXPECT_EQ(parse("gs://b-1_x.y/p")->prefix, "p/");
  EXPECT_EQ(parse("gs://bucket/p/q/")->prefix, "p/q/");
  EXPECT_EQ(parse("gs://bucket/")->prefix, "");
  expect_invalid("s3://bucket/p", "not gs");
  expect_invalid("gs:///p", "not a bucket");
  expect_invalid("gs://ab/p", "not a bucket");
  expect_invalid("gs://Bucket/p", "not a bucket");
  expect_invalid("gs://bucket-/p", "not a bucket");
  expect_invalid("gs://bucket/a//b", "prefix");
  expect_invalid("gs://bucket/.well-known/x", "prefix");
  expect_invalid("gs://bucket/a%0Ab", "control character");
  expect_invalid("gs://bucket/a%FF", "not UTF-8");
  expect_invalid("gs://bucket/" + std::string(901, 'x'), "900");
  const std::string shown = parse("gs://bucket")->name_of(std::string(900, 'k'));
  EXPECT_LE(shown.size(), 210u);
}

TEST(GsConfig, Options) {
  expect_invalid("gs://bucket?nosuch=1", "nosuch");
  expect_invalid("gs://bucket?endpoint=ftp://x", "endpoint");
  expect_invalid("gs://bucket?endpoint=https://host/path", "has a path");
  expect_invalid("gs://bucket?endpoint=http://storage.example", "is not https");
  expect_invalid("gs://bucket?endpoint=https://user:secret@host", "no plain host");
  for (const char* url : {"gs://me:SECRET/x", "gs://u%3ASECRET%40b", "gs:u:SECRET@b",
                          "gs://bucket?endpoint=http://h?sig=SECRET",
                          "gs://bucket?endpoint=http://h%23SECRET", "gs://bucket?endpoint=http://u:SECRET"}) {
    const auto config = parse(url);
    ASSERT_FALSE(config) << url;
    EXPECT_EQ(config.error().message.find("SECRET"), std::string::npos) << config.error().message;
  }
  EXPECT_EQ(parse("gs://bucket?endpoint=https://user:secret@host").error().message.find("secret"),
            std::string::npos);
  expect_invalid("gs://bucket?resumable_piece=300KiB", "multiple of 256KiB");
  expect_invalid("gs://bucket?resumable_threshold=1", "resumable_threshold");
  expect_invalid("gs://bucket?metadata=maybe", "metadata");
  expect_invalid("gs://bucket?anonymous=true&credentials_file=/x", "not both");
  expect_invalid("gs://bucket?proxy=http://u:p@host", "password");
  EXPECT_EQ(parse("gs://bucket?endpoint=http://127.0.0.1:80")->origin, "http://127.0.0.1");
  EXPECT_EQ(parse("gs://bucket?endpoint=http://emulator:4443&anonymous=true")->origin,
            "http://emulator:4443");
  EXPECT_FALSE(parse("gs://bucket?metadata=never")->tokens.asks_metadata);
  EXPECT_FALSE(parse("gs://bucket?expect=never")->expects_continue);
}

TEST(GsConfig, AnHmacKeyIsAllOrNothing) {
  const tidemark_option secret = option("hmac_secret", "sesame", TIDEMARK_OPTION_SECRET);
  const Result<Config> config = parse("gs://bucket?hmac_access_id=GOOG1", {secret});
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_TRUE(config->has_hmac_key());
  EXPECT_EQ(config->hmac_key.secret_access_key.reveal(), "sesame");
  expect_invalid("gs://bucket?hmac_access_id=GOOG1", "belong together");
  expect_invalid("gs://bucket?hmac_access_id=GOOG1&hmac_secret=sesame", "hmac_secret");
  for (const char* url :
       {"gs://bucket", "gs://bucket?hmac_access_id=GOOG1&anonymous=true",
        "gs://bucket?hmac_access_id=GOOG1&credentials_file=/x", "gs://bucket?hmac_access_id=GOOG/1"}) {
    const Result<Config> wrong = parse(url, {secret});
    EXPECT_EQ(status_of(wrong), TIDEMARK_E_INVALID) << url;
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().message.find("sesame"), std::string::npos) << wrong.error().message;
  }
  expect_invalid("gs://bucket?user_project=a%20b", "user_project");
  expect_invalid("gs://bucket?kms_key=a%0Ab", "kms_key");
}

TEST(GsConfig, TheEndpointIsFound) {
  const TempDir dir;
  const auto origin = [](const std::string& url, std::map<std::string, std::string> variables) {
    Config config = *parse(url);
    const Status ok = apply_surroundings(environment(std::move(variables)), &config);
    return ok ? config.origin : ok.error().message;
  };
  EXPECT_EQ(origin("gs://bucket", {}), "https://storage.googleapis.com");
  EXPECT_EQ(origin("gs://bucket", {{"STORAGE_EMULATOR_HOST", "127.0.0.1:9"}}), "http://127.0.0.1:9");
  EXPECT_EQ(origin("gs://bucket", {{"STORAGE_EMULATOR_HOST", "http://localhost:9/"}}), "http://localhost:9");
  EXPECT_EQ(origin("gs://bucket?endpoint=https://h", {{"STORAGE_EMULATOR_HOST", "127.0.0.1:9"}}),
            "https://h");
  EXPECT_NE(origin("gs://bucket", {{"STORAGE_EMULATOR_HOST", "elsewhere:9"}}).find("STORAGE_EMULATOR_HOST"),
            std::string::npos);
  write_file(dir / "user", R"({"type":"authorized_user","client_id":"i","client_secret":"s",
                               "refresh_token":"r","universe_domain":"cloud.example"})");
  EXPECT_EQ(origin("gs://bucket?credentials_file=" + (dir / "user"), {}), "https://storage.cloud.example");
}

TEST(GsConfig, AFileWithCredentialsIsReadAtOnce) {
  const TempDir dir;
  write_file(dir / "broken", "{}");
  for (const std::string& file : {dir / "broken", dir / "missing", dir / ""}) {
    Config config = *parse("gs://bucket?endpoint=https://h&credentials_file=" + file);
    const Status ok = apply_surroundings(environment({}), &config);
    EXPECT_EQ(status_of(ok), TIDEMARK_E_INVALID) << file;
  }
}

}  // namespace
}  // namespace tidemark::sinks::gs
