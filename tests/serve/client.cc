#include "tests/serve/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstddef>
#include <utility>

namespace tallystick::serve {

std::string ToText(const Ask& ask) {
  std::string text = ask.method + " " + ask.target + " HTTP/1.1\r\nHost: localhost\r\n";
  if (!ask.credential.empty()) text += "Authorization: Basic " + ask.credential + "\r\n";
  if (!ask.content_type.empty()) text += "Content-Type: " + ask.content_type + "\r\n";
  if (!ask.body.empty() || ask.method == "POST") text += "Content-Length: " + std::to_string(ask.body.size()) + "\r\n";
  return text + ask.headers + "\r\n" + ask.body;
}

Client::Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return;
  ::close(std::exchange(socket_, -1));
}

Client::Client(Client&& other) noexcept : socket_(std::exchange(other.socket_, -1)), read_(std::move(other.read_)) {}

Client::~Client() {
  if (socket_ >= 0) ::close(socket_);
}

bool Client::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool Client::ReadMore() {
  std::array<char, 16384> bytes;
  ssize_t size = -1;
  do {
    size = ::recv(socket_, bytes.data(), bytes.size(), 0);
  } while (size < 0 && errno == EINTR);
  if (size <= 0) return false;
  read_.append(bytes.data(), static_cast<std::size_t>(size));
  return true;
}

std::optional<Reply> Client::Read(bool head) {
  constexpr std::string_view kEnd = "\r\n\r\n";
  std::size_t end = std::string::npos;
  while ((end = read_.find(kEnd)) == std::string::npos) {
    if (!ReadMore()) return std::nullopt;
  }
  Reply reply;
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  if (!read_.starts_with(kVersion)) return std::nullopt;
  reply.status = std::stoi(read_.substr(kVersion.size(), 3));
  std::string_view lines = std::string_view(read_).substr(0, end + 2);
  lines.remove_prefix(lines.find('\n') + 1);
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\r'));
    lines.remove_prefix(line.size() + 2);
    std::string name(line.substr(0, line.find(": ")));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
    reply.headers[name] = line.substr(name.size() + 2);
  }
  const std::string length = reply.header("content-length");
  const std::size_t size = head || length.empty() ? 0 : std::stoull(length);
  read_.erase(0, end + kEnd.size());
  while (read_.size() < size) {
    if (!ReadMore()) return std::nullopt;
  }
  reply.body = read_.substr(0, size);
  read_.erase(0, size);
  return reply;
}

bool Client::Ended() { return read_.empty() && !ReadMore(); }

}  // namespace tallystick::serve
