// A target under libFuzzer: the one that $TALLYSTICK_FUZZ_TARGET names. tools/fuzz.sh runs it.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string_view>

#include "tests/fuzz/targets.h"

namespace tallystick::fuzz {
namespace {

const Target& ChosenTarget() {
  const char* const name = std::getenv("TALLYSTICK_FUZZ_TARGET");
  for (const Target& target : kTargets) {
    if (name != nullptr && target.name == name) return target;
  }
  std::cerr << "TALLYSTICK_FUZZ_TARGET must be one of";
  for (const Target& target : kTargets) std::cerr << " " << target.name;
  std::cerr << std::endl;
  std::_Exit(2);
}

}  // namespace
}  // namespace tallystick::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const tallystick::fuzz::Target& target = tallystick::fuzz::ChosenTarget();
  if (const auto finding = target.run({reinterpret_cast<const char*>(data), size})) {
    std::cerr << target.name << ": " << *finding << std::endl;
    std::abort();
  }
  return 0;
}
