// The file of a sink's options: names and values, never shown, for its owner alone.
#include "bridge/options_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "temp_dir.h"

namespace tidemark::postgres {
namespace {

TEST(OptionsFile, NamesAndValues) {
  const auto options =
      parse_options("# a comment\n\n region = eu-1 \nsecret_access_key=a=b #c\r\nempty=", "f");
  ASSERT_TRUE(options);
  ASSERT_EQ(options->size(), 3U);
  EXPECT_EQ((*options)[0].name, "region");
  EXPECT_EQ((*options)[0].value.reveal(), "eu-1");
  EXPECT_EQ((*options)[1].value.reveal(), "a=b #c");
  EXPECT_EQ((*options)[2].value.reveal(), "");
}

TEST(OptionsFile, SaysWhichLineIsWrongAndNotWhatItSays) {
  for (const char* text : {"a=b\nsecret\n", "a=b\n=secret\n"}) {
    const auto options = parse_options(text, "/etc/f");
    ASSERT_FALSE(options);
    EXPECT_EQ(options.error().message, "/etc/f line 2: write name = value");
  }
  std::string many;
  for (int i = 0; i < 65; ++i) many += "a=b\n";
  EXPECT_FALSE(parse_options(many, "f"));
}

TEST(OptionsFile, OthersMayNotReadIt) {
  const test::TempDir dir;
  const std::string path = dir / "options";
  std::ofstream(path) << "a=b\n";
  ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
  EXPECT_FALSE(read_options_file(path));
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  EXPECT_TRUE(read_options_file(path));
  EXPECT_FALSE(read_options_file(dir / "none"));
}

}  // namespace
}  // namespace tidemark::postgres
