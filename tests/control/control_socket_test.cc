#include "control/control_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "control/control_client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/control/console_double.h"
#include "tests/support/random.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace tallystick::tools {
namespace {

using ::tallystick::testing::IsOk;
using ::tallystick::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Words = std::vector<std::string>;

class ControlSocketTest : public ::testing::Test {
 protected:
  // Starts a server in the folder.
  std::unique_ptr<ControlSocket> Start(ControlSocket::Run run) const {
    absl::StatusOr<std::unique_ptr<ControlSocket>> control = ControlSocket::Start(folder_.path(), std::move(run));
    EXPECT_THAT(control, IsOk());
    return control.ok() ? *std::move(control) : nullptr;
  }
  std::optional<int> Ask(const Words& words, ConsoleDouble* console) const {
    return AskServer(folder_.path(), words, *console);
  }
  std::optional<int> Ask(const Words& words) const {
    ConsoleDouble console;
    return Ask(words, &console);
  }
  std::string SocketPath() const { return folder_.path("control"); }

  static sockaddr_un AddressOf(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    EXPECT_LT(path.size(), sizeof(address.sun_path));
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    return address;
  }
  // A client that says nothing.
  Descriptor Connect() const {
    absl::StatusOr<SocketPlace> place = FindSocketPlace(folder_.path());
    EXPECT_THAT(place, IsOk());
    const sockaddr_un address = AddressOf(place->address);
    EXPECT_EQ(::connect(place->socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0)
        << std::strerror(errno);
    return std::move(place->socket);
  }
  // A server that is not ours.
  Descriptor ListenRaw() const {
    absl::StatusOr<SocketPlace> place = FindSocketPlace(folder_.path());
    EXPECT_THAT(place, IsOk());
    const sockaddr_un address = AddressOf(place->address);
    EXPECT_EQ(::bind(place->socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(::listen(place->socket.get(), 1), 0);
    return std::move(place->socket);
  }
  // What a client makes of a server that sends these packets and goes.
  std::optional<int> AskOneThatSays(const std::vector<Packet>& packets, ConsoleDouble* console) const {
    const Descriptor listening = ListenRaw();
    std::thread server([&] {
      const Descriptor client(::accept(listening.get(), nullptr, nullptr));
      EXPECT_TRUE(ReceivePacket(client).has_value());
      for (const Packet& packet : packets) SendPacket(client, packet.kind, packet.text);
    });
    const std::optional<int> exit_status = Ask({"words"}, console);
    server.join();
    ::unlink(SocketPath().c_str());
    return exit_status;
  }

  testing::TempFolder folder_;
};

TEST_F(ControlSocketTest, ACommandsWordsGoInAndWhatItPrintsComesOut) {
  Words received;
  const std::string long_line(3 * kPacketTextMax, 'a');
  const std::unique_ptr<ControlSocket> control = Start([&](const Words& words, Console& console) {
    received = words;
    EXPECT_TRUE(console.ShowProgress("bytes", 18'446'744'073'709'551'615U, 0.25));
    console.Tell("to a person\x1b");
    EXPECT_THAT(console.Print({"a line", "", "b\xff", long_line}), IsOk());
    EXPECT_EQ(console.Fail(absl::NotFoundError("it failed")), 1);
    EXPECT_EQ(console.Answer({"the end"}), 0);
    return 3;
  });
  ConsoleDouble console;
  const Words words = {"backup", "", "--verify", "a b\n\xff", "--", "-x"};
  EXPECT_EQ(Ask(words, &console), 3);
  EXPECT_EQ(received, words);
  EXPECT_THAT(console.printed, ElementsAre("a line", "", "b\xff", long_line, "the end"));
  EXPECT_THAT(console.told, ElementsAre("to a person\x1b", "it failed"));
  EXPECT_THAT(console.shown, ElementsAre("bytes 18446744073709551615 0.250000"));

  ConsoleDouble other;
  EXPECT_EQ(Ask({}, &other), 3) << "it serves again";
  EXPECT_THAT(received, IsEmpty());
}

TEST_F(ControlSocketTest, ProgressWithoutAnEndHasNoFraction) {
  const std::unique_ptr<ControlSocket> control =
      Start([&](const Words&, Console& console) { return console.ShowProgress("events", 7, std::nullopt) ? 0 : 1; });
  ConsoleDouble console;
  EXPECT_EQ(Ask({"words"}, &console), 0);
  EXPECT_THAT(console.shown, ElementsAre("events 7 -"));
}

TEST_F(ControlSocketTest, WithoutAServerNothingIsDone) {
  ConsoleDouble console;
  EXPECT_EQ(Ask({"words"}, &console), std::nullopt) << "no socket";
  EXPECT_EQ(AskServer(folder_.path("none"), {"words"}, console), std::nullopt) << "no folder";
  std::ofstream(SocketPath()) << "text";
  EXPECT_EQ(Ask({"words"}, &console), std::nullopt) << "a file";
  std::filesystem::remove(SocketPath());
  { const Descriptor killed = ListenRaw(); }
  EXPECT_TRUE(std::filesystem::exists(SocketPath()));
  EXPECT_EQ(Ask({"words"}, &console), std::nullopt) << "a socket that a killed server left";
  EXPECT_THAT(console.told, IsEmpty());
}

TEST_F(ControlSocketTest, TakesThePlaceOfASocketThatAKilledServerLeft) {
  { const Descriptor killed = ListenRaw(); }
  const std::unique_ptr<ControlSocket> control = Start([](const Words&, Console&) { return 5; });
  EXPECT_EQ(Ask({"words"}), 5);
}

TEST_F(ControlSocketTest, WhatIsNoSocketIsLeftAlone) {
  std::ofstream(SocketPath()) << "text";
  const auto run = [](const Words&, Console&) { return 0; };
  EXPECT_THAT(ControlSocket::Start(folder_.path(), run),
              StatusIs(absl::StatusCode::kFailedPrecondition, SocketPath() + ": "));
  EXPECT_EQ(std::filesystem::file_size(SocketPath()), 4U);
  std::filesystem::remove(SocketPath());
  std::filesystem::create_symlink(folder_.path("elsewhere"), SocketPath());
  EXPECT_THAT(ControlSocket::Start(folder_.path(), run), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(ControlSocket::Start(folder_.path("none"), run), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ControlSocketTest, IsItsOwnersAloneWhateverTheUmask) {
  for (const mode_t umask : {0U, 022U, 0077U}) {
    const mode_t before = ::umask(umask);
    const std::unique_ptr<ControlSocket> control = Start([](const Words&, Console&) { return 0; });
    ::umask(before);
    struct stat state {};
    ASSERT_EQ(::stat(SocketPath().c_str(), &state), 0);
    EXPECT_TRUE(S_ISSOCK(state.st_mode));
    EXPECT_EQ(state.st_mode & 07777, 0600U);
  }
}

// Even where somebody has opened the file's rights.
TEST_F(ControlSocketTest, LetsNobodyElseIn) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can be somebody else";
  std::atomic<int> runs{0};
  const std::unique_ptr<ControlSocket> control = Start([&](const Words&, Console&) { return ++runs, 0; });
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0755), 0);
  const auto as_somebody_else = [this](bool let_in) {
    std::thread([this, let_in] {
      // The system call, unlike the function, concerns this thread alone.
      constexpr int kNobody = 65534;
      ASSERT_EQ(::syscall(SYS_setresuid, kNobody, kNobody, kNobody), 0);
      const Descriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
      const sockaddr_un address = AddressOf(SocketPath());
      const int connected = ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
      EXPECT_EQ(connected == 0, let_in) << std::strerror(errno);
      if (connected != 0) return;
      SendPacket(socket, PacketKind::kRequest, JoinTexts({kProtocolVersion, "words"}));
      EXPECT_FALSE(ReceivePacket(socket).has_value());
    }).join();
  };
  as_somebody_else(false);
  ASSERT_EQ(::chmod(SocketPath().c_str(), 0666), 0);
  as_somebody_else(true);
  EXPECT_EQ(runs, 0);
  EXPECT_EQ(Ask({"words"}), 0);
}

// An address takes 107 bytes.
TEST_F(ControlSocketTest, TheFoldersPathMayBeLong) {
  std::string path = folder_.path();
  for (int i = 0; i < 20; ++i) path += "/" + std::string(100, 'a');
  std::filesystem::create_directories(path);
  absl::StatusOr<std::unique_ptr<ControlSocket>> control =
      ControlSocket::Start(path, [](const Words&, Console&) { return 4; });
  ASSERT_THAT(control, IsOk());
  EXPECT_TRUE(std::filesystem::is_socket(path + "/control"));
  ConsoleDouble console;
  EXPECT_EQ(AskServer(path, {"words"}, console), 4);
  (*control)->Stop();
  EXPECT_FALSE(std::filesystem::exists(path + "/control"));
}

TEST_F(ControlSocketTest, StoppingTakesTheSocketAway) {
  const std::unique_ptr<ControlSocket> control = Start([](const Words&, Console&) { return 0; });
  control->Stop();
  EXPECT_FALSE(std::filesystem::exists(SocketPath()));
  EXPECT_EQ(Ask({"words"}), std::nullopt);
  control->Stop();
  const std::unique_ptr<ControlSocket> next = Start([](const Words&, Console&) { return 6; });
  EXPECT_EQ(Ask({"words"}), 6);
}

TEST_F(ControlSocketTest, StoppingEndsACommandAndItsClientHearsOfIt) {
  std::promise<void> begun;
  const std::unique_ptr<ControlSocket> control = Start([&](const Words&, Console& console) {
    begun.set_value();
    while (console.ShowProgress("bytes", 1, std::nullopt)) std::this_thread::yield();
    return console.Fail(absl::CancelledError("it was cancelled"));
  });
  ConsoleDouble console;
  std::optional<int> exit_status;
  std::thread client([&] { exit_status = Ask({"words"}, &console); });
  begun.get_future().wait();
  control->Stop();
  client.join();
  EXPECT_EQ(exit_status, 1);
  EXPECT_THAT(console.told, ElementsAre("it was cancelled"));
}

TEST_F(ControlSocketTest, ACommandWhoseClientHasGoneIsNotWanted) {
  std::promise<void> unwanted;
  const std::unique_ptr<ControlSocket> control = Start([&](const Words& words, Console& console) {
    if (words.front() == "other") return 0;
    while (console.ShowProgress("bytes", 1, std::nullopt)) std::this_thread::yield();
    EXPECT_FALSE(console.Print({"a line"}).ok());
    unwanted.set_value();
    return 0;
  });
  {
    const Descriptor client = Connect();
    ASSERT_EQ(SendPacket(client, PacketKind::kRequest, JoinTexts({kProtocolVersion, "words"})), Sent::kYes);
    const std::optional<Packet> started = ReceivePacket(client);
    ASSERT_TRUE(started.has_value());
    EXPECT_EQ(started->kind, PacketKind::kStarted);
  }
  unwanted.get_future().wait();
  EXPECT_EQ(Ask({"other"}), 0);
}

TEST_F(ControlSocketTest, ACommandThatThrowsIsAFailure) {
  const std::unique_ptr<ControlSocket> control =
      Start([](const Words&, Console&) -> int { throw std::runtime_error("it threw"); });
  ConsoleDouble console;
  EXPECT_EQ(Ask({"words"}, &console), 1);
  EXPECT_THAT(console.told, ElementsAre("it threw"));
}

TEST_F(ControlSocketTest, RubbishIsNoCommand) {
  std::atomic<int> runs{0};
  const std::unique_ptr<ControlSocket> control = Start([&](const Words&, Console&) { return ++runs, 0; });
  testing::Random random;
  std::vector<Packet> packets = {
      {PacketKind::kRequest, ""},
      {PacketKind::kRequest, "1"},
      {PacketKind::kRequest, std::string("1\0words", 7)},
      {PacketKind::kRequest, std::string(kPacketTextMax + 1, '\0')},
      {PacketKind::kStarted, JoinTexts({kProtocolVersion, "words"})},
      {PacketKind::kEnded, "0"},
      {static_cast<PacketKind>(0), ""},
  };
  for (int i = 0; i < 100; ++i) {
    std::string text;
    for (std::uint64_t size = random.Below(1000); size > 0; --size)
      text.push_back(static_cast<char>(random.Below(256)));
    text.push_back('x');  // so that it does not end, and is none for sure
    packets.push_back({static_cast<PacketKind>(random.Below(256)), text});
  }
  for (const Packet& packet : packets) {
    const Descriptor client = Connect();
    ASSERT_EQ(SendPacket(client, packet.kind, packet.text), Sent::kYes);
    EXPECT_FALSE(ReceivePacket(client).has_value());
  }
  {
    const Descriptor client = Connect();
    ASSERT_EQ(SendPacket(client, PacketKind::kRequest, JoinTexts({"0", "words"})), Sent::kYes);
    EXPECT_THAT(ReceivePacket(client)->text, HasSubstr("of another version"));
    EXPECT_EQ(ReceivePacket(client)->text, "1");
  }
  EXPECT_EQ(runs, 0);
  EXPECT_EQ(Ask({"words"}), 0);
}

TEST_F(ControlSocketTest, SilentClientsKeepNobodyOutAndAreNotWaitedFor) {
  const std::unique_ptr<ControlSocket> control = Start([](const Words&, Console&) { return 0; });
  std::vector<Descriptor> silent;
  for (std::size_t i = 0; i + 1 < ControlSocket::kClientsMax; ++i) silent.push_back(Connect());
  EXPECT_EQ(Ask({"words"}), 0);
  while (silent.size() < 2 * ControlSocket::kClientsMax) silent.push_back(Connect());
  EXPECT_EQ(Ask({"words"}), std::nullopt) << "there is an end to it";
  const auto began = std::chrono::steady_clock::now();
  control->Stop();
  EXPECT_LT(std::chrono::steady_clock::now() - began, kPatience);
}

TEST_F(ControlSocketTest, SeveralCommandsRunAtOnceButNotVeryMany) {
  std::promise<void> end;
  const std::shared_future<void> ended = end.get_future().share();
  std::atomic<std::size_t> running{0};
  const std::unique_ptr<ControlSocket> control = Start([&](const Words&, Console&) {
    ++running;
    ended.wait();
    return 0;
  });
  std::vector<Descriptor> clients;
  for (std::size_t i = 0; i < ControlSocket::kCommandsMax; ++i) {
    clients.push_back(Connect());
    ASSERT_EQ(SendPacket(clients.back(), PacketKind::kRequest, JoinTexts({kProtocolVersion, "words"})), Sent::kYes);
    EXPECT_EQ(ReceivePacket(clients.back())->kind, PacketKind::kStarted);
  }
  ConsoleDouble console;
  EXPECT_EQ(Ask({"words"}, &console), 1);
  EXPECT_THAT(console.told, ElementsAre(HasSubstr("try again")));
  end.set_value();
  for (const Descriptor& client : clients) EXPECT_EQ(ReceivePacket(client)->kind, PacketKind::kEnded);
  EXPECT_EQ(running, ControlSocket::kCommandsMax);
  for (const Descriptor& client : clients) EXPECT_FALSE(ReceivePacket(client).has_value());
}

TEST_F(ControlSocketTest, AClientIsToldWhenTheServerGoesOrSaysRubbish) {
  ConsoleDouble console;
  EXPECT_EQ(AskOneThatSays({}, &console), std::nullopt) << "it has not begun";
  EXPECT_THAT(console.told, IsEmpty());
  EXPECT_EQ(AskOneThatSays({{PacketKind::kStarted, ""}}, &console), 1);
  EXPECT_THAT(console.told, ElementsAre(HasSubstr("has ended before the command did")));
  const std::vector<Packet> kRubbish = {
      {PacketKind::kRequest, "1"},
      {static_cast<PacketKind>(0), ""},
      {PacketKind::kEnded, ""},
      {PacketKind::kEnded, "0x"},
      {PacketKind::kProgress, ""},
      {PacketKind::kProgress, JoinTexts({"bytes"})},
      {PacketKind::kProgress, JoinTexts({"bytes", "many"})},
  };
  for (const Packet& packet : kRubbish) {
    console.told.clear();
    EXPECT_EQ(AskOneThatSays({{PacketKind::kStarted, ""}, packet}, &console), 1);
    EXPECT_THAT(console.told, ElementsAre(HasSubstr("not understood")));
  }
}

TEST_F(ControlSocketTest, ACommandThatIsTooLongIsToldOf) {
  const std::unique_ptr<ControlSocket> control = Start([](const Words&, Console&) { return 0; });
  ConsoleDouble console;
  EXPECT_EQ(Ask({std::string(kPacketTextMax, 'a')}, &console), 1);
  EXPECT_THAT(console.told, ElementsAre(HasSubstr("too long")));
}

TEST_F(ControlSocketTest, WhatTheClientCannotPrintIsItsFailure) {
  const std::unique_ptr<ControlSocket> control =
      Start([](const Words&, Console& console) { return console.Answer({"a line"}); });
  ConsoleDouble console;
  console.print_status = absl::UnknownError("no room");
  EXPECT_EQ(Ask({"words"}, &console), 1);
  EXPECT_THAT(console.told, ElementsAre("no room"));
}

}  // namespace
}  // namespace tallystick::tools
