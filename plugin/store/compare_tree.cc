#include <fcntl.h>

#include <deque>
#include <string>

#include "base/fd.h"
#include "codec/tag.h"
#include "store/compare.h"
#include "store/maintenance.h"
#include "store/read_archive.h"
#include "store/store.h"
#include "store/stream.h"
#include "tar/tree_comparer.h"

namespace tidemark::store {
namespace {

// All entries of an archive as an archiver would lay them out, from a directory.
class LaidOut {
 public:
  explicit LaidOut(tar::EntrySource& source) : source_(source) {}
  ~LaidOut() { source_.close(); }
  LaidOut(const LaidOut&) = delete;
  LaidOut& operator=(const LaidOut&) = delete;

  // False: no archive comes of them.
  bool add_all(const ParsedKey& parsed, std::string_view directory, const Call& deadline);
  uint64_t size_bytes() const { return source_.size_bytes(); }
  Result<Digest> digest() { return source_.content_digest(); }

 private:
  std::deque<std::string> paths_;  // where the source finds them again
  tar::EntrySource& source_;
};

bool LaidOut::add_all(const ParsedKey& parsed, std::string_view directory, const Call& deadline) {
  if (!source_.begin(parsed.storage, parsed.partition, deadline)) return false;
  for (Lsn lsn = parsed.name.range.first;; ++lsn) {
    const auto name = lsn_text(lsn);
    paths_.push_back(std::string(directory) + "/" + std::string(name.data(), name.size()));
    if (!source_.add({lsn, paths_.back()})) return false;
    if (lsn == parsed.name.range.last) break;
  }
  source_.seal();
  return true;
}

class Comparison {
 public:
  Comparison(sink::Sink& sink, const TreeComparison& what, const ParsedKey& parsed,
             const std::function<bool(const ComparedEntry&)>& visit, const tidemark_call* call)
      : sink_(sink), what_(what), parsed_(parsed), visit_(visit), deadline_(call) {}

  // False: no, or it cannot be known so.
  Result<bool> is_same_by_digest() const;
  void tell_all_same() const;
  Status read(int directory_fd, Range wanted) const;

 private:
  sink::Sink& sink_;
  const TreeComparison& what_;
  const ParsedKey& parsed_;
  const std::function<bool(const ComparedEntry&)>& visit_;
  const Call deadline_;
};

Result<bool> Comparison::is_same_by_digest() const {
  if (!codec::check_bears_tag(what_.keys, parsed_.name.coding)) return false;  // reading it says why
  LaidOut here(*what_.source);
  const bool is_laid_out = here.add_all(parsed_, what_.directory, deadline_);
  TM_ASSIGN(const auto limited, deadline_.next_call());
  if (!is_laid_out) return false;
  const auto footer = read_footer(sink_, what_.key, &limited);
  if (!footer && footer.error().status == TIDEMARK_E_CORRUPT) return false;  // reading all of it says more
  if (!footer) return footer.error();
  const auto digest = here.digest();
  TM_TRY(deadline_.check());
  if (!digest) return false;
  TM_ASSIGN(const SameContent same, compare_content(what_.keys, *footer, {here.size_bytes(), *digest}));
  if (same != SameContent::kYes) return false;
  if (what_.progress) what_.progress(here.size_bytes());
  return true;
}

void Comparison::tell_all_same() const {
  const Range range = parsed_.name.range;
  for (Lsn lsn = range.first;; ++lsn) {
    if (!visit_({lsn, tar::TreeComparer::Verdict::kSame, {}}) || lsn == range.last) return;
  }
}

Status Comparison::read(int directory_fd, Range wanted) const {
  bool was_stopped = false;
  const tar::TreeComparer::Take take = [&](Lsn lsn, tar::TreeComparer::Verdict verdict,
                                           const std::string& why) -> Status {
    if (visit_({lsn, verdict, why})) return {};
    was_stopped = true;
    return fail(TIDEMARK_E_CANCELLED, "the visitor has seen enough");
  };
  tar::TreeComparer comparer(directory_fd, what_.directory, wanted, what_.with_setid, take);
  const auto footer =
      read_archive(sink_, what_.key, parsed_, what_.keys, comparer, what_.progress, deadline_);
  return footer || was_stopped ? Status() : footer.error();
}

}  // namespace

Status compare_tree(sink::Sink& sink, const TreeComparison& what,
                    const std::function<bool(const ComparedEntry&)>& visit, const tidemark_call* call) {
  TM_ASSIGN(const auto parsed, parse_key(what.key));
  TM_ASSIGN(const Range wanted, entries_of(what.key, parsed, what.wanted));
  const std::string directory(what.directory);
  const UniqueFd fd(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail_errno(errno, directory);
  const Comparison comparison(sink, what, parsed, visit, call);
  if (what.source != nullptr && wanted == parsed.name.range) {
    TM_ASSIGN(const bool is_same, comparison.is_same_by_digest());
    if (is_same) {
      comparison.tell_all_same();
      return {};
    }
  }
  return comparison.read(fd.get(), wanted);
}

}  // namespace tidemark::store
