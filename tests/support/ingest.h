// Batches of events on their way into a database, one step at a time.

#ifndef TALLYSTICK_TESTS_SUPPORT_INGEST_H_
#define TALLYSTICK_TESTS_SUPPORT_INGEST_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "lib/encoding/keys.h"
#include "lib/encoding/rows.h"
#include "lib/ingest/event_committer.h"
#include "lib/ingest/meter_book.h"
#include "lib/ingest/prepared_batch.h"
#include "lib/ingest/rollups.h"
#include "lib/storage/meta.h"
#include "tests/support/fake_clock.h"
#include "tests/support/open_database.h"
#include "tests/support/stored.h"

namespace tallystick::testing {

// An event as it is sent.
struct Sent {
  std::optional<std::string> id{};
  std::optional<Instant> time{};
  std::string alias = "acme";
  std::string type = "message-sent";
  std::string properties = "{}";

  ParsedEvent ToParsed() const {
    return {.customer_event_id = id,
            .customer_alias = alias,
            .event_type = type,
            .event_timestamp = time,
            .event_properties = properties};
  }
};

class IngestTest : public DatabaseTest {
 protected:
  using Batch = std::shared_ptr<ingest::PreparedBatch>;

  // Second `second` of a day long past.
  static Instant At(std::uint64_t second, std::uint32_t nanos = 0) {
    return {.seconds = 63'000'000'000 + second, .nanos = nanos};
  }

  Batch Prepare(const std::vector<Sent>& events, const Uuid& account = Account(1)) const {
    auto batch = std::make_shared<ingest::PreparedBatch>(account);
    for (std::size_t i = 0; i < events.size(); ++i) batch->Add(i, events[i].ToParsed(), identity_->fingerprint_key);
    batch->Sort();
    EXPECT_THAT(batch->Measure(declared_), IsOk());
    return batch;
  }
  Batch PrepareAndLookUp(const std::vector<Sent>& events, const Uuid& account = Account(1)) {
    Batch batch = Prepare(events, account);
    EXPECT_THAT(batch->LookUp(*database(), committer().visible_sequence()), IsOk());
    return batch;
  }

  // Made anew at `position`, with `recent_slots`, after a call of StartAt; at the beginning otherwise.
  ingest::EventCommitter& committer() {
    if (committer_ == nullptr) StartAt({});
    return *committer_;
  }
  void StartAt(const CommitPosition& position, std::size_t recent_slots = 1024) {
    absl::StatusOr<std::unique_ptr<ingest::MeterBook>> loaded = ingest::MeterBook::Load(*database());
    ASSERT_THAT(loaded, IsOk());
    committer_.reset();
    meters_ = *std::move(loaded);
    rollups_ = std::make_unique<ingest::Rollups>(database(), std::size_t{1} << 20);
    declared_ = meters_->meters();
    committer_ = std::make_unique<ingest::EventCommitter>(database(), identity_, position, recent_slots,
                                                          clock_.function(), meters_.get(), rollups_.get());
  }

  // Decides the batches as one group and writes what was decided. Each one's own status.
  std::vector<absl::Status> CommitGroup(const std::vector<Batch>& batches) {
    std::vector<storage::CommitRequest*> group;
    for (const Batch& batch : batches) group.push_back(batch.get());
    return CommitRequests(std::move(group));
  }
  std::vector<absl::Status> CommitRequests(std::vector<storage::CommitRequest*> group) {
    std::vector<absl::Status> statuses(group.size());
    storage::Batch rows(*database());
    committer().Decide(group, absl::MakeSpan(statuses), &rows);
    wrote_ = !rows.empty();
    if (wrote_) {
      EXPECT_THAT(database()->Write(&rows), IsOk());
    }
    committer().Written();
    return statuses;
  }
  absl::Status Commit(const Batch& batch) { return CommitGroup({batch}).front(); }
  // Sends `events` with nobody else about.
  Batch Store(const std::vector<Sent>& events, const Uuid& account = Account(1)) {
    Batch batch = PrepareAndLookUp(events, account);
    EXPECT_THAT(Commit(batch), IsOk());
    return batch;
  }

  const std::shared_ptr<const storage::Identity> identity_ =
      std::make_shared<const storage::Identity>(storage::NewIdentity());
  FakeClock clock_;
  bool wrote_ = false;  // the last group, anything at all

  ingest::MeterBook& meters() {
    committer();
    return *meters_;
  }
  ingest::Rollups& rollups() {
    committer();
    return *rollups_;
  }

  // What batches are prepared for; those that are declared, unless a test is ahead or behind.
  std::shared_ptr<const metering::KeptMeters> declared_ = std::make_shared<const metering::KeptMeters>();

 private:
  std::unique_ptr<ingest::MeterBook> meters_;
  std::unique_ptr<ingest::Rollups> rollups_;
  std::unique_ptr<ingest::EventCommitter> committer_;
};

}  // namespace tallystick::testing

#endif  // TALLYSTICK_TESTS_SUPPORT_INGEST_H_
