#include "control/control_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "command.h"

namespace tallystick::tools {
namespace {

constexpr int kBacklog = 16;
constexpr std::chrono::milliseconds kProgressInterval{100};

// Has what a command prints printed by the client.
class Remote : public Console {
 public:
  Remote(const Descriptor& socket, const std::atomic<bool>& stopping) : socket_(socket), stopping_(stopping) {}

  absl::Status Print(const std::vector<std::string>& lines) override {
    std::string text;
    for (const std::string& line : lines) text.append(line).push_back('\n');
    for (std::string_view rest = text; !rest.empty(); rest.remove_prefix(std::min(rest.size(), kPacketTextMax))) {
      if (!Send(PacketKind::kPrinted, rest.substr(0, kPacketTextMax))) {
        return absl::UnknownError("the client has gone");
      }
    }
    return absl::OkStatus();
  }

  void Tell(const std::string& text) override {
    Send(PacketKind::kTold, std::string_view(text).substr(0, kPacketTextMax));
  }

  bool ShowProgress(std::string_view unit, std::uint64_t count, std::optional<double> fraction) override {
    const auto now = std::chrono::steady_clock::now();
    if (stopping_) return false;
    if (gone_ || now - shown_ < kProgressInterval) return !gone_;
    shown_ = now;
    std::vector<std::string> parts = {std::string(unit), std::to_string(count)};
    if (fraction.has_value()) parts.push_back(std::to_string(*fraction));
    // A client that was only halted misses it, and the command goes on.
    gone_ = SendPacket(socket_, PacketKind::kProgress, JoinTexts(parts), false) == Sent::kNever || HasHungUp();
    return !gone_;
  }

  bool Send(PacketKind kind, std::string_view text) {
    gone_ = gone_ || SendPacket(socket_, kind, text) != Sent::kYes;
    return !gone_;
  }

 private:
  bool HasHungUp() const {
    pollfd state{.fd = socket_.get(), .events = 0, .revents = 0};
    return ::poll(&state, 1, 0) > 0;  // nothing else is asked for
  }

  const Descriptor& socket_;
  const std::atomic<bool>& stopping_;
  std::chrono::steady_clock::time_point shown_{};
  bool gone_ = false;
};

void Refuse(const std::string& why, Remote& remote) {
  remote.Tell(why);
  remote.Send(PacketKind::kEnded, std::to_string(kFailed));
}

// The words of the command; absent when the client does not say any, or is refused.
std::optional<std::vector<std::string>> ReceiveWords(const Descriptor& socket, Remote& remote) {
  const std::optional<Packet> packet = ReceivePacket(socket);
  if (!packet.has_value() || packet->kind != PacketKind::kRequest) return std::nullopt;
  std::optional<std::vector<std::string>> words = SplitTexts(packet->text);
  if (!words.has_value() || words->empty()) return std::nullopt;
  if (words->front() != kProtocolVersion) {
    Refuse("the server that has the store open is of another version", remote);
    return std::nullopt;
  }
  words->erase(words->begin());
  return words;
}

void RunFor(Remote& remote, const std::vector<std::string>& words, const ControlSocket::Run& run) {
  // Who has gone by now has given the command up, and may have done it otherwise.
  if (!remote.Send(PacketKind::kStarted, "")) return;
  int exit_status = kFailed;
  try {
    exit_status = run(words, remote);
  } catch (const std::exception& error) {
    remote.Tell(error.what());
  }
  remote.Send(PacketKind::kEnded, std::to_string(exit_status));
}

// Its own user, or root.
bool MayEnter(const Descriptor& socket) {
  ucred client{};
  socklen_t size = sizeof(client);
  return ::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &client, &size) == 0 &&
         (client.uid == ::geteuid() || client.uid == 0);
}

}  // namespace

absl::StatusOr<std::unique_ptr<ControlSocket>> ControlSocket::Start(const std::string& store_folder, Run run) {
  const std::string path = store_folder + "/" + kSocketName;
  absl::StatusOr<SocketPlace> place = FindSocketPlace(store_folder);
  if (!place.ok()) return place.status();
  Descriptor wake(::eventfd(0, EFD_CLOEXEC));
  if (!wake) return LastFileError(path, "cannot make an eventfd");

  struct stat left {};
  if (::fstatat(place->folder.get(), kSocketName, &left, AT_SYMLINK_NOFOLLOW) == 0) {
    if (!S_ISSOCK(left.st_mode)) return absl::FailedPreconditionError(path + ": is no socket, and in the way of one");
    if (::unlinkat(place->folder.get(), kSocketName, 0) != 0) return LastFileError(path, "cannot remove");
  }
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  place->address.copy(address.sun_path, sizeof(address.sun_path) - 1);
  // The file is made with the rights that the socket has: at no moment has it others, whatever the umask is.
  if (::fchmod(place->socket.get(), S_IRUSR | S_IWUSR) != 0 ||
      ::bind(place->socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(place->socket.get(), kBacklog) != 0 || ::fcntl(place->socket.get(), F_SETFL, O_NONBLOCK) != 0) {
    return LastFileError(path, "cannot listen");
  }
  std::unique_ptr<ControlSocket> control(new ControlSocket(*std::move(place), std::move(wake), std::move(run)));
  control->listener_ = std::thread(&ControlSocket::Listen, control.get());
  return control;
}

ControlSocket::ControlSocket(SocketPlace place, Descriptor wake, Run run)
    : place_(std::move(place)), wake_(std::move(wake)), run_(std::move(run)) {}

ControlSocket::~ControlSocket() { Stop(); }

void ControlSocket::Stop() {
  if (!listener_.joinable()) return;
  stopping_ = true;
  ::eventfd_write(wake_.get(), 1);
  listener_.join();
  ::unlinkat(place_.folder.get(), kSocketName, 0);
  // Who has not said what it wants has no more time for that.
  for (const Client& client : clients_) ::shutdown(client.socket.get(), SHUT_RD);
  for (Client& client : clients_) client.thread.join();
  clients_.clear();
}

void ControlSocket::Listen() {
  while (!stopping_) {
    std::array<pollfd, 2> events = {{{.fd = place_.socket.get(), .events = POLLIN, .revents = 0},
                                     {.fd = wake_.get(), .events = POLLIN, .revents = 0}}};
    if (::poll(events.data(), events.size(), -1) > 0 && events[0].revents != 0) Accept();
  }
}

void ControlSocket::Accept() {
  Descriptor socket(::accept4(place_.socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!socket) {
    // Without a descriptor to give, the client would be announced again and again.
    pollfd wake{.fd = wake_.get(), .events = POLLIN, .revents = 0};
    if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) ::poll(&wake, 1, 100);
    return;
  }
  SetPatience(socket, kPatience, kPatience);
  std::erase_if(clients_, [](Client& client) {
    if (client.done) client.thread.join();
    return client.done.load();
  });
  if (!MayEnter(socket) || clients_.size() >= kClientsMax) return;
  Client& client = clients_.emplace_back();
  client.socket = std::move(socket);
  try {
    client.thread = std::thread(&ControlSocket::Serve, this, &client);
  } catch (const std::system_error&) {
    clients_.pop_back();  // the machine has no thread to give, which the client sees as a server that does not answer
  }
}

void ControlSocket::Serve(Client* client) {
  Remote remote(client->socket, stopping_);
  if (const std::optional<std::vector<std::string>> words = ReceiveWords(client->socket, remote)) {
    if (++commands_ <= kCommandsMax) {
      RunFor(remote, *words, run_);
    } else {
      Refuse("the server is carrying out other commands: try again", remote);
    }
    --commands_;
  }
  ::shutdown(client->socket.get(), SHUT_RDWR);  // it is closed when the next client comes
  client->done = true;
}

}  // namespace tallystick::tools
