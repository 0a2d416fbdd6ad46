#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/storage/database.h"
#include "lib/storage/folder.h"
#include "simdjson.h"
#include "tests/cli/fixture.h"

namespace tallystick::cli {
namespace {

class VerifyTest : public CliTest {
 protected:
  void ImportThree() const { Import(Line({.id = "a"}) + "\n" + Line({.id = "b"}) + "\n" + Line({.id = "c"}) + "\n"); }

  // Takes the first row of a family away, behind the store's back.
  void DeleteFirstRow(storage::Family family) const {
    const auto database = storage::Database::Open(storage::DataPath(Path("store")), {});
    ASSERT_TRUE(database.ok()) << database.status();
    storage::RowIterator rows =
        (*database)->NewIterator(family, {}, (*database)->TakeSnapshot(), storage::ReadLength::kShort);
    rows.SeekToFirst();
    ASSERT_TRUE(rows.Valid());
    storage::Batch batch(**database);
    batch.Delete(family, rows.key());
    ASSERT_TRUE((*database)->Write(&batch).ok());
    ASSERT_TRUE((*database)->Flush().ok());
  }
};

TEST_F(VerifyTest, AHealthyStoreIsOk) {
  ImportThree();
  Import(Line({.id = "a", .customer = "other"}) + "\n");
  EXPECT_EQ(DataOf({"verify"}), R"({"ok":true,"events":3,"eventIds":3,"customers":3,"changes":3,"rollups":0,)"
                                R"("lastSequence":4,"differenceCount":0,"differences":[]})"
                                "\n");
}

TEST_F(VerifyTest, ChecksAllAccounts) {
  ImportThree();
  EXPECT_EQ(DataOf({"verify", "--account", "0184421e-a9cc-711b-af93-bf0511d4d833"}), DataOf({"verify"}));
}

// Creating a store is finished by the next writer.
TEST_F(VerifyTest, ACreationCutShortIsAnEmptyStore) {
  const std::string empty = R"({"ok":true,"events":0,"eventIds":0,"customers":0,"changes":0,"rollups":0,)"
                            R"("lastSequence":0,"differenceCount":0,"differences":[]})"
                            "\n";
  std::filesystem::create_directories(Path("store/data.creating"));
  WriteFile("store/LOCK", "1\n");
  WriteFile("store/data.creating/CURRENT", "MANIFEST");
  EXPECT_EQ(DataOf({"verify"}), empty);
  EXPECT_EQ(DataOf({"scan"}), "");
  EXPECT_EQ(Tallystick({"get", "a"}).status, 1);
  ImportThree();
  EXPECT_EQ(DataOf({"verify"}).substr(0, 22), R"({"ok":true,"events":3,)");
}

TEST_F(VerifyTest, ADifferenceIsAFailure) {
  ImportThree();
  DeleteFirstRow(storage::Family::kCustomers);
  const Finished finished = Tallystick({"verify"});
  EXPECT_EQ(finished.status, 1);
  EXPECT_EQ(finished.err, "");

  simdjson::dom::parser parser;
  simdjson::dom::object report;
  ASSERT_EQ(parser.parse(finished.out).get(report), simdjson::SUCCESS) << finished.out;
  EXPECT_FALSE(bool{report["ok"]});
  EXPECT_EQ(std::uint64_t{report["events"]}, 3U);
  EXPECT_EQ(std::uint64_t{report["customers"]}, 2U);
  EXPECT_EQ(std::uint64_t{report["differenceCount"]}, 1U);
  ASSERT_EQ(simdjson::dom::array{report["differences"]}.size(), 1U);
  EXPECT_EQ(std::string_view{report.at_pointer("/differences/0/family")}, "customers");
  EXPECT_NE(std::string_view{report.at_pointer("/differences/0/key")}, "");
  EXPECT_NE(std::string_view{report.at_pointer("/differences/0/problem")}, "");
}

TEST_F(VerifyTest, ADamagedFileIsAFailure) {
  ImportThree();
  DeleteFirstRow(storage::Family::kChanges);  // flushes, so that there are table files
  for (const auto& entry : std::filesystem::recursive_directory_iterator(Path("store"))) {
    if (entry.path().extension() != ".sst") continue;
    std::fstream file(entry.path(), std::ios::binary | std::ios::in | std::ios::out);
    const char first = static_cast<char>(file.get());
    file.seekp(0).put(static_cast<char>(first ^ 1));
    ASSERT_TRUE(file.flush().good()) << entry.path();
  }
  for (const std::string command : {"verify", "scan", "stats"}) {
    const Finished finished = Tallystick({command});
    EXPECT_EQ(finished.status, 1) << command;
    EXPECT_EQ(finished.out, "");
    EXPECT_THAT(finished.err, ::testing::HasSubstr("checksum")) << command;
  }
}

// --- verify --salvage ---

TEST_F(VerifyTest, SalvageOfAWholeStoreIsTheSameStoreAgain) {
  ImportThree();
  Import(Line({.id = "a", .customer = "other"}) + "\n");
  EXPECT_EQ(DataOf({"verify", "--salvage", "saved"}),
            R"({"complete":true,"events":3,"unreadable":[],"lostCount":0,"lostAllKnown":true,"lost":[],"meters":[]})"
            "\n");
  EXPECT_EQ(WithoutStoredIds(DataOf({"scan", "--db", "saved"})), WithoutStoredIds(DataOf({"scan"})));
  EXPECT_EQ(DataOf({"verify", "--db", "saved"}).substr(0, 22), R"({"ok":true,"events":3,)");
}

TEST_F(VerifyTest, SalvageOfADamagedStoreListsWhatIsLost) {
  ImportThree();
  // The files of `events`, which are the ones with the type of all events.
  for (const auto& entry : std::filesystem::recursive_directory_iterator(Path("store"))) {
    if (entry.path().extension() != ".sst") continue;
    const std::string name = std::filesystem::relative(entry.path(), Path("")).string();
    if (ReadFile(name).find("message-sent") == std::string::npos) continue;
    std::fstream file(entry.path(), std::ios::binary | std::ios::in | std::ios::out);
    file.put('?');
    ASSERT_TRUE(file.flush().good()) << entry.path();
  }
  const Finished finished = Tallystick({"verify", "--salvage", "saved"});
  EXPECT_EQ(finished.status, 1);
  EXPECT_EQ(finished.err, "");
  simdjson::dom::parser parser;
  simdjson::dom::object report;
  ASSERT_EQ(parser.parse(finished.out).get(report), simdjson::SUCCESS) << finished.out;
  EXPECT_FALSE(bool{report["complete"]});
  EXPECT_TRUE(bool{report["lostAllKnown"]});
  EXPECT_EQ(std::uint64_t{report["events"]}, 0U);
  EXPECT_EQ(std::uint64_t{report["lostCount"]}, 3U);
  EXPECT_EQ(std::string_view{report.at_pointer("/lost/1/customerEventId")}, "b");
  EXPECT_EQ(std::string_view{report.at_pointer("/lost/1/sequenceAccountId")}, "00000000-0000-0000-0000-000000000000");
  EXPECT_EQ(std::string_view{report.at_pointer("/lost/1/eventTimestamp")}, "2026-10-01T00:00:00Z");
  EXPECT_EQ(std::uint64_t{report.at_pointer("/lost/1/sequence")}, 2U);
  EXPECT_EQ(std::string_view{report.at_pointer("/unreadable/0/family")}, "events");
}

TEST_F(VerifyTest, SalvageFailsWhereThereIsAStoreAlreadyAndWhereThereIsNone) {
  ImportThree();
  const Finished over_itself = Tallystick({"verify", "--salvage", "store"});
  EXPECT_EQ(over_itself.status, 1);
  EXPECT_EQ(over_itself.out, "");
  EXPECT_EQ(Tallystick({"verify", "--db", "nothing", "--salvage", "saved"}).status, 1);
}

}  // namespace
}  // namespace tallystick::cli
