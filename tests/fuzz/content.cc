// The content of an archive, taken apart in memory.
#include <map>

#include "fuzz.h"
#include "tar/content_parser.h"
#include "tar/content_stream.h"
#include "tar/entry_digests.h"

using namespace tidemark;

namespace {

constexpr Range kRange{1, 3};

// What the strict parser promises of what it hands on.
class Witness final : public tar::ContentVisitor {
 public:
  Status begin_entry(Lsn lsn) override {
    fuzz::require(lsn == expected_ && kRange.contains(lsn), "entries come in order");
    fuzz::require(!in_entry_, "one entry ends before the next");
    in_entry_ = true;
    sha_.reset();
    return {};
  }
  void entry_bytes(std::span<const uint8_t> bytes) override {
    fuzz::require(in_entry_, "bytes of an entry come inside it");
    sha_.update(bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  Status member(const tar::ParsedMember& member) override {
    fuzz::require(in_entry_ && file_left_ == 0, "a member comes after the last one's end");
    fuzz::require(member.lsn == expected_, "a member is of its entry");
    fuzz::require(member.path.size() <= tree::kMemberNameMax, "names have a limit");
    fuzz::require(("/" + std::string(member.path) + "/").find("/../") == std::string::npos,
                  "no way leads up");
    fuzz::require(!member.path.starts_with('/'), "no way begins at the root");
    fuzz::require(member.path.find('\0') == std::string_view::npos, "a name is text");
    if (member.type == tar::MemberType::kFile) file_left_ = member.size_bytes;
    return {};
  }
  Status file_bytes(std::span<const uint8_t> bytes) override {
    fuzz::require(bytes.size() <= file_left_, "a file has no more bytes than it says");
    file_left_ -= bytes.size();
    return {};
  }
  Status end_file() override {
    fuzz::require(file_left_ == 0, "a file has all its bytes");
    return {};
  }
  Status end_entry(Lsn lsn, uint64_t size_bytes) override {
    fuzz::require(in_entry_ && lsn == expected_ && size_bytes == size_, "an entry ends as it began");
    digests[lsn] = sha_.finish().value();
    in_entry_ = false;
    size_ = 0;
    ++expected_;
    return {};
  }

  std::map<Lsn, Digest> digests;

 private:
  Lsn expected_ = kRange.first;
  bool in_entry_ = false;
  uint64_t file_left_ = 0;
  uint64_t size_ = 0;
  Sha256 sha_;
};

// In pieces of a size that never meets the blocks, or at once.
bool parse(std::string_view content, size_t step, tar::ContentVisitor& visitor) {
  tar::ContentParser parser(kRange, visitor);
  Status status;
  while (status && !content.empty()) {
    const std::string_view piece = content.substr(0, step);
    status = parser.push(fuzz::bytes_of(piece));
    content.remove_prefix(piece.size());
  }
  if (status) status = parser.finish();
  fuzz::require(status || status.error().status == TIDEMARK_E_CORRUPT, "bytes are right or CORRUPT");
  return status.has_value();
}

void check_splitter(std::string_view object) {
  tar::FooterSplitter splitter;
  std::string content;
  for (std::string_view rest = object; !rest.empty();) {
    const std::string_view piece = rest.substr(0, 1 + rest.size() % 700);
    const auto [first, second] = splitter.push(fuzz::bytes_of(piece));
    content.append(reinterpret_cast<const char*>(first.data()), first.size());
    content.append(reinterpret_cast<const char*>(second.data()), second.size());
    rest.remove_prefix(piece.size());
  }
  fuzz::require(content.append(splitter.tail()) == object, "an object is its content and its tail");
  fuzz::require(splitter.check({"db", 7, {kRange}}).has_value(), "a footer that fits is found to fit");
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string content = fuzz::as_content(fuzz::text_of(data, size));
  Witness whole;
  Witness pieces;
  const bool is_right = parse(content, SIZE_MAX, whole);
  fuzz::require(parse(content, 77, pieces) == is_right, "how bytes come makes no difference");
  fuzz::require(whole.digests == pieces.digests, "nor to the digests");

  std::map<Lsn, Digest> digests;
  const tar::EntryDigests::Take keep = [&](Lsn lsn, uint64_t, const Digest& digest) -> Status {
    digests[lsn] = digest;
    return {};
  };
  tar::EntryDigests visitor(kRange, keep);
  fuzz::require(parse(content, SIZE_MAX, visitor) == is_right, "who visits makes no difference");
  fuzz::require(digests == whole.digests, "both digest the same bytes");
  check_splitter(fuzz::as_object(content, kRange));
  return 0;
}
