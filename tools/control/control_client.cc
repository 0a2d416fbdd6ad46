#include "control/control_client.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "command.h"
#include "control/packets.h"

namespace tallystick::tools {
namespace {

std::optional<Descriptor> Connect(const std::string& store_folder) {
  absl::StatusOr<SocketPlace> place = FindSocketPlace(store_folder);
  if (!place.ok()) return std::nullopt;
  SetPatience(place->socket, kPatience, kPatience);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  place->address.copy(address.sun_path, sizeof(address.sun_path) - 1);
  // Whatever stands in the way of it, the store itself is asked next, and tells who has it open.
  if (::connect(place->socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return std::nullopt;
  }
  return std::move(place->socket);
}

template <typename Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool ShowProgress(std::string_view text, Console& console) {
  const std::optional<std::vector<std::string>> parts = SplitTexts(text);
  if (!parts.has_value() || parts->size() < 2) return false;
  const std::optional<std::uint64_t> count = ParseNumber<std::uint64_t>((*parts)[1]);
  if (!count.has_value()) return false;
  std::optional<double> fraction;
  if (parts->size() > 2) fraction = ParseNumber<double>((*parts)[2]);
  console.ShowProgress(parts->front(), *count, fraction);
  return true;
}

// Prints what has come of standard output, but for a line that has not ended.
absl::Status PrintLines(std::string* out, Console& console) {
  std::vector<std::string> lines;
  std::string_view rest = *out;
  for (std::size_t end = 0; (end = rest.find('\n')) != std::string_view::npos; rest.remove_prefix(end + 1)) {
    lines.emplace_back(rest.substr(0, end));
  }
  out->erase(0, out->size() - rest.size());
  return lines.empty() ? absl::OkStatus() : console.Print(lines);
}

}  // namespace

std::optional<int> AskServer(const std::string& store_folder, const std::vector<std::string>& words, Console& console) {
  const std::optional<Descriptor> socket = Connect(store_folder);
  if (!socket.has_value()) return std::nullopt;
  std::vector<std::string> texts = {kProtocolVersion};
  texts.insert(texts.end(), words.begin(), words.end());
  const std::string request = JoinTexts(texts);
  if (request.size() > kPacketTextMax) {
    console.Tell("the command is too long for the server that has the store open");
    return kFailed;
  }
  if (SendPacket(*socket, PacketKind::kRequest, request) != Sent::kYes) return std::nullopt;
  std::optional<Packet> packet = ReceivePacket(*socket);
  // Nothing is done: the server sends this before it begins, and finds nobody there.
  if (!packet.has_value()) return std::nullopt;

  SetPatience(*socket, kPatience, std::chrono::seconds(0));
  std::string out;
  for (; packet.has_value(); packet = ReceivePacket(*socket)) {
    switch (packet->kind) {
      case PacketKind::kStarted:
        continue;
      case PacketKind::kPrinted:
        out += packet->text;
        if (const absl::Status printed = PrintLines(&out, console); !printed.ok()) return console.Fail(printed);
        continue;
      case PacketKind::kTold:
        console.Tell(packet->text);
        continue;
      case PacketKind::kProgress:
        if (ShowProgress(packet->text, console)) continue;
        break;
      case PacketKind::kEnded:
        if (const std::optional<int> exit_status = ParseNumber<int>(packet->text)) return *exit_status;
        break;
      default:
        break;
    }
    console.Tell("the server that has the store open answers in a way that is not understood");
    return kFailed;
  }
  console.Tell("the server has ended before the command did; whether it is done is not known");
  return kFailed;
}

}  // namespace tallystick::tools
