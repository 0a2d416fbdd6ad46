// A console that keeps what is printed.

#ifndef TALLYSTICK_TESTS_CONTROL_CONSOLE_DOUBLE_H_
#define TALLYSTICK_TESTS_CONTROL_CONSOLE_DOUBLE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "console.h"

namespace tallystick::tools {

struct ConsoleDouble : Console {
  absl::Status Print(const std::vector<std::string>& lines) override {
    if (print_status.ok()) printed.insert(printed.end(), lines.begin(), lines.end());
    return print_status;
  }
  void Tell(const std::string& text) override { told.push_back(text); }
  bool ShowProgress(std::string_view unit, std::uint64_t count, std::optional<double> fraction) override {
    shown.push_back(std::string(unit) + " " + std::to_string(count) + " " +
                    (fraction.has_value() ? std::to_string(*fraction) : "-"));
    return true;
  }

  std::vector<std::string> printed;
  std::vector<std::string> told;
  std::vector<std::string> shown;
  absl::Status print_status;
};

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TESTS_CONTROL_CONSOLE_DOUBLE_H_
