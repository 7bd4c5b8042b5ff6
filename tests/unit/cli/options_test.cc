#include "options.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "error.h"

namespace tidemark::cli {
namespace {

Command parse(std::vector<std::string> words) {
  words.insert(words.begin(), "tidemark");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  return parse_command_line(static_cast<int>(argv.size()), argv.data());
}

// What is printed of words that are refused.
std::string refusal(const std::vector<std::string>& words) {
  testing::internal::CaptureStderr();
  const Command command = parse(words);
  std::string errors = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(std::holds_alternative<int>(command) && std::get<int>(command) == kExitUsage);
  return errors;
}

std::string label(const std::vector<std::string>& words) {
  const Command command = parse(words);
  return std::holds_alternative<InfoOptions>(command) ? std::get<InfoOptions>(command).metrics.archive
                                                      : "refused";
}

TEST(CommandLine, RepeatsNoSecretThatWasTypedInTheWrongPlace) {
  const std::string url = "s3://u:SE/SECRET@bucket/p?sig=SECRET";
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{"info", url, "--config", "file"}, "'s3://bucket/p' is not @NAME"},
      {{"restore", "file:///a", "main", url}, "'s3://bucket/p' names an archive"},
      {{"info", "file:///a", url}, "'s3://bucket/p' is not STORAGE/PARTITION"},
      {{"info", "file:///a", "s3:u:SECRET@b"}, "'s3:b' is not STORAGE/PARTITION"},
      {{url, "info"}, "there is no verb 's3://bucket/p'"},
      {{"info", "file:///a", "--secret", "SECRET"}, "--secret: it wants KEY=VARIABLE"},
      {{"copy", "file:///a", "file:///b", "--to-secret", "SECRET"}, "--to-secret: it wants KEY=VARIABLE"},
      {{"info", "file:///a", "main", url}, "not expected: s3://bucket/p"},
      {{"info", "file:///a", "--secrt", "token=SECRET"}, "not expected: --secrt"},
      {{"info", "file:///a", "--secrt=SECRET", "main", "more", "x=SECRET"},
       "not expected: --secrt=... more x=..."}};
  for (const auto& [words, complaint] : cases) {
    const std::string errors = refusal(words);
    EXPECT_NE(errors.find(complaint), std::string::npos) << complaint << "\n" << errors;
    EXPECT_EQ(errors.find("SECRET"), std::string::npos) << errors;
  }
}

TEST(CommandLine, TheLabelOfMetricsTellsArchivesApartAndNoSecrets) {
  const std::string url = "azblob://ccc/p?account=aaa";
  EXPECT_EQ(label({"info", url}), url);
  EXPECT_EQ(label({"info", "@prod", "--config", "/nonexistent"}), "refused");
  EXPECT_EQ(label({"info", url, "--option", "endpoint=http://127.0.0.1:1/?sv=2020&sig=SECRET"}),
            url + "&endpoint=http://127.0.0.1:1/");
  EXPECT_EQ(label({"info", url + "&endpoint=http%3A%2F%2Fuser%3ASECRET%40127.0.0.1%3A1"}),
            url + "&endpoint=http://127.0.0.1:1");
  EXPECT_EQ(label({"info", url + "&endpoint=http%3A%2F%2F127.0.0.1%3A1"}),
            url + "&endpoint=http%3A%2F%2F127.0.0.1%3A1");
  EXPECT_EQ(label({"info", url + "&endpoint=http://u:SECRET"}), url);
  EXPECT_EQ(label({"info", "azblob://ccc/p?account=SECRET&sig=SECRET#SECRET"}), "azblob://ccc/p");
  EXPECT_EQ(label({"info", "s3://AKIA:wJal/SECRET@bucket/p?endpoint=http://h"}),
            "s3://bucket/p?endpoint=http://h");
  EXPECT_EQ(label({"info", "s3://u:pa?SECRET@b"}), "s3://...");
}

}  // namespace
}  // namespace tidemark::cli
