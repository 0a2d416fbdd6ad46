#include "gtest/gtest.h"
#include "tallystick/write.h"

namespace tallystick {
namespace {

// Programs read these names.
TEST(OutcomeNameTest, EveryOutcomeHasItsName) {
  EXPECT_EQ(OutcomeName(Outcome::kCreated), "created");
  EXPECT_EQ(OutcomeName(Outcome::kUnchanged), "unchanged");
  EXPECT_EQ(OutcomeName(Outcome::kSuperseded), "superseded");
  EXPECT_EQ(OutcomeName(Outcome::kRejected), "rejected");
  EXPECT_EQ(OutcomeName(Outcome::kNotStored), "not_stored");
}

TEST(RejectReasonNameTest, EveryReasonHasItsName) {
  EXPECT_EQ(RejectReasonName(RejectReason::kInvalidJson), "invalid_json");
  EXPECT_EQ(RejectReasonName(RejectReason::kTooDeep), "too_deep");
  EXPECT_EQ(RejectReasonName(RejectReason::kTooLarge), "too_large");
  EXPECT_EQ(RejectReasonName(RejectReason::kMissingField), "missing_field");
  EXPECT_EQ(RejectReasonName(RejectReason::kWrongType), "wrong_type");
  EXPECT_EQ(RejectReasonName(RejectReason::kInvalidValue), "invalid_value");
  EXPECT_EQ(RejectReasonName(RejectReason::kUnknownField), "unknown_field");
  EXPECT_EQ(RejectReasonName(RejectReason::kDuplicateKey), "duplicate_key");
  EXPECT_EQ(RejectReasonName(RejectReason::kInFuture), "in_future");
}

TEST(RejectionTest, TextNamesFieldAndByteWhereTheyAreKnown) {
  Rejection rejection{.reason = RejectReason::kInvalidValue, .message = "must not be empty"};
  EXPECT_EQ(rejection.ToString(), "must not be empty");
  rejection.pointer = "/customerAlias";
  EXPECT_EQ(rejection.ToString(), "/customerAlias: must not be empty");
  rejection.offset = 57;
  EXPECT_EQ(rejection.ToString(), "/customerAlias: must not be empty (byte 57)");
  rejection.pointer.clear();
  EXPECT_EQ(rejection.ToString(), "must not be empty (byte 57)");
}

}  // namespace
}  // namespace tallystick
