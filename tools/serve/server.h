// The server: it listens, and hands connections to the threads that serve them.

#ifndef TALLYSTICK_TOOLS_SERVE_SERVER_H_
#define TALLYSTICK_TOOLS_SERVE_SERVER_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "serve/request_log.h"
#include "serve/service.h"

namespace tallystick::tools {

struct ServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;  // 0: one that is free
  // PEM files: the server's certificate with those that vouch for it, and its key. Both empty: no TLS.
  std::string tls_certificate{};
  std::string tls_key{};
  // An address that others can reach needs TLS, or this.
  bool clear_text = false;
  std::size_t connections_max = 4096;
  std::size_t header_bytes_max = 16 * 1024;
  std::size_t bodies_bytes_max = 256 * 1024 * 1024;  // of all bodies together
  std::chrono::seconds client_timeout{30};
  int threads = 2;
};

class Server {
 public:
  // Listens from now on, and keeps SIGTERM and SIGINT for Run(). INVALID_ARGUMENT: an address without TLS that needs
  // it, or files of TLS that are none; UNKNOWN: the address cannot be listened on. `service` outlives the server.
  static absl::StatusOr<std::unique_ptr<Server>> Listen(const ServerOptions& options, Service* service,
                                                        ObserveRequest observe);
  ~Server();

  // `http://127.0.0.1:8080`, with the port that it is.
  std::string url() const;

  // Serves until SIGTERM or SIGINT; then takes no more connections, answers the requests that have begun, and returns.
  // A second signal ends the process at once.
  void Run();

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TOOLS_SERVE_SERVER_H_
