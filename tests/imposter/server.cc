// Each connection is a chain of handlers on a strand of its own; a delay is a timer, never a waiting thread.
#include "imposter/server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>

#include <optional>
#include <thread>
#include <vector>

#include "imposter/text.h"

namespace imposter {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::seconds kIdle{120};  // after which a silent connection is closed
constexpr size_t kPieceBytes = 256 * 1024;
constexpr uint32_t kMaxHeadBytes = 32 * 1024;
constexpr std::string_view kStatePath = "/-/state";  // unsigned; no bucket can have this name

using PlainStream = beast::tcp_stream;
using TlsStream = asio::ssl::stream<beast::tcp_stream>;

enum class Role { kStore, kDecoy };

template <typename Stream>
class Session : public std::enable_shared_from_this<Session<Stream>> {
 public:
  static constexpr bool kIsTls = std::is_same_v<Stream, TlsStream>;

  template <typename... Args>
  Session(Served& service, Role role, Args&&... args)
      : service_(service),
        role_(role),
        stream_(std::forward<Args>(args)...),
        timer_(stream_.get_executor()) {}

  void start() {
    asio::dispatch(stream_.get_executor(), [self = this->shared_from_this()] { self->greet(); });
  }

 private:
  tcp::socket& socket() { return beast::get_lowest_layer(stream_).socket(); }

  void greet() {
    socket().set_option(tcp::no_delay(true));
    if constexpr (kIsTls) {
      beast::get_lowest_layer(stream_).expires_after(kIdle);
      stream_.async_handshake(asio::ssl::stream_base::server,
                              [self = this->shared_from_this()](error_code error) {
                                if (!error) self->read_head();
                              });
    } else {
      read_head();
    }
  }

  void read_head() {
    exchange_.reset();
    parser_.emplace();
    parser_->header_limit(kMaxHeadBytes);
    parser_->body_limit(UINT64_MAX);  // the service has a limit of its own
    beast::get_lowest_layer(stream_).expires_after(kIdle);
    http::async_read_header(stream_, buffer_, *parser_,
                            [self = this->shared_from_this()](error_code error, size_t) {
                              if (!error) self->on_head();
                            });
  }

  Request take_request() {
    Request request;
    const auto& message = parser_->get();
    request.method = std::string(message.method_string());
    request.target = std::string(message.target());
    request.is_tls = kIsTls;
    for (const auto& field : message) {
      request.headers.emplace_back(
          lower(std::string_view(field.name_string().data(), field.name_string().size())),
          std::string(field.value()));
    }
    return request;
  }

  void on_head() {
    Request request = take_request();
    if (role_ == Role::kDecoy) {
      service_.at_decoy(request);
      Response response;
      response.status = 403;
      response.close = true;
      return send(std::move(response), Fault::kNone, 0);
    }
    if (request.target == kStatePath && request.method == "GET") {
      Response response;
      response.body = service_.state_json();
      return send(std::move(response), Fault::kNone, 0);
    }
    exchange_ = service_.begin(std::move(request));
    if (exchange_->fault() == Fault::kResetBefore) return reset();
    if (std::optional<Response> response = exchange_->early()) {
      return send(*std::move(response), Fault::kNone, exchange_->delay_ms());
    }
    received_bytes_ = 0;
    size_bytes_ = parser_->content_length().value_or(0);
    if (exchange_->expects_continue() && !parser_->is_done()) {
      wire_ = "HTTP/1.1 100 Continue\r\n\r\n";
      asio::async_write(stream_, asio::buffer(wire_),
                        [self = this->shared_from_this()](error_code error, size_t) {
                          if (!error) self->read_body();
                        });
      return;
    }
    read_body();
  }

  void read_body() {
    if (parser_->is_done()) return on_body();
    if (piece_.empty()) piece_.resize(kPieceBytes);
    parser_->get().body().data = piece_.data();
    parser_->get().body().size = piece_.size();
    beast::get_lowest_layer(stream_).expires_after(kIdle);
    http::async_read_some(
        stream_, buffer_, *parser_,
        [self = this->shared_from_this()](error_code error, size_t) { self->on_piece(error); });
  }

  void on_piece(error_code error) {
    if (error && error != http::error::need_buffer) return;  // a client that went away: the service books it
    const size_t size = piece_.size() - parser_->get().body().size;
    exchange_->body(piece_.data(), size);
    received_bytes_ += size;
    if (exchange_->fault() == Fault::kResetMiddle && received_bytes_ * 2 >= size_bytes_) return reset();
    read_body();
  }

  void on_body() {
    if (exchange_->fault() == Fault::kResetAfter) return reset();
    if (exchange_->put_delay_ms() == 0) return finish();
    beast::get_lowest_layer(stream_).expires_never();
    timer_.expires_after(std::chrono::milliseconds(exchange_->put_delay_ms()));
    timer_.async_wait([self = this->shared_from_this()](error_code) { self->finish(); });
  }

  void finish() {
    const uint32_t delay_ms = exchange_->delay_ms();
    send(exchange_->finish(), exchange_->fault(), delay_ms);
  }

  void send(Response response, Fault fault, uint32_t delay_ms) {
    if (parser_->need_eof() || !parser_->keep_alive()) response.close = true;
    closes_ = response.close;
    wire_ = response_head(response);
    body_ = std::move(response.body);
    if (delay_ms == 0) return write(fault);
    // A connection that is only slow is not idle.
    beast::get_lowest_layer(stream_).expires_never();
    timer_.expires_after(std::chrono::milliseconds(delay_ms));
    timer_.async_wait([self = this->shared_from_this(), fault](error_code) { self->write(fault); });
  }

  void write(Fault fault) {
    if (fault == Fault::kLostAnswer) return reset();
    if (fault != Fault::kResetMiddle && fault != Fault::kStall) {
      beast::get_lowest_layer(stream_).expires_after(kIdle);
      const std::array<asio::const_buffer, 2> both = {asio::buffer(wire_), asio::buffer(body_)};
      asio::async_write(stream_, both, [self = this->shared_from_this()](error_code error, size_t) {
        if (!error) self->on_sent();
      });
      return;
    }
    wire_ += body_;
    body_.clear();
    const size_t half = wire_.size() / 2;
    asio::async_write(stream_, asio::buffer(wire_.data(), half),
                      [self = this->shared_from_this(), fault, half](error_code error, size_t) {
                        if (error) return;
                        if (fault == Fault::kResetMiddle) return self->reset();
                        self->stall(half);
                      });
  }

  void stall(size_t sent) {
    timer_.expires_after(std::chrono::milliseconds(exchange_->stall_ms()));
    timer_.async_wait([self = this->shared_from_this(), sent](error_code) {
      self->wire_.erase(0, sent);
      self->write(Fault::kNone);
    });
  }

  void on_sent() {
    exchange_.reset();
    if (!closes_) return read_head();
    error_code ignored;
    socket().shutdown(tcp::socket::shutdown_send, ignored);
    drain();
  }

  // Reads what the client still sends, so that its kernel does not throw our answer away with a reset.
  void drain() {
    if (piece_.empty()) piece_.resize(kPieceBytes);
    beast::get_lowest_layer(stream_).expires_after(std::chrono::seconds(2));
    beast::get_lowest_layer(stream_).async_read_some(
        asio::buffer(piece_), [self = this->shared_from_this()](error_code error, size_t) {
          if (!error) self->drain();
        });
  }

  void reset() {
    exchange_.reset();
    error_code ignored;
    socket().set_option(asio::socket_base::linger(true, 0), ignored);
    socket().close(ignored);
  }

  Served& service_;
  const Role role_;
  Stream stream_;
  asio::steady_timer timer_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::buffer_body>> parser_;
  std::unique_ptr<Conversation> exchange_;
  std::string piece_, wire_, body_;
  uint64_t received_bytes_ = 0, size_bytes_ = 0;
  bool closes_ = false;
};

}  // namespace

class Server::Sockets {
 public:
  Sockets(Served& service, const ServerOptions& options)
      : service_(service), tls_(asio::ssl::context::tls_server) {
    is_tls_ = !options.tls_certificate_file.empty();
    if (is_tls_) {
      tls_.use_certificate_chain_file(options.tls_certificate_file);
      tls_.use_private_key_file(options.tls_key_file, asio::ssl::context::pem);
    }
    open(store_, options.port);
    open(decoy_, 0);
    accept(store_, Role::kStore);
    accept(decoy_, Role::kDecoy);
    for (int i = 0; i < options.threads; ++i) threads_.emplace_back([this] { context_.run(); });
  }

  ~Sockets() {
    context_.stop();
    for (std::thread& thread : threads_) thread.join();
  }

  uint16_t port() const { return store_.local_endpoint().port(); }
  uint16_t decoy_port() const { return decoy_.local_endpoint().port(); }
  bool is_tls() const { return is_tls_; }

 private:
  static void open(tcp::acceptor& acceptor, uint16_t port) {
    const tcp::endpoint endpoint(asio::ip::address_v4::loopback(), port);
    acceptor.open(endpoint.protocol());
    acceptor.set_option(asio::socket_base::reuse_address(true));
    acceptor.bind(endpoint);
    acceptor.listen();
  }

  void accept(tcp::acceptor& acceptor, Role role) {
    acceptor.async_accept(
        asio::make_strand(context_), [this, &acceptor, role](error_code error, tcp::socket socket) {
          if (!error) {
            if (role == Role::kStore) service_.connected();
            if (is_tls_) {
              std::make_shared<Session<TlsStream>>(service_, role, std::move(socket), tls_)->start();
            } else {
              std::make_shared<Session<PlainStream>>(service_, role, std::move(socket))->start();
            }
          }
          accept(acceptor, role);
        });
  }

  Served& service_;
  asio::ssl::context tls_;
  bool is_tls_ = false;
  asio::io_context context_;
  tcp::acceptor store_{context_}, decoy_{context_};
  std::vector<std::thread> threads_;
};

Server::Server(Served& served, const ServerOptions& options)
    : sockets_(std::make_unique<Sockets>(served, options)) {}

Server::~Server() = default;

uint16_t Server::port() const { return sockets_->port(); }
uint16_t Server::decoy_port() const { return sockets_->decoy_port(); }

std::string Server::endpoint() const {
  return (sockets_->is_tls() ? "https" : "http") + std::string("://127.0.0.1:") + std::to_string(port());
}

}  // namespace imposter
