#include "archive_words.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace tidemark::cli {
namespace {

// The words of one archive, and what is made of them.
struct Typed {
  std::string url = "s3://bucket/p";
  std::vector<std::string> options = {}, secrets = {};
  const std::string config = "";

  ArchiveWords words() const { return {url, config, "--option", options, "--secret", secrets}; }
  std::string problem() const {
    const auto archive = named_by(words(), {});
    return archive ? "none" : archive.error().message;
  }
  std::string again() const { return words_again(words(), {}); }
};

TEST(NamedBy, ASecretThatIsNoPairIsNotRepeated) {
  EXPECT_EQ((Typed{.secrets = {"SECRET"}}).problem(), "--secret: it wants KEY=VARIABLE: it has no '='");
  EXPECT_EQ((Typed{.secrets = {"=SECRET"}}).problem(),
            "--secret: it wants KEY=VARIABLE: nothing stands before its '='");
  EXPECT_EQ((Typed{.options = {"SECRET"}}).problem(), "--option: it wants KEY=VALUE: it has no '='");
  EXPECT_EQ((Typed{.secrets = {"SECRET=TM_NO_SUCH_VARIABLE"}}).problem(),
            "--secret (not shown)=...: the environment has no such variable; name one that holds the secret");
  EXPECT_EQ((Typed{.secrets = {"token=SECRET"}}).problem(),
            "--secret token=...: the environment has no such variable; name one that holds the secret");
}

TEST(TakeEnvironmentUrl, AWordTooManyMayBeAUrl) {
  ::setenv("TIDEMARK_URL", "file:///a", 1);
  std::string url = "s3://u:SECRET@bucket/p?sig=SECRET";
  const auto moved = take_environment_url(url, {});
  ::unsetenv("TIDEMARK_URL");
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().message, "'s3://bucket/p' is one word too many after TIDEMARK_URL");
}

TEST(WordsAgain, LeavesOutWhatMayBeSecret) {
  EXPECT_EQ(
      (Typed{.options = {"proxy=http://u:SECRET@127.0.0.1:1", "region=eu"}, .secrets = {"token=VARIABLE"}})
          .again(),
      "s3://bucket/p --option proxy=... --option region=eu --secret token=VARIABLE");
  EXPECT_EQ((Typed{.options = {"endpoint=http://h/?sig=SECRET"}}).again(),
            "s3://bucket/p --option endpoint=...");
  EXPECT_EQ((Typed{.url = "s3://bucket/p?region=eu&proxy=http%3A%2F%2Fu%3ASECRET%40h"}).again(),
            "'s3://bucket/p?region=eu&proxy=...'");
  EXPECT_EQ((Typed{.url = "s3://u:SECRET@bucket/p"}).again(), "s3://bucket/p");
}

TEST(WordsAgain, AreWhatWasTyped) {
  const std::string longest = "file:///" + std::string(1000, 'a');
  for (const std::string& url :
       {std::string("@prod"), std::string("file:///a:b@c"), longest, std::string("s3://bucket/a@b")})
    EXPECT_EQ((Typed{.url = url}).again(), url);
}

}  // namespace
}  // namespace tidemark::cli
