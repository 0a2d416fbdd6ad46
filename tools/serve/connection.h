// What happens on one connection: requests are read, answered and told of, one after the other.

#ifndef TALLYSTICK_TOOLS_SERVE_CONNECTION_H_
#define TALLYSTICK_TOOLS_SERVE_CONNECTION_H_

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <chrono>
#include <cstddef>
#include <functional>

#include "serve/byte_budget.h"
#include "serve/loop.h"
#include "serve/request_log.h"
#include "serve/service.h"

namespace tallystick::tools {

// What all connections of a server share. Outlives them.
struct ConnectionContext {
  Service* service = nullptr;
  ObserveRequest observe{};
  ByteBudget* bodies = nullptr;              // for bodies that are being read, or wait for their answer
  boost::asio::ssl::context* tls = nullptr;  // null: none
  bool loopback = false;
  std::size_t header_bytes_max = 0;
  // How long a client may take: for TLS's handshake, for a request's head, and between requests; for a body and an
  // answer, also a second for each 64 KiB.
  std::chrono::steady_clock::duration client_timeout{};
};

using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

// Serves `socket`, whose executor is the loop's, until the connection ends; then calls `ended` on the loop's thread.
// Thread-safe.
void StartConnection(Socket socket, Loop* loop, const ConnectionContext* context, std::function<void()> ended);

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TOOLS_SERVE_CONNECTION_H_
