#include <fcntl.h>

#include <algorithm>
#include <string>

#include "base/directory.h"
#include "base/fd.h"
#include "store/maintenance.h"
#include "store/read_archive.h"
#include "store/stream.h"
#include "tar/tree_comparer.h"

namespace tidemark::store {

Status compare_tree(sink::Sink& sink, const TreeComparison& what,
                    const std::function<bool(const ComparedEntry&)>& visit, const tidemark_call* call) {
  TM_ASSIGN(const auto parsed, parse_readable_key(what.key));
  TM_ASSIGN(const Range wanted, entries_of(what.key, parsed, what.wanted));
  const std::string directory(what.directory);
  const UniqueFd fd(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail_errno(errno, directory);
  const Call deadline(call);
  bool was_stopped = false;
  const tar::TreeComparer::Take take = [&](Lsn lsn, tar::TreeComparer::Verdict verdict,
                                           const std::string& why) -> Status {
    if (visit({lsn, verdict, why})) return {};
    was_stopped = true;
    return fail(TIDEMARK_E_CANCELLED, "the visitor has seen enough");
  };
  tar::TreeComparer comparer(fd.get(), directory, wanted, what.with_setid, take);
  tar::FooterSplitter splitter;
  Status status = read_archive(sink, what.key, parsed, splitter, comparer, what.progress, deadline);
  return was_stopped ? Status() : status;
}

}  // namespace tidemark::store
