// The implementations of simdjson, of which a program uses the one that suits its machine best.

#ifndef TALLYSTICK_TESTS_SUPPORT_JSON_IMPLEMENTATIONS_H_
#define TALLYSTICK_TESTS_SUPPORT_JSON_IMPLEMENTATIONS_H_

#include <vector>

#include "simdjson.h"

namespace tallystick::testing {

// Those that this machine can run.
inline std::vector<const simdjson::implementation*> JsonImplementations() {
  std::vector<const simdjson::implementation*> supported;
  for (const simdjson::implementation* const implementation : simdjson::get_available_implementations()) {
    if (implementation->supported_by_runtime_system()) supported.push_back(implementation);
  }
  return supported;
}

// Has one used while this lives, by parsers that are made meanwhile.
class JsonImplementation {
 public:
  explicit JsonImplementation(const simdjson::implementation* used) : usual_(simdjson::get_active_implementation()) {
    simdjson::get_active_implementation() = used;
  }
  ~JsonImplementation() { simdjson::get_active_implementation() = usual_; }
  JsonImplementation(const JsonImplementation&) = delete;
  JsonImplementation& operator=(const JsonImplementation&) = delete;

 private:
  const simdjson::implementation* const usual_;
};

}  // namespace tallystick::testing

#endif  // TALLYSTICK_TESTS_SUPPORT_JSON_IMPLEMENTATIONS_H_
