// What Store::Salvage saves of stores with every kind of damage, exactly, and what it says of the rest.

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rocksdb/options.h"
#include "rocksdb/sst_file_reader.h"
#include "tests/support/copy_store.h"
#include "tests/support/file_calls.h"
#include "tests/support/file_damage.h"
#include "tests/support/open_store.h"
#include "tests/support/random.h"

namespace tallystick::testing {
namespace {

namespace fs = std::filesystem;
using absl::StatusCode;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class SalvageTest : public StoreTest {
 protected:
  SalvageTest() { options_.profile = Profile::kEdge; }

  // What stays the same when an event is stored again.
  static std::string Content(const Stored& event) {
    return event.account.ToString() + " " + event.customer_event_id + " " + event.customer_alias + " " +
           event.event_type + " " + FormatTimestamp(event.event_timestamp) + " " + event.event_properties;
  }
  // All events of a store, in the order in which they were stored.
  static std::vector<std::string> ContentsOf(const Store& store) {
    const absl::StatusOr<std::vector<StoredChange>> changes = ReadAll(store.Changes());
    EXPECT_THAT(changes, IsOk());
    std::vector<std::string> contents;
    for (const StoredChange& change : changes.value_or(std::vector<StoredChange>())) {
      contents.push_back(Content(change.event));
    }
    return contents;
  }

  // Events of two accounts, in files and in the log, some of them superseded.
  void Fill() {
    for (int round = 0; round < 3; ++round) {
      for (int i = 0; i < 400; ++i) {
        const int id = round * 300 + i;  // every fourth one is sent again
        const std::string name =
            (id % 3 == 0 ? "0184421e-a9cc-711b-af93-bf0511d4" : "event-") + std::to_string(1000 + id);
        const std::string properties = R"({"n":)" + std::to_string(i) + R"(,"round":)" + std::to_string(round) +
                                       R"(,"noise":")" + std::string(50, static_cast<char>('a' + random_.Below(26))) +
                                       R"("})";
        const std::string customer = "customer-" + std::to_string(i % 7);
        const Event event = MakeEvent(name, i % 60, customer, "call", properties);
        ASSERT_THAT(store().Put(Account(static_cast<std::uint8_t>(1 + id % 2)), event), IsOk());
      }
      if (round < 2) {
        Close();  // into files
        Reopen();
      }
    }
    ASSERT_THAT(store().Put(account_, {.customer_alias = "anonymous", .event_type = "call"}), IsOk());
    ASSERT_THAT(store().DefineMeter(account_, "calls", {.event_type = "call"}), IsOk());
    ASSERT_THAT(store().AwaitMeter(account_, "calls"), IsOk());
    ASSERT_THAT(store().Sync(), IsOk());
    contents_ = ContentsOf(store());
    ASSERT_OK_AND_ASSIGN(const std::vector<StoredChange> changes, ReadAll(store().Changes()));
    for (const StoredChange& change : changes) {
      by_sequence_[change.event.sequence] = Content(change.event);
    }
  }

  // The store as it is now, or would be found if its process died.
  std::string Copy(const std::string& name) {
    const std::string copy = folder_.path(name);
    CopyStore(path_, copy);
    return copy;
  }

  static std::map<std::string, std::string> FilesOf(const std::string& path) {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      files[entry.path().string()] = {std::istreambuf_iterator<char>(file), {}};
    }
    return files;
  }

  // Salvages a store, which stays as it is, and checks that what comes of it is sound.
  SalvageReport Salvage(const std::string& from) {
    const auto before = FilesOf(from);
    fs::remove_all(to_);
    const absl::StatusOr<SalvageReport> report = Store::Salvage(from, to_);
    EXPECT_THAT(report, IsOk());
    EXPECT_EQ(FilesOf(from), before) << "the damaged store was changed";
    if (!report.ok()) return {};
    EXPECT_THAT(fs::exists(to_ + "/data.salvaging"), false);
    const auto saved = Store::Open(to_, {.read_only = true});
    EXPECT_THAT(saved, IsOk());
    if (!saved.ok()) return {};
    const absl::StatusOr<VerifyReport> verified = (*saved)->Verify();
    EXPECT_THAT(verified, IsOk());
    EXPECT_TRUE(verified.ok() && verified->ok());
    saved_ = ContentsOf(**saved);
    EXPECT_EQ(report->events, saved_.size());
    return *report;
  }

  // Of the whole store, without the events that were reported as lost.
  std::vector<std::string> WithoutLost(const SalvageReport& report) const {
    auto left = by_sequence_;
    for (const LostEvent& lost : report.lost) left.erase(lost.sequence);
    std::vector<std::string> contents;
    for (const auto& [sequence, content] : left) contents.push_back(content);
    return contents;
  }

  static std::vector<std::string> TablesOf(const std::string& path, const std::string& family) {
    std::vector<std::string> tables;
    for (const auto& entry : fs::directory_iterator(path + "/data")) {
      if (entry.path().extension() != ".sst") continue;
      rocksdb::SstFileReader reader((rocksdb::Options()));
      if (!reader.Open(entry.path().string()).ok()) continue;
      if (reader.GetTableProperties()->column_family_name == family) tables.push_back(entry.path().string());
    }
    std::sort(tables.begin(), tables.end());
    return tables;
  }
  static void Change(const std::string& file, std::uintmax_t at) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(static_cast<std::streamoff>(at));
    const int byte = stream.get();
    stream.seekp(static_cast<std::streamoff>(at));
    stream.put(static_cast<char>(byte ^ 0x10));
  }
  static std::string LogOf(const std::string& path) {
    std::string log;
    for (const auto& entry : fs::directory_iterator(path + "/data")) {
      if (entry.path().extension() == ".log" && entry.file_size() > 0) log = entry.path().string();
    }
    return log;
  }

  Random random_{7};
  const std::string to_ = folder_.path("saved");
  std::vector<std::string> contents_;
  std::map<std::uint64_t, std::string> by_sequence_;
  std::vector<std::string> saved_;
};

TEST_F(SalvageTest, OfAWholeStoreEverythingIsSavedInItsOrder) {
  Fill();
  const SalvageReport report = Salvage(Copy("copy"));
  EXPECT_TRUE(report.complete());
  EXPECT_TRUE(report.lost_all_known);
  EXPECT_EQ(saved_, contents_);
  ASSERT_THAT(report.meters, SizeIs(1));
  EXPECT_EQ(report.meters[0].name, "calls");
  EXPECT_EQ(report.meters[0].account, account_);
  EXPECT_TRUE(report.meters[0].declared);
  const auto saved = Store::Open(to_, {.read_only = true});
  ASSERT_THAT(saved, IsOk());
  const auto meters = (*saved)->Meters(account_);
  ASSERT_THAT(meters, IsOk());
  ASSERT_THAT(*meters, SizeIs(1));
  EXPECT_TRUE(meters->front().complete);
}

TEST_F(SalvageTest, DamageInTheLogCostsItsCommitAlone) {
  Fill();
  const std::string copy = Copy("copy");
  const std::string log = LogOf(copy);
  Change(log, fs::file_size(log) / 2);
  ASSERT_THAT(Store::Open(copy), StatusIs(StatusCode::kDataLoss, log));
  const SalvageReport report = Salvage(copy);
  EXPECT_FALSE(report.lost_all_known);
  ASSERT_THAT(report.unreadable, SizeIs(2));
  EXPECT_THAT(report.unreadable[0].problem, HasSubstr(log + ": is damaged"));
  EXPECT_EQ(report.unreadable[1].file, fs::path(log).filename());
  EXPECT_THAT(report.unreadable[1].problem, HasSubstr("checksum"));
  // One event of the last round is lost; where it had superseded another one, that one is as it was before.
  std::vector<std::string> missing;
  for (const std::string& content : contents_) {
    if (std::find(saved_.begin(), saved_.end(), content) == saved_.end()) missing.push_back(content);
  }
  EXPECT_THAT(missing, SizeIs(1));
  EXPECT_LE(saved_.size(), contents_.size());
  EXPECT_GE(saved_.size(), contents_.size() - 1);
}

TEST_F(SalvageTest, WithoutManifestAndIndexesAllEventsAreSaved) {
  Fill();
  Close();
  for (const char* what : {"CURRENT", "MANIFEST-", "SYNCED", "event_ids", "customers", "changes", "rollups"}) {
    SCOPED_TRACE(what);
    const std::string copy = Copy("copy");
    for (const std::string& table : TablesOf(copy, what)) fs::remove(table);
    for (const auto& entry : fs::directory_iterator(copy + "/data")) {
      if (entry.path().filename().string().starts_with(what)) fs::remove(entry.path());
    }
    const SalvageReport report = Salvage(copy);
    EXPECT_EQ(saved_, contents_);
    EXPECT_THAT(report.lost, IsEmpty());
    EXPECT_FALSE(report.complete());
    EXPECT_EQ(report.meters.size(), std::string(what) == "rollups" ? 0u : 1u);
  }
}

TEST_F(SalvageTest, ADamagedBlockOfEventsCostsItsEventsAndTheyAreNamed) {
  Fill();
  Close();
  const std::string whole = Copy("whole");
  for (std::size_t table = 0; table < TablesOf(whole, "events").size(); ++table) {
    const std::string copy = Copy("copy");
    const std::string file = TablesOf(copy, "events")[table];
    SCOPED_TRACE(file);
    Change(file, 100);  // in the first block
    const SalvageReport report = Salvage(copy);
    EXPECT_TRUE(report.lost_all_known);
    EXPECT_GT(report.lost_count, 0u);
    EXPECT_LT(report.lost_count, contents_.size() / 2);
    EXPECT_EQ(saved_, WithoutLost(report));
    ASSERT_THAT(report.unreadable, SizeIs(1));
    EXPECT_EQ(report.unreadable[0].family, "events");
    EXPECT_EQ(report.unreadable[0].file, fs::path(file).filename());
    for (const LostEvent& lost : report.lost) {
      ASSERT_TRUE(lost.customer_event_id.has_value());
      ASSERT_TRUE(lost.account.has_value());
      ASSERT_TRUE(lost.event_timestamp.has_value());
      EXPECT_THAT(by_sequence_.at(lost.sequence), HasSubstr(lost.account->ToString() + " " + *lost.customer_event_id));
      EXPECT_THAT(by_sequence_.at(lost.sequence), HasSubstr(FormatTimestamp(*lost.event_timestamp)));
    }
  }
}

TEST_F(SalvageTest, AnEarlierVersionDoesNotComeBack) {
  Put(MakeEvent("kept", 1));
  Put(MakeEvent("superseded", 2, "before"));
  Close();
  Put(MakeEvent("superseded", 2, "after"));
  Close();
  const std::vector<std::string> tables = TablesOf(path_, "events");
  ASSERT_GE(tables.size(), 2u);
  fs::resize_file(tables.back(), fs::file_size(tables.back()) / 2);
  const SalvageReport report = Salvage(path_);
  EXPECT_THAT(saved_, ElementsAre(HasSubstr(" kept ")));
  ASSERT_THAT(report.lost, SizeIs(1));
  EXPECT_EQ(report.lost[0].customer_event_id, "superseded");
  EXPECT_EQ(report.lost[0].sequence, 3u);
}

TEST_F(SalvageTest, AnEventWithoutAnIdKeepsItsOwn) {
  const WriteResult put = Put({.customer_alias = "acme", .event_type = "call", .event_timestamp = At(1)});
  Close();
  Salvage(path_);
  EXPECT_THAT(saved_, ElementsAre(HasSubstr(" " + put.id.ToString() + " acme call ")));
}

TEST_F(SalvageTest, ADroppedMeterIsNotDeclaredAgain) {
  ASSERT_THAT(store().DefineMeter(account_, "dropped", {.event_type = "call"}), IsOk());
  ASSERT_THAT(store().DefineMeter(account_, "kept", {.event_type = "call"}), IsOk());
  ASSERT_THAT(store().DropMeter(account_, "dropped"), IsOk());
  Close();
  const SalvageReport report = Salvage(path_);
  EXPECT_THAT(report.meters, ElementsAre(Field(&SalvagedMeter::name, "kept")));
}

TEST_F(SalvageTest, OneThatDidNotEndIsNoStore) {
  Fill();
  Close();
  const auto expect_no_store = [this] {
    EXPECT_THAT(Store::Open(to_, {.read_only = true}), StatusIs(StatusCode::kFailedPrecondition, "salvage"));
    EXPECT_THAT(Store::Open(to_), StatusIs(StatusCode::kFailedPrecondition, "salvage"));
  };
  // The new store's writes fail from the nth on.
  class FullDisk : public FileCallWatcher {
   public:
    FullDisk(std::string folder, int nth) : folder_(std::move(folder)), left_(nth) {}
    CallFate Begins(const FileCall& call) override {
      if (call.name != "write" || !call.path.starts_with(folder_) || --left_ >= 0) return {};
      return CallFate::Fails(ENOSPC);
    }

   private:
    const std::string folder_;
    std::atomic<int> left_;
  };
  int failures = 0;
  for (int nth = 0;; nth = 2 * nth + 1) {
    SCOPED_TRACE(nth);
    WatchFileCalls(std::make_shared<FullDisk>(to_ + "/", nth));
    const absl::Status salvaged = Store::Salvage(path_, to_).status();
    WatchFileCalls(nullptr);
    if (salvaged.ok()) break;
    ++failures;
    expect_no_store();
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GT(failures, 4);
  EXPECT_EQ(ContentsOf(**Store::Open(to_, {.read_only = true})), contents_) << "the next one ends";
  EXPECT_FALSE(fs::exists(to_ + "/data.salvaging"));

  fs::remove_all(to_);
  fs::create_directories(to_ + "/data.salvaging");
  std::ofstream(to_ + "/data.salvaging/LOCK") << "1";
  expect_no_store();
  EXPECT_THAT(Store::Salvage(path_, to_), IsOk());
}

TEST_F(SalvageTest, RefusesWhatItCannotDo) {
  Put(MakeEvent("a", 1));
  EXPECT_THAT(Store::Salvage(path_, to_), StatusIs(StatusCode::kUnavailable, "open for writing"));
  EXPECT_FALSE(fs::exists(to_));
  Close();
  EXPECT_THAT(Store::Salvage(folder_.path("nothing"), to_), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(Store::Salvage(path_, path_), Not(IsOk()));
  ASSERT_THAT(Store::Salvage(path_, to_), IsOk());
  EXPECT_THAT(Store::Salvage(path_, to_), StatusIs(StatusCode::kAlreadyExists));
}

// Whatever is damaged, and in as many places: what is saved is what was stored last, and what is not saved is named.
TEST_F(SalvageTest, AnyDamageLeavesWhatIsNotDamaged) {
  Fill();
  Close();
  const std::set<std::string> all(contents_.begin(), contents_.end());
  for (int i = 0; i < 30; ++i) {
    const std::string copy = Copy("copy");
    std::string trace;
    for (std::uint64_t flips = 1 + random_.Below(4); flips > 0; --flips) {
      trace += FlipBit(copy + "/data", kTableFiles, &random_) + "; ";
    }
    SCOPED_TRACE(trace);
    const SalvageReport report = Salvage(copy);
    if (report.lost_all_known) {
      EXPECT_EQ(saved_, WithoutLost(report));
    } else {
      for (const std::string& content : saved_) EXPECT_TRUE(all.contains(content)) << content;
    }
  }
}

}  // namespace
}  // namespace tallystick::testing
