// Text from elsewhere, made fit for a terminal.

#ifndef TALLYSTICK_TOOLS_PRINTABLE_H_
#define TALLYSTICK_TOOLS_PRINTABLE_H_

#include <string>
#include <string_view>

namespace tallystick::tools {

// The text in one line: control characters (C0, DEL, C1) as `\u001b`, and bytes that are not UTF-8 as `\xff`. As they
// are, they could move the cursor, or begin a line that looks like one of ours.
std::string Printable(std::string_view text);

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TOOLS_PRINTABLE_H_
