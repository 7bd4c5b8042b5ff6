// fuzz_seeds DIR: writes what the fuzzers start from, below DIR by target.
#include <cstdio>
#include <filesystem>

#include "codec/age_seal.h"
#include "codec/zstd_compress.h"
#include "format/epoch_record.h"
#include "format/footer.h"
#include "format/object_name.h"
#include "store/record.h"
#include "tar/entry_source.h"
#include "tar/raw_tar.h"
#include "temp_dir.h"

using namespace tidemark;
namespace fs = std::filesystem;

namespace {

class Seeds {
 public:
  explicit Seeds(const std::string& directory) : directory_(directory) { fs::create_directories(directory_); }
  void add(std::string_view seed) { test::write_file(directory_ + "/" + std::to_string(++count_), seed); }

 private:
  const std::string directory_;
  int count_ = 0;
};

void make_azblob(const std::string& directory) {
  Seeds seeds(directory);
  seeds.add(
      "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults><Blobs><Blob><Name "
      "Encoded=\"true\">a%EF%BF%BE</Name><Properties><Last-Modified>Wed, 25 Nov 2026 03:00:00 "
      "GMT</Last-Modified><Content-Length>5</Content-Length><ResourceType>file</ResourceType></Properties></"
      "Blob>"
      "<BlobPrefix><Name>b/</Name></BlobPrefix></Blobs><NextMarker>2!x</NextMarker></EnumerationResults>");
  seeds.add(
      "<?xml version=\"1.0\"?><Error><Code>BlobAlreadyExists</Code><Message>no\nTime:1</Message></Error>");
  seeds.add("bytes 3-7/9\nabcde");
  seeds.add("bytes 3-2/3");
  seeds.add(R"({"access_token":"t","expires_in":"3599","expires_on":1700000100})");
  seeds.add(R"({"error":{"code":"c","message":"m"},"error_description":"AADSTS1\r\nTrace"})");
  seeds.add(
      "DefaultEndpointsProtocol=https;AccountName=name;AccountKey=c2VjcmV0;EndpointSuffix=core.windows.net");
  seeds.add("?sv=2022-11-02&sr=c&sp=rcl&se=2026-11-29T12%3A00Z&sig=a%2Bb%3D");
}

void make_names(const std::string& directory) {
  Seeds seeds(directory);
  using enum ObjectKind;
  const Lsn last = ~Lsn{0};
  for (const Range range : {Range{1, 1}, {1, 36}, {last, last}, {1, last}}) {
    for (const auto kind : {kArchive, kGap, kAccepted, kPruned, kOrigin})
      seeds.add(object_key("db-1.x_y", last, range, kind));
  }
  seeds.add(object_key("db", 7, {{1, 36}, kArchive, 12, Coding::kZstdAge}));
  seeds.add(object_key("db", 7, {{1, 36}, kArchive, 1, Coding::kZstd}));
  seeds.add(object_key("db", 7, {{1, 36}, kGap, 2, Coding::kNone}));
  seeds.add(object_key("db", 0, {{}, kEpoch, 36, Coding::kNone}));
  seeds.add(partition_prefix("db", 0) + "foreign");
  seeds.add("0000000000010");
  seeds.add("1-5,7");  // a chain
  seeds.add("0000000000010-0000000000001.tar");
}

void make_postgres(const std::string& directory) {
  Seeds seeds(directory);
  for (const char* name : {"000000010000000000000001", "00000002.history",
                           "000000010000000000000002.00000028.backup", "00000003000000010000000D.partial"})
    seeds.add(name);
  seeds.add("1\t0/3000078\tno recovery target specified\n2\t1/A0\tbefore 2026\n");
  seeds.add(
      "START WAL LOCATION: 0/2000028 (file 000000010000000000000002)\nSTOP WAL LOCATION: 0/3000050 (file x)\n"
      "LABEL: weekly\nSTOP TIME: 2026-11-29 10:00:01 UTC\n");
  seeds.add("# settings\ntidemark.sink = 'file:///it''s' # why\ninclude_dir 'conf.d'\narchive_mode on\n");
  const std::string page("\x10\xD1\x02\0\1\0\0\0\0\0\0\2\0\0\0\0\0\0\0\0\0\0\0\0", 24);
  seeds.add(page + std::string(16, '\0'));
}

void make_gs(const std::string& directory) {
  Seeds seeds(directory);
  seeds.add(
      "200\n\n{\"kind\":\"storage#objects\",\"nextPageToken\":\"t\",\"prefixes\":[\"a/"
      "\"],\"items\":[{\"name\":\"b\","
      "\"size\":\"1\",\"updated\":\"2024-02-29T12:00:00Z\"}]}");
  seeds.add(
      "200\n\n{\"kind\":\"storage#object\",\"size\":\"9\",\"crc32c\":\"4waSgw==\","
      "\"updated\":\"2024-02-29T12:00:00.123Z\"}");
  seeds.add(
      "412\n\n{\"error\":{\"code\":412,\"message\":\"m\",\"errors\":[{\"reason\":\"conditionNotMet\"}]}}");
  seeds.add(
      "404\n\n{\"error\":{\"code\":404,\"message\":\"No such object: "
      "b/k\",\"errors\":[{\"reason\":\"notFound\"}]}}");
  seeds.add(
      "200\n\n<?xml "
      "version='1.0'?><ListBucketResult><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
      "<Contents><Key>a+b%2F</Key><LastModified>2024-02-29T12:00:00Z</LastModified><Size>1</Size></Contents>"
      "<NextContinuationToken>t</NextContinuationToken></ListBucketResult>");
  seeds.add("200\nx-goog-hash: crc32c=4waSgw==,md5=x\nx-goog-stored-content-length: 9\n\n");
  seeds.add("412\n\n<Error><Code>PreconditionFailed</Code><Message>m</Message></Error>");
  seeds.add("308\nrange: bytes=0-262143\n\n");
  seeds.add("200\nlocation: https://host.example/upload?upload_id=x\n\n");
  seeds.add("429\nretry-after: 7\n\n<html></html>");
  seeds.add("200\n\n{\"access_token\":\"t\",\"expires_in\":3599,\"token_type\":\"Bearer\"}");
  seeds.add(
      "200\n\n{\"type\":\"authorized_user\",\"client_id\":\"i\",\"client_secret\":\"s\",\"refresh_token\":"
      "\"r\"}");
  seeds.add(
      "200\n\n{\"type\":\"external_account\",\"audience\":\"a\",\"subject_token_type\":\"t\",\"token_url\":"
      "\"https://s/\",\"credential_source\":{\"file\":\"/t\",\"format\":{\"type\":\"text\"}}}");
}

void make_footers(const std::string& directory) {
  Seeds seeds(directory);
  const auto add = [&](const FooterBlock& block) { seeds.add({block.data(), block.size()}); };
  const Digest digest{1, 2, 3};
  Footer footer = {.sha256 = digest, .storage = "db", .partition = 7, .range = {1, 9}};
  add(format_footer(footer));
  footer.made_us = 1'700'000'000'000'000;
  add(format_footer(footer));
  footer.epoch = 12;
  footer.content = {digest, 4096};
  add(format_footer(footer));
  footer.content.reset();
  footer.tag = {{1, 2, 3, 4}, digest};
  add(format_footer(footer));
  add(format_footer({.kind = ObjectKind::kGap, .storage = "db", .partition = 7, .range = {1, ~Lsn{0}}}));
  add(format_footer({.kind = ObjectKind::kPruned,
                     .sha256 = digest,
                     .storage = std::string(128, 's'),
                     .partition = ~uint64_t{0},
                     .range = {1, 9}}));
  for (const auto kind : {ObjectKind::kAccepted, ObjectKind::kOrigin})
    add(format_footer({.kind = kind, .sha256 = digest, .storage = "db", .partition = 7, .range = {1, 9}}));
  add(format_footer({.kind = ObjectKind::kEpoch, .sha256 = digest, .storage = "db", .epoch = 9}));
  EpochRecord epoch = {1'700'000'000'000'000, {1, 2, 3}, {4, 5},         8,
                       Claim::kTakeover,      "host-1",  "the disk died"};
  seeds.add(epoch_record_text(epoch));
  epoch.how = Claim::kFirst;
  epoch.reason.clear();
  seeds.add(epoch_record_text(epoch));
  for (const auto kind : {ObjectKind::kAccepted, ObjectKind::kPruned, ObjectKind::kOrigin}) {
    const std::string reason = kind == ObjectKind::kAccepted ? "lost in the fire, caf\xc3\xa9" : "";
    const std::string object = *store::format_record({kind, 1'700'000'000'000'000, reason}, "db", 7, {1, 9});
    seeds.add(std::string_view(object).substr(0, object.size() - kFooterSize));
  }
}

class TextReader final : public codec::ByteReader {
 public:
  explicit TextReader(std::string text) : text_(std::move(text)) {}
  Result<size_t> read(uint64_t offset, uint8_t* out, size_t size) override {
    if (offset >= text_.size()) return size_t{0};
    return text_.copy(reinterpret_cast<char*>(out), size, offset);
  }

 private:
  const std::string text_;
};

// Contents of archives of the entries 1..last: small trees, and what only pax can say.
void make_contents(const std::string& directory, Lsn last) {
  Seeds seeds(directory);
  const test::TempDir dir;
  for (Lsn lsn = 1; lsn <= last; ++lsn) {
    const std::string entry = dir / ("tree" + std::to_string(lsn));
    fs::create_directories(entry + "/sub/empty");
    test::write_file(entry + "/file", std::string(700 * lsn, 'f'), 0640);
    test::write_file(entry + "/sub/zero", "");
    fs::create_symlink("../outside/file", entry + "/sub/link");
    test::write_file(dir / ("file" + std::to_string(lsn)), "an entry that is a file");
    const std::string deep = dir / ("pax" + std::to_string(lsn)) + "/" + std::string(110, 'n');
    fs::create_directories(deep);
    test::write_file(deep + "/" + std::string(180, 'm') + "\xc3\xa9", "deep");
    fs::create_symlink(std::string(150, 't'), deep + "/link");
  }
  tar::EntrySource source{tar::SourceLimits()};
  for (const char* kind : {"tree", "file", "pax"}) {
    std::vector<std::string> paths;
    std::vector<tree::EntryPath> entries;
    for (Lsn lsn = 1; lsn <= last; ++lsn) paths.push_back(dir / (kind + std::to_string(lsn)));
    for (Lsn lsn = 1; lsn <= last; ++lsn) entries.push_back({lsn, paths[lsn - 1]});
    if (const Status opened = source.open("db", 7, entries, {}); !opened) {
      throw std::runtime_error(opened.error().message);
    }
    seeds.add({reinterpret_cast<const char*>(source.data()), source.size_bytes() - kFooterSize});
  }
  const std::string one = "0000000000001";
  const std::string hostile = test::RawTar()
                                  .member('5', one + "/")
                                  .member('2', one + "/out", "", "../../outside")
                                  .member('0', one + "/out/file", "through a link")
                                  .member('0', one + "/../up", "up")
                                  .member('1', one + "/hard", "", "/etc/passwd")
                                  .pax("size", "99999999999")
                                  .member('0', "/absolute", "root")
                                  .object();
  seeds.add(std::string_view(hostile).substr(0, hostile.size() - kFooterSize));
}

// The first byte says what it is, see coded.cc. Of a file of age only what makes it one: its header.
void make_coded(const std::string& directory) {
  Seeds seeds(directory);
  for (const bool encrypted : {false, true}) {
    for (const size_t size : {size_t{0}, size_t{100}, size_t{5000}}) {
      const std::string tar = std::string(size, 'x') + "0123456789";
      TextReader plain(tar);
      codec::ZstdCompressor compressor;
      compressor.begin(plain, tar.size(), 1, !encrypted);
      std::string frames(10'000, '\0');
      const auto count = compressor.read(0, reinterpret_cast<uint8_t*>(frames.data()), frames.size());
      std::string rest(100, '\0');
      const auto more = compressor.read(*count, reinterpret_cast<uint8_t*>(rest.data()), rest.size());
      seeds.add((encrypted ? "\1" : std::string(1, '\0')) + frames.substr(0, *count) + rest.substr(0, *more));
    }
  }
  const auto identity = codec::parse_identities(
      "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX\n", "identity");
  codec::AgeSealer sealer({identity->front().recipient()});
  TextReader plain("what is sealed");
  if (!sealer.begin(plain)) throw std::runtime_error("cannot seal");
  std::string file(1000, '\0');
  const auto count = sealer.read(0, reinterpret_cast<uint8_t*>(file.data()), file.size());
  seeds.add("\2" + file.substr(0, *count));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: fuzz_seeds DIR\n", stderr);
    return 2;
  }
  const std::string directory = argv[1];
  make_azblob(directory + "/azblob");
  make_names(directory + "/names");
  make_postgres(directory + "/postgres");
  make_gs(directory + "/gs");
  make_footers(directory + "/footers");
  make_contents(directory + "/content", 3);
  make_contents(directory + "/extract", 2);
  make_coded(directory + "/coded");
  return 0;
}
