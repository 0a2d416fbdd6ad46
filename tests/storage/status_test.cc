#include "lib/storage/status.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace tallystick::storage {
namespace {

using absl::StatusCode;
using rocksdb::Status;

TEST(StatusTest, OkStaysOkWithoutAText) {
  EXPECT_EQ(FromRocksDb(Status::OK(), "reading"), absl::OkStatus());
  EXPECT_EQ(FromRocksDb(Status::OkOverwritten(), "reading"), absl::OkStatus());
}

TEST(StatusTest, EveryCodeHasItsMeaningAndKeepsItsText) {
  struct Case {
    Status status;
    StatusCode code;
  };
  const std::vector<Case> cases = {
      {Status::NotFound("text"), StatusCode::kNotFound},
      {Status::Corruption("text"), StatusCode::kDataLoss},
      {Status::NotSupported("text"), StatusCode::kInternal},
      {Status::InvalidArgument("text"), StatusCode::kInternal},
      {Status::IOError("text"), StatusCode::kUnknown},
      {Status::NoSpace("text"), StatusCode::kResourceExhausted},
      {Status::SpaceLimit("text"), StatusCode::kResourceExhausted},
      {Status::PathNotFound("text"), StatusCode::kDataLoss},
      {Status::MergeInProgress("text"), StatusCode::kUnavailable},
      {Status::Incomplete("text"), StatusCode::kUnavailable},
      {Status::ShutdownInProgress("text"), StatusCode::kFailedPrecondition},
      {Status::TimedOut("text"), StatusCode::kUnavailable},
      {Status::Aborted("text"), StatusCode::kUnknown},
      {Status::MemoryLimit("text"), StatusCode::kResourceExhausted},
      {Status::Busy("text"), StatusCode::kUnavailable},
      {Status::Expired("text"), StatusCode::kUnavailable},
      {Status::TryAgain("text"), StatusCode::kUnavailable},
      {Status::CompactionTooLarge("text"), StatusCode::kUnavailable},
      {Status::ColumnFamilyDropped("text"), StatusCode::kFailedPrecondition},
  };
  for (const Case& c : cases) {
    const std::string text = c.status.ToString();
    SCOPED_TRACE(text);
    ASSERT_NE(text.find("text"), std::string::npos);
    const absl::Status status = FromRocksDb(c.status, "events: cannot read");
    EXPECT_THAT(status, testing::StatusIs(c.code));
    EXPECT_EQ(status.message(), "events: cannot read: " + text);
  }
}

TEST(StatusTest, ASubcodeWithoutAMeaningOfItsOwnChangesNothing) {
  struct Case {
    Status status;
    StatusCode code;
  };
  const std::vector<Case> cases = {
      {Status::IOError(Status::kStaleFile), StatusCode::kUnknown},
      {Status::IOError(Status::kIOFenced), StatusCode::kUnknown},
      {Status::Aborted(Status::kLockLimit), StatusCode::kUnknown},
      {Status::Busy(Status::kDeadlock), StatusCode::kUnavailable},
      {Status::NotFound(Status::kLockTimeout), StatusCode::kNotFound},
      {Status::Corruption(Status::kNoSpace), StatusCode::kDataLoss},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.status.ToString());
    EXPECT_THAT(FromRocksDb(c.status, "reading"), testing::StatusIs(c.code));
  }
}

}  // namespace
}  // namespace tallystick::storage
