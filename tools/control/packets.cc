#include "control/packets.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>

namespace tallystick::tools {

Sent SendPacket(const Descriptor& socket, PacketKind kind, std::string_view text, bool wait) {
  std::array<iovec, 2> parts = {{{.iov_base = &kind, .iov_len = sizeof(kind)},
                                 {.iov_base = const_cast<char*>(text.data()), .iov_len = text.size()}}};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  ssize_t sent = -1;
  do {
    sent = ::sendmsg(socket.get(), &message, MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT));
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return Sent::kYes;
  return (errno == EAGAIN || errno == EWOULDBLOCK) && !wait ? Sent::kLater : Sent::kNever;
}

std::optional<Packet> ReceivePacket(const Descriptor& socket) {
  std::string bytes(1 + kPacketTextMax, '\0');
  iovec whole{.iov_base = bytes.data(), .iov_len = bytes.size()};
  msghdr message{};
  message.msg_iov = &whole;
  message.msg_iovlen = 1;
  ssize_t size = -1;
  do {
    size = ::recvmsg(socket.get(), &message, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size <= 0 || (message.msg_flags & MSG_TRUNC) != 0) return std::nullopt;
  bytes.resize(static_cast<std::size_t>(size));
  return Packet{.kind = static_cast<PacketKind>(bytes.front()), .text = bytes.substr(1)};
}

void SetPatience(const Descriptor& socket, std::chrono::seconds to_send, std::chrono::seconds to_receive) {
  const auto set = [&socket](int option, std::chrono::seconds patience) {
    const timeval time{.tv_sec = patience.count(), .tv_usec = 0};
    ::setsockopt(socket.get(), SOL_SOCKET, option, &time, sizeof(time));
  };
  set(SO_SNDTIMEO, to_send);
  set(SO_RCVTIMEO, to_receive);
}

std::string JoinTexts(const std::vector<std::string>& texts) {
  std::string joined;
  for (const std::string& text : texts) joined.append(text).push_back('\0');
  return joined;
}

std::optional<std::vector<std::string>> SplitTexts(std::string_view joined) {
  std::vector<std::string> texts;
  while (!joined.empty()) {
    const std::size_t end = joined.find('\0');
    if (end == std::string_view::npos) return std::nullopt;
    texts.emplace_back(joined.substr(0, end));
    joined.remove_prefix(end + 1);
  }
  return texts;
}

absl::StatusOr<SocketPlace> FindSocketPlace(const std::string& folder) {
  SocketPlace place;
  place.folder = Descriptor(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!place.folder) return LastFileError(folder, "cannot open");
  place.socket = Descriptor(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!place.socket) return LastFileError(folder + "/" + kSocketName, "cannot make a socket");
  place.address = "/proc/self/fd/" + std::to_string(place.folder.get()) + "/" + kSocketName;
  return place;
}

}  // namespace tallystick::tools
