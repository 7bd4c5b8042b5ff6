#include "tar/extract.h"

#include <string>
#include <utility>

#include "tar/content_parser.h"
#include "tree/tree_builder.h"

namespace tidemark::tar {
namespace {

class Extractor final : public ContentVisitor {
 public:
  Extractor(ByteStream& bytes, const Extraction& wanted, const codec::Keys& keys,
            const ArchiveProof::AskFooter& ask_footer, const Call& call)
      : bytes_(bytes),
        wanted_(wanted),
        call_(call),
        proof_({wanted.storage,
                wanted.partition,
                {wanted.range, ObjectKind::kArchive, wanted.epoch, wanted.coding, wanted.begun}},
               keys, this, ask_footer, wanted.limits.members) {}

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

  ByteStream& bytes_;
  const Extraction& wanted_;
  const Call& call_;
  ArchiveProof proof_;
  bool in_wanted_ = false;
  tree::TreeBuilder builder_;
};

Status Extractor::run() {
  TM_TRY(builder_.begin(wanted_.directory, wanted_.lsn));
  TM_TRY(read_all());
  auto footer = proof_.finish();
  if (!footer && footer.error().status == TIDEMARK_E_CORRUPT)
    footer.error().message += "; nothing was restored";
  if (!footer) return std::move(footer.error());
  TM_TRY(builder_.finish());
  return builder_.publish();
}

Status Extractor::read_all() {
  for (;;) {
    TM_TRY(not_cancelled());
    TM_ASSIGN(const auto piece, bytes_.next());
    if (piece.empty()) return {};
    TM_TRY(proof_.push(piece));
  }
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

Status extract_entry(ByteStream& bytes, const Extraction& wanted, const Call& call, const codec::Keys& keys,
                     const ArchiveProof::AskFooter& ask_footer) {
  if (!wanted.range.contains(wanted.lsn)) {
    return fail(TIDEMARK_E_CORRUPT, "entry " + std::to_string(wanted.lsn) + " is not in the archive");
  }
  return Extractor(bytes, wanted, keys, ask_footer, call).run();
}

}  // namespace tidemark::tar
