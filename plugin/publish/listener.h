// Serves metrics over HTTP, on a TCP address or a Unix socket: GET and HEAD of /metrics, nothing else.
//
// open(), is_reachable(), the destructor: one thread at a time. It has one thread of its own
// (libmicrohttpd's), on which `render` is called, and which the destructor joins. What clients may take is
// bounded: connections, their memory, the time in which nothing comes.
#ifndef TIDEMARK_PUBLISH_LISTENER_H
#define TIDEMARK_PUBLISH_LISTENER_H

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "config/listen_address.h"
#include "metrics/exposition.h"
#include "publish/http_library.h"
#include "publish/socket_file.h"

namespace tidemark::publish {

using Render = std::function<std::string(metrics::Format)>;

class Listener {
 public:
  // `http` outlives it. A socket that nobody listens at any more is replaced; it is for its owner and group.
  static Result<std::unique_ptr<Listener>> open(const HttpLibrary& http, const config::ListenAddress& address,
                                                Render render);
  // Removes its own socket; one that another made in its place stays.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // "http://127.0.0.1:9187/metrics", with the port that it has; or the path of the socket.
  const std::string& place() const { return place_; }
  // False: the path of the socket does not lead here any more.
  bool is_reachable() const { return !file_ || file_->is_there(); }

 private:
  Listener(const HttpLibrary& http, Render render) : http_(http), render_(std::move(render)) {}
  static MHD_Result handle(void* self, MHD_Connection* connection, const char* url, const char* method,
                           const char* version, const char* upload, size_t* upload_size, void** of_request);
  MHD_Result answer(MHD_Connection* connection, std::string_view url, std::string_view method);
  MHD_Result send(MHD_Connection* connection, unsigned status, const std::string& body, const char* type);

  const HttpLibrary& http_;
  const Render render_;
  std::string place_;
  std::optional<SocketFile> file_;  // of a Unix socket
  MHD_Daemon* daemon_ = nullptr;
};

}  // namespace tidemark::publish

#endif  // TIDEMARK_PUBLISH_LISTENER_H
