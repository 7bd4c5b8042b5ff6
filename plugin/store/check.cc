#include "base/sha256.h"
#include "store/maintain.h"
#include "store/read_archive.h"
#include "store/stream.h"

namespace tidemark::store {
namespace {

// Takes the digest of each entry and gives it to the caller; or does nothing.
class EntryVisitor final : public tar::ContentVisitor {
 public:
  explicit EntryVisitor(const std::function<bool(const CheckedEntry&)>& visit) : visit_(visit) {}

  bool was_stopped() const { return was_stopped_; }
  void entry_bytes(std::span<const uint8_t> bytes) override {
    if (visit_) sha_.update(bytes.data(), bytes.size());
  }
  Status begin_entry(Lsn) override {
    if (visit_) sha_.reset();
    return {};
  }
  Status end_entry(Lsn lsn, uint64_t size_bytes) override {
    if (!visit_) return {};
    TM_ASSIGN(const Digest digest, sha_.finish());
    if (visit_({lsn, size_bytes, digest})) return {};
    was_stopped_ = true;
    return fail(TIDEMARK_E_CANCELLED, "the visitor has seen enough");
  }

 private:
  const std::function<bool(const CheckedEntry&)>& visit_;
  bool was_stopped_ = false;
  Sha256 sha_;
};

// Its only entry is all of its content but the end mark, whose digest comes with that of the whole.
Status check_single(sink::Sink& sink, std::string_view key, const ParsedKey& parsed,
                    const std::function<bool(const CheckedEntry&)>& visit, uint64_t* read_bytes,
                    const Call& deadline) {
  tar::ContentVisitor nothing;
  tar::FooterSplitter splitter;
  Status status = read_archive(sink, key, parsed, splitter, nothing, read_bytes, deadline);
  if (!status || !visit) return status;
  visit({parsed.name.range.last, splitter.content_bytes() - tar::kEndMarkSize,
         splitter.digest_before_end_mark()});
  return {};
}

}  // namespace

Status check(sink::Sink& sink, std::string_view key, const std::function<bool(const CheckedEntry&)>& visit,
             uint64_t* read_bytes, const tidemark_call* call) {
  TM_ASSIGN(const auto parsed, parse_key(key));
  const Call deadline(call);
  if (parsed.name.kind != ObjectKind::kArchive) {
    const auto object = read_record_object(sink, key, parsed, read_bytes, deadline);
    return object ? Status() : object.error();
  }
  if (parsed.name.range.first == parsed.name.range.last) {
    return check_single(sink, key, parsed, visit, read_bytes, deadline);
  }
  EntryVisitor visitor(visit);
  tar::FooterSplitter splitter;
  Status status = read_archive(sink, key, parsed, splitter, visitor, read_bytes, deadline);
  return visitor.was_stopped() ? Status() : status;
}

Result<Record> read_record(sink::Sink& sink, std::string_view key, const tidemark_call* call) {
  TM_ASSIGN(const auto parsed, parse_key(key));
  if (parsed.name.kind == ObjectKind::kArchive) {
    return fail(TIDEMARK_E_INVALID, std::string(key) + ": is an archive, not a record");
  }
  const Call deadline(call);
  TM_ASSIGN(const auto object, read_record_object(sink, key, parsed, nullptr, deadline));
  return parse_record(object, parsed);
}

}  // namespace tidemark::store
