// Frames, the header of the skippable frame and a footer in the hands of others: zstd, GNU tar, bsdtar and
// Python give the tar back. And what zstd writes we read.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "codec/zstd_tools.h"
#include "temp_dir.h"

namespace tidemark::codec {
namespace {

using test::compressed;
using test::decompressed;
using test::kFrameBytes;
using test::Kind;
using test::make_bytes;
using test::read_file;
using test::TempDir;
using test::write_file;
namespace fs = std::filesystem;

constexpr size_t kFooterBytes = 512;

bool run(const std::string& command) { return std::system(command.c_str()) == 0; }
bool has(const std::string& tool) { return run("command -v " + tool + " >/dev/null 2>&1"); }

// As archives have it: a line of text, filled up with zeros.
std::string with_footer(const std::string& stored) {
  std::string footer = "TIDEMARK1 sha256=0123 storage=db partition=7 first=1 last=1";
  footer.resize(kFooterBytes);
  return stored + footer;
}

class ZstdInterchange : public testing::Test {
 protected:
  void expect_read(const std::string& plain, int level) {
    SCOPED_TRACE(std::to_string(plain.size()) + " bytes, level " + std::to_string(level));
    write_file(dir_ / "plain", plain);
    write_file(dir_ / "a.zst", with_footer(compressed(plain, level)));
    const std::string in = "cd " + dir_.path().string() + " && ";
    if (has("zstd")) {
      EXPECT_TRUE(run(in + "zstd -q -t a.zst"));
      EXPECT_TRUE(run(in + "zstd -q -d -c a.zst | cmp - plain"));
    }
    if (run("/usr/bin/python3 -c 'import zstandard' 2>/dev/null")) {
      EXPECT_TRUE(
          run(in + "/usr/bin/python3 -c 'import sys, zstandard\n"
                   "with open(\"a.zst\", \"rb\") as stored:\n"
                   "  reader = zstandard.ZstdDecompressor().stream_reader(stored, read_across_frames=True)\n"
                   "  while (piece := reader.read(65536)): sys.stdout.buffer.write(piece)' | cmp - plain"));
    }
  }

  TempDir dir_;
};

TEST_F(ZstdInterchange, OthersReadWhatWeWrite) {
  for (const size_t size :
       {size_t{0}, size_t{1}, size_t{512}, size_t{65535}, size_t{65536}, size_t{65537}, kFrameBytes - 1,
        kFrameBytes, kFrameBytes + 1, size_t{5'000'000}, size_t{9} << 20}) {
    const int level = 1 + static_cast<int>(size % 3);
    expect_read(make_bytes(Kind::kMixed, size), level);
  }
}

TEST_F(ZstdInterchange, TarsReadWhatWeWrite) {
  const std::string in = "cd " + dir_.path().string() + " && ";
  fs::create_directories(dir_ / "tree/sub");
  write_file(dir_ / "tree/empty", "");
  write_file(dir_ / "tree/sub/text", make_bytes(Kind::kText, 3'000'000));
  write_file(dir_ / "tree/sub/random", make_bytes(Kind::kRandom, 3'000'000));
  ASSERT_TRUE(run(in + "tar --format=ustar -cf a.tar tree"));
  write_file(dir_ / "a.tar.zst", with_footer(compressed(read_file(dir_ / "a.tar"))));
  for (const std::string tool : {"tar --zstd", "tar", "bsdtar"}) {
    if (!has(tool.substr(0, tool.find(' '))) || (tool[0] == 't' && !has("zstd"))) continue;
    fs::remove_all(dir_ / "out");
    fs::create_directory(dir_ / "out");
    EXPECT_TRUE(run(in + tool + " -xf a.tar.zst -C out >log 2>&1")) << tool;
    EXPECT_EQ(read_file(dir_ / "log"), "") << tool;
    EXPECT_TRUE(run(in + "diff -r tree out/tree")) << tool;
  }
}

TEST_F(ZstdInterchange, WeReadWhatZstdWrites) {
  if (!has("zstd")) GTEST_SKIP() << "no zstd here";
  const std::string in = "cd " + dir_.path().string() + " && ";
  for (const size_t size : {size_t{0}, size_t{1}, size_t{65536}, kFrameBytes, size_t{10} << 20}) {
    const std::string plain = make_bytes(Kind::kMixed, size);
    write_file(dir_ / "plain", plain);
    for (const std::string options :
         {"-1", "-2", "-3", "-1 --single-thread", "-T2 -3", "-3 --long=23", "-19"}) {
      if (options == "-19" && size >= kFrameBytes) continue;  // takes long
      ASSERT_TRUE(run(in + "zstd -q -f " + options + " plain -o a.zst")) << options;
      const auto back = decompressed(read_file(dir_ / "a.zst"), {size, false}, 100'000);
      ASSERT_TRUE(back) << options << ": " << back.error().message;
      EXPECT_TRUE(*back == plain) << options << ' ' << size;
    }
  }
  // From a pipe it cannot say the size.
  ASSERT_TRUE(run(in + "cat plain | zstd -q -f -1 -o a.zst"));
  const auto back = decompressed(read_file(dir_ / "a.zst"), {std::nullopt, false});
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().message, "frame 1, at byte 0, does not say its content size");
}

}  // namespace
}  // namespace tidemark::codec
