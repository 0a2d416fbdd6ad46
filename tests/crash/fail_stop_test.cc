// A call to the disk fails, whichever: from then on the store acknowledges nothing, says why, and reads go on, until it
// is opened again. Then all is there that was acknowledged, also when the power goes in between.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tallystick/store.h"
#include "tests/support/faulty_disk.h"
#include "tests/support/status_matchers.h"
#include "tests/support/stored.h"
#include "tests/support/temp_folder.h"

namespace tallystick::testing {
namespace {

namespace fs = std::filesystem;
using absl::StatusCode;

class FailStopTest : public ::testing::TestWithParam<DiskCall> {
 protected:
  ~FailStopTest() override { WatchFileCalls(nullptr); }

  static absl::StatusOr<WriteResult> Put(Store* store, const std::string& id) {
    return store->Put(Account(1), {.customer_event_id = id, .customer_alias = "acme", .event_type = "call"});
  }
  static absl::StatusOr<std::vector<std::string>> Read(const Store& store) {
    return Ids(store.Scan({.account = Account(1)}));
  }
  static void ExpectRefused(const absl::Status& status) {
    EXPECT_THAT(status, StatusIs(StatusCode::kFailedPrecondition, "since a failure"));
    EXPECT_THAT(status, StatusIs(StatusCode::kFailedPrecondition, "Input/output error"));
  }

  TempFolder folder_{MemoryDir()};
};

TEST_P(FailStopTest, NothingIsAcknowledgedAfterAFailureAndReadsGoOn) {
  // The nth call fails, for each n until there are so many no more.
  for (std::uint64_t nth = 1;; ++nth) {
    SCOPED_TRACE("call " + std::to_string(nth));
    const std::string path = folder_.path(std::to_string(nth));
    fs::create_directory(path);
    auto disk = std::make_shared<FaultyDisk>(path, nth);
    WatchFileCalls(disk);
    auto store = Store::Open(path + "/store", {.profile = Profile::kEdge});
    ASSERT_THAT(store, IsOk());
    disk->FailAt(GetParam(), nth);
    std::vector<std::string> acknowledged;
    absl::Status failure;
    for (int i = 0; i < 5 && failure.ok(); ++i) {
      const std::string id = std::to_string(i);
      failure = Put(store->get(), id).status();
      if (failure.ok()) acknowledged.push_back(id);
    }
    const bool failed_at_a_write = !failure.ok();
    if (failure.ok()) failure = (*store)->Close();  // a flush
    if (failed_at_a_write) {
      disk->Heal();  // too late
      ExpectRefused(Put(store->get(), "more").status());
      ExpectRefused(Put(store->get(), "0").status());  // which would be unchanged
      ExpectRefused((*store)->Sync());
      ExpectRefused((*store)->DefineMeter(Account(1), "meter", {.event_type = "call"}).status());
      ExpectRefused(
          (*store)
              ->WriteBulk(Account(1), []() -> absl::StatusOr<std::optional<BulkInput>> { return std::nullopt; })
              .status());
      ExpectRefused((*store)->Changes().status());
      const auto read = Read(**store);
      ASSERT_THAT(read, IsOk());
      for (const std::string& id : acknowledged) EXPECT_THAT((*store)->Get(Account(1), id), IsOk());
      ExpectRefused((*store)->Close());
    }
    store->reset();
    if (!disk->has_failed() && failure.ok()) break;  // all calls have been made
    // The process alone has stopped, or the machine has.
    disk->CutPower();
    disk->SaveSurvivors(path + "-survivors");
    WatchFileCalls(nullptr);
    for (const std::string& after : {path, path + "-survivors"}) {
      SCOPED_TRACE(after);
      const auto again = Store::Open(after + "/store", {.profile = Profile::kEdge});
      ASSERT_THAT(again, IsOk());
      for (const std::string& id : acknowledged) EXPECT_THAT((*again)->Get(Account(1), id), IsOk());
      const auto verified = (*again)->Verify();
      ASSERT_THAT(verified, IsOk());
      EXPECT_TRUE(verified->ok());
      EXPECT_THAT(Put(again->get(), "more"), IsOk());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Calls, FailStopTest,
                         ::testing::Values(DiskCall::kWrite, DiskCall::kSync, DiskCall::kSyncFolder),
                         [](const auto& call) -> std::string {
                           switch (call.param) {
                             case DiskCall::kWrite:
                               return "Write";
                             case DiskCall::kSync:
                               return "Sync";
                             default:
                               return "SyncFolder";
                           }
                         });

}  // namespace
}  // namespace tallystick::testing
