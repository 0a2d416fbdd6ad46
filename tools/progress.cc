#include "progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <utility>

namespace tallystick::tools {
namespace {

constexpr std::chrono::milliseconds kRedrawInterval{100};
constexpr std::size_t kBarWidth = 24;

// 1234567 as "1,234,567".
std::string Grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t i = text.size(); i > 3;) text.insert(i -= 3, ",");
  return text;
}

// "1:02:03", "2:03".
std::string Clock(double duration_seconds) {
  const auto seconds = static_cast<std::int64_t>(duration_seconds);
  std::array<char, 32> text;
  if (seconds >= 3600) {
    std::snprintf(text.data(), text.size(), "%d:%02d:%02d", static_cast<int>(seconds / 3600),
                  static_cast<int>(seconds / 60 % 60), static_cast<int>(seconds % 60));
  } else {
    std::snprintf(text.data(), text.size(), "%d:%02d", static_cast<int>(seconds / 60), static_cast<int>(seconds % 60));
  }
  return text.data();
}

}  // namespace

Progress::Progress(std::string unit)
    : unit_(std::move(unit)), terminal_(::isatty(STDERR_FILENO) == 1), began_(std::chrono::steady_clock::now()) {}

Progress::~Progress() { Clear(); }

void Progress::Update(std::uint64_t count, std::optional<double> fraction) {
  if (!terminal_) return;
  const auto now = std::chrono::steady_clock::now();
  if (shown_ && now - drawn_ < kRedrawInterval) return;
  drawn_ = now;

  const double seconds = std::max(std::chrono::duration<double>(now - began_).count(), 0.001);
  std::string line;
  if (fraction.has_value()) {
    const double done = std::clamp(*fraction, 0.0, 1.0);
    const auto filled = static_cast<std::size_t>(done * kBarWidth);
    line += "[" + std::string(filled, '#') + std::string(kBarWidth - filled, ' ') + "] " +
            std::to_string(static_cast<int>(done * 100)) + " %  ";
    line += Grouped(count) + " " + unit_ + "  ";
    line += Grouped(static_cast<std::uint64_t>(static_cast<double>(count) / seconds)) + "/s";
    if (done > 0) line += "  " + Clock(seconds / done - seconds) + " left";
  } else {
    line += Grouped(count) + " " + unit_ + "  ";
    line += Grouped(static_cast<std::uint64_t>(static_cast<double>(count) / seconds)) + "/s  " + Clock(seconds);
  }
  // A line that is wider than the terminal goes on in the next one, where erasing does not reach it.
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 && line.size() >= size.ws_col) {
    line.resize(size.ws_col - 1U);
  }
  // Back to the line's start, and what is left of the last one erased (ECMA-48, EL).
  std::fprintf(stderr, "\r%s\x1b[K", line.c_str());
  std::fflush(stderr);
  shown_ = true;
}

void Progress::Clear() {
  if (!shown_) return;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
  shown_ = false;
}

}  // namespace tallystick::tools
