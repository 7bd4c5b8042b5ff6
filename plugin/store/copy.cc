#include "store/copy.h"

#include <string>

#include "store/compare.h"
#include "store/proven_body.h"
#include "store/read_archive.h"
#include "store/record.h"
#include "store/store.h"

namespace tidemark::store {
namespace {

// One call, and whose the error is if it has one.
class Copier {
 public:
  Copier(sink::Sink& from, sink::Sink& to, const Copying& what, const ParsedKey& parsed, CopySide& failed,
         const Call& deadline)
      : from_(from), to_(to), what_(what), parsed_(parsed), failed_(failed), deadline_(deadline) {}

  Result<Copied> copy() { return is_archive() ? copy_archive() : copy_record(); }
  Status compare() { return is_archive() ? compare_archives() : compare_records(); }

 private:
  bool is_archive() const { return parsed_.name.kind == ObjectKind::kArchive; }
  Result<Copied> copy_archive();
  Result<Copied> copy_record();
  Status compare_archives();
  Status compare_records();
  Result<Footer> prove_source();
  Status compare_with(const Footer& here, Depth depth);
  Status prove_record_there(const std::string& here);

  sink::Sink& from_;
  sink::Sink& to_;
  const Copying& what_;
  const ParsedKey& parsed_;
  CopySide& failed_;
  const Call& deadline_;
};

// Head first: what is visible need not be durable yet.
Status Copier::compare_with(const Footer& here, Depth depth) {
  failed_ = CopySide::kDestination;
  TM_ASSIGN(const auto look, deadline_.next_call());
  TM_ASSIGN(const auto there, to_.head(what_.key, &look));
  TM_ASSIGN(const auto call, deadline_.next_call());
  return compare_with_copy(to_, what_.key, there.size_bytes, here, what_.size_bytes, depth, &call);
}

Result<Copied> Copier::copy_archive() {
  failed_ = CopySide::kSource;
  ProvenBody body(from_, what_.key, parsed_, what_.size_bytes, what_.progress, deadline_);
  TM_TRY(body.prepare(what_.buffer_bytes, to_));
  failed_ = CopySide::kDestination;
  TM_ASSIGN(const auto call, deadline_.next_call());
  Status put = to_.put(what_.key, body.source(), TIDEMARK_PUT_IF_ABSENT, &call);
  if (body.failure()) {
    failed_ = CopySide::kSource;
    return *body.failure();
  }
  if (put) return Copied::kCopied;
  if (put.error().status != TIDEMARK_E_EXISTS) return std::move(put.error());
  // It may be our own, put by an attempt whose answer was lost.
  failed_ = CopySide::kSource;
  std::optional<Footer> footer = body.footer();
  if (!footer) {  // what is there was found before this was read
    TM_ASSIGN(footer, prove_source());
  }
  TM_TRY(compare_with(*footer, Depth::kFull));
  return Copied::kThere;
}

Result<Footer> Copier::prove_source() {
  failed_ = CopySide::kSource;
  tar::ContentVisitor nothing;
  tar::ArchiveProof proof(parsed_, codec::no_keys(),
                          parsed_.name.coding == Coding::kNone ? &nothing : nullptr);
  return read_archive(from_, what_.key, proof, what_.progress, deadline_);
}

Status Copier::compare_archives() {
  failed_ = CopySide::kSource;
  if (what_.read_whole) {
    TM_ASSIGN(const Footer proven, prove_source());
    return compare_with(proven, Depth::kFull);
  }
  TM_ASSIGN(const auto call, deadline_.next_call());
  TM_ASSIGN(const Footer footer, read_footer(from_, what_.key, &call));
  Status same = compare_with(footer, Depth::kFooter);
  const bool differs =
      !same && (same.error().status == TIDEMARK_E_EXISTS || same.error().status == TIDEMARK_E_CORRUPT);
  if (!differs) return same;
  TM_TRY(prove_source());  // which of the two it is that is wrong
  failed_ = CopySide::kDestination;
  return same;
}

// What a record says lies in its name, but for that of an epoch: two of one name are two histories.
Status Copier::prove_record_there(const std::string& here) {
  failed_ = CopySide::kDestination;
  TM_TRY(prove_record(to_, what_.key, parsed_, deadline_));
  if (parsed_.name.kind != ObjectKind::kEpoch) return {};
  TM_ASSIGN(const std::string there, read_record_object(to_, what_.key, parsed_, deadline_));
  if (there == here) return {};
  return fail(TIDEMARK_E_EXISTS, std::string(what_.key) +
                                     " is the record of another history: both sides have "
                                     "an epoch " +
                                     std::to_string(parsed_.name.epoch) + ", and they are not the same");
}

Result<Copied> Copier::copy_record() {
  failed_ = CopySide::kSource;
  TM_ASSIGN(const std::string object, read_record_object(from_, what_.key, parsed_, deadline_));
  if (what_.progress) what_.progress(object.size());
  failed_ = CopySide::kDestination;
  Status put = put_record(to_, what_.key, object, deadline_);
  if (put) return Copied::kCopied;
  if (put.error().status != TIDEMARK_E_EXISTS) return std::move(put.error());
  TM_TRY(prove_record_there(object));
  return Copied::kThere;
}

Status Copier::compare_records() {
  failed_ = CopySide::kSource;
  TM_ASSIGN(const std::string object, read_record_object(from_, what_.key, parsed_, deadline_));
  return prove_record_there(object);
}

}  // namespace

Result<Copied> copy_object(sink::Sink& from, sink::Sink& to, const Copying& what, CopySide* failed,
                           const tidemark_call* call) {
  *failed = CopySide::kNone;
  TM_ASSIGN(const auto parsed, parse_key(what.key));
  const Call deadline(call);
  return Copier(from, to, what, parsed, *failed, deadline).copy();
}

Status compare_copies(sink::Sink& from, sink::Sink& to, const Copying& what, CopySide* failed,
                      const tidemark_call* call) {
  *failed = CopySide::kNone;
  TM_ASSIGN(const auto parsed, parse_key(what.key));
  const Call deadline(call);
  return Copier(from, to, what, parsed, *failed, deadline).compare();
}

}  // namespace tidemark::store
