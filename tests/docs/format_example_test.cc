// Holds the worked example of docs/FORMAT.md to what a store writes, byte by byte.
//
// The store is a real one, but for its secrets and its clock, which are those of the document. Its rows are read from
// the database itself after each step.

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <map>
#include <numeric>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/buckets.h"
#include "lib/base/decimal.h"
#include "lib/base/keyed_hash.h"
#include "lib/encoding/backup_record.h"
#include "lib/encoding/group.h"
#include "lib/encoding/keys.h"
#include "lib/encoding/rollup_keys.h"
#include "lib/encoding/rollup_rows.h"
#include "lib/encoding/rows.h"
#include "lib/storage/database.h"
#include "lib/storage/families.h"
#include "lib/storage/folder.h"
#include "lib/storage/meta.h"
#include "tallystick/store.h"
#include "tests/docs/markdown.h"

namespace tallystick {
namespace {

struct Row {
  std::string family;
  std::string key;
  std::string value;
  friend bool operator==(const Row&, const Row&) = default;
};

// How a failing test shows a row, and how the document has it but for the breaks between fields.
void PrintTo(const Row& row, std::ostream* out) {
  *out << "\n"
       << row.family << "\n  key   " << absl::BytesToHexString(row.key) << "\n  value "
       << absl::BytesToHexString(row.value);
}

// A block of the document: the name of a family on a line of its own; then lines of bytes, of which a row's first
// begins with `key` and its value's first with `value`. What follows two spaces behind the bytes is for people.
std::vector<Row> ParseRows(const std::string& block) {
  std::vector<Row> rows;
  std::string family;
  std::string* bytes = nullptr;
  std::istringstream lines(block);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) continue;
    if (line.front() != ' ') {
      family = line;
      continue;
    }
    constexpr std::size_t kLabelSize = 8;
    const std::string label = line.substr(0, kLabelSize);
    if (label == "  key   ") {
      rows.push_back({.family = family, .key = {}, .value = {}});
      bytes = &rows.back().key;
    } else if (label == "  value ") {
      bytes = &rows.back().value;
    }
    std::string hex = line.size() > kLabelSize ? line.substr(kLabelSize) : "";
    hex.resize(std::min(hex.size(), hex.find("  ")));
    std::erase(hex, ' ');
    if (hex != "(empty)") bytes->append(absl::HexStringToBytes(hex));
  }
  return rows;
}

HashKey CountingFrom(std::uint8_t first) {
  HashKey key;
  std::iota(key.bytes.begin(), key.bytes.end(), first);
  return key;
}

// The bytes of a block that is not of rows, breaks and remarks taken out.
std::string ParseBytes(const std::string& block) {
  std::string bytes;
  std::istringstream lines(block);
  for (std::string line; std::getline(lines, line);) {
    line.resize(std::min(line.size(), line.find("  ")));
    std::erase(line, ' ');
    bytes += absl::HexStringToBytes(line);
  }
  return bytes;
}

class FormatExample : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(path_);
    for (const docs::Block& block : docs::FencedBlocks(docs::ReadSource("docs/FORMAT.md"))) {
      blocks_[block.info] = block.text;
    }
    const auto lock = storage::FolderLock::Acquire(path_);
    ASSERT_TRUE(lock.ok()) << lock.status();
    const absl::Status made = storage::CreateData(path_, [this](const std::string& data) {
      const auto database = storage::Database::Open(data, {.create = true});
      if (!database.ok()) return database.status();
      storage::Batch batch(**database);
      storage::PutIdentity(identity_, &batch);
      storage::PutPosition({}, &batch);
      if (absl::Status status = (*database)->Write(&batch); !status.ok()) return status;
      return (*database)->Flush();
    });
    ASSERT_TRUE(made.ok()) << made;
  }
  void TearDown() override { std::filesystem::remove_all(path_); }

  std::string BlockText(const std::string& info) {
    EXPECT_TRUE(blocks_.contains(info)) << "docs/FORMAT.md has no block '" << info << "'";
    return blocks_[info];
  }

  // Stores one event at `now`, as docs/FORMAT.md says.
  WriteResult Put(const std::string& now, const std::string& timestamp, const std::string& properties,
                  const std::string& id = "event-1") {
    Options options;
    options.clock = [now] { return ParseTimestamp(now).value(); };
    const auto store = Store::Open(path_, options);
    EXPECT_TRUE(store.ok()) << store.status();
    const auto result = (*store)->Put(account_, {.customer_event_id = id,
                                                 .customer_alias = "acme",
                                                 .event_type = "message-sent",
                                                 .event_timestamp = ParseTimestamp(timestamp).value(),
                                                 .event_properties = properties});
    EXPECT_TRUE(result.ok()) << result.status();
    return result.value_or(WriteResult());
  }
  WriteResult PutFirst() { return Put("2022-11-04T14:52:26Z", "2022-10-01T00:00:00Z", R"({"length":500})"); }
  WriteResult PutSecond() { return Put("2022-11-04T14:52:27.0005Z", "2022-10-01T00:00:01.5Z", R"({"length":501})"); }

  std::vector<Row> StoredRows() {
    std::vector<Row> rows;
    const auto database = storage::Database::Open(storage::DataPath(path_), {.read_only = true});
    EXPECT_TRUE(database.ok()) << database.status();
    for (const storage::Family family : storage::kAllFamilies) {
      storage::RowIterator row =
          (*database)->NewIterator(family, {}, (*database)->TakeSnapshot(), storage::ReadLength::kShort);
      for (row.SeekToFirst(); row.Valid(); row.Next()) {
        rows.push_back({.family = std::string(storage::FamilyName(family)),
                        .key = std::string(row.key()),
                        .value = std::string(row.value())});
      }
      EXPECT_TRUE(row.status().ok()) << row.status();
    }
    return rows;
  }

  // All rows but those that no commit changes, which must be as they were made.
  std::vector<Row> RowsThatMove() {
    std::vector<Row> rows = StoredRows();
    for (const Row& made : ParseRows(BlockText("hex new"))) {
      if (made.key == "position") continue;
      EXPECT_EQ(std::erase(rows, made), 1u) << testing::PrintToString(made);
    }
    return rows;
  }

  const std::string path_ =
      testing::TempDir() + "/format_example_" + testing::UnitTest::GetInstance()->current_test_info()->name();
  const Uuid account_ = *Uuid::Parse("0184421e-a9cc-711b-af93-bf0511d4d833");
  const storage::Identity identity_ = {
      .store_id = *Uuid::Parse("5f0c7a3e-8d21-4b6f-9a54-e1c2d3b4a596"),
      .history = {.number = 1, .id = *Uuid::Parse("c4a9e2d7-3b18-4f60-8e7d-92a1b0c3d4e5")},
      .fingerprint_key = CountingFrom(0x00),
      .event_id_key = CountingFrom(0x10),
      .cursor_key = CountingFrom(0x20),
  };
  const Meter traffic_ = {
      .event_type = "message-sent", .aggregation = Aggregation::kSum, .property = "length", .group_by = {"region"}};
  std::map<std::string, std::string> blocks_;
};

TEST_F(FormatExample, RowsOfANewStore) { EXPECT_EQ(StoredRows(), ParseRows(BlockText("hex new"))); }

TEST_F(FormatExample, RowsAfterAnEventIsCreated) {
  EXPECT_EQ(PutFirst().outcome, Outcome::kCreated);
  EXPECT_EQ(RowsThatMove(), ParseRows(BlockText("hex created")));
}

TEST_F(FormatExample, RowsAfterItIsSuperseded) {
  PutFirst();
  EXPECT_EQ(PutSecond().outcome, Outcome::kSuperseded);
  EXPECT_EQ(RowsThatMove(), ParseRows(BlockText("hex superseded")));
}

TEST_F(FormatExample, RowsOfAnEventWhoseIdIsAUuid) {
  const auto put =
      Put("2022-11-04T14:52:28Z", "2022-10-01T00:00:00.123456789Z", "{}", "9d47c1a5-266c-4437-9b34-615396fb4170");
  EXPECT_EQ(put.outcome, Outcome::kCreated);
  std::vector<Row> rows = StoredRows();
  std::erase_if(rows, [](const Row& row) { return row.family != "event_ids" && row.family != "events"; });
  EXPECT_EQ(ParseRows(BlockText("hex uuid")), rows);
}

// The document gives the bytes that are hashed, so that a reader in another language can check its own SipHash.
TEST_F(FormatExample, IdIsComputedFromReceiptAndSequence) {
  const WriteResult first = PutFirst();
  EXPECT_EQ(first.id.ToString() + "\n", BlockText("text id"));
  const std::uint64_t hash = KeyedHash(identity_.event_id_key, ParseBytes(BlockText("hex id-input")));
  EXPECT_EQ(absl::StrFormat("%016x\n", hash), BlockText("text id-hash"));
}

TEST_F(FormatExample, FingerprintIsComputedFromAliasTypeAndProperties) {
  const std::uint64_t hash = KeyedHash(identity_.fingerprint_key, ParseBytes(BlockText("hex fingerprint-input")));
  PutFirst();
  bool found = false;
  for (const Row& row : StoredRows()) {
    if (row.family != "event_ids") continue;
    EXPECT_EQ(EventIdRow::Decode(row.value).value().fingerprint, hash);
    found = true;
  }
  EXPECT_TRUE(found);
}

TEST_F(FormatExample, RowOfAMeterThatIsDeclared) {
  // Its building begins at once: this is the row before.
  const Row row = {.family = "rollups",
                   .key = MeterKey{.account = account_, .name = "traffic"}.Encode(),
                   .value = MeterRow{.number = 1, .building = MeterBuilding(), .meter = traffic_}.Encode()};
  EXPECT_EQ(ParseRows(BlockText("hex declared")), std::vector<Row>{row});
}

TEST_F(FormatExample, RowsAfterItIsBuilt) {
  PutFirst();
  PutSecond();
  {
    const auto store = Store::Open(path_);
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_EQ((*store)->DefineMeter(account_, "traffic", traffic_).value(), Outcome::kCreated);
    EXPECT_TRUE((*store)->AwaitMeter(account_, "traffic").ok());
  }
  std::vector<Row> expected = ParseRows(BlockText("hex superseded"));
  for (Row& row : ParseRows(BlockText("hex built"))) expected.push_back(std::move(row));
  EXPECT_EQ(RowsThatMove(), expected);
}

TEST_F(FormatExample, RowsOfDistinctCountsAndOfStaleCells) {
  std::string eu;
  AppendGroupValue("eu", &eu);
  const CellKey callers = {.meter = 2, .size = BucketSize::kDay, .bucket = 738'428, .group = eu};
  const CellKey change = {.meter = 3, .customer_alias = "acme", .size = BucketSize::kQuarterHour, .bucket = 70'889'130};
  const auto value_key = [&](std::string_view form) { return ValueKey{.cell = callers, .form = form}.Encode(); };
  const auto row = [](std::string key, std::string value) {
    return Row{.family = "rollups", .key = std::move(key), .value = std::move(value)};
  };
  const std::vector<Row> rows = {
      row(callers.Encode(), CellRow{.count = 300, .skipped = 1}.Encode()),
      row(change.Encode(),
          CellRow{.count = 2, .state = CellExtreme{.value = *Decimal::Parse("-2.5"), .stale = true}}.Encode()),
      row(value_key(UniqueForm("bob")), ValueRow{.count = 299}.Encode()),
      row(value_key(UniqueForm("01844320-fc10-7000-8f73-e3554b6cac18")), ValueRow{.count = 1}.Encode()),
      row(StaleKey(change.Encode()), ""),
  };
  EXPECT_EQ(ParseRows(BlockText("hex others")), rows);
  EXPECT_EQ(BucketStart(callers.bucket, callers.size).ToTime(), ParseTimestamp("2022-10-01T00:00:00Z").value());
  EXPECT_EQ(BucketStart(change.bucket, change.size).ToTime(), ParseTimestamp("2022-10-01T10:30:00Z").value());
}

TEST_F(FormatExample, RecordOfABackup) {
  const std::string text = BlockText("text record");
  const absl::StatusOr<BackupRecord> record = BackupRecord::Decode(text);
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_EQ(record->Encode(), text);
  EXPECT_EQ(record->info.id, 3u);
}

TEST_F(FormatExample, CursorOfAPageThatEndedWithTheEvent) {
  PutFirst();
  EXPECT_EQ(Put("2022-11-04T14:52:28Z", "2022-10-02T00:00:00Z", "{}", "event-2").outcome, Outcome::kCreated);
  const auto store = Store::Open(path_, {.read_only = true});
  ASSERT_TRUE(store.ok()) << store.status();
  EventIterator page = (*store)->Scan({.account = account_, .event_types = {"message-sent"}, .limit = 1});
  ASSERT_TRUE(page.Valid());
  EXPECT_EQ(page.event().sequence, 1u);
  page.Next();
  EXPECT_EQ(page.cursor().value_or("") + "\n", BlockText("text cursor"));

  const std::string bytes = ParseBytes(BlockText("hex cursor"));
  EXPECT_EQ(absl::WebSafeBase64Escape(bytes) + "\n", BlockText("text cursor"));
  const std::uint64_t seal = KeyedHash(identity_.cursor_key, ParseBytes(BlockText("hex cursor-seal-input")));
  EXPECT_EQ(absl::BytesToHexString(bytes.substr(bytes.size() - 8)), absl::StrFormat("%016x", seal));
}

}  // namespace
}  // namespace tallystick
