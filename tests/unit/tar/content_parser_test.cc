// The strict reader of an archive's content.
#include "tar/content_parser.h"

#include <gtest/gtest.h>

#include "tar/raw_tar.h"
#include "tar/source_tools.h"

namespace tidemark::tar {
namespace {

using test::kRoot;
using test::RawTar;

constexpr const char* kNext = "0000000000011";

std::string in(const std::string& root, const std::string& path) { return root + "/" + path; }

// Writes down what it is told.
class Notes final : public ContentVisitor {
 public:
  void entry_bytes(std::span<const uint8_t> bytes) override { bytes_ += bytes.size(); }
  Status begin_entry(Lsn lsn) override {
    text += "[" + std::to_string(lsn);
    bytes_ = 0;
    return {};
  }
  Status member(const ParsedMember& member) override {
    text += " " + std::string(1, static_cast<char>(member.type)) + std::string(member.path);
    if (!member.link.empty()) text += ">" + std::string(member.link);
    return {};
  }
  Status file_bytes(std::span<const uint8_t> bytes) override {
    content.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  }
  Status end_file() override {
    text += "=" + std::to_string(content.size());
    content.clear();
    return {};
  }
  Status end_entry(Lsn, uint64_t size_bytes) override {
    EXPECT_EQ(size_bytes, bytes_);
    text += "]";
    return {};
  }
  std::string text;
  std::string content;

 private:
  uint64_t bytes_ = 0;
};

std::string content_of(const RawTar& tar) {
  const std::string object = tar.object();
  return object.substr(0, object.size() - kFooterSize);
}

Status parse(const std::string& content, Range range, Notes& notes, size_t step = 1 << 20) {
  ContentParser parser(range, notes);
  for (size_t at = 0; at < content.size(); at += step) {
    const size_t count = std::min(step, content.size() - at);
    Status status = parser.push({reinterpret_cast<const uint8_t*>(content.data()) + at, count});
    if (!status) return status;
  }
  return parser.finish();
}

std::string refusal(const std::string& content, Range range = {36, 36}) {
  Notes notes;
  const Status status = parse(content, range, notes);
  if (status) return "accepted: " + notes.text;
  EXPECT_EQ(status.error().status, TIDEMARK_E_CORRUPT);
  return status.error().message;
}
std::string refusal(const RawTar& tar, Range range = {36, 36}) { return refusal(content_of(tar), range); }

#define EXPECT_REFUSED(what, part)                       \
  do {                                                   \
    const std::string why = refusal what;                \
    EXPECT_NE(why.find(part), std::string::npos) << why; \
  } while (false)

RawTar two_entries() {
  RawTar tar;
  tar.member('5', in(kRoot, ""))
      .member('0', in(kRoot, "a"), "12345")
      .member('5', in(kRoot, "b/"))
      .member('2', in(kRoot, "b/link"), {}, "../a")
      .member('0', in(kRoot, "c"), std::string(600, 'c'))
      .member('0', kNext, "file");
  return tar;
}

TEST(ContentParser, TellsWhatIsThereInPiecesOfAnySize) {
  const std::string content = content_of(two_entries());
  for (const size_t step : {1, 7, 511, 512, 513, 100'000}) {
    Notes notes;
    const Status status = parse(content, {36, 37}, notes, step);
    ASSERT_TRUE(status) << status.error().message;
    EXPECT_EQ(notes.text, "[36 5 0a=5 5b 2b/link>../a 0c=600][37 0=4]") << step;
  }
}

// What the archiver writes is what is read: long names, links, names that are no ASCII, empty files.
TEST(ContentParser, AcceptsWhatTheArchiverWrites) {
  test::TempDir dir;
  const std::string entry = test::make_large_entry(dir);
  std::string deep = entry;
  for (int i = 0; i < 12; ++i) deep += "/" + std::string(200, static_cast<char>('a' + i));
  std::filesystem::create_directories(deep);
  test::write_file(deep + "/\xC3\xA4\xFF", "bytes");
  std::filesystem::create_symlink(std::string(300, 'l'), entry + "/long-link");
  const std::string object = test::archive_of(entry, 36);
  Notes notes;
  const Status status = parse(object.substr(0, object.size() - kFooterSize), {36, 36}, notes, 4096);
  ASSERT_TRUE(status) << status.error().message;
  EXPECT_NE(notes.text.find("\xC3\xA4\xFF=5"), std::string::npos);
  EXPECT_NE(notes.text.find(">" + std::string(300, 'l')), std::string::npos);
}

TEST(ContentParser, EntriesAreExactlyThoseOfTheRange) {
  EXPECT_REFUSED((two_entries(), {36, 38}), "entry 38 is not in it");
  EXPECT_REFUSED((two_entries(), {35, 37}), "stands where entry 35 belongs");
  EXPECT_REFUSED((two_entries(), {36, 36}), "lies outside of the entries");
  EXPECT_REFUSED((RawTar(), {36, 36}), "entry 36 is not in it");
  EXPECT_REFUSED((RawTar().member('0', kNext).member('0', kRoot), {36, 37}), "stands where entry 36 belongs");
  EXPECT_REFUSED((RawTar().member('0', kRoot).member('0', kRoot), {36, 37}), "is there twice");
  EXPECT_REFUSED((RawTar().member('0', kRoot).member('0', in(kNext, "x")), {36, 37}), "is out of order");
  EXPECT_REFUSED(
      (RawTar().member('5', in(kRoot, "")).member('0', kNext).member('0', in(kRoot, "x")), {36, 37}),
      "is out of order");
}

TEST(ContentParser, NoNameLeadsElsewhere) {
  const auto with = [](const std::string& path, char type = '0') {
    return RawTar().member('5', in(kRoot, "")).member(type, path);
  };
  EXPECT_REFUSED((with("/etc/passwd")), "lies outside");
  EXPECT_REFUSED((with("../0000000000010/x")), "lies outside");
  EXPECT_REFUSED((with(in(kRoot, "../x"))), "'.' or '..'");
  EXPECT_REFUSED((with(in(kRoot, "./x"))), "'.' or '..'");
  EXPECT_REFUSED((with(in(kRoot, "/x"))), "empty name");
  EXPECT_REFUSED((with(in(kRoot, "a//"), '5')), "empty name");
  EXPECT_REFUSED((with(in(kRoot, "a/b"))), "lies in no directory");
  EXPECT_REFUSED((RawTar().member('0', kRoot).member('0', in(kRoot, "x"))), "lies in no directory");
  EXPECT_REFUSED((with(in(kRoot, "link"), '2')), "is a symlink without a target");
  EXPECT_REFUSED((RawTar()
                      .member('5', in(kRoot, ""))
                      .member('2', in(kRoot, "l"), {}, "/etc")
                      .member('0', in(kRoot, "l/passwd"))),
                 "lies in no directory");
  EXPECT_REFUSED((RawTar().member('2', kRoot, {}, "/etc")), "an entry is a file or a directory");
  EXPECT_REFUSED(
      (RawTar().member('5', in(kRoot, "")).member('0', in(kRoot, "b")).member('0', in(kRoot, "a"))),
      "twice or out of order");
  EXPECT_REFUSED(
      (RawTar().member('5', in(kRoot, "")).member('0', in(kRoot, "a")).member('0', in(kRoot, "a"))),
      "twice or out of order");
}

TEST(ContentParser, OnlyFilesDirectoriesAndSymlinks) {
  for (const char type : std::string("1346789gLKSVMA\0", 15)) {
    EXPECT_REFUSED((RawTar().member('5', in(kRoot, "")).member(type, in(kRoot, "x"), {}, "y")),
                   "is neither a file");
  }
  EXPECT_REFUSED((RawTar().member('5', kRoot)), "only a directory's name ends in '/'");
  EXPECT_REFUSED((RawTar().member('0', in(kRoot, ""))), "only a directory's name ends in '/'");
  EXPECT_REFUSED((RawTar().member('5', in(kRoot, ""), "bytes")), "has bytes");
}

TEST(ContentParser, SizesDoNotLie) {
  EXPECT_REFUSED((RawTar().member_of_size('0', kRoot, 5000, "short")), "fewer bytes than its header says");
  EXPECT_REFUSED((RawTar().member_of_size('0', kRoot, 1, std::string(600, 'x'))), "the padding after a file");
  EXPECT_REFUSED((RawTar().pax("size", "9223372036854775807").member_of_size('0', kRoot, 0, "x")),
                 "fewer bytes than its header says");
  EXPECT_REFUSED((RawTar().pax("size", "18446744073709551615").member_of_size('0', kRoot, 0, "x")),
                 "is too large");
  EXPECT_REFUSED((RawTar().pax("size", "99999999999999999999").member_of_size('0', kRoot, 0, "x")),
                 "a value that it may not have: size");
}

TEST(ContentParser, PaxHeadersSayOnlyWhatOursSay) {
  EXPECT_EQ(refusal(RawTar().pax("path", kRoot).member('0', "short")), "accepted: [36 0=0]");
  EXPECT_REFUSED((RawTar().pax("GNU.sparse.major", "1").member('0', kRoot)), "GNU.sparse.major");
  EXPECT_REFUSED((RawTar().pax("path", std::string("a\0b", 3)).member('0', kRoot)),
                 "a value that it may not have: path");
  EXPECT_REFUSED((RawTar().pax("path", in(kRoot, "../x")).member('0', kRoot)), "'.' or '..'");
  EXPECT_REFUSED((RawTar().pax("path", kRoot).pax("path", kRoot).member('0', kRoot)), "out of place");
  EXPECT_REFUSED((RawTar().member('x', "p", "7 path=").member('0', kRoot)), "malformed");
  EXPECT_REFUSED((RawTar().member('x', "p", "999 path=x\n").member('0', kRoot)), "malformed");
  EXPECT_REFUSED((RawTar().member('x', "p", "0 x\n").member('0', kRoot)), "malformed");
  EXPECT_REFUSED((RawTar().member('x', "p", std::string(20'000, '1')).member('0', kRoot)), "out of place");
  EXPECT_REFUSED((RawTar().member('0', kRoot).pax("path", kRoot)), "stands before its end mark");
  EXPECT_REFUSED((RawTar().pax("path", std::string(5000, 'p')).member('0', kRoot)), "longer than 4095");
}

TEST(ContentParser, NothingFollowsTheEndMark) {
  const std::string good = content_of(RawTar().member('0', kRoot, "x"));
  EXPECT_EQ(refusal(good), "accepted: [36 0=1]");
  EXPECT_REFUSED((good + std::string(512, '\0')), "something follows its end mark");
  EXPECT_REFUSED((good + good), "something follows its end mark");
  EXPECT_REFUSED((good + "x"), "it ends before its end mark");
  EXPECT_REFUSED((good.substr(0, good.size() - 512)), "it ends before its end mark");
  EXPECT_REFUSED((good.substr(0, good.size() - 1)), "it ends before its end mark");
  EXPECT_REFUSED((good.substr(0, 512)), "fewer bytes than its header says");
  EXPECT_REFUSED((std::string()), "it ends before its end mark");
  EXPECT_REFUSED((RawTar().member('0', kRoot).raw(std::string(512, '\0')).member('0', kNext), {36, 37}),
                 "entry 37 is not in it");
}

TEST(ContentParser, AFlippedBitOfAHeaderIsSeen) {
  const std::string good = content_of(RawTar().member('0', kRoot, "x"));
  for (size_t at = 0; at < 512; ++at) {
    if (at == 155) continue;  // the byte behind the checksum's NUL says nothing
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 4);
    EXPECT_FALSE(refusal(bad).starts_with("accepted")) << at;
  }
}

// What restoring by libarchive does not take, or takes for another name, verifying does not take either; and
// of several ways to say one thing only ours.
TEST(ContentParser, PaxRecordsComeInOurOrderAndSayWhenTheyAreNotAscii) {
  const auto archive = [](const std::string& records, char type = '2', const std::string& link = "x") {
    return RawTar()
        .member('5', in(kRoot, ""))
        .member('x', "././@PaxHeader", records)
        .member(type, in(kRoot, "l"), {}, link);
  };
  const std::string binary = RawTar::record("hdrcharset", "BINARY");
  const std::string odd = "a\x84z", path = in(kRoot, "l") + "\xff";
  const auto record = [](const char* key, const std::string& value) { return RawTar::record(key, value); };

  EXPECT_EQ(refusal(archive(binary + record("linkpath", odd))), "accepted: [36 5 2l>a\x84z]");
  EXPECT_EQ(refusal(archive(binary + record("path", path) + record("linkpath", odd))),
            "accepted: [36 5 2l\xff>a\x84z]");
  EXPECT_EQ(refusal(archive(binary + record("path", path))), "accepted: [36 5 2l\xff>x]");
  EXPECT_EQ(refusal(archive(record("size", "5"), '0', "")),
            "the tar is not one of Tidemark's: it ends before its end mark");

  const std::string needs = "hdrcharset=BINARY does not stand before it";
  for (const std::string& value : {odd, std::string("\xc3\xa9"), std::string("\x80")}) {
    EXPECT_REFUSED((archive(record("linkpath", value))), needs + ": linkpath");
    EXPECT_REFUSED((archive(record("path", in(kRoot, value)))), needs + ": path");
    EXPECT_REFUSED((archive(record("linkpath", value) + binary)), needs + ": linkpath");
  }
  EXPECT_REFUSED((archive(binary + binary + record("linkpath", odd))), "twice or out of order: hdrcharset");
  EXPECT_REFUSED((archive(record("path", in(kRoot, "l")) + binary + record("linkpath", odd))),
                 "out of order: hdrcharset");
  EXPECT_REFUSED((archive(record("linkpath", "x") + record("path", in(kRoot, "l")))), "out of order: path");
  EXPECT_REFUSED((archive(record("linkpath", "x") + record("linkpath", "y"))), "out of order: linkpath");
  EXPECT_REFUSED((archive(record("size", "5") + record("path", in(kRoot, "l")), '0', "")),
                 "out of order: path");
  EXPECT_REFUSED((archive(binary + record("path", in(kRoot, "l")))), "no name that needs it");
  EXPECT_REFUSED((archive(record("hdrcharset", "ISO-IR 10646 2000 UTF-8") + record("linkpath", odd))),
                 "a value that it may not have: hdrcharset");
  EXPECT_REFUSED((archive(record("linkpath", ""))), "a value that it may not have: linkpath");
  EXPECT_REFUSED((archive(record("mtime", "1.5"))), "a key that Tidemark does not write: mtime");
  EXPECT_REFUSED((archive(record("linkpath", "x"), '0', "")), "has a target and is not a symlink");
  EXPECT_REFUSED((archive("", '0', "x")), "out of place");
  EXPECT_REFUSED((RawTar().member('0', kRoot, {}, "x")), "has a target and is not a symlink");
  // What one header said is forgotten at the next.
  EXPECT_REFUSED((RawTar()
                      .member('5', in(kRoot, ""))
                      .member('x', "p", binary + record("linkpath", odd))
                      .member('2', in(kRoot, "a"), {}, "x")
                      .member('x', "p", record("linkpath", odd))
                      .member('2', in(kRoot, "b"), {}, "x")),
                 needs);
}

}  // namespace
}  // namespace tidemark::tar
