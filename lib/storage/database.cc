#include "lib/storage/database.h"

#include <sys/stat.h>

#include <array>
#include <cassert>
#include <cerrno>
#include <filesystem>
#include <limits>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "lib/base/status_macros.h"
#include "lib/encoding/sync_marks.h"
#include "lib/storage/database_impl.h"
#include "lib/storage/diary.h"
#include "lib/storage/files.h"
#include "lib/storage/guarded_files.h"
#include "lib/storage/kept_files.h"
#include "lib/storage/log_check.h"
#include "lib/storage/log_files.h"
#include "lib/storage/merge_files.h"
#include "lib/storage/rocksdb_events.h"
#include "lib/storage/rocksdb_options.h"
#include "lib/storage/space_reserve.h"
#include "lib/storage/status.h"
#include "lib/storage/sync_guard.h"
#include "rocksdb/db.h"
#include "rocksdb/metadata.h"
#include "rocksdb/snapshot.h"
#include "rocksdb/sst_file_reader.h"
#include "rocksdb/utilities/checkpoint.h"
#include "rocksdb/write_batch.h"

namespace tallystick::storage {
namespace {

// How often a reader looks at a log that ends within a record: a writer may be at it.
constexpr int kTornAttempts = 3;

std::string Reading(Family family) { return std::string(FamilyName(family)) + ": cannot read"; }

// Every read: no range tombstones are ever written, and looking for them has known faults.
rocksdb::ReadOptions BaseReadOptions(const rocksdb::Snapshot* snapshot) {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  options.verify_checksums = true;
  options.ignore_range_deletions = true;
  return options;
}

std::vector<rocksdb::ColumnFamilyDescriptor> Descriptors(const RocksDbOptions& options) {
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (Family family : kAllFamilies) {
    descriptors.emplace_back(std::string(FamilyName(family)), options.For(family));
  }
  return descriptors;
}

// What the logs showed, and that they were not guarded: somebody took the guard away (docs/decisions/0011).
void Warn(const DatabaseEvents& events, const LogFindings& findings, bool guarded, const std::string& path) {
  if (!events.log) return;
  if (!guarded) events.log(Severity::kWarning, SyncGuardPath(path) + ": is empty; what was synced last is not known");
  if (!findings.torn.empty()) events.log(Severity::kWarning, findings.torn);
}

bool IsEmptyFile(const std::string& path) {
  std::error_code error;
  return std::filesystem::file_size(path, error) == 0 && !error;
}

// RocksDB's own word for a database that it will not open with these families, or that has lost its first file, is
// "invalid argument". Says what it means to whoever opens a store.
absl::Status ExplainRefusal(const rocksdb::Status& refusal, const std::string& path) {
  std::vector<std::string> names;
  const rocksdb::Status listed = rocksdb::DB::ListColumnFamilies(rocksdb::DBOptions(), path, &names);
  if (!listed.ok()) return absl::DataLossError(path + ": is damaged: " + listed.ToString());
  for (Family family : kAllFamilies) {
    if (std::erase(names, FamilyName(family)) == 0) {
      return absl::DataLossError(path + ": is damaged: the column family '" + std::string(FamilyName(family)) +
                                 "' is missing");
    }
  }
  if (!names.empty()) {
    return absl::FailedPreconditionError(path + ": has the column family '" + names.front() +
                                         "', which this version does not know: a newer one made it");
  }
  return FromRocksDb(refusal, path + ": cannot open");
}

}  // namespace

Database::Impl::~Impl() {
  if (db == nullptr) return;
  for (rocksdb::ColumnFamilyHandle* handle : handles) {
    db->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
  }
  // What matters has been synced by whoever cares (`Flush`); a failure to close has nobody left to hear of it.
  db->Close().PermitUncheckedError();
}

// --- Opening ---

absl::Status Database::Impl::OpenForWriting(const DatabaseOptions& options) {
  const RocksDbOptions setup(options.profile, options.cache_bytes);
  rocksdb::DBOptions database_options = setup.Database();
  database_options.create_if_missing = options.create;
  database_options.create_missing_column_families = options.create;
  // The guard and the diary lie in the folder, which RocksDB would make later.
  if (options.create && ::mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) {
    return LastFileError(path, "cannot make the folder");
  }
  const std::shared_ptr<rocksdb::FileSystem> disk = rocksdb::FileSystem::Default();
  std::error_code ignored;  // what cannot be looked at is no new database
  const bool made = options.create && !std::filesystem::exists(path + "/CURRENT", ignored);
  LogFindings findings;
  bool is_guarded = true;
  if (made) {
    TALLYSTICK_ASSIGN_OR_RETURN(guard, SyncGuard::Create(path));
  } else {
    is_guarded = !IsEmptyFile(SyncGuardPath(path));
    TALLYSTICK_ASSIGN_OR_RETURN(findings, CheckLogs(disk, path, ReadSyncGuard(path)));
    TALLYSTICK_ASSIGN_OR_RETURN(guard, SyncGuard::Renew(path));
  }
  Warn(options.events, findings, is_guarded, path);

  const auto guarded = std::make_shared<GuardedFiles>(std::make_shared<LogFiles>(disk), path, guard, findings.ends);
  const auto kept = std::make_shared<KeptFiles>(guarded);
  const std::shared_ptr<SpaceReserve> reserve =
      options.reserve != nullptr ? options.reserve : std::make_shared<SpaceReserve>(path, 0);
  const auto merged = std::make_shared<MergeFiles>(kept, reserve);
  env = rocksdb::NewCompositeEnv(merged);
  database_options.env = env.get();
  DatabaseEvents events = options.events;
  events.background_error = [kept, hand_on = std::move(events.background_error)](const absl::Status& error) {
    kept->KeepAll();
    if (hand_on) hand_on(error);
  };
  database_options.listeners.push_back(std::make_shared<BackgroundErrorListener>(std::move(events)));
  database_options.listeners.push_back(std::make_shared<MergeListener>(merged, reserve, options.events));
  database_options.listeners.push_back(merge_gate);
  database_options.info_log = std::make_shared<Diary>(path, database_options.max_log_file_size);
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(database_options, path, Descriptors(setup), &handles, &opened);
  db.reset(opened);
  if (status.IsInvalidArgument()) return ExplainRefusal(status, path);
  TALLYSTICK_RETURN_IF_ERROR(FromRocksDb(status, path + ": cannot open"));
  return CheckRecovered(findings);
}

absl::Status Database::Impl::OpenReadOnly(const DatabaseOptions& options) {
  read_only = true;
  const RocksDbOptions setup(options.profile, options.cache_bytes);
  rocksdb::DBOptions database_options = setup.Database();
  database_options.info_log = std::make_shared<ForwardingLogger>(options.events);
  LogFindings findings;  // nothing, where nobody writes: what is frozen has no log
  if (!options.unchanging) {
    database_options.max_open_files = -1;  // open every file now: the writer may delete it at any time
    const bool is_guarded = !IsEmptyFile(SyncGuardPath(path));
    // First: what it says stays true, whatever the writer does to the files meanwhile.
    const absl::StatusOr<SyncedParts> synced = ReadSyncGuard(path);
    files = std::make_shared<FrozenFiles>(rocksdb::FileSystem::Default(), path);
    // A record that the writer was just writing is whole the next time; what a crash cut off stays as it is.
    for (int attempt = 0; attempt == 0 || (attempt < kTornAttempts && !findings.torn.empty()); ++attempt) {
      TALLYSTICK_RETURN_IF_ERROR(files->Freeze());
      TALLYSTICK_ASSIGN_OR_RETURN(findings, CheckLogs(files, path, synced));
    }
    Warn(options.events, findings, is_guarded, path);
    files->SetLogEnds(findings.ends);
    env = rocksdb::NewCompositeEnv(files);
    database_options.env = env.get();
  }
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::OpenForReadOnly(database_options, path, Descriptors(setup), &handles, &opened);
  db.reset(opened);
  if (files != nullptr) files->Thaw();
  if (status.IsInvalidArgument()) return ExplainRefusal(status, path);
  TALLYSTICK_RETURN_IF_ERROR(FromRocksDb(status, path + ": cannot open for reading"));
  return CheckRecovered(findings);
}

absl::Status Database::Impl::CheckRecovered(const LogFindings& findings) const {
  const std::uint64_t next = db->GetLatestSequenceNumber() + 1;
  if (next >= findings.next_sequence) return absl::OkStatus();
  return absl::DataLossError(path + ": RocksDB recovered the logs up to commit " + std::to_string(next - 1) +
                             ", and they go on to " + std::to_string(findings.next_sequence - 1));
}

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Database::~Database() = default;

absl::StatusOr<std::shared_ptr<Database>> Database::Open(const std::string& path, const DatabaseOptions& options) {
  auto impl = std::make_unique<Impl>(path, options.lock);
  if (options.read_only) {
    TALLYSTICK_RETURN_IF_ERROR(impl->OpenReadOnly(options));
  } else {
    TALLYSTICK_RETURN_IF_ERROR(impl->OpenForWriting(options));
  }
  return std::shared_ptr<Database>(new Database(std::move(impl)));
}

// --- Reading ---

Snapshot::Snapshot(std::shared_ptr<const Database> database) : database_(std::move(database)), snapshot_(nullptr) {
  const Database::Impl& impl = *database_->impl_;
  if (impl.read_only) return;
  const std::shared_lock lock(impl.snapshots_mutex);
  snapshot_ = impl.db->GetSnapshot();
  ++impl.snapshots;
}

Snapshot::~Snapshot() {
  if (snapshot_ == nullptr) return;
  database_->impl_->db->ReleaseSnapshot(snapshot_);
  --database_->impl_->snapshots;
}

std::shared_ptr<const Snapshot> Database::TakeSnapshot() const {
  return std::make_shared<const Snapshot>(shared_from_this());
}

absl::StatusOr<std::optional<std::string>> Database::Get(Family family, std::string_view key,
                                                         const Snapshot* snapshot) const {
  const rocksdb::ReadOptions options = BaseReadOptions(snapshot == nullptr ? nullptr : snapshot->snapshot_);
  std::string value;
  const rocksdb::Status status = impl_->db->Get(options, impl_->handle(family), ToSlice(key), &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  TALLYSTICK_RETURN_IF_ERROR(FromRocksDb(status, Reading(family)));
  return std::optional<std::string>(std::move(value));
}

struct LookUps::Impl {
  std::vector<rocksdb::Slice> keys;
  std::vector<rocksdb::PinnableSlice> values;
  std::vector<rocksdb::Status> statuses;
};

LookUps::LookUps() : impl_(std::make_unique<Impl>()) {}
LookUps::LookUps(LookUps&&) noexcept = default;
LookUps& LookUps::operator=(LookUps&&) noexcept = default;
LookUps::~LookUps() = default;

std::optional<std::string_view> LookUps::value(std::size_t i) const {
  if (!impl_->statuses[i].ok()) return std::nullopt;
  return ToView(impl_->values[i]);
}

absl::Status Database::MultiGet(Family family, absl::Span<const std::string_view> keys, const Snapshot* snapshot,
                                LookUps* result, Caching caching) const {
  LookUps::Impl& found = *result->impl_;
  found.keys.clear();
  for (std::string_view key : keys) {
    // Repeated keys can get a wrong answer from this release when a read fails.
    assert(found.keys.empty() || ToView(found.keys.back()) < key);
    found.keys.push_back(ToSlice(key));
  }
  if (found.values.size() < keys.size()) {
    found.values = std::vector<rocksdb::PinnableSlice>(keys.size());
    found.statuses.resize(keys.size());
  }
  for (rocksdb::PinnableSlice& value : found.values) value.Reset();
  rocksdb::ReadOptions options = BaseReadOptions(snapshot == nullptr ? nullptr : snapshot->snapshot_);
  options.fill_cache = caching == Caching::kFill;
  constexpr bool kSorted = true;
  impl_->db->MultiGet(options, impl_->handle(family), keys.size(), found.keys.data(), found.values.data(),
                      found.statuses.data(), kSorted);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const rocksdb::Status& status = found.statuses[i];
    if (!status.ok() && !status.IsNotFound()) return FromRocksDb(status, Reading(family));
  }
  return absl::OkStatus();
}

struct RowIterator::Bounds {
  KeyRange range;
  rocksdb::Slice lower;
  rocksdb::Slice upper;
};

RowIterator::RowIterator(std::shared_ptr<const Snapshot> snapshot, std::unique_ptr<Bounds> bounds,
                         std::unique_ptr<rocksdb::Iterator> iterator, Family family)
    : snapshot_(std::move(snapshot)), bounds_(std::move(bounds)), iterator_(std::move(iterator)), family_(family) {}

RowIterator::RowIterator(RowIterator&&) noexcept = default;
RowIterator::~RowIterator() = default;

RowIterator& RowIterator::operator=(RowIterator&& other) noexcept {
  iterator_ = std::move(other.iterator_);  // first: it uses the bounds and the snapshot
  bounds_ = std::move(other.bounds_);
  snapshot_ = std::move(other.snapshot_);
  family_ = other.family_;
  valid_ = other.valid_;
  key_ = other.key_;
  value_ = other.value_;
  return *this;
}

RowIterator Database::NewIterator(Family family, const KeyRange& range, std::shared_ptr<const Snapshot> snapshot,
                                  ReadLength length) const {
  constexpr std::size_t kReadAheadBytes = 512 * 1024;
  auto bounds = std::make_unique<RowIterator::Bounds>();
  bounds->range = range;
  bounds->lower = ToSlice(bounds->range.start);
  bounds->upper = ToSlice(bounds->range.limit);
  rocksdb::ReadOptions options = BaseReadOptions(snapshot == nullptr ? nullptr : snapshot->snapshot_);
  options.iterate_lower_bound = &bounds->lower;
  if (!bounds->range.limit.empty()) options.iterate_upper_bound = &bounds->upper;
  options.total_order_seek = true;
  options.background_purge_on_iterator_cleanup = true;
  options.fill_cache = length == ReadLength::kShort;
  if (length == ReadLength::kLong) options.readahead_size = kReadAheadBytes;
  std::unique_ptr<rocksdb::Iterator> iterator(impl_->db->NewIterator(options, impl_->handle(family)));
  return RowIterator(std::move(snapshot), std::move(bounds), std::move(iterator), family);
}

void RowIterator::SeekToFirst() {
  iterator_->SeekToFirst();
  Show();
}

void RowIterator::SeekToLast() {
  iterator_->SeekToLast();
  Show();
}

void RowIterator::Next() {
  iterator_->Next();
  Show();
}

void RowIterator::Prev() {
  iterator_->Prev();
  Show();
}

void RowIterator::Show() {
  valid_ = iterator_->Valid();
  if (!valid_) return;
  key_ = ToView(iterator_->key());
  value_ = ToView(iterator_->value());
}

absl::Status RowIterator::status() const { return FromRocksDb(iterator_->status(), Reading(family_)); }

absl::Status Database::SyncView() const {
  assert(impl_->read_only);
  std::vector<std::string> names;
  TALLYSTICK_RETURN_IF_ERROR(FromRocksDb(ListAppended(rocksdb::FileSystem::Default().get(), impl_->path, &names),
                                         impl_->path + ": cannot list the log files"));
  for (const std::string& name : names) {
    const absl::Status synced = SyncPath(impl_->path + "/" + name);
    // A log that is gone was flushed to table files, which are synced before it goes, and so is the manifest that names
    // them; one that is gone was replaced by another.
    if (!synced.ok() && !absl::IsNotFound(synced)) return synced;
  }
  return SyncPath(impl_->path);
}

// --- Writing ---

Batch::Batch(const Database& database) : database_(&database), batch_(std::make_unique<rocksdb::WriteBatch>()) {}
Batch::Batch(Batch&&) noexcept = default;
Batch& Batch::operator=(Batch&&) noexcept = default;
Batch::~Batch() = default;

// Adding to a batch fails only beyond a size limit, and none is set.
void Batch::Put(Family family, std::string_view key, std::string_view value) {
  batch_->Put(database_->impl_->handle(family), ToSlice(key), ToSlice(value)).PermitUncheckedError();
}

void Batch::Delete(Family family, std::string_view key) {
  batch_->Delete(database_->impl_->handle(family), ToSlice(key)).PermitUncheckedError();
}

void Batch::Clear() { batch_->Clear(); }
std::size_t Batch::bytes() const { return batch_->GetDataSize(); }
bool Batch::empty() const { return batch_->Count() == 0; }

absl::Status Database::Write(Batch* batch) {
  SyncGuard* const guard = impl_->guard.get();  // a database that is only read has none, and refuses
  const std::array<char, kSyncMarkSize> mark = EncodeSyncMark(guard != nullptr ? guard->mark() : FilePart());
  rocksdb::Status status = batch->batch_->PutLogData({mark.data(), mark.size()});
  if (status.ok()) status = impl_->db->Write(rocksdb::WriteOptions(), batch->batch_.get());
  if (status.ok()) guard->Written();
  return FromRocksDb(status, impl_->path + ": cannot write");
}

absl::Status Database::SyncLog() { return FromRocksDb(impl_->db->SyncWAL(), impl_->path + ": cannot sync the log"); }

absl::Status Database::Flush() {
  TALLYSTICK_RETURN_IF_ERROR(SyncLog());
  rocksdb::FlushOptions flush;
  flush.allow_write_stall = true;  // or it waits for merges where there are many files, and these may find no room
  return FromRocksDb(impl_->db->Flush(flush, impl_->handles), impl_->path + ": cannot flush");
}

// RocksDB tells whoever waits for a flush as soon as the manifest has its file, which can be before the thread that
// flushed has put the new state in force: when another thread wrote the manifest for both. Files that are taken in in
// between are placed by the state before: a build with assertions refuses them ("try again"), another may put them
// beneath the rows that they replace.
void Database::Impl::AwaitFlushes() const {
  std::uint64_t running = 1;
  while (db->GetIntProperty(rocksdb::DB::Properties::kNumRunningFlushes, &running) && running > 0) {
    std::this_thread::yield();
  }
}

absl::Status Database::Impl::FlushNow() const {
  TALLYSTICK_RETURN_IF_ERROR(FromRocksDb(db->SyncWAL(), path + ": cannot sync the log"));
  rocksdb::FlushOptions flush;
  flush.allow_write_stall = true;  // or it waits for compactions where there are many files, and all writers with it
  TALLYSTICK_RETURN_IF_ERROR(FromRocksDb(db->Flush(flush, handles), path + ": cannot flush"));
  AwaitFlushes();
  return absl::OkStatus();
}

absl::Status Database::Ingest(absl::Span<const TableFile> files) {
  // What is in the write buffers is older than the files, and must be so for RocksDB too: files that meet rows of a
  // write buffer at level 0 can be taken for older ones (corrected upstream in 7.10).
  TALLYSTICK_RETURN_IF_ERROR(impl_->FlushNow());
  std::vector<rocksdb::IngestExternalFileArg> arguments;
  for (const Family family : kAllFamilies) {
    rocksdb::IngestExternalFileArg argument;
    for (const TableFile& file : files) {
      if (file.family == family) argument.external_files.push_back(file.path);
    }
    if (argument.external_files.empty()) continue;
    argument.column_family = impl_->handle(family);
    argument.options.move_files = true;
    argument.options.write_global_seqno = false;
    argument.options.verify_checksums_before_ingest = true;
    arguments.push_back(std::move(argument));
  }
  if (arguments.empty()) return absl::OkStatus();
  // RocksDB shows the files' rows family by family, and to whoever reads at a snapshot where they overlap nothing: such
  // files get no sequence number. So either there is no snapshot, and none is taken meanwhile; or one more is held, for
  // which RocksDB gives all files a number that no snapshot has. The latter always would do, but files of the last
  // level that have a number are written anew soon, to take it away.
  const std::unique_lock lock(impl_->snapshots_mutex);
  std::optional<rocksdb::ManagedSnapshot> held;
  if (impl_->snapshots > 0) held.emplace(impl_->db.get());
  const MergeGate::Closed gate(impl_->merge_gate.get());
  return FromRocksDb(impl_->db->IngestExternalFiles(arguments), impl_->path + ": cannot take in table files");
}

absl::Status Database::SetLoading(bool loading) {
  const std::string trigger = std::to_string(loading ? kLevel0FilesLoading : kLevel0Files);
  for (const Family family : kAllFamilies) {
    TALLYSTICK_RETURN_IF_ERROR(
        FromRocksDb(impl_->db->SetOptions(impl_->handle(family), {{"level0_file_num_compaction_trigger", trigger}}),
                    impl_->path + ": cannot change an option"));
  }
  return absl::OkStatus();
}

absl::Status Database::Freeze(const std::string& to) {
  TALLYSTICK_RETURN_IF_ERROR(impl_->FlushNow());
  rocksdb::Checkpoint* made = nullptr;
  rocksdb::Status status = rocksdb::Checkpoint::Create(impl_->db.get(), &made);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  // It has been flushed: RocksDB's own flush here would wait for compactions.
  constexpr std::uint64_t kNoFlush = std::numeric_limits<std::uint64_t>::max();
  if (status.ok()) status = checkpoint->CreateCheckpoint(to, kNoFlush);
  return FromRocksDb(status, to + ": cannot link the files of the database");
}

absl::Status Database::Compact(Family family, const KeyRange& range, std::atomic<bool>* cancelled) {
  rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;
  options.canceled = cancelled;
  options.allow_write_stall = true;  // or it waits for other merges, which may find no room
  const rocksdb::Slice start = ToSlice(range.start);
  const rocksdb::Slice limit = ToSlice(range.limit);
  return FromRocksDb(impl_->db->CompactRange(options, impl_->handle(family), &start, &limit),
                     impl_->path + ": cannot compact");
}

// --- Checking ---

absl::Status Database::VerifyTables() const {
  rocksdb::DB& db = *impl_->db;
  // A reader has its files, whatever happens to their names.
  if (!impl_->read_only) {
    TALLYSTICK_RETURN_IF_ERROR(FromRocksDb(db.DisableFileDeletions(), impl_->path + ": cannot keep files"));
  }
  std::vector<rocksdb::LiveFileMetaData> files;
  db.GetLiveFilesMetaData(&files);
  absl::Status verified;
  for (auto file = files.begin(); verified.ok() && file != files.end(); ++file) {
    const std::string path = impl_->path + file->name;  // which begins with a slash
    rocksdb::Options options;
    options.env = impl_->env.get();
    rocksdb::SstFileReader reader(options);
    rocksdb::Status status = reader.Open(path);
    if (status.ok()) status = reader.VerifyChecksum();
    verified = FromRocksDb(status, path + ": cannot read");
  }
  if (!impl_->read_only) db.EnableFileDeletions(/*force=*/false).PermitUncheckedError();
  return verified;
}

// --- Sizes ---

namespace {

std::uint64_t IntegerProperty(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* handle, const std::string& name) {
  std::uint64_t value = 0;
  return db.GetIntProperty(handle, name, &value) ? value : 0;
}

}  // namespace

std::uint64_t Database::CompactionOwedBytes() const {
  std::uint64_t bytes = 0;
  for (const Family family : kAllFamilies) {
    bytes +=
        IntegerProperty(*impl_->db, impl_->handle(family), rocksdb::DB::Properties::kEstimatePendingCompactionBytes);
  }
  return bytes;
}

std::uint64_t Database::ApproximateBytes(Family family, const KeyRange& range) const {
  rocksdb::SizeApproximationOptions options;
  options.include_memtables = true;
  options.include_files = true;
  // An open end: no key is longer than this.
  const std::string limit = range.limit.empty() ? std::string(KeyBuffer::kCapacity + 1, '\xff') : range.limit;
  const rocksdb::Range keys(ToSlice(range.start), ToSlice(limit));
  std::uint64_t bytes = 0;
  // A size that cannot be had counts as nothing: it guides, and decides nothing.
  impl_->db->GetApproximateSizes(options, impl_->handle(family), &keys, 1, &bytes).PermitUncheckedError();
  return bytes;
}

std::uint64_t Database::FileBytes(Family family) const {
  return IntegerProperty(*impl_->db, impl_->handle(family), rocksdb::DB::Properties::kLiveSstFilesSize);
}

std::uint64_t Database::MemoryBytes(Family family) const {
  return IntegerProperty(*impl_->db, impl_->handle(family), rocksdb::DB::Properties::kCurSizeAllMemTables);
}

std::uint64_t Database::ApproximateRows(Family family) const {
  return IntegerProperty(*impl_->db, impl_->handle(family), rocksdb::DB::Properties::kEstimateNumKeys);
}

}  // namespace tallystick::storage
