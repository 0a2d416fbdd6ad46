// A bit flips in a file of a store, or the file is cut: reads answer as before, or say DATA_LOSS. Never a wrong answer,
// never a row that is missing without a word.

#include <filesystem>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "lib/base/status_macros.h"
#include "tallystick/store.h"
#include "tests/crash/ledger.h"
#include "tests/crash/workload.h"
#include "tests/support/copy_store.h"
#include "tests/support/file_damage.h"
#include "tests/support/random.h"
#include "tests/support/status_matchers.h"
#include "tests/support/stored.h"
#include "tests/support/temp_folder.h"

namespace tallystick::testing {
namespace {

namespace fs = std::filesystem;

class RotTest : public ::testing::Test {
 protected:
  // A store with what a worker does to it, in files alone.
  RotTest() {
    for (int opening = 0; opening < 3; ++opening) {
      const auto store = Work();
      if (store == nullptr) return;
      EXPECT_THAT(store->Close(), IsOk());
    }
    Know();
  }

  std::unique_ptr<Store> Work() {
    auto store = Store::Open(path_, {.profile = Profile::kEdge});
    EXPECT_THAT(store, IsOk());
    if (!store.ok()) return nullptr;
    EXPECT_THAT(worker_.Run(store->get(), 40), IsOk());
    return *std::move(store);
  }
  void Know() {
    whole_ = Ask(path_);
    for (const auto& [question, answer] : whole_) EXPECT_THAT(answer, IsOk()) << question;
  }

  std::uint64_t LogBytes() const {
    std::uint64_t bytes = 0;
    std::error_code gone;
    for (const auto& entry : fs::directory_iterator(path_ + "/data", gone)) {
      if (entry.path().extension() == ".log") bytes += BytesInUse(entry.path());
    }
    return bytes;
  }

  // Some more work, all of it on stable storage, and then the process dies: it is in the log.
  void WorkAndDie() {
    auto store = Work();
    ASSERT_NE(store, nullptr);
    ASSERT_THAT(store->Sync(), IsOk());
    // A bulk write may have been the last of it, which leaves nothing there.
    while (LogBytes() < 4096) {
      ASSERT_THAT(worker_.Run(store.get(), 10), IsOk());
      ASSERT_THAT(store->Sync(), IsOk());
    }
    // Dies: nothing that it does from here on is seen.
    const std::string left = folder_.path("left");
    CopyStore(path_, left);
    store.reset();
    fs::remove_all(path_);
    fs::rename(left, path_);
    Know();
  }

  using Answers = std::map<std::string, absl::StatusOr<std::string>>;  // by question

  // All that the store at `path` has to say, read in every way.
  static Answers Ask(const std::string& path) {
    Answers answers;
    const auto opened = Store::Open(path, {.profile = Profile::kEdge, .read_only = true});
    if (!opened.ok()) return {{"open", opened.status()}};
    const Store& store = **opened;
    for (const Uuid& account : {Account(1), Account(2)}) {
      const std::string name = " of " + account.ToString();
      const auto by_time = ReadAll(store.Scan({.account = account}));
      answers.emplace("by time" + name, Text(by_time));
      std::vector<std::string> aliases;
      for (int i = 0; i < 5; ++i) aliases.push_back("customer-" + std::to_string(i));
      answers.emplace("by customer" + name,
                      Text(ReadAll(store.Scan({.account = account, .customer_aliases = aliases}))));
      answers.emplace("by id" + name, GetAll(store, account));
      const auto meters = store.Meters(account);
      answers.emplace("meters" + name, meters.ok() ? absl::StatusOr<std::string>(std::to_string(meters->size()))
                                                   : absl::StatusOr<std::string>(meters.status()));
      for (const DeclaredMeter& meter : meters.value_or(std::vector<DeclaredMeter>())) {
        answers.emplace(meter.name + name, Query(store, {.account = account, .declared = meter.name}));
      }
    }
    answers.emplace("changes", Text(ReadAll(store.Changes())));
    const auto report = store.Verify();
    answers.emplace("verify", report.ok() ? absl::StatusOr<std::string>(std::to_string(report->difference_count))
                                          : absl::StatusOr<std::string>(report.status()));
    return answers;
  }

  template <typename Rows>
  static absl::StatusOr<std::string> Text(const absl::StatusOr<Rows>& rows) {
    if (!rows.ok()) return rows.status();
    std::ostringstream text;
    for (const auto& row : *rows) text << row << "\n";
    return text.str();
  }
  static absl::StatusOr<std::string> GetAll(const Store& store, const Uuid& account) {
    std::vector<Stored> all;
    for (const std::string& id : WorkerIds()) {
      const absl::StatusOr<OwnedEvent> event = store.Get(account, id);
      if (absl::IsNotFound(event.status())) continue;
      TALLYSTICK_RETURN_IF_ERROR(event.status());
      all.emplace_back(**event);
    }
    return Text(absl::StatusOr<std::vector<Stored>>(std::move(all)));
  }
  static absl::StatusOr<std::string> Query(const Store& store, const QueryOptions& options) {
    TALLYSTICK_ASSIGN_OR_RETURN(const Usage usage, store.Query(options));
    std::string text;
    for (const UsageRow& row : usage.rows) text += row.value + " of " + std::to_string(row.count) + "\n";
    return text;
  }

  // What copies of the store answer, each with one of these files damaged. How many said DATA_LOSS to anything.
  using Damage = std::string (*)(const std::string& folder, std::string_view kind, Random* random);
  int Rot(std::string_view files, int copies, Damage damage = FlipBit, const std::string& folder = "/data") {
    int reported = 0;
    for (int copy = 0; copy < copies; ++copy) {
      const std::string damaged = folder_.path("damaged");
      fs::copy(path_, damaged, fs::copy_options::recursive);
      const std::string what = damage(damaged + folder, files, &random_);
      EXPECT_NE(what, "");
      SCOPED_TRACE(what);
      CheckWriter(damaged);
      bool lost = false;
      for (const auto& [question, answer] : Ask(damaged)) {
        if (answer.ok()) {
          EXPECT_EQ(*answer, *whole_.at(question)) << question;
        } else {
          EXPECT_THAT(answer, StatusIs(absl::StatusCode::kDataLoss)) << question;
          lost = true;
        }
      }
      if (lost) ++reported;
      fs::remove_all(damaged);
    }
    return reported;
  }

  // Who opens it for writing is told as well, or reads the same; on a copy, since it changes the store.
  void CheckWriter(const std::string& damaged) {
    const std::string copy = folder_.path("written");
    fs::copy(damaged, copy, fs::copy_options::recursive);
    {
      const auto writer = Store::Open(copy, {.profile = Profile::kEdge});
      if (writer.ok()) {
        const auto changes = Text(ReadAll((*writer)->Changes()));
        if (changes.ok()) {
          EXPECT_EQ(*changes, *whole_.at("changes"));
        }
      } else {
        EXPECT_THAT(writer, StatusIs(absl::StatusCode::kDataLoss));
      }
    }
    fs::remove_all(copy);
  }

  Random random_;
  Ledger ledger_;
  Worker worker_{1, random_.Below(1'000'000), &ledger_};
  TempFolder folder_{MemoryDir()};
  const std::string path_ = folder_.path("store");
  Answers whole_;
};

TEST_F(RotTest, InTableFilesIsReported) { EXPECT_GT(Rot(kTableFiles, 60), 50); }
TEST_F(RotTest, InManifestsIsReported) { EXPECT_GT(Rot(kManifests, 20), 15); }
TEST_F(RotTest, InCurrentIsReported) { EXPECT_EQ(Rot(kCurrent, 10), 10); }
TEST_F(RotTest, InLogsIsReported) {
  WorkAndDie();
  EXPECT_GT(Rot(kLogs, 40), 35);
}
TEST_F(RotTest, InWhatIsNotReadDoesNoHarm) {
  EXPECT_EQ(Rot(kOptionsFiles, 10), 0);
  EXPECT_EQ(Rot(kDiaries, 10), 0);
  EXPECT_EQ(Rot(kLocks, 5, FlipBit, ""), 0);
}
TEST_F(RotTest, InTheGuardAloneDoesNoHarm) {
  WorkAndDie();
  EXPECT_EQ(Rot(kGuards, 20), 0);
}

TEST_F(RotTest, FilesThatAreCutAreReported) {
  EXPECT_EQ(Rot(kTableFiles, 20, CutFile), 20);
  EXPECT_EQ(Rot(kManifests, 20, CutFile), 20);
  EXPECT_EQ(Rot(kCurrent, 10, CutFile), 10);
  WorkAndDie();
  EXPECT_EQ(Rot(kLogs, 20, CutFile), 20);
}
TEST_F(RotTest, CutFilesThatAreNotReadDoNoHarm) {
  EXPECT_EQ(Rot(kOptionsFiles, 5, CutFile), 0);
  EXPECT_EQ(Rot(kDiaries, 5, CutFile), 0);
  EXPECT_EQ(Rot(kLocks, 5, CutFile, ""), 0);
}

TEST_F(RotTest, AStoreThatWasClosedHasNothingInItsLog) {
  for (const auto& entry : fs::directory_iterator(path_ + "/data")) {
    if (entry.path().extension() == ".log") {
      EXPECT_EQ(entry.file_size(), 0u) << entry.path();
    }
  }
}

}  // namespace
}  // namespace tallystick::testing
