// The free space that a store leaves on its disk: what is refused below it, what goes on, and that the rest goes on
// when there is room again.

#include <sys/mount.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tallystick/store.h"
#include "tests/support/bulk.h"
#include "tests/support/faulty_disk.h"
#include "tests/support/random.h"
#include "tests/support/status_matchers.h"
#include "tests/support/stored.h"
#include "tests/support/temp_folder.h"

namespace tallystick::testing {
namespace {

namespace fs = std::filesystem;
using absl::StatusCode;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = 1024 * kKiB;
constexpr std::uint64_t kReserve = 4 * kMiB;

// Of an id that outlives it.
Event EventOf(std::string_view id) { return {.customer_event_id = id, .customer_alias = "acme", .event_type = "call"}; }

class ReserveTest : public ::testing::Test {
 protected:
  ReserveTest() { WatchFileCalls(disk_); }
  ~ReserveTest() override {
    store_.reset();
    WatchFileCalls(nullptr);
  }

  std::string path() const { return folder_.path("store"); }
  Store& store() {
    if (store_ == nullptr) {
      Options options{.profile = Profile::kEdge, .reserve_bytes = kReserve};
      options.diagnostics = [this](const Diagnostic& diagnostic) {
        const std::lock_guard lock(mutex_);
        if (diagnostic.severity != Severity::kInfo) diagnostics_.emplace_back(diagnostic.text);
      };
      store_ = Store::Open(path(), options).value();
    }
    return *store_;
  }
  absl::Status Put(const std::string& id) { return store().Put(Account(1), EventOf(id)).status(); }

  // There is less free than the reserve, and whoever trusted an earlier answer has asked again.
  void RunLow() {
    disk_->TellFree(kReserve - 4 * kKiB);
    // An answer is good for a tenth of a second, and a write takes some microseconds.
    int writes = 0;
    while (Put("low").ok()) ASSERT_LT(++writes, 100'000);
  }
  void MakeRoom() { disk_->TellFree(std::nullopt); }

  auto IsRefused() const {
    return StatusIs(StatusCode::kResourceExhausted, path() + ": the disk has " + std::to_string(kReserve - 4 * kKiB) +
                                                        " bytes free, of which " + std::to_string(kReserve) +
                                                        " are kept in reserve");
  }
  std::vector<std::string> Diagnostics() {
    const std::lock_guard lock(mutex_);
    return diagnostics_;
  }

  TempFolder folder_{MemoryDir()};
  const std::shared_ptr<FaultyDisk> disk_ = std::make_shared<FaultyDisk>(folder_.path(), 1);

 private:
  std::unique_ptr<Store> store_;
  std::mutex mutex_;
  std::vector<std::string> diagnostics_;  // guarded by mutex_
};

TEST_F(ReserveTest, BelowItWritesAreRefusedUntilThereIsRoom) {
  ASSERT_THAT(Put("before"), IsOk());
  ASSERT_THAT(store().DefineMeter(Account(1), "meter", {.event_type = "call"}), IsOk());
  ASSERT_THAT(store().AwaitMeter(Account(1), "meter"), IsOk());
  RunLow();
  const std::uint64_t before = store().Stats(Account(1))->last_sequence;

  EXPECT_THAT(Put("a"), IsRefused());
  EXPECT_THAT(Put("before"), IsRefused());
  const std::vector<Event> events = {EventOf("a"), EventOf("b")};
  EXPECT_THAT(store().Write(Account(1), events), IsRefused());
  const std::string document = R"({"customerEventId":"a","customerAlias":"acme","eventType":"call"})";
  const std::string_view view = document;
  EXPECT_THAT(store().WriteJson(Account(1), absl::MakeConstSpan(&view, 1), {.durability = Durability::kBuffered}),
              IsRefused());
  bool asked = false;
  EXPECT_THAT(store().WriteBulk(Account(1),
                                [&asked]() -> absl::StatusOr<std::optional<BulkInput>> {
                                  asked = true;
                                  return std::nullopt;
                                }),
              IsRefused());
  EXPECT_FALSE(asked) << "for what cannot be stored";
  EXPECT_THAT(store().DefineMeter(Account(1), "other", {.event_type = "call"}), IsRefused());

  // What stores nothing has its answer.
  const std::string_view rubbish = "rubbish";
  const auto rejected = store().WriteJson(Account(1), absl::MakeConstSpan(&rubbish, 1));
  ASSERT_THAT(rejected, IsOk());
  EXPECT_EQ(rejected->front().outcome, Outcome::kRejected);
  EXPECT_THAT(store().Sync(), IsOk());
  EXPECT_THAT(store().Get(Account(1), "before"), IsOk());
  EXPECT_THAT(store().Get(Account(1), "a"), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(store().Changes().status(), IsOk());
  EXPECT_TRUE(store().Verify()->ok());
  EXPECT_EQ(store().Stats(Account(1))->last_sequence, before) << "nothing was stored";
  EXPECT_THAT(store().DropMeter(Account(1), "meter"), IsOk());

  MakeRoom();
  EXPECT_THAT(Put("a"), IsOk());
  EXPECT_THAT(store().DefineMeter(Account(1), "other", {.event_type = "call"}), IsOk());
  EXPECT_THAT(store().WriteBulk(Account(1), SourceOf(BulkEvents(10))), IsOk());
  EXPECT_THAT(store().Close(), IsOk());
}

TEST_F(ReserveTest, AStoreIsMadeOpenedAndClosedBelowIt) {
  disk_->TellFree(kReserve - 4 * kKiB);
  EXPECT_THAT(Put("a"), IsRefused());
  EXPECT_THAT(store().Close(), IsOk());
}

TEST_F(ReserveTest, AWriteNeedsItsOwnSizeBesideIt) {
  std::string properties = R"({"text":")" + std::string(200 * kKiB, 'x') + R"("})";
  Event event = EventOf("large");
  event.event_properties = properties;
  disk_->TellFree(kReserve + 128 * kKiB);
  EXPECT_THAT(store().Put(Account(1), event), StatusIs(StatusCode::kResourceExhausted, path()));
  EXPECT_THAT(Put("small"), IsOk());
}

TEST_F(ReserveTest, ABulkWriteKeepsTheChunksThatFound) {
  const BulkOptions options{
      .on_stored = [this](const BulkResult& /*so_far*/) { disk_->TellFree(kReserve + 16 * kKiB); },
      .chunk_bytes = 64 * kKiB,
      .threads = 1};
  std::uint64_t stored = 0;
  BulkOptions counting = options;
  counting.on_stored = [&](const BulkResult& so_far) {
    stored = so_far.created + so_far.superseded;
    options.on_stored(so_far);
  };
  // The second chunk is read by then; there is room beside the reserve, but not as much as it takes.
  EXPECT_THAT(store().WriteBulk(Account(1), SourceOf(BulkEvents(5000)), counting),
              StatusIs(StatusCode::kResourceExhausted, path()));
  EXPECT_GT(stored, 0U);
  EXPECT_EQ(store().Stats(Account(1))->last_sequence, stored) << "the first chunk";
  EXPECT_TRUE(store().Verify()->ok());
  EXPECT_THAT(Put("more"), IsOk());
  MakeRoom();
  EXPECT_THAT(store().WriteBulk(Account(1), SourceOf(BulkEvents(5000))), IsOk());
  EXPECT_TRUE(store().Verify()->ok());
}

TEST_F(ReserveTest, AMeterThatIsBeingBuiltWaits) {
  ASSERT_THAT(store().WriteBulk(Account(1), SourceOf(BulkEvents(1000))), IsOk());
  RunLow();
  disk_->TellFree(kReserve + 8 * kKiB);  // for its declaration, and not for a step of its building
  ASSERT_THAT(store().DefineMeter(Account(1), "meter", {.event_type = "t"}), IsOk());
  EXPECT_THAT(store().AwaitMeter(Account(1), "meter"), StatusIs(StatusCode::kResourceExhausted, path()));
  EXPECT_FALSE(store().Meters(Account(1))->front().complete);
  MakeRoom();
  absl::Status built;
  do {
    built = store().AwaitMeter(Account(1), "meter");
    std::this_thread::yield();
  } while (absl::IsResourceExhausted(built));
  EXPECT_THAT(built, IsOk());
  EXPECT_TRUE(store().Verify()->ok());
  EXPECT_THAT(Diagnostics(), ElementsAre(HasSubstr("kept in reserve"))) << "told once";
}

TEST_F(ReserveTest, ABackupLeavesItWhereItIsTheSameDisk) {
  ASSERT_THAT(store().WriteBulk(Account(1), SourceOf(BulkEvents(1000))), IsOk());
  const std::string backups = folder_.path("backups");
  disk_->TellFree(kReserve + 4 * kKiB);
  EXPECT_THAT(store().Backup(backups), StatusIs(StatusCode::kResourceExhausted, backups + ": the disk has"));
  EXPECT_THAT(Put("more"), IsOk()) << "the store has its room";
  EXPECT_THAT(ListBackups(backups), IsOkAndHolds(::testing::IsEmpty()));

  disk_->TellFree(kReserve - 4 * kKiB);
  TempFolder elsewhere;  // where the disk is not told of
  if (!fs::equivalent("/dev/shm", elsewhere.path())) {
    EXPECT_THAT(store().Backup(elsewhere.path("backups")), IsOk()) << "to make room, perhaps";
  }
  MakeRoom();
  EXPECT_THAT(store().Backup(backups), IsOk());
}

TEST_F(ReserveTest, ARestoreNeedsRoomForItsFiles) {
  ASSERT_THAT(store().WriteBulk(Account(1), SourceOf(BulkEvents(1000))), IsOk());
  const std::string backups = folder_.path("backups");
  ASSERT_THAT(store().Backup(backups), IsOk());
  const std::string restored = folder_.path("restored");
  disk_->TellFree(4 * kKiB);
  EXPECT_THAT(RestoreBackup(backups, restored), StatusIs(StatusCode::kResourceExhausted, restored));
  MakeRoom();
  EXPECT_THAT(RestoreBackup(backups, restored), IsOk());
}

// --- A real disk, and a small one ---

class SmallDiskTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(fs::create_directory(disk()));
    const std::string size = "size=" + std::to_string(32 * kMiB);
    if (::mount("tallystick-test", disk().c_str(), "tmpfs", 0, size.c_str()) != 0) {
      ASSERT_EQ(errno, EPERM);
      GTEST_SKIP() << "may not mount";
    }
    mounted_ = true;
    Fill("ballast", 8 * kMiB);
  }
  void TearDown() override {
    store_.reset();
    if (mounted_) ::umount2(disk().c_str(), MNT_DETACH);
  }

  std::string disk() const { return folder_.path("disk"); }
  std::string path() const { return disk() + "/store"; }

  void Fill(const std::string& name, std::uint64_t bytes) const {
    std::ofstream(disk() + "/" + name) << std::string(bytes, 'x');
  }
  void MakeRoom() const { fs::remove(disk() + "/ballast"); }

  void Open(std::uint64_t reserve) {
    store_.reset();
    auto opened = Store::Open(path(), {.profile = Profile::kEdge, .reserve_bytes = reserve});
    ASSERT_THAT(opened, IsOk());
    store_ = *std::move(opened);
  }

  // Properties that do not compress, since they are random.
  absl::Status WriteBatch() {
    std::vector<std::string> texts;
    std::vector<std::string> ids;
    std::vector<Event> events;
    for (int i = 0; i < 100; ++i) {
      std::string text = R"({"text":")";
      for (int j = 0; j < 900; ++j) text.push_back(static_cast<char>('a' + random_.Below(26)));
      texts.push_back(text + "\"}");
      ids.push_back(std::to_string(written_ + static_cast<std::uint64_t>(i)));
    }
    for (std::size_t i = 0; i < texts.size(); ++i) {
      events.push_back(EventOf(ids[i]));
      events.back().event_properties = texts[i];
    }
    const absl::Status status = store_->Write(Account(1), events).status();
    if (status.ok()) written_ += events.size();
    return status;
  }
  absl::Status WriteUntilRefused() {
    for (;;) {
      if (absl::Status status = WriteBatch(); !status.ok()) return status;
    }
  }
  void ExpectAllThere() {
    const absl::StatusOr<StoreStats> stats = store_->Stats(Account(1));
    ASSERT_THAT(stats, IsOk());
    // A batch that failed may be stored all the same, as a whole.
    EXPECT_THAT(stats->events, ::testing::AnyOf(written_, written_ + 100));
    for (std::uint64_t id = 0; id < written_; ++id) {
      ASSERT_THAT(store_->Get(Account(1), std::to_string(id)), IsOk());
    }
    const absl::StatusOr<VerifyReport> report = store_->Verify();
    ASSERT_THAT(report, IsOk());
    EXPECT_TRUE(report->ok());
  }

  TempFolder folder_;
  bool mounted_ = false;
  std::unique_ptr<Store> store_;
  Random random_{1};
  std::uint64_t written_ = 0;
};

TEST_F(SmallDiskTest, AStoreThatKeepsItsReserveGoesOnByItself) {
  Open(8 * kMiB);
  const absl::Status refused = WriteUntilRefused();
  EXPECT_THAT(refused, StatusIs(StatusCode::kResourceExhausted, path() + ": the disk has"));
  EXPECT_GT(written_, 1000U);
  ExpectAllThere();
  EXPECT_THAT(store_->Sync(), IsOk());
  MakeRoom();
  absl::Status status;
  while (absl::IsResourceExhausted(status = WriteBatch())) std::this_thread::yield();  // a merge is tried again
  ASSERT_THAT(status, IsOk());
  ExpectAllThere();
  EXPECT_THAT(WriteUntilRefused(), StatusIs(StatusCode::kResourceExhausted, path()));
  ExpectAllThere();
  EXPECT_THAT(store_->Close(), IsOk());
  Open(8 * kMiB);
  ExpectAllThere();
}

TEST_F(SmallDiskTest, AStoreWithoutAReserveIsOpenedAgain) {
  Open(0);
  const absl::Status full = WriteUntilRefused();
  // It is met by the log, or by a flush in the background.
  EXPECT_THAT(full, AnyOf(StatusIs(StatusCode::kResourceExhausted, path()),
                          StatusIs(StatusCode::kFailedPrecondition, "since a failure: RESOURCE_EXHAUSTED")));
  EXPECT_THAT(full.ToString(), HasSubstr(path()));
  ExpectAllThere();
  EXPECT_THAT(WriteBatch(), StatusIs(StatusCode::kFailedPrecondition, "since a failure: RESOURCE_EXHAUSTED"));
  MakeRoom();
  EXPECT_THAT(WriteBatch(), StatusIs(StatusCode::kFailedPrecondition, "opened again"));
  Open(0);
  ExpectAllThere();
  EXPECT_THAT(WriteBatch(), IsOk());
  ExpectAllThere();
}

TEST_F(SmallDiskTest, ABulkWriteThatFindsTheDiskFull) {
  Open(0);
  ASSERT_THAT(WriteBatch(), IsOk());
  ASSERT_THAT(store_->Sync(), IsOk());
  Fill("rest", 64 * kMiB);  // all of it
  EXPECT_THAT(store_->WriteBulk(Account(2), SourceOf(BulkEvents(5000)), {.chunk_bytes = 64 * kKiB}),
              StatusIs(StatusCode::kResourceExhausted, path()));
  ExpectAllThere();
  fs::remove(disk() + "/rest");
  Open(0);
  ExpectAllThere();
  EXPECT_THAT(store_->WriteBulk(Account(2), SourceOf(BulkEvents(5000)), {.chunk_bytes = 64 * kKiB}), IsOk());
  ExpectAllThere();
}

}  // namespace
}  // namespace tallystick::testing
