#include "lib/storage/log_check.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "lib/base/status_macros.h"
#include "lib/encoding/meta_rows.h"
#include "lib/storage/file_names.h"
#include "lib/storage/log_reader.h"
#include "lib/storage/meta.h"
#include "lib/storage/rocksdb_events.h"
#include "lib/storage/status.h"
#include "lib/storage/sync_guard.h"
#include "rocksdb/db.h"
#include "rocksdb/env.h"

namespace tallystick::storage {
namespace {

using rocksdb::FileOptions;
using rocksdb::FileSystem;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

absl::Status Reading(const std::string& path, const IOStatus& status) {
  return FromRocksDb(status, path + ": cannot read");
}

// One file with its reader.
struct OpenLog {
  std::unique_ptr<rocksdb::FSRandomAccessFile> file;
  std::uint64_t bytes = 0;
};

absl::Status OpenToRead(FileSystem* files, const std::string& path, OpenLog* log) {
  IOStatus status = files->GetFileSize(path, IOOptions(), &log->bytes, nullptr);
  if (status.ok()) status = files->NewRandomAccessFile(path, FileOptions(), &log->file, nullptr);
  return Reading(path, status);
}

// --- The manifest ---

absl::Status CheckManifest(FileSystem* files, const std::string& folder, const FilePart& synced) {
  std::string current;
  const rocksdb::Status read = rocksdb::ReadFileToString(files, folder + "/CURRENT", &current);
  if (!read.ok()) return absl::OkStatus();  // RocksDB says so, and does nothing
  const std::string path = folder + "/" + current.substr(0, current.find('\n'));
  const std::optional<std::uint64_t> number = ManifestNumber(path);
  if (!number.has_value() || *number > synced.file) return absl::OkStatus();
  if (*number < synced.file) {
    return absl::DataLossError(folder + "/CURRENT: names the manifest " + std::to_string(*number) + ", and had named " +
                               std::to_string(synced.file));
  }
  OpenLog log;
  TALLYSTICK_RETURN_IF_ERROR(OpenToRead(files, path, &log));
  LogReader reader(log.file.get(), log.bytes, *number);
  std::optional<LogReader::Record> record;
  do {
    if (const IOStatus status = reader.Next(&record); !status.ok()) return Reading(path, status);
  } while (record.has_value() && !reader.damage().has_value());
  if (reader.whole_end() >= synced.bytes) return absl::OkStatus();
  return absl::DataLossError(path + ": is damaged at byte " + std::to_string(reader.whole_end()) + " (" +
                             (reader.damage().has_value() ? reader.damage()->problem : "the file ends") +
                             "), and was on stable storage up to " + std::to_string(synced.bytes) +
                             ": the database would open as an older one");
}

// --- What the manifest says ---

// A database without its logs.
class WithoutLogs : public rocksdb::FileSystemWrapper {
 public:
  using FileSystemWrapper::FileSystemWrapper;
  const char* Name() const override { return "tallystick.WithoutLogs"; }
  IOStatus GetChildren(const std::string& folder, const IOOptions& options, std::vector<std::string>* names,
                       rocksdb::IODebugContext* context) override {
    IOStatus status = target()->GetChildren(folder, options, names, context);
    std::erase_if(*names, [](const std::string& name) { return LogNumber(name).has_value(); });
    return status;
  }
};

struct InTables {
  std::uint64_t first_log = 0;      // logs before it are not needed any more
  std::uint64_t last_sequence = 0;  // the last that any table holds
  std::string format_version{};     // the row; empty when there is none
};

// RocksDB itself is asked, by opening the smallest family for reading.
rocksdb::Status ReadTables(const std::shared_ptr<FileSystem>& files, const std::string& folder, InTables* tables) {
  const std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(std::make_shared<WithoutLogs>(files));
  rocksdb::Options options;
  options.env = env.get();
  options.info_log = std::make_shared<ForwardingLogger>(DatabaseEvents());
  options.max_open_files = 16;
  rocksdb::DB* opened = nullptr;
  rocksdb::Status status = rocksdb::DB::OpenForReadOnly(options, folder, &opened);
  const std::unique_ptr<rocksdb::DB> db(opened);
  if (!status.ok()) return status;
  tables->last_sequence = db->GetLatestSequenceNumber();
  db->GetIntProperty(rocksdb::DB::Properties::kMinLogNumberToKeep, &tables->first_log);
  const rocksdb::Slice key(meta_key::kFormatVersion.data(), meta_key::kFormatVersion.size());
  status = db->Get(rocksdb::ReadOptions(), key, &tables->format_version);
  return status.IsNotFound() ? rocksdb::Status::OK() : status;
}

// --- The logs ---

// Follows the line of commits through one log after the other.
class Line {
 public:
  Line(std::string folder, const InTables& tables, const SyncedParts& guard)
      : folder_(std::move(folder)), tables_(tables) {
    for (const FilePart& log : guard.logs) Synced(log);
  }

  absl::Status Read(FileSystem* files, std::uint64_t log);
  // Once all logs have been read.
  absl::StatusOr<LogFindings> Finish();

 private:
  absl::Status Lost(const FilePart& end) const;

  // What follows is not to be replayed.
  struct Stop {
    FilePart at{};
    std::string problem{};
    std::uint64_t records_behind = 0;                                        // that are whole
    std::uint64_t least_behind = std::numeric_limits<std::uint64_t>::max();  // sequence of these
  };

  void Synced(const FilePart& part) {
    if (part.file < tables_.first_log || part.bytes == 0) return;
    std::uint64_t& bytes = synced_[part.file];
    bytes = std::max(bytes, part.bytes);
  }
  void Follow(std::uint64_t log, const LogReader& reader, const LogReader::Record& record);
  void StopAt(const FilePart& at, std::string problem) {
    if (!stop_.has_value()) stop_ = Stop{.at = at, .problem = std::move(problem)};
  }

  const std::string folder_;
  const InTables tables_;
  std::map<std::uint64_t, std::uint64_t> synced_;  // of the logs that are needed: by the guard and by marks
  std::optional<std::uint64_t> next_sequence_;
  std::optional<Stop> stop_;
  LogEnds ends_;
};

absl::Status Line::Read(FileSystem* files, std::uint64_t log) {
  const std::string path = folder_ + "/" + LogName(log);
  OpenLog open;
  TALLYSTICK_RETURN_IF_ERROR(OpenToRead(files, path, &open));
  LogReader reader(open.file.get(), open.bytes, log);
  ends_[log] = 0;
  while (true) {
    std::optional<LogReader::Record> record;
    if (const IOStatus status = reader.Next(&record); !status.ok()) return Reading(path, status);
    if (!record.has_value()) break;
    Follow(log, reader, *record);
  }
  if (reader.damage().has_value()) StopAt({.file = log, .bytes = reader.whole_end()}, reader.damage()->problem);
  return absl::OkStatus();
}

void Line::Follow(std::uint64_t log, const LogReader& reader, const LogReader::Record& record) {
  // A write batch: sequence:8 count:4, little-endian, and its rows.
  constexpr std::size_t kHeader = 12;
  const FilePart place{.file = log, .bytes = record.begin};
  if (const std::optional<FilePart> mark = SyncMarkOf(record.payload); mark.has_value()) Synced(*mark);
  if (reader.damage().has_value()) StopAt({.file = log, .bytes = reader.whole_end()}, reader.damage()->problem);
  if (record.payload.size() < kHeader) return StopAt(place, "a record is no commit");
  std::uint64_t sequence = 0;
  std::uint64_t count = 0;
  for (std::size_t i = 8; i-- > 0;) sequence = sequence << 8 | static_cast<unsigned char>(record.payload[i]);
  for (std::size_t i = kHeader; i-- > 8;) count = count << 8 | static_cast<unsigned char>(record.payload[i]);
  // Each commit follows the one before. The first one follows what is in tables, since what came before it is there.
  const std::uint64_t in_tables = tables_.last_sequence + 1;
  const bool goes_on = next_sequence_.has_value() ? sequence == *next_sequence_ : sequence <= in_tables;
  // Nothing was lost with the end of an earlier log where the next one goes on: it was begun after that had been found
  // torn. A log of which nothing is whole may have been left behind so.
  if (stop_.has_value() && stop_->at.file < log && goes_on && stop_->least_behind >= sequence) stop_.reset();
  if (!stop_.has_value() && !goes_on) {
    StopAt(place, "commit " + std::to_string(next_sequence_.value_or(in_tables)) + " should follow, not " +
                      std::to_string(sequence));
  }
  if (stop_.has_value()) {
    ++stop_->records_behind;
    stop_->least_behind = std::min(stop_->least_behind, sequence);
    return;
  }
  next_sequence_ = sequence + count;
  ends_[log] = record.end;
}

absl::StatusOr<LogFindings> Line::Finish() {
  const auto path = [this](std::uint64_t log) { return folder_ + "/" + LogName(log); };
  for (const auto& [log, bytes] : synced_) {
    const auto end = ends_.find(log);
    if (end == ends_.end()) {
      return absl::DataLossError(path(log) + ": is missing, and had been on stable storage");
    }
    if (end->second < bytes) return Lost({.file = log, .bytes = end->second});
  }
  LogFindings findings;
  if (stop_.has_value()) {
    // Tables are made of logs that are on stable storage.
    if (next_sequence_.has_value() && tables_.last_sequence >= *next_sequence_) return Lost(stop_->at);
    findings.torn = path(stop_->at.file) + ": ends at byte " + std::to_string(stop_->at.bytes) + " (" + stop_->problem +
                    "); what follows was not known to be on stable storage, and is not replayed";
  }
  findings.next_sequence = next_sequence_.value_or(0);
  findings.ends = std::move(ends_);
  return findings;
}

absl::Status Line::Lost(const FilePart& end) const {
  // A file that ends too early looks whole; the next one shows that something is missing.
  const bool at_stop = stop_.has_value() && stop_->at <= end;
  const FilePart at = at_stop ? stop_->at : end;
  return absl::DataLossError(folder_ + "/" + LogName(at.file) + ": is damaged at byte " + std::to_string(at.bytes) +
                             " (" + (at_stop ? stop_->problem : "the file ends") +
                             "), and had been on stable storage; commits would be lost, of which " +
                             std::to_string(stop_.has_value() ? stop_->records_behind : 0) + " can still be read");
}

}  // namespace

absl::StatusOr<LogFindings> CheckLogs(const std::shared_ptr<FileSystem>& files, const std::string& folder,
                                      const absl::StatusOr<SyncedParts>& guard) {
  InTables tables;
  const rocksdb::Status read = ReadTables(files, folder, &tables);
  // What a store of another version means by its files is not known.
  if (!tables.format_version.empty()) TALLYSTICK_RETURN_IF_ERROR(CheckFormatVersion(tables.format_version));
  if (absl::IsNotFound(guard.status())) {
    return absl::DataLossError(SyncGuardPath(folder) + ": is missing; what was synced is not known any more");
  }
  TALLYSTICK_RETURN_IF_ERROR(guard.status());
  TALLYSTICK_RETURN_IF_ERROR(CheckManifest(files.get(), folder, guard->manifest));
  if (read.IsInvalidArgument()) return LogFindings();  // no database to RocksDB: the opening says why
  TALLYSTICK_RETURN_IF_ERROR(FromRocksDb(read, folder + ": cannot open"));
  std::vector<std::string> names;
  TALLYSTICK_RETURN_IF_ERROR(Reading(folder, files->GetChildren(folder, IOOptions(), &names, nullptr)));
  std::vector<std::uint64_t> logs;
  for (const std::string& name : names) {
    const std::optional<std::uint64_t> log = LogNumber(name);
    if (log.has_value() && *log >= tables.first_log) logs.push_back(*log);
  }
  std::sort(logs.begin(), logs.end());
  Line line(folder, tables, *guard);
  for (const std::uint64_t log : logs) TALLYSTICK_RETURN_IF_ERROR(line.Read(files.get(), log));
  return line.Finish();
}

}  // namespace tallystick::storage
