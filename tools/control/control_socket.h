// The door of a server to those who run it: a local socket in the store's folder, by which commands that need the store
// to themselves are carried out in the process that has it.
//
//   store->Open(...); ControlSocket::Start(folder, [&](const auto& words, Console& console) {
//     return CarryOut(words, *store, console);
//   });
//
// Only the server's own user and root get in: nobody else may use the socket's file, and whoever comes is asked by the
// kernel who it is.

#ifndef TALLYSTICK_TOOLS_CONTROL_CONTROL_SOCKET_H_
#define TALLYSTICK_TOOLS_CONTROL_CONTROL_SOCKET_H_

#include <atomic>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "console.h"
#include "control/packets.h"
#include "files.h"

namespace tallystick::tools {

class ControlSocket {
 public:
  // Carries a command out, and returns its exit status. Called from several threads.
  using Run = std::function<int(const std::vector<std::string>& words, Console& console)>;

  // Listens in the folder of a store that this process has open for writing: a socket that is there already was left by
  // a process that was killed. A thread waits for clients, and each of them has one of its own.
  //
  //   FAILED_PRECONDITION  something else has the socket's name
  //   NOT_FOUND, PERMISSION_DENIED, RESOURCE_EXHAUSTED, UNKNOWN   the system gives no socket
  static absl::StatusOr<std::unique_ptr<ControlSocket>> Start(const std::string& store_folder, Run run);

  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;
  ~ControlSocket();  // stops

  // Takes the socket away, tells commands that are being carried out that they are not wanted any more (a backup is
  // cancelled), and returns when they have ended. To be called before the store is closed. Not thread-safe.
  void Stop();

  static constexpr std::size_t kCommandsMax = 8;  // at once; who brings another one is told to try again
  static constexpr std::size_t kClientsMax = 32;  // who comes beyond that finds no server

 private:
  struct Client {
    Descriptor socket;
    std::thread thread;
    std::atomic<bool> done{false};
  };

  ControlSocket(SocketPlace place, Descriptor wake, Run run);
  void Listen();
  void Accept();
  void Serve(Client* client);

  const SocketPlace place_;
  const Descriptor wake_;  // an eventfd: readable once it is to stop
  const Run run_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::size_t> commands_{0};  // that are being carried out
  std::list<Client> clients_;             // of listener_, and of Stop once that has ended
  std::thread listener_;
};

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TOOLS_CONTROL_CONTROL_SOCKET_H_
