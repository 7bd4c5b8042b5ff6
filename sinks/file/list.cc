// Listing.
#include "file/file_sink.h"
#include "file/tree.h"

namespace tidemark::sinks::file {

Status FileSink::list(std::string_view prefix, std::string_view start_after, const Visitor& visit,
                      const Call& call) {
  FileTree tree(directories_, call);
  const Status listed = list_tree(tree, prefix, start_after, visit, call);
  return listed ? root_.check() : root_.explain(listed.error());
}

Status FileSink::list_folders(std::string_view prefix, std::string_view start_after, const Visitor& visit,
                              const Call& call) {
  FileTree tree(directories_, call);
  const Status listed = list_tree_level(tree, prefix, start_after, visit, call);
  return listed ? root_.check() : root_.explain(listed.error());
}

}  // namespace tidemark::sinks::file
