// Start here: a store of deduplicated usage events, embedded in your program.
//
//   #include "tallystick/store.h"
//
//   auto store = tallystick::Store::Open("usage.db");  // StatusOr<std::unique_ptr<Store>>
//   if (!store.ok()) return store.status();
//   auto put = (*store)->Put(account, {.customer_event_id = "event-1",
//                                      .customer_alias = "acme",
//                                      .event_type = "message-sent",
//                                      .event_timestamp = absl::Now(),
//                                      .event_properties = R"({"length":500})"});
//   if (put.ok() && put->outcome == tallystick::Outcome::kSuperseded) { /* put->superseded_id */ }
//
// Within an account, an event is identified by its `customer_event_id`. Another event with the same id supersedes the
// earlier one: it takes its place by id, by time, by customer and in the change feed, together or not at all.
//
// Thread safety: `Store` is thread-safe. One process may have a store open for writing; any number may read beside it
// (`Options::read_only`).

#ifndef TALLYSTICK_STORE_H_
#define TALLYSTICK_STORE_H_

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
#include "tallystick/backup.h"
#include "tallystick/bulk.h"
#include "tallystick/event.h"
#include "tallystick/history.h"
#include "tallystick/meter.h"
#include "tallystick/options.h"
#include "tallystick/read.h"
#include "tallystick/report.h"
#include "tallystick/salvage.h"
#include "tallystick/uuid.h"
#include "tallystick/write.h"

namespace tallystick {

class Store {
 public:
  // Opens the store in the folder `path`, making it when `options` say so. The folder's parent must exist.
  //
  //   NOT_FOUND            there is no store, and none is to be made
  //   ALREADY_EXISTS       there is one, against `error_if_exists`
  //   UNAVAILABLE          another process has it open for writing (the message names it), or, for a read-only opening,
  //                        a writer was replacing files faster than they could be opened: try again
  //   FAILED_PRECONDITION  the folder holds something else, or a store of another format version
  //   DATA_LOSS            the store is damaged
  //   INVALID_ARGUMENT     an option is out of its range
  //   RESOURCE_EXHAUSTED   the disk is full
  //
  // A creation that was cut short (the process died in the middle) is finished by the next opening for writing, and is
  // an empty store to one for reading.
  static absl::StatusOr<std::unique_ptr<Store>> Open(const std::string& path, const Options& options = {});

  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // Closes, dropping the status. Calls from other threads must have returned; iterators may live on.
  ~Store();

  // Syncs what is buffered and closes. Afterwards every call but `history` is FAILED_PRECONDITION; a second `Close` is
  // OK. While iterators live, the files stay open (and the store locked) until the last of them is gone.
  absl::Status Close();

  // Stores one event: `Write` of a batch of one. A rejected event is an answer (`Outcome::kRejected`), not an error.
  absl::StatusOr<WriteResult> Put(const Uuid& account, const Event& event, const WriteOptions& options = {});

  // Stores events in their order, all of them visible at once. Returns an outcome for each, in the same order. The
  // events' text is not used after the call. Cost: look-ups by id, and with kSynced a share of one fsync.
  //
  //   INVALID_ARGUMENT     a batch of over 16,777,216 events or 1 GiB of text; nothing was stored
  //   DEADLINE_EXCEEDED    the timeout passed; the outcome is unknown, and trying again is safe
  //   FAILED_PRECONDITION  the store is closed or read-only, or refuses writes since an earlier failure
  //   RESOURCE_EXHAUSTED   the disk has no room beside `Options::reserve_bytes`, and nothing was stored; or it is full;
  //                        or the store has used all its sequence numbers
  //   DATA_LOSS, UNKNOWN   a row that the write needs is damaged; the file system failed
  //
  // After any other error the outcome is unknown. After a failure of the file system the store refuses further writes
  // until it is opened again.
  absl::StatusOr<std::vector<WriteResult>> Write(const Uuid& account, absl::Span<const Event> events,
                                                 const WriteOptions& options = {});

  // The same for events as JSON text, one document each (see `event.h` for the limits). A document that is not a valid
  // event is rejected, and costs only itself.
  absl::StatusOr<std::vector<WriteResult>> WriteJson(const Uuid& account, absl::Span<const std::string_view> documents,
                                                     const WriteOptions& options = {});

  // Stores many events, two to three times faster than batches do, which is worth it from some ten thousand on. Reads
  // its source to the end, chunk by chunk (see `bulk.h`); each chunk is visible and on stable storage as a whole or not
  // at all, and whatever happens, what is stored is what a prefix of the input gives. Outcomes, ids' order and
  // sequences are those that batches would give. While a chunk is written, which takes a second or so for a million
  // events, other writers wait; another bulk write waits for the first to end. Cost: a flush and some fsyncs for each
  // chunk, and merging its files with the others, which goes on in the background.
  //
  // Errors are those of `Write`, and those of the source. After any of them, the chunks stored before stay, and trying
  // again is safe for events that carry an id; INVALID_ARGUMENT is for an option out of its range, and for an input
  // over its limits (`bulk.h`). A disk that is full while table files are written fails the bulk write and leaves the
  // store in order, unless RocksDB meets it too.
  absl::StatusOr<BulkResult> WriteBulk(const Uuid& account, const BulkSource& source, const BulkOptions& options = {});

  // OK, or why a write would be refused whatever it holds (FAILED_PRECONDITION): the store is closed or read-only, or
  // an earlier failure stopped it. No call to the disk.
  absl::Status Writable() const;

  // Puts every write that has returned on stable storage.
  absl::Status Sync();

  // The account's event with this id, or NOT_FOUND.
  absl::StatusOr<OwnedEvent> Get(const Uuid& account, std::string_view customer_event_id) const;

  // The account's events in a range of time.
  EventIterator Scan(const ScanOptions& options) const;

  // The same scan in up to `parts` (at least 1) and never more than 1,024 consecutive pieces of about equal size, all
  // on one snapshot, for reading in as many threads; their events in order are those of the scan. A scan with a limit
  // cannot be split (INVALID_ARGUMENT).
  absl::StatusOr<std::vector<EventIterator>> SplitScan(const ScanOptions& options, int parts) const;

  // The change feed after a sequence. Shows only what is on stable storage, so it first syncs what is buffered (one
  // fsync, when there is any).
  ChangeIterator Changes(const ChangesOptions& options = {}) const;

  // What the account's events in a range of time add up to. Reads the events of the range, or of the customers named;
  // of a declared meter that is complete, its rollups instead, as many as there are quarters of an hour or days. Memory
  // is that of the rows, and of the different values for kUniqueCount.
  //
  //   INVALID_ARGUMENT     the meter is none, or the time zone is not in the system's list
  //   NOT_FOUND            the account has no declared meter of this name
  //   OUT_OF_RANGE         an event's number is beyond what is exact (38 digits, exponents of 400); the message names
  //                        it. Superseding it heals the query; kCount, kUniqueCount and kLatest do not mind it
  //   CANCELLED            `QueryOptions::progress` said so
  //   FAILED_PRECONDITION  the store is closed
  //   DATA_LOSS            a stored row does not decode or its checksum differs
  absl::StatusOr<Usage> Query(const QueryOptions& options) const;

  // Declares a meter under a name of 1 to 64 of `[A-Za-z0-9._-]`, and keeps it up to date from then on. What was stored
  // before is added in the background, by an event's time, while writes go on (each of its steps holds them up by a few
  // milliseconds); if the process ends meanwhile, the next one that opens the store for writing goes on. Returns, when
  // the declaration is on stable storage, kCreated, or kUnchanged where the same meter has this name already (the order
  // of a filter's values does not matter, that of `group_by` does).
  //
  //   INVALID_ARGUMENT     the name or the meter is none
  //   ALREADY_EXISTS       another meter has this name
  //   FAILED_PRECONDITION, RESOURCE_EXHAUSTED, DATA_LOSS, UNKNOWN   as for `Write`
  absl::StatusOr<Outcome> DefineMeter(const Uuid& account, const std::string& name, const Meter& meter);

  // Returns when the meter is complete. `progress`, if given, is called about ten times a second with the events read
  // so far and about how many there are; when it returns false, the wait ends with CANCELLED and the building goes on.
  // NOT_FOUND: there is no such meter (any more). Otherwise what stopped the building, as for `Write`; the next opening
  // tries again. RESOURCE_EXHAUSTED where there is no room beside `Options::reserve_bytes`; the building
  // goes on by itself when there is.
  absl::Status AwaitMeter(
      const Uuid& account, const std::string& name,
      const std::function<bool(std::uint64_t events_read, std::uint64_t events_total)>& progress = {}) const;

  // The account's declared meters, by name.
  absl::StatusOr<std::vector<DeclaredMeter>> Meters(const Uuid& account) const;

  // Ends the declaration, which is on stable storage when this returns; NOT_FOUND when there is none. Its rollups are
  // deleted in the background, and their space is freed.
  absl::Status DropMeter(const Uuid& account, const std::string& name);

  // Counts and sizes. Reads every event of the store once.
  absl::StatusOr<StoreStats> Stats(const Uuid& account) const;

  // Checks every row of every index and of every declared meter against the events, of all accounts, and before that
  // the checksum of every block of every file that the store is made of. Reads the whole store twice, and the events of
  // accounts with declared meters once more. Memory does not grow with the store. An error
  // (DATA_LOSS) means that something could not be read; differences between readable rows are in the report.
  absl::StatusOr<VerifyReport> Verify(const VerifyOptions& options = {}) const;

  // Writes what can still be read of the damaged store `from` into a new one, `to`, and says what cannot be. Reads
  // every file by itself, so it needs no store that opens; changes nothing in `from`, and keeps writers out of it
  // meanwhile. Events are written in the order in which they were stored, each in the version that was stored last; an
  // event whose last version cannot be read is lost, and no earlier one takes its place. They get new ids, sequences
  // and times of receipt, in a new history; one that came without a customerEventId gets its id as that. Declared
  // meters are declared again, and built; one that was dropped may come back. Indexes and rollups are made anew.
  //
  // Takes about the time of two reads of the store and one write of its events, and for its work, beside the new store,
  // about the space of the events and ids, in a folder in `to`. A salvage that fails, or is cut short, leaves `to` as a
  // folder that is refused as a store (FAILED_PRECONDITION) until a salvage into it has ended.
  //
  //   NOT_FOUND            there is no store in `from`
  //   ALREADY_EXISTS       there is a store in `to`
  //   UNAVAILABLE          `from` is open for writing
  //
  // and what opening and writing `to` gives.
  static absl::StatusOr<SalvageReport> Salvage(const std::string& from, const std::string& to,
                                               const SalvageOptions& options = {});

  // Adds a backup of the store to a folder of backups (see `backup.h`), making the folder when it is absent; its parent
  // must exist. It holds the state of one moment: everything that had returned before the call, and of what was being
  // written meanwhile a prefix in the order of commits. Writers wait for a moment, while what is in memory is flushed
  // and the files of that state are linked; copying goes on beside them. The copies are read back and checked, and are
  // on stable storage when this returns. Cost: reading, writing and reading again what is new since the backup before.
  //
  //   INVALID_ARGUMENT     the folder lies in the store's own; `keep` is 0
  //   UNAVAILABLE          another backup of this store, or in this folder, is being made, or one there is being read
  //   FAILED_PRECONDITION  the folder holds something else, or backups of another store; the store is closed or
  //                        read-only, or refuses writes since an earlier failure
  //   NOT_FOUND            the folder has no parent
  //   DATA_LOSS            a file of the store, or what an earlier backup left in the folder, is damaged; the message
  //                        names it
  //   CANCELLED            `progress` said so
  //   RESOURCE_EXHAUSTED   the disk is full
  //   UNKNOWN              the file system failed otherwise
  //
  // After an error, earlier backups are as they were; what this one left is removed by the next. The store goes on,
  // unless its own files have failed.
  absl::StatusOr<BackupInfo> Backup(const std::string& folder, const BackupOptions& options = {});

  // The history that was current at the opening; no call to the disk. Answers after `Close` as well.
  History history() const;

 private:
  class Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tallystick

#endif  // TALLYSTICK_STORE_H_
