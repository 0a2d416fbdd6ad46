#include "tallystick/store.h"

#include <cstdint>
#include <mutex>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/ingest/writer.h"
#include "lib/query/reads.h"
#include "lib/storage/backup_folder.h"
#include "lib/storage/database.h"
#include "lib/storage/failure_latch.h"
#include "lib/storage/folder.h"
#include "lib/storage/meta.h"
#include "lib/storage/space_reserve.h"

namespace tallystick {
namespace {

absl::Status CheckOptions(const Options& options) {
  if (options.sync_interval < absl::Milliseconds(1) || options.sync_interval > absl::Hours(24)) {
    return absl::InvalidArgumentError("Options::sync_interval must lie between 1 ms and 24 h, not " +
                                      absl::FormatDuration(options.sync_interval));
  }
  if (options.future_limit.has_value() && *options.future_limit < absl::ZeroDuration()) {
    return absl::InvalidArgumentError("Options::future_limit must not be negative");
  }
  if (options.write_timeout <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError("Options::write_timeout must be positive");
  }
  if (options.clock == nullptr) return absl::InvalidArgumentError("Options::clock must be callable");
  return absl::OkStatus();
}

storage::DatabaseEvents EventsFor(const Options& options, const std::shared_ptr<storage::FailureLatch>& failure) {
  return {.log =
              [diagnostics = options.diagnostics](Severity severity, std::string_view text) {
                if (diagnostics) diagnostics({.severity = severity, .text = text});
              },
          .background_error =
              [diagnostics = options.diagnostics, failure](const absl::Status& error) {
                failure->Set(error);
                if (diagnostics) diagnostics({.severity = Severity::kError, .text = error.ToString()});
              }};
}

// Of a folder in which a store is to be opened.
absl::StatusOr<storage::FolderState> StateOf(const std::string& path) {
  TALLYSTICK_ASSIGN_OR_RETURN(const storage::FolderState state, storage::InspectFolder(path));
  if (state == storage::FolderState::kRestoring) {
    return absl::FailedPreconditionError(path + ": a restore into this folder has not ended; restore again");
  }
  if (state == storage::FolderState::kSalvaging) {
    return absl::FailedPreconditionError(path +
                                         ": a salvage into this folder has not ended; remove it, or salvage again");
  }
  return state;
}

absl::Status MakeDatabase(const std::string& path, const Options& options) {
  TALLYSTICK_ASSIGN_OR_RETURN(
      const std::shared_ptr<storage::Database> database,
      storage::Database::Open(path, {.profile = options.profile, .cache_bytes = {}, .create = true}));
  storage::Batch batch(*database);
  storage::PutIdentity(storage::NewIdentity(), &batch);
  storage::PutPosition({}, &batch);
  TALLYSTICK_RETURN_IF_ERROR(database->Write(&batch));
  return database->Flush();
}

absl::StatusOr<BackupInfo> AddFrozen(const std::string& path, absl::Time taken, const BackupOptions& options,
                                     std::uint64_t reserve, storage::BackupFolder* backups) {
  constexpr std::size_t kCacheBytes = 1024 * 1024;
  TALLYSTICK_ASSIGN_OR_RETURN(
      const std::shared_ptr<storage::Database> frozen,
      storage::Database::Open(
          path, {.profile = Profile::kEdge, .cache_bytes = kCacheBytes, .read_only = true, .unchanging = true}));
  return backups->Add(*frozen, taken, options, reserve);
}

}  // namespace

class Store::Impl {
 public:
  // What an open store is made of. Calls share it, so that closing in the middle of one takes nothing away from it.
  struct Parts {
    std::shared_ptr<storage::Database> database;  // null: a creation cut short, which reads as an empty store
    std::shared_ptr<const storage::Identity> identity;
    std::shared_ptr<storage::SpaceReserve> reserve;  // null when read-only
    std::unique_ptr<ingest::Writer> writer;          // likewise
    std::string path;
  };

  static absl::StatusOr<std::shared_ptr<const Parts>> OpenForWriting(const std::string& path, const Options& options);
  static absl::StatusOr<std::shared_ptr<const Parts>> OpenReadOnly(const std::string& path, const Options& options);

  explicit Impl(std::shared_ptr<const Parts> parts)
      : history_(parts->identity != nullptr ? parts->identity->history : History()), parts_(std::move(parts)) {}

  absl::Status Close();
  absl::StatusOr<BackupInfo> Backup(const std::string& folder, const BackupOptions& options);

  absl::StatusOr<std::shared_ptr<const Parts>> parts() const;
  absl::StatusOr<std::shared_ptr<const Parts>> WritableParts() const;
  // What reads go by; absent for an empty store that is only read.
  absl::StatusOr<std::optional<query::View>> TakeView() const;

  const History& history() const { return history_; }

 private:
  std::mutex backup_mutex_;   // held by the backup under way
  std::mutex closing_mutex_;  // a second Close returns when the first is done
  const History history_;     // stays when the store is closed: whoever compares it must not meet another one
  mutable std::mutex mutex_;
  std::shared_ptr<const Parts> parts_;  // guarded by mutex_; null once closed
};

absl::StatusOr<std::shared_ptr<const Store::Impl::Parts>> Store::Impl::OpenForWriting(const std::string& path,
                                                                                      const Options& options) {
  TALLYSTICK_ASSIGN_OR_RETURN(const storage::FolderState before, StateOf(path));
  const bool absent = before == storage::FolderState::kAbsent || before == storage::FolderState::kEmpty;
  if (absent && !options.create_if_missing) {
    return absl::NotFoundError(path + ": there is no store");
  }
  TALLYSTICK_ASSIGN_OR_RETURN(std::shared_ptr<storage::FolderLock> lock, storage::FolderLock::Acquire(path));
  TALLYSTICK_ASSIGN_OR_RETURN(const storage::FolderState state, StateOf(path));
  if (state == storage::FolderState::kComplete) {
    if (options.error_if_exists) return absl::AlreadyExistsError(path + ": the store exists");
    TALLYSTICK_RETURN_IF_ERROR(storage::SyncPlace(path));
    // What a bulk write or a backup left that was cut short.
    TALLYSTICK_RETURN_IF_ERROR(storage::RemoveLoading(path));
    TALLYSTICK_RETURN_IF_ERROR(storage::RemoveFrozen(path));
  } else {
    TALLYSTICK_RETURN_IF_ERROR(storage::CreateData(
        path, [&options](const std::string& data_path) { return MakeDatabase(data_path, options); }));
  }

  const auto failure = std::make_shared<storage::FailureLatch>();
  auto parts = std::make_shared<Parts>();
  parts->reserve = std::make_shared<storage::SpaceReserve>(
      path, options.reserve_bytes.value_or(storage::DefaultReserve(options.profile)));
  TALLYSTICK_ASSIGN_OR_RETURN(
      parts->database, storage::Database::Open(storage::DataPath(path), {.profile = options.profile,
                                                                         .cache_bytes = options.cache_bytes,
                                                                         .reserve = parts->reserve,
                                                                         .lock = std::move(lock),
                                                                         .events = EventsFor(options, failure)}));
  TALLYSTICK_ASSIGN_OR_RETURN(const storage::Identity identity, storage::ReadIdentity(*parts->database));
  parts->identity = std::make_shared<const storage::Identity>(identity);
  TALLYSTICK_ASSIGN_OR_RETURN(
      parts->writer, ingest::Writer::Start(path, parts->database, parts->identity, failure, parts->reserve, options));
  parts->path = path;
  return parts;
}

absl::StatusOr<std::shared_ptr<const Store::Impl::Parts>> Store::Impl::OpenReadOnly(const std::string& path,
                                                                                    const Options& options) {
  TALLYSTICK_ASSIGN_OR_RETURN(const storage::FolderState state, StateOf(path));
  if (state == storage::FolderState::kAbsent) return absl::NotFoundError(path + ": there is no store");
  auto parts = std::make_shared<Parts>();
  if (state != storage::FolderState::kComplete) return parts;

  const auto failure = std::make_shared<storage::FailureLatch>();
  TALLYSTICK_ASSIGN_OR_RETURN(
      parts->database, storage::Database::Open(storage::DataPath(path), {.profile = options.profile,
                                                                         .cache_bytes = options.cache_bytes,
                                                                         .read_only = true,
                                                                         .events = EventsFor(options, failure)}));
  TALLYSTICK_ASSIGN_OR_RETURN(const storage::Identity identity, storage::ReadIdentity(*parts->database));
  parts->identity = std::make_shared<const storage::Identity>(identity);
  return parts;
}

absl::Status Store::Impl::Close() {
  const std::lock_guard closing(closing_mutex_);
  std::shared_ptr<const Parts> parts;
  {
    const std::lock_guard lock(mutex_);
    parts = std::exchange(parts_, nullptr);
  }
  if (parts == nullptr || parts->writer == nullptr) return absl::OkStatus();
  parts->writer->StopKeeping();
  TALLYSTICK_RETURN_IF_ERROR(parts->writer->Sync());
  // The next opening has no log to replay.
  return parts->database->Flush();
}

absl::StatusOr<BackupInfo> Store::Impl::Backup(const std::string& folder, const BackupOptions& options) {
  TALLYSTICK_ASSIGN_OR_RETURN(const std::shared_ptr<const Parts> open, WritableParts());
  if (options.keep.has_value() && *options.keep == 0) {
    return absl::InvalidArgumentError("BackupOptions::keep must be at least 1");
  }
  if (storage::LiesIn(folder, open->path)) {
    return absl::InvalidArgumentError(folder + ": lies in the store's own folder, which it is to be a backup of");
  }
  const std::unique_lock one_at_a_time(backup_mutex_, std::try_to_lock);
  if (!one_at_a_time.owns_lock()) return absl::UnavailableError("another backup of the store is being made");
  // First what can be refused, before writers are made to wait.
  TALLYSTICK_ASSIGN_OR_RETURN(const std::unique_ptr<storage::BackupFolder> backups,
                              storage::BackupFolder::Open(folder, open->identity->store_id));
  TALLYSTICK_RETURN_IF_ERROR(storage::RemoveFrozen(open->path));
  const std::string frozen_path = storage::FrozenPath(open->path);
  TALLYSTICK_ASSIGN_OR_RETURN(const absl::Time taken, open->writer->Freeze(frozen_path));
  // What the store keeps in reserve on its disk is not for backups.
  const std::uint64_t reserve = storage::OnOneDisk(folder, open->path) ? open->reserve->bytes() : 0;
  absl::StatusOr<BackupInfo> added = AddFrozen(frozen_path, taken, options, reserve, backups.get());
  // What cannot be removed now is removed by the next backup, or the next opening.
  storage::RemoveFrozen(open->path).IgnoreError();
  if (!added.ok() || !options.keep.has_value()) return added;
  if (const absl::Status removed = backups->Keep(*options.keep); !removed.ok()) {
    return absl::Status(removed.code(),
                        "backup " + std::to_string(added->id) +
                            " is complete, but an older one could not be removed: " + std::string(removed.message()));
  }
  return added;
}

absl::StatusOr<std::shared_ptr<const Store::Impl::Parts>> Store::Impl::parts() const {
  const std::lock_guard lock(mutex_);
  if (parts_ == nullptr) return absl::FailedPreconditionError("the store is closed");
  return parts_;
}

absl::StatusOr<std::shared_ptr<const Store::Impl::Parts>> Store::Impl::WritableParts() const {
  TALLYSTICK_ASSIGN_OR_RETURN(std::shared_ptr<const Parts> open, parts());
  if (open->writer == nullptr) return absl::FailedPreconditionError("the store is open for reading only");
  return open;
}

absl::StatusOr<std::optional<query::View>> Store::Impl::TakeView() const {
  TALLYSTICK_ASSIGN_OR_RETURN(const std::shared_ptr<const Parts> open, parts());
  if (open->database == nullptr) return std::optional<query::View>();
  return std::optional<query::View>({.snapshot = open->database->TakeSnapshot(), .identity = open->identity});
}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Store::~Store() {
  Close().IgnoreError();  // whoever wants to know calls Close
}

absl::StatusOr<std::unique_ptr<Store>> Store::Open(const std::string& path, const Options& options) {
  TALLYSTICK_RETURN_IF_ERROR(CheckOptions(options));
  TALLYSTICK_ASSIGN_OR_RETURN(std::shared_ptr<const Impl::Parts> parts, options.read_only
                                                                            ? Impl::OpenReadOnly(path, options)
                                                                            : Impl::OpenForWriting(path, options));
  return std::unique_ptr<Store>(new Store(std::make_unique<Impl>(std::move(parts))));
}

absl::Status Store::Close() { return impl_->Close(); }

absl::StatusOr<WriteResult> Store::Put(const Uuid& account, const Event& event, const WriteOptions& options) {
  TALLYSTICK_ASSIGN_OR_RETURN(std::vector<WriteResult> results,
                              Write(account, absl::MakeConstSpan(&event, 1), options));
  return std::move(results.front());
}

absl::StatusOr<std::vector<WriteResult>> Store::Write(const Uuid& account, absl::Span<const Event> events,
                                                      const WriteOptions& options) {
  TALLYSTICK_ASSIGN_OR_RETURN(const auto parts, impl_->WritableParts());
  return parts->writer->Write(account, events, options);
}

absl::StatusOr<std::vector<WriteResult>> Store::WriteJson(const Uuid& account,
                                                          absl::Span<const std::string_view> documents,
                                                          const WriteOptions& options) {
  TALLYSTICK_ASSIGN_OR_RETURN(const auto parts, impl_->WritableParts());
  return parts->writer->WriteJson(account, documents, options);
}

absl::StatusOr<BulkResult> Store::WriteBulk(const Uuid& account, const BulkSource& source, const BulkOptions& options) {
  TALLYSTICK_ASSIGN_OR_RETURN(const auto parts, impl_->WritableParts());
  return parts->writer->WriteBulk(account, source, options);
}

absl::Status Store::Writable() const {
  TALLYSTICK_ASSIGN_OR_RETURN(const auto parts, impl_->WritableParts());
  return parts->writer->Writable();
}

absl::Status Store::Sync() {
  TALLYSTICK_ASSIGN_OR_RETURN(const auto parts, impl_->WritableParts());
  return parts->writer->Sync();
}

absl::StatusOr<OwnedEvent> Store::Get(const Uuid& account, std::string_view customer_event_id) const {
  TALLYSTICK_ASSIGN_OR_RETURN(const std::optional<query::View> view, impl_->TakeView());
  if (!view.has_value()) return absl::NotFoundError("there is no event with this id");
  return query::Get(*view, account, customer_event_id);
}

EventIterator Store::Scan(const ScanOptions& options) const {
  const absl::StatusOr<std::optional<query::View>> view = impl_->TakeView();
  if (!view.ok()) return EventIterator(view.status());
  if (!view->has_value()) return EventIterator(absl::OkStatus());
  return query::Scan(**view, options);
}

absl::StatusOr<std::vector<EventIterator>> Store::SplitScan(const ScanOptions& options, int parts) const {
  TALLYSTICK_ASSIGN_OR_RETURN(const std::optional<query::View> view, impl_->TakeView());
  if (!view.has_value()) return std::vector<EventIterator>();
  return query::SplitScan(*view, options, parts);
}

ChangeIterator Store::Changes(const ChangesOptions& options) const {
  // The snapshot first: what it shows is synced next, so that nothing it shows can be lost any more, and nothing that
  // it shows as replaced can come back behind the reader's position.
  const absl::StatusOr<std::optional<query::View>> view = impl_->TakeView();
  if (!view.ok()) return ChangeIterator(view.status(), options.after);
  if (!view->has_value()) return ChangeIterator(absl::OkStatus(), options.after);
  const auto parts = impl_->parts();
  if (!parts.ok()) return ChangeIterator(parts.status(), options.after);
  const absl::Status synced = (*parts)->writer != nullptr ? (*parts)->writer->Sync() : (*parts)->database->SyncView();
  if (!synced.ok()) return ChangeIterator(synced, options.after);
  return query::Changes(**view, options);
}

absl::StatusOr<Usage> Store::Query(const QueryOptions& options) const {
  TALLYSTICK_ASSIGN_OR_RETURN(const std::optional<query::View> view, impl_->TakeView());
  TALLYSTICK_RETURN_IF_ERROR(query::CheckQuery(options));
  if (!view.has_value()) {
    if (!options.declared.empty()) return absl::NotFoundError("there is no meter '" + options.declared + "'");
    return Usage{.group_by = options.meter.group_by};
  }
  return query::Query(*view, options);
}

absl::StatusOr<Outcome> Store::DefineMeter(const Uuid& account, const std::string& name, const Meter& meter) {
  TALLYSTICK_ASSIGN_OR_RETURN(const auto parts, impl_->WritableParts());
  return parts->writer->DefineMeter(account, name, meter);
}

absl::Status Store::AwaitMeter(const Uuid& account, const std::string& name,
                               const std::function<bool(std::uint64_t, std::uint64_t)>& progress) const {
  TALLYSTICK_ASSIGN_OR_RETURN(const auto parts, impl_->WritableParts());
  return parts->writer->AwaitMeter(account, name, progress);
}

absl::StatusOr<std::vector<DeclaredMeter>> Store::Meters(const Uuid& account) const {
  TALLYSTICK_ASSIGN_OR_RETURN(const std::optional<query::View> view, impl_->TakeView());
  if (!view.has_value()) return std::vector<DeclaredMeter>();
  return query::Meters(*view, account);
}

absl::Status Store::DropMeter(const Uuid& account, const std::string& name) {
  TALLYSTICK_ASSIGN_OR_RETURN(const auto parts, impl_->WritableParts());
  return parts->writer->DropMeter(account, name);
}

absl::StatusOr<StoreStats> Store::Stats(const Uuid& account) const {
  TALLYSTICK_ASSIGN_OR_RETURN(const std::optional<query::View> view, impl_->TakeView());
  if (!view.has_value()) return StoreStats();
  return query::Stats(*view, account);
}

absl::StatusOr<VerifyReport> Store::Verify(const VerifyOptions& options) const {
  TALLYSTICK_ASSIGN_OR_RETURN(const std::optional<query::View> view, impl_->TakeView());
  if (!view.has_value()) return VerifyReport();
  return query::Verify(*view, options);
}

absl::StatusOr<BackupInfo> Store::Backup(const std::string& folder, const BackupOptions& options) {
  return impl_->Backup(folder, options);
}

History Store::history() const { return impl_->history(); }

}  // namespace tallystick
