#include "publish/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/blocked_signals.h"
#include "base/fd.h"
#include "base/guard.h"

namespace tidemark::publish {
namespace {

constexpr unsigned kConnectionsMax = 32;
constexpr unsigned kSilence_s = 10;
constexpr size_t kConnectionBytes = 16384;
constexpr int kBacklog = 16;

// A socket that a process left which was killed. One at which somebody listens stays.
Status remove_left_socket(const config::ListenAddress& address) {
  const std::string& path = address.unix_path();
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return {};  // bind says what else is wrong
  if (!S_ISSOCK(status.st_mode)) return fail(TIDEMARK_E_EXISTS, path + " is there, and is not a socket");
  const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe) return fail_errno(errno, "cannot make a socket");
  if (::connect(probe.get(), address.address(), address.size()) == 0 || errno != ECONNREFUSED)
    return fail(TIDEMARK_E_EXISTS, "somebody listens at " + path + " already");
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno(errno, "cannot remove " + path);
  return {};
}

struct Bound {
  UniqueFd fd;
  std::optional<SocketFile> file;  // of a Unix socket
};

Result<Bound> listen_at(const config::ListenAddress& address) {
  const std::string what = "cannot listen at " + address.text();
  const bool is_unix = !address.unix_path().empty();
  if (is_unix) TM_TRY(remove_left_socket(address));
  Bound bound;
  bound.fd.reset(::socket(address.address()->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int fd = bound.fd.get();
  if (!bound.fd) return fail_errno(errno, what);
  const int on = 1;
  // The mode of the socket before it has a name, less the umask, is what the name gets at first: never too
  // much.
  if (is_unix && ::fchmod(fd, SocketFile::kMode) != 0) return fail_errno(errno, what);
  if (!is_unix && ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0)
    return fail_errno(errno, what);
  if (::bind(fd, address.address(), address.size()) != 0) return fail_errno(errno, what);
  if (is_unix) {
    TM_ASSIGN(bound.file, SocketFile::take(address.unix_path()));
  }
  if (::listen(fd, kBacklog) != 0) return fail_errno(errno, what);
  return bound;
}

// With the port that it got.
std::string place_of(int fd, const config::ListenAddress& address) {
  if (!address.unix_path().empty()) return address.unix_path();
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  auto* const bound = reinterpret_cast<sockaddr*>(&storage);
  uint16_t port = 0;
  if (::getsockname(fd, bound, &size) == 0) {
    port = ntohs(storage.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(bound)->sin6_port
                                               : reinterpret_cast<sockaddr_in*>(bound)->sin_port);
  }
  const std::string& text = address.text();
  return "http://" + text.substr(0, text.rfind(':') + 1) + std::to_string(port) + "/metrics";
}

}  // namespace

Result<std::unique_ptr<Listener>> Listener::open(const HttpLibrary& http,
                                                 const config::ListenAddress& address, Render render) {
  TM_ASSIGN(Bound bound, listen_at(address));
  std::unique_ptr<Listener> listener(new Listener(http, std::move(render)));
  listener->place_ = place_of(bound.fd.get(), address);
  listener->file_ = std::move(bound.file);
  struct stat ours {};
  if (::fstat(bound.fd.get(), &ours) != 0) return fail_errno(errno, "cannot listen at " + address.text());
  const int number = bound.fd.release();
  const BlockedSignals blocked;
  listener->daemon_ =
      http.start_daemon(MHD_USE_AUTO_INTERNAL_THREAD, 0, nullptr, nullptr, &Listener::handle, listener.get(),
                        MHD_OPTION_LISTEN_SOCKET, number, MHD_OPTION_CONNECTION_LIMIT, kConnectionsMax,
                        MHD_OPTION_CONNECTION_TIMEOUT, kSilence_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                        kConnectionBytes, MHD_OPTION_END);
  if (listener->daemon_ != nullptr) return listener;
  // Whether it has closed the socket is not said; no other has its inode.
  struct stat now {};
  if (::fstat(number, &now) == 0 && now.st_ino == ours.st_ino && now.st_dev == ours.st_dev) ::close(number);
  return fail(TIDEMARK_E_RETRYABLE,
              "cannot listen at " + address.text() + ": no memory, no thread or no descriptor is left");
}

Listener::~Listener() {
  file_.reset();  // while it is listened at nobody takes it for one that was left
  if (daemon_ != nullptr) http_.stop_daemon(daemon_);
}

MHD_Result Listener::handle(void* self, MHD_Connection* connection, const char* url, const char* method,
                            const char* /*version*/, const char* /*upload*/, size_t* /*upload_size*/,
                            void** /*of_request*/) {
  MHD_Result result = MHD_NO;  // closes the connection
  if_there_is_memory([&] { result = static_cast<Listener*>(self)->answer(connection, url, method); });
  return result;
}

MHD_Result Listener::answer(MHD_Connection* connection, std::string_view url, std::string_view method) {
  constexpr const char* kPlain = "text/plain; charset=utf-8";
  if (method != MHD_HTTP_METHOD_GET && method != MHD_HTTP_METHOD_HEAD)
    return send(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n", kPlain);
  if (url != "/metrics") return send(connection, MHD_HTTP_NOT_FOUND, "metrics are at /metrics\n", kPlain);
  const char* const accept = http_.lookup_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
  const metrics::Format format = metrics::negotiate(accept == nullptr ? "" : accept);
  return send(connection, MHD_HTTP_OK, render_(format), metrics::content_type(format));
}

MHD_Result Listener::send(MHD_Connection* connection, unsigned status, const std::string& body,
                          const char* type) {
  MHD_Response* const response =
      http_.create_response(body.size(), const_cast<char*>(body.data()), MHD_RESPMEM_MUST_COPY);
  if (response == nullptr) return MHD_NO;
  (void)http_.add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
  (void)http_.add_header(response, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT);
  if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
    (void)http_.add_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
  const MHD_Result queued = http_.queue_response(connection, status, response);
  http_.destroy_response(response);
  return queued;
}

}  // namespace tidemark::publish
