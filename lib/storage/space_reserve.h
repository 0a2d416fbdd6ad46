// The free space that a store leaves on its disk.
//
// What was acknowledged is in the log. It still has to be flushed and merged, which takes space before it gives any
// back; and where RocksDB runs out of it in the middle, the store stops until it is opened again. So the store refuses
// writes before: while less than a reserve is free. Merges may take half of it, flushes and the manifest all of it.
//
// What is free is asked for seldom: a write is let pass on account of the last answer, as long as that is not old and
// the writes since are few beside what there was above the reserve.

#ifndef TALLYSTICK_LIB_STORAGE_SPACE_RESERVE_H_
#define TALLYSTICK_LIB_STORAGE_SPACE_RESERVE_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "tallystick/options.h"

namespace tallystick::storage {

// What there is without a choice (`Options::reserve_bytes`).
std::uint64_t DefaultReserve(Profile profile);

// How many bytes the disk of the folder `path` has for this process. Absent where the file system does not tell.
std::optional<std::uint64_t> FreeBytes(const std::string& path);

// RESOURCE_EXHAUSTED when the disk of the folder `path` has no room for `bytes` beside `reserve`. Asks each time.
absl::Status CheckRoom(const std::string& path, std::uint64_t bytes, std::uint64_t reserve);

// Whether two files or folders are on one disk.
bool OnOneDisk(const std::string& path, const std::string& other);

// Thread-safe.
class SpaceReserve {
 public:
  using Clock = std::chrono::steady_clock;

  // Of the folder `path`. None when `bytes` is 0: then nothing is refused. `now` is for tests.
  SpaceReserve(std::string path, std::uint64_t bytes, std::function<Clock::time_point()> now = Clock::now);

  std::uint64_t bytes() const { return bytes_; }

  // Whether a write of about so many bytes may be made: RESOURCE_EXHAUSTED while there is no room for it beside the
  // reserve, or merges have none. Costs a look at the clock, and a call of the system (a microsecond) when the last
  // answer is used up, or was no.
  absl::Status Admit(std::uint64_t bytes);

  // Whether a merge may write so many bytes. Asks each time.
  bool MayMerge(std::uint64_t bytes) const;

  // A merge in a family has ended, or has given up for want of space: RocksDB tries again every second, and until one
  // ends, writes are refused. Otherwise files would pile up that nobody can merge. True when that is news.
  bool MergeEnded(std::uint32_t family, bool starved);

 private:
  // By the last answer.
  bool IsCovered(std::uint64_t bytes) const;

  const std::string path_;
  const std::uint64_t bytes_;
  const std::function<Clock::time_point()> now_;

  // What may still be written on account of the last answer, and until when.
  std::atomic<std::int64_t> credit_ = 0;
  std::atomic<Clock::rep> good_until_ = Clock::time_point::min().time_since_epoch().count();

  std::mutex mutex_;
  std::set<std::uint32_t> starved_;  // guarded by mutex_: families whose last merge gave up
};

}  // namespace tallystick::storage

#endif  // TALLYSTICK_LIB_STORAGE_SPACE_RESERVE_H_
