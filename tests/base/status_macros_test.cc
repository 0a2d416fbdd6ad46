#include "lib/base/status_macros.h"

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace tallystick {
namespace {

using testing::IsOk;
using testing::IsOkAndHolds;
using testing::StatusIs;

absl::StatusOr<std::unique_ptr<int>> Half(int number) {
  if (number % 2 != 0) return absl::OutOfRangeError("is odd");
  return std::make_unique<int>(number / 2);
}

absl::Status CheckEven(int number, int* evaluations) {
  const auto check = [&] {
    ++*evaluations;
    return Half(number).status();
  };
  TALLYSTICK_RETURN_IF_ERROR(check());
  return absl::AlreadyExistsError("went on");
}

// Two on neighbouring lines and one inside a branch: names must not collide.
absl::StatusOr<int> Quarter(int number) {
  TALLYSTICK_ASSIGN_OR_RETURN(const std::unique_ptr<int> half, Half(number));
  TALLYSTICK_ASSIGN_OR_RETURN(std::unique_ptr<int> quarter, Half(*half));
  if (*quarter > 100) {
    TALLYSTICK_ASSIGN_OR_RETURN(quarter, Half(*quarter));
  }
  return *quarter;
}

TEST(ReturnIfErrorTest, ReturnsAnErrorAndGoesOnWhenThereIsNone) {
  int evaluations = 0;
  EXPECT_THAT(CheckEven(3, &evaluations), StatusIs(absl::StatusCode::kOutOfRange, "is odd"));
  EXPECT_EQ(evaluations, 1);
  EXPECT_THAT(CheckEven(4, &evaluations), StatusIs(absl::StatusCode::kAlreadyExists, "went on"));
  EXPECT_EQ(evaluations, 2);
}

TEST(AssignOrReturnTest, AssignsAValueAndReturnsAnError) {
  EXPECT_THAT(Quarter(12), IsOkAndHolds(3));
  EXPECT_THAT(Quarter(3), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_THAT(Quarter(6), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_THAT(Quarter(808), IsOkAndHolds(101));
  EXPECT_THAT(Quarter(404), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_THAT(Quarter(816), IsOkAndHolds(102));
  EXPECT_THAT(Quarter(816), IsOk());
}

}  // namespace
}  // namespace tallystick
