// A plain client of HTTP/1.1 on a blocking socket, which sends whatever bytes a test wants.

#ifndef TALLYSTICK_TESTS_SERVE_CLIENT_H_
#define TALLYSTICK_TESTS_SERVE_CLIENT_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace tallystick::serve {

struct Reply {
  int status = 0;
  std::map<std::string, std::string> headers;  // by names in lower case
  std::string body;

  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

// What a request says; the rest is what all tests share.
struct Ask {
  std::string method = "GET";
  std::string target = "/";
  std::string credential = "";    // behind `Basic `; empty: none
  std::string content_type = "";  // empty: none
  std::string body = "";
  std::string headers = "";  // more lines, each with its end
};

std::string ToText(const Ask& ask);

class Client {
 public:
  // Connects to a port of loopback. Without a connection, all else fails.
  explicit Client(std::uint16_t port);
  Client(Client&& other) noexcept;
  Client& operator=(Client&&) = delete;
  ~Client();

  // False when the other end takes no more.
  bool Send(std::string_view bytes);

  // The next answer, a 100 among them; absent when the connection ends before it is whole. `head`: of a HEAD request.
  std::optional<Reply> Read(bool head = false);

  // A request and its answer.
  std::optional<Reply> Call(const Ask& ask) { return Send(ToText(ask)) ? Read(ask.method == "HEAD") : std::nullopt; }

  // Waits for the other end to close; false when it sends something instead.
  bool Ended();

 private:
  bool ReadMore();

  int socket_ = -1;
  std::string read_;
};

}  // namespace tallystick::serve

#endif  // TALLYSTICK_TESTS_SERVE_CLIENT_H_
