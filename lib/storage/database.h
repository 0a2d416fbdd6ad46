// The rows on disk: RocksDB with this store's families and options, behind types of our own.
//
// Nothing outside this folder sees RocksDB. Errors are absl statuses (see status.h) that name the family.

#ifndef TALLYSTICK_LIB_STORAGE_DATABASE_H_
#define TALLYSTICK_LIB_STORAGE_DATABASE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "lib/encoding/keys.h"
#include "lib/storage/families.h"
#include "tallystick/options.h"

namespace rocksdb {
class Iterator;
class Snapshot;
class WriteBatch;
}  // namespace rocksdb

namespace tallystick::storage {

class Database;
class SpaceReserve;

// The state of all families at one moment. Keeps its database open.
class Snapshot {
 public:
  explicit Snapshot(std::shared_ptr<const Database> database);
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;
  ~Snapshot();

  const Database& database() const { return *database_; }

 private:
  friend class Database;
  std::shared_ptr<const Database> database_;
  const rocksdb::Snapshot* snapshot_;  // null for a read-only database, which does not move
};

// How much an iterator is going to read. A long read must not push everything else out of the cache, and reads ahead,
// into memory of its own for each file. One of many beside each other does not read ahead.
enum class ReadLength { kShort, kLong, kLongOneOfMany };

// Whether what is read from disk goes into the cache: one of very many look-ups had better leave that as it is.
enum class Caching { kFill, kLeave };

// Walks the rows of one family in one range, at one snapshot. After every loop, look at `status()`.
class RowIterator {
 public:
  RowIterator(RowIterator&&) noexcept;
  RowIterator& operator=(RowIterator&&) noexcept;
  ~RowIterator();

  void SeekToFirst();
  void SeekToLast();
  void Next();
  void Prev();

  bool Valid() const { return valid_; }
  std::string_view key() const { return key_; }      // valid until the iterator moves
  std::string_view value() const { return value_; }  // likewise
  absl::Status status() const;

 private:
  friend class Database;
  struct Bounds;

  void Show();

  RowIterator(std::shared_ptr<const Snapshot> snapshot, std::unique_ptr<Bounds> bounds,
              std::unique_ptr<rocksdb::Iterator> iterator, Family family);

  std::shared_ptr<const Snapshot> snapshot_;  // outlives the iterator
  std::unique_ptr<Bounds> bounds_;            // likewise
  std::unique_ptr<rocksdb::Iterator> iterator_;
  Family family_;
  bool valid_ = false;
  std::string_view key_;
  std::string_view value_;
};

// The values of many keys of one family, held until the object is used again or gone.
class LookUps {
 public:
  LookUps();
  LookUps(LookUps&&) noexcept;
  LookUps& operator=(LookUps&&) noexcept;
  ~LookUps();

  // The value of the i-th key; absent when there is no such row.
  std::optional<std::string_view> value(std::size_t i) const;

 private:
  friend class Database;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Changes to any families, applied together or not at all.
class Batch {
 public:
  explicit Batch(const Database& database);
  Batch(Batch&&) noexcept;
  Batch& operator=(Batch&&) noexcept;
  ~Batch();

  void Put(Family family, std::string_view key, std::string_view value);
  void Delete(Family family, std::string_view key);
  void Clear();

  std::size_t bytes() const;
  bool empty() const;

 private:
  friend class Database;
  friend class TableWriter;
  const Database* database_;
  std::unique_ptr<rocksdb::WriteBatch> batch_;
};

// A database's own word on its health. Called from RocksDB's threads: must neither throw nor call the database.
struct DatabaseEvents {
  std::function<void(Severity, std::string_view)> log{};
  std::function<void(const absl::Status&)> background_error{};
};

struct DatabaseOptions {
  Profile profile = Profile::kServer;
  std::optional<std::size_t> cache_bytes{};
  bool create = false;  // make an absent database, with all families
  bool read_only = false;
  bool unchanging = false;  // of a read-only one: nobody writes to it, so its files are opened as they are needed
  std::shared_ptr<SpaceReserve> reserve{};  // that merges are to leave a part of; null: none
  std::shared_ptr<void> lock{};             // kept until the database is closed, by the last who uses it
  DatabaseEvents events{};
};

// A file that a TableWriter finished.
struct TableFile {
  Family family = Family::kMeta;
  std::string path;
};

class Database : public std::enable_shared_from_this<Database> {
 public:
  static absl::StatusOr<std::shared_ptr<Database>> Open(const std::string& path, const DatabaseOptions& options);

  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  std::shared_ptr<const Snapshot> TakeSnapshot() const;

  // Reads at `snapshot`; null means the newest state.
  absl::StatusOr<std::optional<std::string>> Get(Family family, std::string_view key,
                                                 const Snapshot* snapshot = nullptr) const;

  // `keys` must be in order and without repetition. Fails as a whole: a row that cannot be read is not a row that is
  // not there.
  absl::Status MultiGet(Family family, absl::Span<const std::string_view> keys, const Snapshot* snapshot,
                        LookUps* result, Caching caching = Caching::kFill) const;

  RowIterator NewIterator(Family family, const KeyRange& range, std::shared_ptr<const Snapshot> snapshot,
                          ReadLength length) const;

  // Applies the batch. It survives a crash of the process when this returns, and one of the machine after `SyncLog`.
  absl::Status Write(Batch* batch);

  // Puts every batch that has been written on stable storage. Runs beside `Write`.
  absl::Status SyncLog();

  // Makes sure that what a read-only view shows is on stable storage: another process wrote it, and may not have
  // synced.
  absl::Status SyncView() const;

  // Syncs, and leaves nothing in the log that opening would have to replay.
  absl::Status Flush();

  // Takes in all files, together or not at all, and on stable storage: what they hold replaces rows of the same keys.
  // Files of one family must not overlap. They are moved: afterwards, and after an error, their paths mean nothing.
  // Flushes first. No Write() may be under way. A snapshot that is asked for meanwhile waits, some milliseconds.
  absl::Status Ingest(absl::Span<const TableFile> files);

  // While table files are being taken in one after the other, compactions wait for more of them: what overlaps is then
  // merged in fewer passes. To be ended by SetLoading(false). The option is not kept across an opening.
  absl::Status SetLoading(bool loading);

  // Makes a database, in the folder `to` on the same file system, of all that has been written; it shares the files
  // with this one, by links, and stays as it is. No Write() or Ingest() may be under way. Flushes first.
  absl::Status Freeze(const std::string& to);

  // Writes the files anew that hold rows of the range, so that what was deleted takes no more space. Takes its time;
  // runs beside everything else.
  absl::Status Compact(Family family, const KeyRange& range, std::atomic<bool>* cancelled);

  // Reads every block of every table file and checks it. DATA_LOSS names the file.
  absl::Status VerifyTables() const;

  // About how many bytes the range takes up, in files and in memory.
  std::uint64_t ApproximateBytes(Family family, const KeyRange& range) const;
  std::uint64_t FileBytes(Family family) const;
  std::uint64_t MemoryBytes(Family family) const;
  // About how many bytes compactions still have to read to bring all families into shape.
  std::uint64_t CompactionOwedBytes() const;
  // About how many rows.
  std::uint64_t ApproximateRows(Family family) const;

 private:
  friend class Snapshot;
  friend class Batch;
  friend class TableWriter;
  friend class BackupFiles;
  struct Impl;
  explicit Database(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tallystick::storage

#endif  // TALLYSTICK_LIB_STORAGE_DATABASE_H_
