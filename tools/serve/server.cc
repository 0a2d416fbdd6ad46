#include "serve/server.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "serve/byte_budget.h"
#include "serve/connection.h"
#include "serve/loop.h"

namespace tallystick::tools {
namespace {

namespace net = boost::asio;
using boost::system::error_code;
using Executor = net::io_context::executor_type;
using Acceptor = net::basic_socket_acceptor<net::ip::tcp, Executor>;
template <typename Value>
using Task = net::awaitable<Value, Executor>;

constexpr auto kAwait = net::as_tuple(net::use_awaitable_t<Executor>());

// When the process can open nothing more: until some connection may have ended.
constexpr std::chrono::milliseconds kAcceptAgain{100};

// Beyond the client's time-out, for an answer that takes its time.
constexpr int kGraceTimeouts = 2;

absl::Status Failed(const std::string& what, const error_code& error) {
  return absl::UnknownError(what + ": " + error.message());
}

absl::StatusOr<std::unique_ptr<net::ssl::context>> MakeTls(const ServerOptions& options) {
  auto tls = std::make_unique<net::ssl::context>(net::ssl::context::tls_server);
  tls->set_options(net::ssl::context::default_workarounds);
  SSL_CTX_set_min_proto_version(tls->native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_options(tls->native_handle(), SSL_OP_NO_RENEGOTIATION);
  // A connection that is idle keeps no buffers.
  SSL_CTX_set_mode(tls->native_handle(), SSL_MODE_RELEASE_BUFFERS);
  error_code error;
  tls->use_certificate_chain_file(options.tls_certificate, error);
  if (error) return absl::InvalidArgumentError(options.tls_certificate + ": no certificate: " + error.message());
  tls->use_private_key_file(options.tls_key, net::ssl::context::pem, error);
  if (error) return absl::InvalidArgumentError(options.tls_key + ": no key of the certificate: " + error.message());
  return tls;
}

absl::StatusOr<net::ip::tcp::endpoint> Resolve(const ServerOptions& options, net::io_context* context) {
  net::ip::tcp::resolver resolver(*context);
  error_code error;
  const auto found = resolver.resolve(options.host, std::to_string(options.port),
                                      net::ip::tcp::resolver::passive | net::ip::tcp::resolver::numeric_service, error);
  if (error || found.empty()) return Failed(options.host + ": cannot find the address", error);
  return found.begin()->endpoint();
}

absl::Status Open(Acceptor* acceptor, const net::ip::tcp::endpoint& endpoint) {
  error_code error;
  acceptor->open(endpoint.protocol(), error);
  // A server that starts again need not wait for its old connections to be forgotten.
  if (!error) acceptor->set_option(net::socket_base::reuse_address(true), error);
  if (!error) acceptor->bind(endpoint, error);
  if (!error) acceptor->listen(net::socket_base::max_listen_connections, error);
  if (!error) return absl::OkStatus();
  return Failed(endpoint.address().to_string() + " port " + std::to_string(endpoint.port()) + ": cannot listen", error);
}

// Tells a client that there are too many, as far as that is done at once.
void TurnAway(Socket socket, bool tls) {
  static const std::string response = [] {
    const Response overloaded = Overloaded();
    return "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Type: " + overloaded.content_type +
           "\r\nContent-Length: " + std::to_string(overloaded.body.size()) + "\r\n\r\n" + overloaded.body;
  }();
  error_code ignored;  // the connection ends either way
  socket.non_blocking(true, ignored);
  if (!tls) socket.write_some(net::buffer(response), ignored);
}

}  // namespace

class Server::Impl {
 public:
  Impl(const ServerOptions& options, Service* service, ObserveRequest observe)
      : options_(options), bodies_(options.bodies_bytes_max), loops_(static_cast<std::size_t>(options.threads)) {
    context_.service = service;
    context_.observe = std::move(observe);
    context_.bodies = &bodies_;
    context_.header_bytes_max = options.header_bytes_max;
    context_.client_timeout = options.client_timeout;
  }

  absl::Status Listen();
  std::string url() const;
  void Run();

 private:
  Task<void> Accept();
  void Stop();

  const ServerOptions options_;
  ByteBudget bodies_;
  std::unique_ptr<net::ssl::context> tls_;
  ConnectionContext context_;
  std::atomic<std::size_t> connections_ = 0;
  std::vector<Loop> loops_;  // the first also accepts, and takes signals
  Acceptor acceptor_{loops_.front().context()};
  net::signal_set signals_{loops_.front().context()};
  net::ip::tcp::endpoint endpoint_;
};

absl::Status Server::Impl::Listen() {
  if (!options_.tls_certificate.empty()) {
    absl::StatusOr<std::unique_ptr<net::ssl::context>> tls = MakeTls(options_);
    if (!tls.ok()) return tls.status();
    tls_ = *std::move(tls);
    context_.tls = tls_.get();
  }
  const absl::StatusOr<net::ip::tcp::endpoint> endpoint = Resolve(options_, &loops_.front().context());
  if (!endpoint.ok()) return endpoint.status();
  context_.loopback = endpoint->address().is_loopback();
  if (!context_.loopback && tls_ == nullptr && !options_.clear_text) {
    return absl::InvalidArgumentError(
        endpoint->address().to_string() +
        " can be reached from elsewhere: give --tls-cert and --tls-key, or --clear-text, by which credentials and "
        "events cross the network for everybody on the way to read");
  }
  const absl::Status opened = Open(&acceptor_, *endpoint);
  if (!opened.ok()) return opened;
  error_code error;
  for (const int signal : {SIGTERM, SIGINT}) signals_.add(signal, error);
  endpoint_ = acceptor_.local_endpoint(error);
  if (error) return Failed("cannot tell the port", error);
  return absl::OkStatus();
}

std::string Server::Impl::url() const {
  const std::string address = endpoint_.address().to_string();
  return std::string(tls_ != nullptr ? "https://" : "http://") +
         (endpoint_.address().is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(endpoint_.port());
}

void Server::Impl::Run() {
  signals_.async_wait([this](const error_code& error, int) {
    if (!error) Stop();
  });
  net::co_spawn(loops_.front().context(), Accept(), net::detached);
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < loops_.size(); ++i) threads.emplace_back([loop = &loops_[i]] { loop->Run(); });
  loops_.front().Run();
  for (std::thread& thread : threads) thread.join();
}

void Server::Impl::Stop() {
  error_code ignored;  // what is closed need not close well
  signals_.clear(ignored);
  acceptor_.close(ignored);
  for (Loop& loop : loops_) loop.Drain(kGraceTimeouts * options_.client_timeout);
}

Task<void> Server::Impl::Accept() {
  for (std::size_t next = 0;; next = (next + 1) % loops_.size()) {
    Loop& loop = loops_[next];
    auto [error, socket] = co_await acceptor_.async_accept(loop.context(), kAwait);
    if (!acceptor_.is_open()) co_return;
    if (error) {
      // Mostly the connection's own fault, or for want of descriptors.
      net::basic_waitable_timer<std::chrono::steady_clock, net::wait_traits<std::chrono::steady_clock>, Executor> timer(
          loops_.front().context(), kAcceptAgain);
      co_await timer.async_wait(kAwait);
      if (!acceptor_.is_open()) co_return;
      continue;
    }
    if (connections_ >= options_.connections_max) {
      TurnAway(std::move(socket), tls_ != nullptr);
      continue;
    }
    ++connections_;
    StartConnection(std::move(socket), &loop, &context_, [this] { --connections_; });
  }
}

absl::StatusOr<std::unique_ptr<Server>> Server::Listen(const ServerOptions& options, Service* service,
                                                       ObserveRequest observe) {
  auto impl = std::make_unique<Impl>(options, service, std::move(observe));
  const absl::Status listening = impl->Listen();
  if (!listening.ok()) return listening;
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;
std::string Server::url() const { return impl_->url(); }
void Server::Run() { impl_->Run(); }

}  // namespace tallystick::tools
