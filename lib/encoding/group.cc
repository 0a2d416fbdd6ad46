#include "lib/encoding/group.h"

#include "absl/status/status.h"

namespace tallystick {
namespace {

// An absent value is kAbsent alone. A text is kPresent, its bytes with kZeroByte behind each zero, and kEnd: two zero
// bytes, which come before whatever a longer text goes on with.
constexpr char kAbsent = '\0';
constexpr char kPresent = '\x01';
constexpr char kZeroByte = '\xff';
constexpr std::string_view kEnd("\0\0", 2);

}  // namespace

void AppendGroupValue(std::optional<std::string_view> value, std::string* group) {
  if (!value.has_value()) {
    group->push_back(kAbsent);
    return;
  }
  group->push_back(kPresent);
  std::string_view rest = *value;
  for (std::size_t zero = rest.find('\0'); zero != std::string_view::npos; zero = rest.find('\0')) {
    group->append(rest.substr(0, zero + 1));
    group->push_back(kZeroByte);
    rest.remove_prefix(zero + 1);
  }
  group->append(rest);
  group->append(kEnd);
}

absl::StatusOr<std::vector<std::optional<std::string>>> DecodeGroup(std::string_view group) {
  const absl::Status damaged = absl::DataLossError("a group does not decode");
  std::vector<std::optional<std::string>> values;
  while (!group.empty()) {
    const char tag = group.front();
    group.remove_prefix(1);
    if (tag == kAbsent) {
      values.emplace_back();
      continue;
    }
    if (tag != kPresent) return damaged;
    std::string text;
    while (true) {
      const std::size_t zero = group.find('\0');
      if (zero == std::string_view::npos || zero + 1 == group.size()) return damaged;
      const char next = group[zero + 1];
      text.append(group.substr(0, zero));
      group.remove_prefix(zero + 2);
      if (next == kEnd[1]) break;
      if (next != kZeroByte) return damaged;
      text.push_back('\0');
    }
    values.emplace_back(std::move(text));
  }
  return values;
}

}  // namespace tallystick
