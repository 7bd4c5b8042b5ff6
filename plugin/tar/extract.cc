#include "tar/extract.h"

#include <archive.h>
#include <archive_entry.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "core/archive_name.h"
#include "tar/content_stream.h"
#include "tar/format.h"
#include "tar/tree_builder.h"

namespace tidemark::tar {
namespace {

class Extractor {
 public:
  Extractor(ByteStream& bytes, const Extraction& wanted, Cancel cancel)
      : bytes_(bytes), wanted_(wanted), cancel_(cancel), wanted_text_(core::lsn_text(wanted.lsn)) {}

  Status run() {
    if (Status status = builder_.begin(wanted_.directory, wanted_.lsn); !status) return status;
    if (Status status = extract_members(); !status) return status;
    if (Status status = drain(); !status) return status;
    const auto footer = splitter_.check(wanted_.storage, wanted_.partition, wanted_.range);
    if (!footer) return tl::unexpected(footer.error());
    if (!builder_.has_entry()) return refuse("entry " + wanted_text() + " is not in the archive");
    if (Status status = builder_.finish(); !status) return status;
    return builder_.publish();
  }

 private:
  struct FreeArchive {
    void operator()(archive* reader) const { archive_read_free(reader); }
  };
  using Reader = std::unique_ptr<archive, FreeArchive>;

  std::string wanted_text() const { return {wanted_text_.data(), wanted_text_.size()}; }
  tl::unexpected<Error> refuse(const std::string& what) const {
    return fail(TIDEMARK_E_CORRUPT, what + "; nothing was restored");
  }
  Status not_cancelled() const {
    if (cancel_.is_cancelled == nullptr || !cancel_.is_cancelled(cancel_.ctx)) return {};
    return fail(TIDEMARK_E_CANCELLED, "the restore of entry " + wanted_text() + " was cancelled");
  }

  Status extract_members();
  Status extract_member(archive* reader, archive_entry* entry);
  Status extract_file(archive* reader, archive_entry* entry, std::string_view path);
  Status drain();
  Result<std::span<const uint8_t>> next_content();
  tl::unexpected<Error> reader_failed(archive* reader);
  static la_ssize_t give(archive* reader, void* self, const void** out);

  ByteStream& bytes_;
  const Extraction& wanted_;
  const Cancel cancel_;
  const std::array<char, core::kLsnTextSize> wanted_text_;
  FooterSplitter splitter_;
  std::span<const uint8_t> second_piece_;
  std::optional<Error> stream_error_;
  core::Lsn last_root_ = core::kNoLsn;
  uint64_t members_ = 0;
  TreeBuilder builder_;
};

// The next bytes before the footer; empty at their end.
Result<std::span<const uint8_t>> Extractor::next_content() {
  if (!second_piece_.empty()) return std::exchange(second_piece_, {});
  for (;;) {
    if (Status status = not_cancelled(); !status) return tl::unexpected(std::move(status.error()));
    auto piece = bytes_.next();
    if (!piece || piece->empty()) return piece;
    const auto pieces = splitter_.push(*piece);
    second_piece_ = pieces.second;
    if (!pieces.first.empty()) return pieces.first;
    if (!second_piece_.empty()) return std::exchange(second_piece_, {});
  }
}

la_ssize_t Extractor::give(archive* reader, void* self, const void** out) {
  auto* extractor = static_cast<Extractor*>(self);
  auto piece = extractor->next_content();
  if (!piece) {
    extractor->stream_error_ = std::move(piece.error());
    archive_set_error(reader, EIO, "the object could not be read");
    return ARCHIVE_FATAL;
  }
  *out = piece->data();
  return static_cast<la_ssize_t>(piece->size());
}

// Everything behind the end mark belongs to the digest too.
Status Extractor::drain() {
  for (;;) {
    const auto piece = next_content();
    if (!piece) return tl::unexpected(piece.error());
    if (piece->empty()) return {};
  }
}

tl::unexpected<Error> Extractor::reader_failed(archive* reader) {
  if (stream_error_) return tl::unexpected<Error>(*stream_error_);
  const char* text = archive_error_string(reader);
  return refuse("the object is no whole tar archive (" +
                std::string(text != nullptr ? text : "unknown error") + ")");
}

Status Extractor::extract_members() {
  const Reader reader(archive_read_new());
  if (!reader) return fail(TIDEMARK_E_RETRYABLE, "no memory for reading an archive");
  // Names come as the bytes they are, whatever the process's locale: our pax records say hdrcharset=BINARY.
  if (archive_read_support_format_tar(reader.get()) != ARCHIVE_OK ||
      archive_read_open(reader.get(), this, nullptr, give, nullptr) != ARCHIVE_OK) {
    return reader_failed(reader.get());
  }
  for (;;) {
    archive_entry* entry = nullptr;
    const int result = archive_read_next_header(reader.get(), &entry);
    if (result == ARCHIVE_EOF) return {};
    if (result != ARCHIVE_OK) return reader_failed(reader.get());
    if (++members_ > wanted_.limits.members) {
      return refuse("the archive has " + too_many_members_text(wanted_.limits.members));
    }
    if (Status status = extract_member(reader.get(), entry); !status) return status;
  }
}

Status Extractor::extract_member(archive* reader, archive_entry* entry) {
  const char* raw = archive_entry_pathname(entry);
  if (raw == nullptr) return refuse("a member has no name");
  std::string_view name(raw);
  const std::string shown = "member " + std::string(name.substr(0, 200));

  const auto type = archive_entry_filetype(entry);
  if (archive_entry_hardlink(entry) != nullptr) return refuse(shown + " is a hard link");
  if (type != AE_IFREG && type != AE_IFDIR && type != AE_IFLNK) {
    return refuse(shown + " is neither a file nor a directory nor a symlink");
  }
  if (archive_entry_sparse_count(entry) > 0) return refuse(shown + " is stored with holes");
  if (type == AE_IFDIR && name.ends_with('/')) name.remove_suffix(1);
  if (name.size() > kMemberPathMax) return refuse(shown + "... has " + too_long_path_text());

  const std::string_view root = name.substr(0, name.find('/'));
  const auto lsn = core::parse_lsn_text(root);
  if (!lsn || !wanted_.range.contains(*lsn)) {
    return refuse(shown + " lies outside of the entries the archive is to hold");
  }
  if (*lsn < last_root_) return refuse(shown + " is out of order");
  last_root_ = *lsn;
  if (*lsn != wanted_.lsn) return {};

  const std::string_view path =
      root.size() == name.size() ? std::string_view() : name.substr(root.size() + 1);
  if (path.empty() && root.size() != name.size()) return refuse(shown + " has an empty name in its path");
  const mode_t mode = archive_entry_perm(entry) & 07777;
  if (type == AE_IFDIR) return builder_.add_directory(path, mode);
  if (type == AE_IFLNK) {
    const char* target = archive_entry_symlink(entry);
    if (target != nullptr && std::strlen(target) > kLinkTargetMax) {
      return refuse(shown + " has a target longer than " + std::to_string(kLinkTargetMax) + " bytes");
    }
    return builder_.add_symlink(path, target != nullptr ? target : "");
  }
  if (Status status = builder_.begin_file(path, mode); !status) return status;
  return extract_file(reader, entry, shown);
}

Status Extractor::extract_file(archive* reader, archive_entry* entry, std::string_view shown) {
  const int64_t size = archive_entry_size(entry);
  int64_t done = 0;
  for (;;) {
    const void* data = nullptr;
    size_t count = 0;
    la_int64_t offset = 0;
    const int result = archive_read_data_block(reader, &data, &count, &offset);
    if (result == ARCHIVE_EOF) break;
    if (result != ARCHIVE_OK) return reader_failed(reader);
    if (offset != done) return refuse(std::string(shown) + " is stored with holes");
    if (Status status = builder_.write(data, count); !status) return status;
    done += static_cast<int64_t>(count);
  }
  if (done != size) {
    return refuse(std::string(shown) + " has " + std::to_string(done) + " bytes, its header says " +
                  std::to_string(size));
  }
  return builder_.end_file();
}

}  // namespace

Status extract_entry(ByteStream& bytes, const Extraction& wanted, Cancel cancel) {
  return Extractor(bytes, wanted, cancel).run();
}

}  // namespace tidemark::tar
