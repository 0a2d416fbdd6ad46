// A database in a folder of its own, below everything that knows what its rows mean.

#ifndef TALLYSTICK_TESTS_SUPPORT_OPEN_DATABASE_H_
#define TALLYSTICK_TESTS_SUPPORT_OPEN_DATABASE_H_

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "lib/storage/database.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace tallystick::testing {

class DatabaseTest : public ::testing::Test {
 protected:
  using Rows = std::vector<std::pair<std::string, std::string>>;

  DatabaseTest() : path_(folder_.path("data")) {}

  // The database, made when there is none yet.
  const std::shared_ptr<storage::Database>& database() {
    if (database_ == nullptr) Reopen({.create = true});
    return database_;
  }
  void Reopen(const storage::DatabaseOptions& options = {}) {
    Close();
    auto opened = storage::Database::Open(path_, options);
    ASSERT_THAT(opened, IsOk());
    database_ = *std::move(opened);
  }
  void Close() { database_.reset(); }

  void Put(storage::Family family, std::string_view key, std::string_view value) {
    storage::Batch batch(*database());
    batch.Put(family, key, value);
    EXPECT_THAT(database()->Write(&batch), IsOk());
  }
  void Delete(storage::Family family, std::string_view key) {
    storage::Batch batch(*database());
    batch.Delete(family, key);
    EXPECT_THAT(database()->Write(&batch), IsOk());
  }

  static Rows RowsOf(const storage::Database& database, storage::Family family,
                     std::shared_ptr<const storage::Snapshot> snapshot = nullptr) {
    Rows rows;
    if (snapshot == nullptr) snapshot = database.TakeSnapshot();
    storage::RowIterator row = database.NewIterator(family, {}, snapshot, storage::ReadLength::kShort);
    for (row.SeekToFirst(); row.Valid(); row.Next()) rows.emplace_back(row.key(), row.value());
    EXPECT_THAT(row.status(), IsOk());
    return rows;
  }
  Rows RowsOf(storage::Family family) { return RowsOf(*database(), family); }

  TempFolder folder_;
  const std::string path_;

 private:
  std::shared_ptr<storage::Database> database_;
};

}  // namespace tallystick::testing

#endif  // TALLYSTICK_TESTS_SUPPORT_OPEN_DATABASE_H_
