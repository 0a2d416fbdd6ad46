#include "lib/storage/space_reserve.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

namespace tallystick::storage {
namespace {

constexpr std::uint64_t kMiB = 1024 * 1024;

// Others write to the disk, too.
constexpr std::chrono::milliseconds kGoodFor(100);

// An event takes its bytes in the log, again in table files, and again while these are merged, besides those of its
// keys: several times its text. This part of what there is above the reserve (or of the reserve, if that is less) may
// be written before it is asked again.
constexpr std::uint64_t kCreditPart = 16;

absl::Status NoRoom(const std::string& path, std::uint64_t free, std::uint64_t bytes, std::uint64_t reserve) {
  return absl::ResourceExhaustedError(path + ": the disk has " + std::to_string(free) + " bytes free, of which " +
                                      std::to_string(reserve) + " are kept in reserve (reserve_bytes), and " +
                                      std::to_string(bytes) + " are to be written");
}

// Without overflow.
bool HasRoom(std::uint64_t free, std::uint64_t bytes, std::uint64_t reserve) {
  return free >= reserve && free - reserve >= bytes;
}

}  // namespace

// Half of it is for merges: those from level 0 to level 1 at least, which take in four write buffers and a level 1 of
// 256 MiB (edge: 32 MiB). The other half is for flushing write buffers of 256 MiB (9 MiB), by what is open or by the
// next opening.
std::uint64_t DefaultReserve(Profile profile) { return profile == Profile::kEdge ? 64 * kMiB : 1024 * kMiB; }

std::optional<std::uint64_t> FreeBytes(const std::string& path) {
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(path, error);
  if (error || space.capacity == 0) return std::nullopt;
  return space.available;
}

absl::Status CheckRoom(const std::string& path, std::uint64_t bytes, std::uint64_t reserve) {
  const std::optional<std::uint64_t> free = FreeBytes(path);
  // A disk that does not tell tells when it is full.
  if (!free.has_value() || HasRoom(*free, bytes, reserve)) return absl::OkStatus();
  return NoRoom(path, *free, bytes, reserve);
}

bool OnOneDisk(const std::string& path, const std::string& other) {
  struct stat one {};
  struct stat two {};
  return ::stat(path.c_str(), &one) == 0 && ::stat(other.c_str(), &two) == 0 && one.st_dev == two.st_dev;
}

SpaceReserve::SpaceReserve(std::string path, std::uint64_t bytes, std::function<Clock::time_point()> now)
    : path_(std::move(path)), bytes_(bytes), now_(std::move(now)) {}

bool SpaceReserve::IsCovered(std::uint64_t bytes) const {
  const std::int64_t credit = credit_.load(std::memory_order_relaxed);
  return credit >= 0 && bytes <= static_cast<std::uint64_t>(credit) &&
         now_().time_since_epoch().count() < good_until_.load(std::memory_order_relaxed);
}

absl::Status SpaceReserve::Admit(std::uint64_t bytes) {
  if (bytes_ == 0) return absl::OkStatus();
  if (IsCovered(bytes)) {
    credit_.fetch_sub(static_cast<std::int64_t>(bytes), std::memory_order_relaxed);
    return absl::OkStatus();
  }
  const std::lock_guard lock(mutex_);
  const std::optional<std::uint64_t> free = FreeBytes(path_);
  if (free.has_value() && !HasRoom(*free, bytes, bytes_)) {
    good_until_.store(Clock::time_point::min().time_since_epoch().count(), std::memory_order_relaxed);
    return NoRoom(path_, *free, bytes, bytes_);
  }
  if (!starved_.empty()) {
    return absl::ResourceExhaustedError(path_ + ": the disk has " + std::to_string(free.value_or(0)) +
                                        " bytes free, which is not enough to merge what is stored and to keep " +
                                        std::to_string(bytes_) + " in reserve");
  }
  const std::uint64_t above = free.has_value() ? *free - bytes_ - bytes : bytes_;
  credit_.store(static_cast<std::int64_t>(std::min(above, bytes_) / kCreditPart), std::memory_order_relaxed);
  good_until_.store((now_() + kGoodFor).time_since_epoch().count(), std::memory_order_relaxed);
  return absl::OkStatus();
}

bool SpaceReserve::MayMerge(std::uint64_t bytes) const {
  if (bytes_ == 0) return true;
  const std::optional<std::uint64_t> free = FreeBytes(path_);
  return !free.has_value() || HasRoom(*free, bytes, bytes_ / 2);
}

bool SpaceReserve::MergeEnded(std::uint32_t family, bool starved) {
  const std::lock_guard lock(mutex_);
  if (!starved) return starved_.erase(family) > 0;
  good_until_.store(Clock::time_point::min().time_since_epoch().count(), std::memory_order_relaxed);
  return starved_.insert(family).second;
}

}  // namespace tallystick::storage
