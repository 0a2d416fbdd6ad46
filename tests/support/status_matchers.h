// IsOk(), IsOkAndHolds() and StatusIs(), which the packaged Abseil does not have yet. They take an absl::Status as well
// as an absl::StatusOr.

#ifndef TALLYSTICK_TESTS_SUPPORT_STATUS_MATCHERS_H_
#define TALLYSTICK_TESTS_SUPPORT_STATUS_MATCHERS_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tallystick::testing {

inline const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& status_or) {
  return status_or.status();
}

// `EXPECT_THAT(store->Sync(), IsOk());`
MATCHER(IsOk, negation ? "is an error" : "is OK") {
  *result_listener << "which is " << StatusOf(arg).ToString();
  return StatusOf(arg).ok();
}

// `EXPECT_THAT(store->Get(account, "x"), StatusIs(absl::StatusCode::kNotFound));`
MATCHER_P(StatusIs, code, "has the code " + absl::StatusCodeToString(code)) {
  *result_listener << "which is " << StatusOf(arg).ToString();
  return StatusOf(arg).code() == code;
}

// The same, and the message contains `message`.
MATCHER_P2(StatusIs, code, message,
           "has the code " + absl::StatusCodeToString(code) + " and a message that contains '" + std::string(message) +
               "'") {
  *result_listener << "which is " << StatusOf(arg).ToString();
  return StatusOf(arg).code() == code &&
         std::string(StatusOf(arg).message()).find(std::string(message)) != std::string::npos;
}

// `EXPECT_THAT(Decode(bytes), IsOkAndHolds(42));` The value may be a matcher.
MATCHER_P(IsOkAndHolds, value, "is OK and holds a value that matches") {
  if (!arg.ok()) {
    *result_listener << "which is " << arg.status().ToString();
    return false;
  }
  return ::testing::ExplainMatchResult(value, *arg, result_listener);
}

}  // namespace tallystick::testing

// `ASSERT_OK_AND_ASSIGN(auto row, EventRow::Decode(bytes));`: ends the test when there is no value.
#define TALLYSTICK_TEST_CONCAT_INNER(a, b) a##b
#define TALLYSTICK_TEST_CONCAT(a, b) TALLYSTICK_TEST_CONCAT_INNER(a, b)
#define ASSERT_OK_AND_ASSIGN(target, expression) \
  ASSERT_OK_AND_ASSIGN_INNER(TALLYSTICK_TEST_CONCAT(test_or_, __LINE__), target, expression)
#define ASSERT_OK_AND_ASSIGN_INNER(holder, target, expression) \
  auto holder = (expression);                                  \
  ASSERT_THAT(holder, ::tallystick::testing::IsOk());          \
  target = *std::move(holder)

#endif  // TALLYSTICK_TESTS_SUPPORT_STATUS_MATCHERS_H_
