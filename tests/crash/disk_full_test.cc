// The disk is full, from any call on that takes space, while a store is made, written to, loaded, merged, backed up and
// closed. Whoever meets it is told so, with the path; reads go on; what was acknowledged is there; and with room again,
// the store goes on, by itself or when it is opened again.

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/status_macros.h"
#include "tallystick/store.h"
#include "tests/crash/lives.h"
#include "tests/support/bulk.h"
#include "tests/support/faulty_disk.h"
#include "tests/support/status_matchers.h"
#include "tests/support/stored.h"
#include "tests/support/temp_folder.h"

namespace tallystick::testing {
namespace {

namespace fs = std::filesystem;
using absl::StatusCode;
using ::testing::AnyOf;
using ::testing::HasSubstr;

// The properties of each event, by its id.
using Events = std::map<std::string, std::string>;

// Of how many calls one is tried: $TALLYSTICK_FULL_STRIDE, or as an ordinary run does (tools/torture.sh tries all).
std::uint64_t Stride() {
  const char* const given = std::getenv("TALLYSTICK_FULL_STRIDE");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : 5;
}

struct Step {
  std::string name{};
  Events events{};  // that it stores, all or none of them
  std::function<absl::Status(Store*, const Step&)> run{};
  bool closes = false;
};

std::string JsonOf(const std::string& id, const std::string& properties) {
  return R"({"customerEventId":")" + id + R"(","customerAlias":"acme","eventType":"call",)" +
         R"("eventTimestamp":"2026-10-01T00:00:00Z","eventProperties":)" + properties + "}";
}

std::vector<std::string> DocumentsOf(const Step& step) {
  std::vector<std::string> documents;
  for (const auto& [id, properties] : step.events) documents.push_back(JsonOf(id, properties));
  return documents;
}

absl::Status Write(Store* store, const Step& step, Durability durability) {
  const std::vector<std::string> documents = DocumentsOf(step);
  const std::vector<std::string_view> views(documents.begin(), documents.end());
  return store->WriteJson(Account(1), views, {.durability = durability}).status();
}

absl::Status WriteBulk(Store* store, const Step& step) {
  return store->WriteBulk(Account(1), SourceOf(DocumentsOf(step)), {.threads = 1}).status();
}

Events MakeEvents(int first, int count, int version) {
  Events events;
  for (int i = first; i < first + count; ++i) {
    events["event-" + std::to_string(i)] = R"({"n":)" + std::to_string(version) + "}";
  }
  return events;
}

class Life {
 public:
  Life(std::string root, std::uint64_t nth) : root_(std::move(root)), disk_(MakeDisk(root_, nth)) {
    disk_->FillAt(DiskCall::kTakeSpace, nth);
    WatchFileCalls(disk_);
  }
  ~Life() {
    store_.reset();
    WatchFileCalls(nullptr);
    fs::remove_all(root_);
  }

  // Lives it to its end. `*by_itself` and `*reopened` count by step how the store went on.
  void Run(std::map<std::string, int>* by_itself, std::map<std::string, int>* reopened) {
    for (const Step& step : Steps()) {
      SCOPED_TRACE(step.name);
      absl::Status status = RunStep(step);
      if (!status.ok()) {
        ASSERT_TRUE(disk_->is_full()) << "fails on a sound disk: " << status;
        ExpectDiskFull(status);
        CheckReads(step);
        // Still full: it may be acknowledged all the same, where it takes no space.
        status = RunStep(step);
        if (!status.ok()) ExpectDiskFull(status);
        CheckReads(step);
        disk_->Heal();
        // A merge that found no room is tried again first.
        while (absl::IsResourceExhausted(status)) {
          status = RunStep(step);
          std::this_thread::yield();
        }
        if (absl::IsFailedPrecondition(status)) status = RunStep(step);
        if (status.ok()) {
          ++(*by_itself)[step.name];
        } else {
          ++(*reopened)[step.name];
          EXPECT_THAT(status, StatusIs(StatusCode::kFailedPrecondition, "since a failure: RESOURCE_EXHAUSTED"));
          store_.reset();
          ASSERT_THAT(Open(), IsOk());
          CheckReads(step);
          ASSERT_THAT(RunStep(step), IsOk());
        }
      }
      for (const auto& [id, properties] : step.events) events_[id] = properties;
      if (HasFailure()) return;
    }
    disk_->Heal();
    ASSERT_THAT(Open(), IsOk());
    CheckReads(Step());
  }

  bool disk_was_full() const { return disk_was_full_ || disk_->is_full(); }

 private:
  static bool HasFailure() { return ::testing::Test::HasFailure(); }

  static std::shared_ptr<FaultyDisk> MakeDisk(const std::string& root, std::uint64_t seed) {
    fs::create_directory(root);
    return std::make_shared<FaultyDisk>(root, seed);
  }

  std::string path() const { return root_ + "/store"; }

  std::vector<Step> Steps() const {
    const auto synced = [](Store* store, const Step& step) { return Write(store, step, Durability::kSynced); };
    const auto buffered = [](Store* store, const Step& step) -> absl::Status {
      TALLYSTICK_RETURN_IF_ERROR(Write(store, step, Durability::kBuffered));
      return store->Sync();
    };
    const auto define = [](Store* store, const Step&) -> absl::Status {
      const Meter meter{.event_type = "call", .aggregation = Aggregation::kMax, .property = "n"};
      TALLYSTICK_RETURN_IF_ERROR(store->DefineMeter(Account(1), "meter", meter).status());
      return store->AwaitMeter(Account(1), "meter");
    };
    const auto back_up = [this](Store* store, const Step&) { return store->Backup(root_ + "/backups").status(); };
    const auto drop = [](Store* store, const Step&) -> absl::Status {
      const absl::Status dropped = store->DropMeter(Account(1), "meter");
      return absl::IsNotFound(dropped) ? absl::OkStatus() : dropped;  // a second time
    };
    const auto close = [](Store* store, const Step&) { return store->Close(); };

    std::vector<Step> steps;
    steps.push_back({.name = "open", .run = [](Store*, const Step&) { return absl::OkStatus(); }});
    steps.push_back({.name = "write", .events = MakeEvents(0, 1, 1), .run = synced});
    steps.push_back({.name = "write", .events = MakeEvents(1, 30, 1), .run = buffered});
    steps.push_back({.name = "define", .run = define});
    // Each makes a file at the first level of most families, and so do the flushes: from the fourth one on, a merge may
    // be under way while table files are taken in.
    for (int i = 0; i < 6; ++i) {
      steps.push_back({.name = "bulk", .events = MakeEvents(3 * i, 40, 2 + i), .run = WriteBulk});
    }
    steps.push_back({.name = "write", .events = MakeEvents(20, 10, 9), .run = synced});
    steps.push_back({.name = "back up", .run = back_up});
    steps.push_back({.name = "write", .events = MakeEvents(25, 10, 10), .run = synced});
    steps.push_back({.name = "close", .run = close, .closes = true});
    steps.push_back({.name = "open", .run = [](Store*, const Step&) { return absl::OkStatus(); }});
    steps.push_back({.name = "back up", .run = back_up});
    steps.push_back({.name = "drop", .run = drop});
    steps.push_back({.name = "write", .events = MakeEvents(0, 5, 11), .run = synced});
    steps.push_back({.name = "close", .run = close, .closes = true});
    return steps;
  }

  absl::Status Open() {
    if (store_ != nullptr) return absl::OkStatus();
    // Buffered writes are synced when they say so, and not by the clock.
    TALLYSTICK_ASSIGN_OR_RETURN(store_,
                                Store::Open(path(), {.profile = Profile::kEdge, .sync_interval = absl::Hours(24)}));
    return absl::OkStatus();
  }

  absl::Status RunStep(const Step& step) {
    if (step.closes && store_ == nullptr) return absl::OkStatus();  // what could not be closed was opened again since
    TALLYSTICK_RETURN_IF_ERROR(Open());
    absl::Status status = step.run(store_.get(), step);
    if (step.closes) store_.reset();
    return status;
  }

  // Whoever comes behind what failed in the background is told of that.
  void ExpectDiskFull(const absl::Status& status) {
    disk_was_full_ = true;
    EXPECT_THAT(status, AnyOf(StatusIs(StatusCode::kResourceExhausted),
                              StatusIs(StatusCode::kFailedPrecondition, "since a failure: RESOURCE_EXHAUSTED")));
    EXPECT_THAT(std::string(status.message()), HasSubstr(root_));
  }

  // What is stored is what was acknowledged, and of the step under way all or nothing.
  void CheckReads(const Step& step) {
    Events after = events_;
    for (const auto& [id, properties] : step.events) after[id] = properties;
    const auto check = [&](const Store& store) {
      EventIterator rows = store.Scan({.account = Account(1)});
      Events stored;
      for (; rows.Valid(); rows.Next()) {
        stored[std::string(rows.event().customer_event_id)] = rows.event().event_properties;
      }
      ASSERT_THAT(rows.status(), IsOk());
      EXPECT_THAT(stored, AnyOf(events_, after));
      const absl::StatusOr<VerifyReport> report = store.Verify();
      ASSERT_THAT(report, IsOk());
      EXPECT_TRUE(report->ok());
    };
    if (store_ != nullptr) check(*store_);
    if (!fs::exists(path() + "/data")) return;
    const auto reader = Store::Open(path(), {.profile = Profile::kEdge, .read_only = true});
    ASSERT_THAT(reader, IsOk());
    check(**reader);
  }

  const std::string root_;
  const std::shared_ptr<FaultyDisk> disk_;
  std::unique_ptr<Store> store_;
  Events events_;  // that are acknowledged
  bool disk_was_full_ = false;
};

class DiskFullTest : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  TempFolder folder_{MemoryDir()};
};

TEST_P(DiskFullTest, AtAnyCallLosesNothingAndTheStoreGoesOn) {
  std::map<std::string, int> by_itself;
  std::map<std::string, int> reopened;
  std::uint64_t nth = 1 + GetParam() * Stride();
  for (bool full = true; full && !HasFailure(); nth += kParts * Stride()) {
    SCOPED_TRACE("call " + std::to_string(nth));
    Life life(folder_.path(std::to_string(nth)), nth);
    life.Run(&by_itself, &reopened);
    full = life.disk_was_full();
  }
  std::cout << "up to call " << nth << "\n";
  for (const auto& [step, count] : by_itself) std::cout << step << ": went on by itself " << count << " times\n";
  for (const auto& [step, count] : reopened) std::cout << step << ": was opened again " << count << " times\n";
  EXPECT_GT(nth, 400U) << "the disk is not always full when it should be";
}

// At the log, where nothing but the write itself can tell.
TEST(DiskFullLogTest, AWriteThatDoesNotReachTheLogIsNotAcknowledged) {
  TempFolder folder{MemoryDir()};
  const auto disk = std::make_shared<FaultyDisk>(folder.path(), 1);
  WatchFileCalls(disk);
  const std::string path = folder.path("store");
  const Options options{.profile = Profile::kEdge, .sync_interval = absl::Hours(24)};
  absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(path, options);
  ASSERT_THAT(store, IsOk());
  std::vector<std::string> acknowledged;
  const auto put = [&](const std::string& id) {
    const absl::Status status =
        (*store)
            ->Put(Account(1), {.customer_event_id = id, .customer_alias = "acme", .event_type = "call"},
                  {.durability = Durability::kBuffered})
            .status();
    if (status.ok()) acknowledged.push_back(id);
    return status;
  };
  EXPECT_THAT(put("before"), IsOk());
  disk->FillAt(DiskCall::kWrite, 1);
  EXPECT_THAT(put("a"), StatusIs(StatusCode::kResourceExhausted, path + "/data"));
  EXPECT_THAT(put("b"), StatusIs(StatusCode::kFailedPrecondition, "since a failure: RESOURCE_EXHAUSTED"));
  EXPECT_THAT((*store)->Get(Account(1), "before"), IsOk());
  disk->Heal();
  EXPECT_THAT(put("c"), StatusIs(StatusCode::kFailedPrecondition, "opened again"));
  store->reset();
  store = Store::Open(path, options);
  ASSERT_THAT(store, IsOk());
  EXPECT_THAT(put("d"), IsOk());
  for (const std::string& id : acknowledged) EXPECT_THAT((*store)->Get(Account(1), id), IsOk()) << id;
  EXPECT_TRUE((*store)->Verify()->ok());
  store->reset();
  WatchFileCalls(nullptr);
}

INSTANTIATE_TEST_SUITE_P(Parts, DiskFullTest, ::testing::Range(std::uint64_t{0}, kParts));

}  // namespace
}  // namespace tallystick::testing
