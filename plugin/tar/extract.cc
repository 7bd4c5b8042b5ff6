#include "tar/extract.h"

#include <string>
#include <utility>

#include "format/object_name.h"
#include "tar/content_parser.h"
#include "tar/content_stream.h"
#include "tar/tree_builder.h"

namespace tidemark::tar {
namespace {

class Extractor final : public ContentVisitor {
 public:
  Extractor(ByteStream& bytes, const Extraction& wanted, const Call& call)
      : bytes_(bytes), wanted_(wanted), call_(call), parser_(wanted.range, *this, wanted.limits.members) {}

  Status run();

  Status member(const ParsedMember& member) override;
  Status file_bytes(std::span<const uint8_t> bytes) override {
    return in_wanted_ ? builder_.write(bytes.data(), bytes.size()) : Status();
  }
  Status end_file() override { return in_wanted_ ? builder_.end_file() : Status(); }

 private:
  std::string wanted_text() const {
    const auto text = lsn_text(wanted_.lsn);
    return {text.data(), text.size()};
  }
  Status not_cancelled() const {
    Status status = call_.check();
    if (!status)
      status.error().message = "the restore of entry " + wanted_text() + ": " + status.error().message;
    return status;
  }
  Status read_all();
  Status take(std::span<const uint8_t> content);

  ByteStream& bytes_;
  const Extraction& wanted_;
  const Call& call_;
  FooterSplitter splitter_;
  ContentParser parser_;
  Status content_;  // the first thing wrong with the members; the digest is still wanted then
  bool in_wanted_ = false;
  TreeBuilder builder_;
};

Status Extractor::run() {
  if (Status status = builder_.begin(wanted_.directory, wanted_.lsn); !status) return status;
  if (Status status = read_all(); !status) return status;
  const auto footer = splitter_.check(wanted_.storage, wanted_.partition, wanted_.range);
  if (!footer) return footer.error();
  if (content_) content_ = parser_.finish();
  if (!content_) return fail(TIDEMARK_E_CORRUPT, content_.error().message + "; nothing was restored");
  if (Status status = builder_.finish(); !status) return status;
  return builder_.publish();
}

Status Extractor::read_all() {
  for (;;) {
    if (Status status = not_cancelled(); !status) return status;
    const auto piece = bytes_.next();
    if (!piece) return piece.error();
    if (piece->empty()) return {};
    const auto pieces = splitter_.push(*piece);
    if (Status status = take(pieces.first); !status) return status;
    if (Status status = take(pieces.second); !status) return status;
  }
}

Status Extractor::take(std::span<const uint8_t> content) {
  if (!content_) return {};
  content_ = parser_.push(content);
  return content_ || content_.error().status == TIDEMARK_E_CORRUPT ? Status() : content_;
}

Status Extractor::member(const ParsedMember& member) {
  in_wanted_ = member.lsn == wanted_.lsn;
  if (!in_wanted_) return {};
  switch (member.type) {
    case MemberType::kDirectory:
      return builder_.add_directory(member.path, member.mode);
    case MemberType::kSymlink:
      return builder_.add_symlink(member.path, std::string(member.link));
    case MemberType::kFile:
      break;
  }
  return builder_.begin_file(member.path, member.mode);
}

}  // namespace

Status extract_entry(ByteStream& bytes, const Extraction& wanted, const Call& call) {
  if (!wanted.range.contains(wanted.lsn)) {
    return fail(TIDEMARK_E_CORRUPT, "entry " + std::to_string(wanted.lsn) + " is not in the archive");
  }
  return Extractor(bytes, wanted, call).run();
}

}  // namespace tidemark::tar
