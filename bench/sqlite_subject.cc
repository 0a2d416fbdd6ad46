// SQLite as its documentation advises for sustained writing: a write-ahead log, one transaction a batch, prepared
// statements, a cache and a log as large as Tallystick's, 256 MiB each (the fastest of the sizes of pages and logs that
// were tried). In WAL mode, synchronous=NORMAL is what Tallystick calls buffered, and FULL is synced. One connection,
// whose writer holds a mutex: SQLite has one writer at a time, and threads that wait for each other through SQLite's
// own lock poll.

#include <sqlite3.h>

#include <mutex>
#include <stdexcept>
#include <string>

#include "bench/event_fields.h"
#include "bench/subject.h"

namespace tallystick::bench {
namespace {

constexpr char kSettings[] = R"(
  PRAGMA page_size = 8192;
  PRAGMA journal_mode = WAL;
  PRAGMA cache_size = -262144;
  PRAGMA mmap_size = 8589934592;
  PRAGMA temp_store = MEMORY;
  PRAGMA wal_autocheckpoint = 32768;
  PRAGMA journal_size_limit = 268435456;
)";

constexpr char kTable[] = R"(
  CREATE TABLE IF NOT EXISTS events (
    id TEXT NOT NULL PRIMARY KEY, customer TEXT NOT NULL, type TEXT NOT NULL, time INTEGER NOT NULL,
    properties TEXT NOT NULL) WITHOUT ROWID;
)";

constexpr char kIndexes[] = R"(
  CREATE INDEX IF NOT EXISTS by_time ON events (time);
  CREATE INDEX IF NOT EXISTS by_customer ON events (customer, time);
)";

constexpr char kUpsert[] = R"(
  INSERT INTO events (id, customer, type, time, properties) VALUES (?1, ?2, ?3, ?4, ?5)
  ON CONFLICT (id) DO UPDATE SET
    customer = excluded.customer, type = excluded.type, time = excluded.time, properties = excluded.properties
  WHERE customer <> excluded.customer OR type <> excluded.type OR time <> excluded.time
    OR properties <> excluded.properties
)";

class SqliteSubject : public Subject {
 public:
  SqliteSubject(const std::string& path, Durability durability, bool indexes_last) {
    // The mutex of this class does the work of SQLite's own.
    constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    Check(sqlite3_open_v2(path.c_str(), &database_, kFlags, nullptr));
    Run(kSettings);
    Run(durability == Durability::kSynced ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
    Run(kTable);
    if (!indexes_last) Run(kIndexes);
    begin_ = Prepare("BEGIN IMMEDIATE");
    commit_ = Prepare("COMMIT");
    upsert_ = Prepare(kUpsert);
    get_ = Prepare("SELECT id, customer, type, time, properties FROM events WHERE id = ?1");
    scan_ =
        Prepare("SELECT id, customer, type, time, properties FROM events WHERE time >= ?1 AND time < ?2 ORDER BY time");
    scan_customer_ = Prepare(
        "SELECT id, customer, type, time, properties FROM events WHERE customer = ?3 AND time >= ?1 AND time < ?2 "
        "ORDER BY time");
  }

  ~SqliteSubject() override {
    for (sqlite3_stmt* statement : {begin_, commit_, upsert_, get_, scan_, scan_customer_}) sqlite3_finalize(statement);
    sqlite3_close(database_);
  }

  std::uint64_t Write(absl::Span<const std::string_view> documents) override {
    thread_local FieldReader reader;
    const absl::Span<const Row> rows = reader.Read(documents);
    const std::lock_guard lock(mutex_);
    Step(begin_);
    std::uint64_t changed = 0;
    for (const Row& row : rows) {
      BindText(upsert_, 1, row.id);
      BindText(upsert_, 2, row.customer);
      BindText(upsert_, 3, row.type);
      Check(sqlite3_bind_int64(upsert_, 4, row.time_ns));
      BindText(upsert_, 5, row.properties);
      Step(upsert_);
      changed += static_cast<std::uint64_t>(sqlite3_changes(database_));
    }
    Step(commit_);
    return changed;
  }

  void Sync() override {
    const std::lock_guard lock(mutex_);
    Run(kIndexes);  // nothing to do unless they are made last
    Check(sqlite3_wal_checkpoint_v2(database_, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr));
  }

  bool Get(std::string_view id, Visitor visit) override {
    const std::lock_guard lock(mutex_);
    BindText(get_, 1, id);
    return VisitAll(get_, visit) != 0;
  }

  void Scan(const Range& range, Visitor visit) override {
    const std::lock_guard lock(mutex_);
    sqlite3_stmt* const statement = range.customer.empty() ? scan_ : scan_customer_;
    Check(sqlite3_bind_int64(statement, 1, absl::ToUnixNanos(range.from)));
    Check(sqlite3_bind_int64(statement, 2, absl::ToUnixNanos(range.to)));
    if (!range.customer.empty()) BindText(statement, 3, range.customer);
    VisitAll(statement, visit);
  }

 private:
  void Check(int code) const {
    if (code != SQLITE_OK) throw std::runtime_error(std::string("sqlite: ") + sqlite3_errmsg(database_));
  }

  void Run(const char* sql) { Check(sqlite3_exec(database_, sql, nullptr, nullptr, nullptr)); }

  sqlite3_stmt* Prepare(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    Check(sqlite3_prepare_v3(database_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr));
    return statement;
  }

  void BindText(sqlite3_stmt* statement, int at, std::string_view text) {
    Check(sqlite3_bind_text(statement, at, text.data(), static_cast<int>(text.size()), SQLITE_STATIC));
  }

  void Step(sqlite3_stmt* statement) {
    const bool done = sqlite3_step(statement) == SQLITE_DONE;
    const int code = sqlite3_reset(statement);
    if (!done) Check(code);
  }

  std::uint64_t VisitAll(sqlite3_stmt* statement, Visitor visit) {
    std::uint64_t rows = 0;
    for (; sqlite3_step(statement) == SQLITE_ROW; ++rows) {
      visit({.id = Text(statement, 0),
             .customer = Text(statement, 1),
             .type = Text(statement, 2),
             .properties = Text(statement, 4),
             .time_ns = sqlite3_column_int64(statement, 3)});
    }
    Check(sqlite3_reset(statement));
    return rows;
  }

  static std::string_view Text(sqlite3_stmt* statement, int column) {
    const auto* const text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
    return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement, column))};
  }

  std::mutex mutex_;
  sqlite3* database_ = nullptr;
  sqlite3_stmt* begin_ = nullptr;
  sqlite3_stmt* commit_ = nullptr;
  sqlite3_stmt* upsert_ = nullptr;
  sqlite3_stmt* get_ = nullptr;
  sqlite3_stmt* scan_ = nullptr;
  sqlite3_stmt* scan_customer_ = nullptr;
};

}  // namespace

std::unique_ptr<Subject> OpenSqlite(const std::string& path, Durability durability, bool indexes_last) {
  return std::make_unique<SqliteSubject>(path, durability, indexes_last);
}

}  // namespace tallystick::bench
