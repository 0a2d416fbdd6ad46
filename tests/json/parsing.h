// Parsing for tests with every implementation of simdjson that the machine can run.

#ifndef TALLYSTICK_TESTS_JSON_PARSING_H_
#define TALLYSTICK_TESTS_JSON_PARSING_H_

#include <string>

#include "gtest/gtest.h"
#include "simdjson.h"
#include "tests/support/json_implementations.h"
#include "tests/support/parsed_event.h"

namespace tallystick::testing {

// Runs its tests once for each implementation: whichever a machine has, the answers are the same.
class OnEveryImplementation : public ::testing::TestWithParam<const simdjson::implementation*> {
 private:
  const JsonImplementation active_{GetParam()};
};

inline std::string NameOf(const ::testing::TestParamInfo<const simdjson::implementation*>& info) {
  return info.param->name();
}

}  // namespace tallystick::testing

#define TALLYSTICK_ON_EVERY_IMPLEMENTATION(suite)                                                              \
  INSTANTIATE_TEST_SUITE_P(Simdjson, suite, ::testing::ValuesIn(::tallystick::testing::JsonImplementations()), \
                           ::tallystick::testing::NameOf)

#endif  // TALLYSTICK_TESTS_JSON_PARSING_H_
