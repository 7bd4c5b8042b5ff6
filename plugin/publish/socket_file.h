// The name that a bound Unix socket has in the file system: who may connect there, and whose it is. Somebody
// may have removed it meanwhile and put another there, which is not ours to remove.
//
// One thread at a time.
#ifndef TIDEMARK_PUBLISH_SOCKET_FILE_H
#define TIDEMARK_PUBLISH_SOCKET_FILE_H

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace tidemark::publish {

class SocketFile {
 public:
  // At which mode a socket is to be bound, and which it has then whatever the umask is: to connect is to
  // write, and it is for owner and group.
  static constexpr unsigned kMode = 0660;

  // Of a socket that was bound to `path` just now: gives it its mode. EXISTS: something else lies there.
  static Result<SocketFile> take(const std::string& path);

  SocketFile(SocketFile&& other) noexcept = default;
  SocketFile& operator=(SocketFile&& other) noexcept;
  // Removes it if it is still there.
  ~SocketFile() { remove(); }

  void remove() noexcept;
  // False: it was removed, or something else has its name.
  bool is_there() const noexcept;

 private:
  SocketFile() = default;

  std::string path_;
  UniqueFd file_;  // while it is open no other file gets its inode
};

}  // namespace tidemark::publish

#endif  // TIDEMARK_PUBLISH_SOCKET_FILE_H
