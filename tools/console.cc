#include "console.h"

#include "command.h"
#include "output.h"

namespace tallystick::tools {

int Console::Fail(const absl::Status& status) {
  Tell(std::string(status.message()));
  return kFailed;
}

int Console::Answer(const std::vector<std::string>& lines) {
  const absl::Status printed = Print(lines);
  return printed.ok() ? kDone : Fail(printed);
}

absl::Status Terminal::Print(const std::vector<std::string>& lines) {
  progress_.reset();
  Output output;
  for (const std::string& line : lines) {
    if (!output.WriteLine(line)) break;
  }
  return output.Flush();
}

void Terminal::Tell(const std::string& text) {
  progress_.reset();
  tools::Tell(text);
}

bool Terminal::ShowProgress(std::string_view unit, std::uint64_t count, std::optional<double> fraction) {
  if (!progress_.has_value()) progress_.emplace(std::string(unit));
  progress_->Update(count, fraction);
  return true;
}

}  // namespace tallystick::tools
