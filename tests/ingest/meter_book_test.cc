#include "lib/ingest/meter_book.h"

#include <cstdint>
#include <memory>
#include <optional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/open_database.h"

namespace tallystick::ingest {
namespace {

using absl::StatusCode;
using testing::IsOk;
using testing::StatusIs;

class MeterBookTest : public testing::DatabaseTest {
 protected:
  void SetUp() override {
    absl::StatusOr<std::unique_ptr<MeterBook>> book = MeterBook::Load(*database());
    ASSERT_THAT(book, IsOk());
    book_ = *std::move(book);
    storage::Batch batch(*database());
    ASSERT_THAT(book_->Define(Uuid{}, "messages", {.event_type = "message-sent"}, &batch), IsOk());
    meter_ = book_->meters()->Find(Uuid{}, "messages");
    ASSERT_NE(meter_, nullptr);
  }

  // Asks whether the meter is complete, without waiting.
  absl::Status Ask() const {
    return book_->Await(
        Uuid{}, "messages", [](std::uint64_t, std::uint64_t) { return false; }, [] { return std::uint64_t{0}; });
  }

  std::unique_ptr<MeterBook> book_;
  MeterBook::Meter meter_;
};

// Once a wait ended with the decision, and a query right after it still read the events.
TEST_F(MeterBookTest, AMeterIsAwaitedUntilItsCompletionCanBeRead) {
  EXPECT_THAT(Ask(), StatusIs(StatusCode::kCancelled));
  storage::Batch batch(*database());
  book_->SetBuilding(meter_, std::nullopt, &batch);
  EXPECT_TRUE(book_->IsComplete(*meter_));
  EXPECT_THAT(Ask(), StatusIs(StatusCode::kCancelled));
  book_->Completed(meter_);
  EXPECT_THAT(Ask(), IsOk());
}

TEST_F(MeterBookTest, ACompletionThatCouldNotBeWrittenIsTold) {
  storage::Batch batch(*database());
  book_->SetBuilding(meter_, std::nullopt, &batch);
  book_->Fail(meter_, absl::ResourceExhaustedError("the disk is full"));
  EXPECT_THAT(Ask(), StatusIs(StatusCode::kResourceExhausted));
}

// Its number may be another meter's by then, whose building would never begin.
TEST_F(MeterBookTest, AFailureOfADroppedMeterIsNobodys) {
  storage::Batch batch(*database());
  ASSERT_THAT(book_->Drop(Uuid{}, "messages", &batch), IsOk());
  book_->Fail(meter_, absl::UnknownError("the disk"));
  book_->Forget(meter_->number, &batch);
  ASSERT_THAT(book_->Define(Uuid{}, "messages", {.event_type = "message-sent"}, &batch), IsOk());
  const MeterBook::Meter again = book_->meters()->Find(Uuid{}, "messages");
  EXPECT_EQ(again->number, meter_->number);
  EXPECT_THAT(book_->Unfinished(), ::testing::ElementsAre(again));
  EXPECT_THAT(Ask(), StatusIs(StatusCode::kCancelled));
}

}  // namespace
}  // namespace tallystick::ingest
