// How a store is opened.
//
// None of these options changes the form of what is stored, or what a read answers, so each may differ from one opening
// of the same store to the next. `future_limit` and `clock` decide about new writes alone. Thread safety: plain values
// (thread-compatible).

#ifndef TALLYSTICK_OPTIONS_H_
#define TALLYSTICK_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tallystick/write.h"

namespace tallystick {

// What the store may take of the machine.
//   kServer  256 MiB of block cache, 256 MiB of write buffers: made for sustained writing.
//   kEdge    at most 40 MiB of cache, write buffers and table readers together, so that a small process stays under
//            64 MiB resident; batches on their way come on top, with several times their text. Slower once the store
//            outgrows the cache.
enum class Profile { kServer, kEdge };

enum class Severity { kInfo, kWarning, kError };

// A message for the operator. `text` is valid during the call only.
struct Diagnostic {
  Severity severity = Severity::kInfo;
  std::string_view text{};
};

struct Options {
  Profile profile = Profile::kServer;

  // Bytes of block cache, which also holds index and filter blocks. Absent: the profile's. More cache means fewer disk
  // reads for look-ups by id; a store of N events wants about 1.5 N bytes for its id filters alone.
  std::optional<std::size_t> cache_bytes{};

  // Make the store when there is none. Otherwise, opening an absent one, or an empty folder, for writing is NOT_FOUND.
  bool create_if_missing = true;

  // Refuse a store that exists already (ALREADY_EXISTS).
  bool error_if_exists = false;

  // Open without the right to write: beside the one process that writes, if any, and beside other readers. The view is
  // that of the moment of opening and does not move; open again to see more. Needs no write permission. Never creates.
  bool read_only = false;

  // For writes that do not choose.
  Durability durability = Durability::kSynced;

  // The longest time for which a kBuffered write stays unsynced. Shorter loses less in a machine crash and costs an
  // fsync (0.2 to 10 ms of the device) each time. From 1 ms to 24 h.
  absl::Duration sync_interval = absl::Seconds(1);

  // Bytes that the store leaves free on its disk, so that what it has acknowledged can still be flushed and merged.
  // While fewer are free, or a write would leave fewer, writes and declarations of meters are RESOURCE_EXHAUSTED, with
  // nothing stored; they go on by themselves when there is room again. A bulk write asks before each chunk, and keeps
  // those that it has stored. Meters that are being built wait. Reading, syncing, dropping meters and closing need no
  // room beside it; a backup does where it goes to the same disk. What is free is asked when the last answer is a tenth
  // of a second old, or a sixteenth of what it left has been written. Absent: the profile's, 1 GiB (kEdge: 64 MiB).
  // Less, on a disk that is small itself, risks that merges find no room, which then also refuse writes. 0: none; the
  // store writes until the disk is full, and then has to be opened again. See docs/OPERATIONS.md.
  std::optional<std::uint64_t> reserve_bytes{};

  // How far ahead of the clock an event's timestamp may lie before it is rejected. Absent: any distance.
  std::optional<absl::Duration> future_limit{};

  // For writes that do not choose. See `WriteOptions::timeout`.
  absl::Duration write_timeout = absl::InfiniteDuration();

  // Called with what an operator may want to know; the library itself prints nothing. May be called from any thread,
  // several at once, and must neither throw nor call the store. Empty: messages are dropped.
  std::function<void(const Diagnostic&)> diagnostics{};

  // The clock: the time of receipt, ids, and `future_limit` follow it. It may step back; ids keep increasing. While it
  // reads a year outside 0001 to 9999, writes are FAILED_PRECONDITION. May be called from any thread, several at once,
  // and must neither throw nor call the store.
  std::function<absl::Time()> clock = absl::Now;
};

}  // namespace tallystick

#endif  // TALLYSTICK_OPTIONS_H_
