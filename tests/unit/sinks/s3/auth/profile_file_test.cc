#include "s3/auth/profile_file.h"

#include <gtest/gtest.h>

#include <iterator>
#include <random>

namespace tidemark::sinks::s3 {
namespace {

using Kind = Profiles::Kind;

TEST(Profiles, AreReadFromAConfigFile) {
  Profiles profiles;
  ASSERT_TRUE(profiles.add(Kind::kConfig,
                           "\xEF\xBB\xBF# a comment\r\n"
                           "[default]\r\n"
                           "Region = eu-central-1 \r\n"
                           "\n"
                           "; another\n"
                           "[profile prod]\n"
                           "role_arn=arn:aws:iam::1:role/r\n"
                           "credential_process = sh -c 'echo a = b; echo #'\n"
                           "s3 =\n"
                           "  region = nested\n"
                           "\tmax_concurrent_requests = 20\n"
                           "output =\n"
                           "[ profile \"with space\" ]\n"
                           "region = r2\n"
                           "[profilex]\n"
                           "region = lost\n"
                           "[sso-session s]\n"
                           "region = lost\n"
                           "[prod]\n"
                           "region = lost",
                           "config"));
  EXPECT_EQ(profiles.value("default", "region"), "eu-central-1");
  EXPECT_EQ(profiles.value("prod", "role_arn"), "arn:aws:iam::1:role/r");
  EXPECT_EQ(profiles.value("prod", "credential_process"), "sh -c 'echo a = b; echo #'");
  EXPECT_EQ(profiles.value("prod", "region"), "");
  EXPECT_EQ(profiles.value("prod", "output"), "");
  EXPECT_EQ(profiles.value("with space", "region"), "r2");
  EXPECT_TRUE(profiles.has("prod"));
  for (const char* name : {"profilex", "x", "sso-session s", "s", ""})
    EXPECT_FALSE(profiles.has(name)) << name;
  EXPECT_EQ(profiles.value("none", "region"), "");
}

TEST(Profiles, OfTheCredentialsFileWin) {
  Profiles profiles;
  ASSERT_TRUE(profiles.add(Kind::kConfig,
                           "[profile a]\naws_access_key_id = config\nregion = r\n"
                           "[profile a]\naws_access_key_id = later\n",
                           "config"));
  EXPECT_EQ(profiles.value("a", "aws_access_key_id"), "later");
  ASSERT_TRUE(
      profiles.add(Kind::kCredentials, "[a]\naws_access_key_id=credentials\n[profile b]\nx=y\n", "c"));
  EXPECT_EQ(profiles.value("a", "aws_access_key_id"), "credentials");
  EXPECT_EQ(profiles.value("a", "region"), "r");
  EXPECT_FALSE(profiles.has("b"));
  EXPECT_TRUE(profiles.has("profile b"));
}

TEST(Profiles, TheLongNameOfTheDefaultWins) {
  for (const char* text : {"[default]\nregion = short\nx = 1\n[profile default]\nregion = long\n",
                           "[profile default]\nregion = long\n[default]\nregion = short\nx = 1\n"}) {
    Profiles profiles;
    ASSERT_TRUE(profiles.add(Kind::kConfig, text, "config"));
    EXPECT_EQ(profiles.value("default", "region"), "long");
    EXPECT_EQ(profiles.value("default", "x"), "");
  }
}

// The reader of AWS's own command line is Python's configparser; s3.settings.oracle compares with it.
TEST(Profiles, AreReadWithIndentedSettings) {
  Profiles profiles;
  ASSERT_TRUE(profiles.add(Kind::kCredentials,
                           "  [a]\n"
                           "\tx = 1\n"
                           "\ty = 2\n"
                           " z = 3\n"
                           "      more\n"
                           "\n"
                           "      and more = 4\n"
                           "    # comment\n"
                           "\n"
                           " u = 5\n"
                           "[b]\n"
                           "v: w = 6\n"
                           "   [not a section]\n"
                           "[a] and what follows\n"
                           "x = 7\n",
                           "file"));
  EXPECT_EQ(profiles.value("a", "x"), "7");
  EXPECT_EQ(profiles.value("a", "y"), "2");
  EXPECT_EQ(profiles.value("a", "z"), "3\nmore\n\nand more = 4");
  EXPECT_EQ(profiles.value("a", "u"), "5");
  EXPECT_EQ(profiles.value("b", "v"), "w = 6\n[not a section]");
}

TEST(Profiles, HaveSettingsBelowSettings) {
  Profiles profiles;
  ASSERT_TRUE(
      profiles.add(Kind::kConfig,
                   "[default]\ns3 =\n  addressing_style = path\n\n  # x\n  use_dualstack_endpoint=true\n"
                   "services = mine\n"
                   "[services mine]\ns3 = \n  endpoint_url = https://s3.example\nsts =\n"
                   "  endpoint_url = https://sts.example\n",
                   "config"));
  EXPECT_EQ(profiles.nested("default", "s3", "addressing_style"), "path");
  EXPECT_EQ(profiles.nested("default", "s3", "use_dualstack_endpoint"), "true");
  EXPECT_EQ(profiles.nested("default", "s3", "none"), "");
  EXPECT_EQ(profiles.nested("default", "services", "mine"), "");
  EXPECT_TRUE(profiles.has_services("mine"));
  EXPECT_FALSE(profiles.has("mine"));
  EXPECT_EQ(profiles.service_value("mine", "s3", "endpoint_url"), "https://s3.example");
  EXPECT_EQ(profiles.service_value("mine", "sts", "endpoint_url"), "https://sts.example");
  EXPECT_EQ(profiles.service_value("mine", "ec2", "endpoint_url"), "");
  EXPECT_EQ(profiles.service_value("other", "s3", "endpoint_url"), "");
}

TEST(Profiles, TakeWhatASectionDEFAULTSays) {
  Profiles profiles;
  ASSERT_TRUE(profiles.add(Kind::kConfig, "[DEFAULT]\nregion = r\nx = 1\n[profile a]\nx = 2\n", "config"));
  EXPECT_EQ(profiles.value("a", "region"), "r");
  EXPECT_EQ(profiles.value("a", "x"), "2");
  EXPECT_FALSE(profiles.has("default"));
}

TEST(Profiles, OfAnotherEncodingAreRefused) {
  Profiles profiles;
  const Status ok = profiles.add(Kind::kConfig, std::string_view("\xFF\xFE[\0d\0", 6), "config");
  ASSERT_FALSE(ok);
  EXPECT_NE(ok.error().message.find("UTF-16"), std::string::npos);
}

TEST(Profiles, NameTheBadLineWithoutShowingIt) {
  struct Case {
    const char* text;
    const char* line;
  };
  for (const Case& c :
       {Case{"[a\nkey = SECRET\n", "line 1"}, Case{"\n\nkey = SECRET\n", "line 3"},
        Case{"[a]\n\nSECRET\n", "line 3"}, Case{"[a]\n= SECRET\n", "line 2"},
        Case{"[]\nkey = SECRET\n", "line 1"}, Case{"[a]\n: SECRET\n", "line 2"},
        Case{"[a]\ns3 =\n  SECRET\n", "line 3"}, Case{"[a]\r\rkey = x\rSECRET\r", "line 4"}}) {
    Profiles profiles;
    const Status ok = profiles.add(Kind::kCredentials, c.text, "/some/file");
    ASSERT_FALSE(ok) << c.text;
    EXPECT_EQ(ok.error().status, TIDEMARK_E_PERMANENT);
    EXPECT_NE(ok.error().message.find(c.line), std::string::npos) << ok.error().message;
    EXPECT_NE(ok.error().message.find("/some/file"), std::string::npos);
    EXPECT_EQ(ok.error().message.find("SECRET"), std::string::npos);
  }
}

// Whatever the bytes are, they are read, or refused with a line; for the sanitizers above all.
TEST(Profiles, OfAnyBytesAreReadOrRefused) {
  constexpr std::string_view kPieces[] = {
      "[", "]", "profile ", "services ", "a",  "default",      "DEFAULT", "=",
      ":", " ", "\t",       "\r",        "\n", "\n",           "\n",      "#",
      ";", "'", "\"",       "\\",        "s3", "\xEF\xBB\xBF", "\xFF"};
  std::mt19937 random(1);
  int taken = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (unsigned pieces = random() % 30; pieces > 0; --pieces)
      text += kPieces[random() % std::size(kPieces)];
    Profiles profiles;
    const Status ok = profiles.add(round % 2 == 0 ? Kind::kConfig : Kind::kCredentials, text, "file");
    taken += ok ? 1 : 0;
    EXPECT_TRUE(ok || ok.error().message.find("file") != std::string::npos) << text;
    profiles.nested("a", "s3", "a");
    profiles.service_value("a", "s3", "a");
    EXPECT_TRUE(ok || !profiles.has("a")) << "nothing of a file that is refused";
  }
  EXPECT_GT(taken, 100);
}

}  // namespace
}  // namespace tidemark::sinks::s3
