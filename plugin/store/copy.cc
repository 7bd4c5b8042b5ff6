#include "store/copy.h"

#include <string>
#include <utility>

#include "codec/tag.h"
#include "store/compare.h"
#include "store/encoded_body.h"
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

  Result<CopyResult> copy() { return is_archive() ? copy_archive() : copy_record(); }
  Result<Compared> compare() { return is_archive() ? compare_archives() : compare_records(); }

 private:
  // What is known of an archive of the source.
  struct Known {
    Footer footer;
    std::optional<ArchiveContent> content;  // nothing: it is encrypted, and was not decrypted
    bool is_read = false;                   // its body too, and not the footer alone
  };
  bool is_archive() const { return parsed_.name.kind == ObjectKind::kArchive; }
  Coding wanted_coding() const;
  bool encodes() const;
  Result<CopyResult> copy_archive();
  Result<CopyResult> copy_stored();
  Result<CopyResult> copy_encoded();
  Result<CopyResult> copy_record();
  Status put(std::string_view key, const CopiedBody& body);
  Status check_to_key() const;
  Status check_source_tag() const;
  Status check_source_tag_key(const Footer& footer) const;
  Result<Compared> compare_archives();
  Result<Compared> compare_records();
  Result<Known> prove_source();
  bool may_decrypt_source() const {
    return encrypts(parsed_.name.coding) && !what_.from_keys.identities.empty();
  }
  Result<Compared> compare_with(const Known& here, std::string_view to_key, Depth depth);
  Status prove_record_there(const std::string& here);

  sink::Sink& from_;
  sink::Sink& to_;
  const Copying& what_;
  const ParsedKey& parsed_;
  CopySide& failed_;
  const Call& deadline_;
};

Coding Copier::wanted_coding() const {
  const codec::Encoding& wanted = what_.encoding->wanted;
  const bool may_compress = !what_.encoding->keeps_compression || compresses(parsed_.name.coding);
  return coding_of(may_compress && compresses(wanted.coding), encrypts(wanted.coding));
}

// Whether somebody who has no key would see a difference: recipients and levels are not known of what is
// stored.
bool Copier::encodes() const {
  if (!what_.encoding || !is_archive()) return false;
  const Coding coding = wanted_coding();
  if (coding != parsed_.name.coding || encrypts(coding)) return true;
  return coding != Coding::kNone && !what_.encoding->keeps_compression;
}

// Head first: what is visible need not be durable yet.
Result<Compared> Copier::compare_with(const Known& here, std::string_view to_key, Depth depth) {
  failed_ = CopySide::kDestination;
  TM_ASSIGN(const auto look, deadline_.next_call());
  TM_ASSIGN(const auto there, to_.head(to_key, &look));
  TM_ASSIGN(const auto call, deadline_.next_call());
  if (!here.content) {
    TM_TRY(compare_tagged(to_, to_key, here.footer, what_.to_keys, depth, &call));
    return Compared::kTag;
  }
  uint64_t read_bytes = 0;
  auto compared =
      compare_archive(to_, to_key, there.size_bytes, *here.content, what_.to_keys, depth, &read_bytes, &call);
  // Without a tag key two tags can still be the same; the bytes were read.
  if (!compared && compared.error().status == TIDEMARK_E_SEALED && here.footer.tag) {
    TM_TRY(compare_tagged(to_, to_key, here.footer, what_.to_keys, Depth::kFooter, &call));
    return Compared::kTag;
  }
  if (compared && *compared == Compared::kBodies && !here.is_read) return Compared::kFooters;
  return compared;
}

Status Copier::put(std::string_view key, const CopiedBody& body) {
  failed_ = CopySide::kDestination;
  TM_ASSIGN(const auto call, deadline_.next_call());
  Status put = to_.put(key, body.source(), TIDEMARK_PUT_IF_ABSENT, &call);
  if (!body.failure()) return put;
  failed_ = CopySide::kSource;
  return *body.failure();
}

// What bears no tag must not get ours by being encoded, or pass for what bore one.
Status Copier::check_source_tag() const {
  Status tagged = codec::check_bears_tag(what_.from_keys, parsed_.name.coding);
  return tagged ? std::move(tagged) : about(what_.key, std::move(tagged.error()));
}

Status Copier::check_source_tag_key(const Footer& footer) const {
  Status ours = codec::check_tag_key(what_.from_keys.tag_keys, footer);
  return ours ? std::move(ours) : about(what_.key, std::move(ours.error()));
}

Result<CopyResult> Copier::copy_archive() {
  failed_ = CopySide::kSource;
  TM_TRY(check_source_tag());
  return encodes() ? copy_encoded() : copy_stored();
}

Result<CopyResult> Copier::copy_stored() {
  failed_ = CopySide::kSource;
  ProvenBody body(from_, what_.key, parsed_, what_.size_bytes, what_.from_keys, what_.progress, deadline_);
  TM_TRY(body.prepare(what_.buffer_bytes, to_));
  Status done = put(what_.key, body);
  if (done) return CopyResult{Copied::kCopied};
  if (failed_ == CopySide::kSource || done.error().status != TIDEMARK_E_EXISTS)
    return std::move(done.error());
  // It may be our own, put by an attempt whose answer was lost.
  failed_ = CopySide::kSource;
  Known here;
  if (body.footer()) {
    here = {*body.footer(), content_of(*body.footer(), what_.size_bytes), true};
  } else {  // what is there was found before this was read
    TM_ASSIGN(here, prove_source());
  }
  TM_ASSIGN(const Compared compared, compare_with(here, what_.key, Depth::kFull));
  return CopyResult{Copied::kThere, compared};
}

Result<CopyResult> Copier::copy_encoded() {
  failed_ = CopySide::kSource;
  codec::Encoding encoding = what_.encoding->wanted;
  encoding.coding = wanted_coding();
  ParsedName name = parsed_.name;
  name.coding = encoding.coding;
  const std::string key = object_key(parsed_.storage, parsed_.partition, name);
  EncodedBody body(from_, what_.key, parsed_, what_.size_bytes,
                   {encoding, what_.from_keys, what_.to_keys.tag_keys}, what_.progress, deadline_);
  TM_TRY(body.prepare(what_.buffer_bytes, to_));
  Status done = put(key, body);
  if (done) return CopyResult{Copied::kEncoded};
  if (failed_ == CopySide::kSource || done.error().status != TIDEMARK_E_EXISTS)
    return std::move(done.error());
  TM_ASSIGN(const Compared compared, compare_with({{}, body.content(), true}, key, Depth::kFull));
  return CopyResult{Copied::kThere, compared};
}

Result<Copier::Known> Copier::prove_source() {
  failed_ = CopySide::kSource;
  TM_ASSIGN(const auto proven,
            prove_content(from_, what_.key, parsed_, what_.from_keys, what_.progress, deadline_));
  return Known{proven.footer, proven.content, true};
}

// Of what is coded in another way, and of the same epoch: only then it has to hold the same.
Status Copier::check_to_key() const {
  TM_ASSIGN(ParsedKey to, parse_key(what_.to_key));
  to.name.coding = parsed_.name.coding;
  if (object_key(to.storage, to.partition, to.name) == what_.key) return {};
  return fail(TIDEMARK_E_INVALID, std::string(what_.to_key) + " is not an archive of the entries of " +
                                      std::string(what_.key) + ": they are not to be the same");
}

Result<Compared> Copier::compare_archives() {
  const std::string_view to_key = what_.to_key.empty() ? what_.key : what_.to_key;
  if (!what_.to_key.empty()) TM_TRY(check_to_key());
  failed_ = CopySide::kSource;
  TM_TRY(check_source_tag());
  if (what_.read_whole) {
    TM_ASSIGN(const Known proven, prove_source());
    TM_TRY(check_source_tag_key(proven.footer));
    return compare_with(proven, to_key, Depth::kFull);
  }
  TM_ASSIGN(const auto call, deadline_.next_call());
  TM_ASSIGN(const Footer footer, read_footer(from_, what_.key, &call, what_.size_bytes));
  TM_TRY(check_source_tag_key(footer));
  auto same = compare_with({footer, content_of(footer, what_.size_bytes)}, to_key, Depth::kFooter);
  if (same) return same;
  const bool decides = same.error().status == TIDEMARK_E_SEALED && may_decrypt_source();
  const bool differs = same.error().status == TIDEMARK_E_EXISTS || same.error().status == TIDEMARK_E_CORRUPT;
  if (!differs && !decides) return same;
  TM_ASSIGN(const Known proven, prove_source());  // which of the two it is that is wrong
  if (decides) return compare_with(proven, to_key, Depth::kFooter);
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

Result<CopyResult> Copier::copy_record() {
  failed_ = CopySide::kSource;
  TM_ASSIGN(const std::string object, read_record_object(from_, what_.key, parsed_, deadline_));
  if (what_.progress) what_.progress(object.size());
  failed_ = CopySide::kDestination;
  Status put = put_record(to_, what_.key, object, deadline_);
  if (put) return CopyResult{Copied::kCopied};
  if (put.error().status != TIDEMARK_E_EXISTS) return std::move(put.error());
  TM_TRY(prove_record_there(object));
  return CopyResult{Copied::kThere};
}

Result<Compared> Copier::compare_records() {
  failed_ = CopySide::kSource;
  TM_ASSIGN(const std::string object, read_record_object(from_, what_.key, parsed_, deadline_));
  TM_TRY(prove_record_there(object));
  return Compared::kNothing;
}

}  // namespace

Result<CopyResult> copy_object(sink::Sink& from, sink::Sink& to, const Copying& what, CopySide* failed,
                               const tidemark_call* call) {
  *failed = CopySide::kNone;
  TM_ASSIGN(const auto parsed, parse_key(what.key));
  const Call deadline(call);
  return Copier(from, to, what, parsed, *failed, deadline).copy();
}

Result<Compared> compare_copies(sink::Sink& from, sink::Sink& to, const Copying& what, CopySide* failed,
                                const tidemark_call* call) {
  *failed = CopySide::kNone;
  TM_ASSIGN(const auto parsed, parse_key(what.key));
  const Call deadline(call);
  return Copier(from, to, what, parsed, *failed, deadline).compare();
}

}  // namespace tidemark::store
