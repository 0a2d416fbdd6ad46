// What the two sides of a control socket say to each other, and how.
//
// The socket is a local one that keeps packets apart (SOCK_SEQPACKET): each send is one receive, whole or not at all. A
// packet is a byte for its kind and then a text. The client sends one, its request; the server answers with kStarted,
// then with what the command prints, and with kEnded at last.

#ifndef TALLYSTICK_TOOLS_CONTROL_PACKETS_H_
#define TALLYSTICK_TOOLS_CONTROL_PACKETS_H_

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "files.h"

namespace tallystick::tools {

enum class PacketKind : char {
  kRequest = 'r',   // the protocol's version, and the words of a command
  kStarted = 's',   // the command is being carried out
  kPrinted = 'o',   // a piece of standard output
  kTold = 't',      // words for a person
  kProgress = 'p',  // unit, count, and the fraction where it is known
  kEnded = 'x',     // the exit status, in decimal
};

inline constexpr char kProtocolVersion[] = "1";
inline constexpr char kSocketName[] = "control";
inline constexpr std::size_t kPacketTextMax = 128 * 1024;  // well under what a socket takes at once

// How long one side waits where the other has nothing to wait for itself.
inline constexpr std::chrono::seconds kPatience{10};

struct Packet {
  PacketKind kind;
  std::string text;
};

enum class Sent {
  kYes,
  kLater,  // the other side does not read as fast
  kNever,  // it has gone, or does not read
};

// Waits up to the socket's own time-out for room; with `wait` false, not at all. The text is at most kPacketTextMax.
Sent SendPacket(const Descriptor& socket, PacketKind kind, std::string_view text, bool wait = true);

// The next packet. Absent when the other side has gone, when the socket's time-out has passed, and where what comes is
// no packet.
std::optional<Packet> ReceivePacket(const Descriptor& socket);

// For how long the two above wait; zero is for ever.
void SetPatience(const Descriptor& socket, std::chrono::seconds to_send, std::chrono::seconds to_receive);

// Several texts as one. None of them may hold a NUL, which is what ends each.
std::string JoinTexts(const std::vector<std::string>& texts);
// Absent when the last one does not end.
std::optional<std::vector<std::string>> SplitTexts(std::string_view joined);

// A socket, and the address of `control` in a folder. An address takes a path of 107 bytes, so it names the folder by
// its descriptor and is good while `folder` is open. Needs /proc.
struct SocketPlace {
  Descriptor socket;
  Descriptor folder;
  std::string address;  // a path
};
absl::StatusOr<SocketPlace> FindSocketPlace(const std::string& folder);

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TOOLS_CONTROL_PACKETS_H_
