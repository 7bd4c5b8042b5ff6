// Reads archives for the hammer, with nothing of the plugin's own code: what an object holds, proven by its
// footer, taken apart into entries.
//
// ArchiveReader: any thread. It remembers what it has read: an object never changes.
#ifndef TIDEMARK_TESTS_INTEGRATION_HAMMER_ARCHIVE_H
#define TIDEMARK_TESTS_INTEGRATION_HAMMER_ARCHIVE_H

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "test_host.h"

namespace tidemark::integration {

// SHA-256 in hex.
std::string sha256_hex(std::string_view bytes);

// What an entry is, whoever describes it: the host when it writes it, the reader when it finds it in a tar.
// Members in the tar's order; "" is the path of an entry that is a file, "/" that of its directory.
class Fingerprint {
 public:
  void directory(std::string_view path) { text_.append("d ").append(path).push_back('\n'); }
  void file(std::string_view path, std::string_view content) {
    text_.append("f ").append(path).append(" ").append(sha256_hex(content)).push_back('\n');
  }
  std::string finish() const { return sha256_hex(text_); }

 private:
  std::string text_;
};

class ArchiveReader {
 public:
  // Empty: some object under one of the roots holds the entry as it is expected, and counts. Else what is
  // wrong. counts(key): whether an object may be relied on.
  std::string find(const std::vector<std::string>& roots, const Partition& partition, Lsn lsn,
                   const std::string& fingerprint,
                   const std::function<bool(const std::string&)>& counts = {});

 private:
  struct Object {
    std::string problem;  // empty: it is what its footer says
    std::map<Lsn, std::string> entries;
  };
  const Object& read(const std::string& path, const Partition& partition, Lsn first, Lsn last);

  std::mutex mutex_;
  std::map<std::string, Object> objects_;  // by path; never removed
};

// The ranges that names with this ending have in a partition's folder: "x.tar", "y-x.tar".
struct NamedRange {
  std::string name;
  Lsn first = 0, last = 0;
};
std::vector<NamedRange> ranges_in(const std::string& root, const Partition& partition,
                                  std::string_view ending);

}  // namespace tidemark::integration

#endif  // TIDEMARK_TESTS_INTEGRATION_HAMMER_ARCHIVE_H
