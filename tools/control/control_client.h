// Has a command carried out by the server that has the store open.

#ifndef TALLYSTICK_TOOLS_CONTROL_CONTROL_CLIENT_H_
#define TALLYSTICK_TOOLS_CONTROL_CONTROL_CLIENT_H_

#include <optional>
#include <string>
#include <vector>

#include "console.h"

namespace tallystick::tools {

// What the server prints for the command comes out of `console`. Returns the exit status; absent, with nothing done,
// when no server listens in the folder, or it does not answer within kPatience. Waits as long as the command takes.
std::optional<int> AskServer(const std::string& store_folder, const std::vector<std::string>& words, Console& console);

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TOOLS_CONTROL_CONTROL_CLIENT_H_
