#include "lib/storage/sync_guard.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/storage/file_names.h"
#include "lib/storage/files.h"

namespace tallystick::storage {
namespace {

constexpr std::string_view kName = "SYNCED";
constexpr std::size_t kSlots = 2;

absl::StatusOr<SyncedParts> ReadNewest(int file, const std::string& path) {
  std::array<char, kSlots * kSyncSlotSize> bytes;
  std::size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t got = ::pread(file, bytes.data() + size, bytes.size() - size, static_cast<off_t>(size));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return LastFileError(path, "cannot read");
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size == 0) return SyncedParts();
  std::optional<DecodedSyncSlot> newest;
  for (std::size_t slot = 0; slot < kSlots; ++slot) {
    const std::size_t begin = std::min(size, slot * kSyncSlotSize);
    std::optional<DecodedSyncSlot> decoded =
        DecodeSyncSlot({bytes.data() + begin, std::min(kSyncSlotSize, size - begin)});
    if (!decoded.has_value()) continue;
    if (!newest.has_value() || newest->generation < decoded->generation) newest = std::move(decoded);
  }
  if (newest.has_value()) return std::move(newest->parts);
  return absl::DataLossError(path + ": is damaged; what was synced is not known any more");
}

bool WriteAt(int file, const char* bytes, std::size_t size, std::size_t offset) {
  while (size > 0) {
    const ssize_t wrote = ::pwrite(file, bytes, size, static_cast<off_t>(offset));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    bytes += wrote;
    size -= static_cast<std::size_t>(wrote);
    offset += static_cast<std::size_t>(wrote);
  }
  return true;
}

}  // namespace

std::string SyncGuardPath(const std::string& folder) { return folder + "/" + std::string(kName); }

absl::StatusOr<SyncedParts> ReadSyncGuard(const std::string& folder) {
  const std::string path = SyncGuardPath(folder);
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return LastFileError(path, "cannot open");
  absl::StatusOr<SyncedParts> parts = ReadNewest(file, path);
  ::close(file);
  return parts;
}

// --- Making and opening ---

absl::StatusOr<std::shared_ptr<SyncGuard>> SyncGuard::Create(const std::string& folder, const SyncedParts& parts) {
  const std::string path = SyncGuardPath(folder);
  const std::string being_made = path + ".new";
  const int file = ::open(being_made.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) return LastFileError(being_made, "cannot make");
  std::shared_ptr<SyncGuard> guard(new SyncGuard(file));
  // All of its space, so that writing a slot never needs any more.
  std::string bytes(kSlots * kSyncSlotSize, '\0');
  const std::size_t size = EncodeSyncSlot(++guard->generation_, parts.manifest, parts.logs, &guard->bytes_);
  bytes.replace(0, size, guard->bytes_.data(), size);
  if (!WriteAt(file, bytes.data(), bytes.size(), 0)) return LastFileError(being_made, "cannot write");
  if (::fsync(file) != 0) return LastFileError(being_made, "cannot sync");
  if (::rename(being_made.c_str(), path.c_str()) != 0) return LastFileError(being_made, "cannot rename");
  TALLYSTICK_RETURN_IF_ERROR(SyncPath(folder));
  guard->manifest_ = parts.manifest;
  for (const FilePart& log : parts.logs) {
    guard->logs_.push_back({.number = log.file, .written = log.bytes, .synced = log.bytes, .entered = true});
  }
  guard->UpdateMark();
  return guard;
}

absl::StatusOr<std::shared_ptr<SyncGuard>> SyncGuard::Renew(const std::string& folder) {
  TALLYSTICK_ASSIGN_OR_RETURN(SyncedParts parts, ReadSyncGuard(folder));
  // What was deleted since means nothing any more.
  std::erase_if(parts.logs,
                [&](const FilePart& log) { return ::access((folder + "/" + LogName(log.file)).c_str(), F_OK) != 0; });
  return Create(folder, parts);
}

SyncGuard::~SyncGuard() { ::close(file_); }

// --- Logs ---

const SyncGuard::Log* SyncGuard::Find(std::uint64_t number) const {
  const auto log = std::find_if(logs_.begin(), logs_.end(), [=](const Log& other) { return other.number == number; });
  return log == logs_.end() ? nullptr : &*log;
}

void SyncGuard::LogMade(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  // The log before is not written to any more.
  if (!logs_.empty() && appended_ > 0) logs_.back().written = appended_;
  std::erase_if(logs_, [=](const Log& log) { return log.number >= number; });
  logs_.push_back({.number = number});
  appended_ = 0;
}

void SyncGuard::LogAppended(std::uint64_t number, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (!logs_.empty() && logs_.back().number == number) appended_ += bytes;
}

void SyncGuard::Written() {
  const std::lock_guard lock(mutex_);
  if (!logs_.empty() && appended_ > 0) logs_.back().written = appended_;
}

std::uint64_t SyncGuard::LogSyncBegins(std::uint64_t number) const {
  const std::lock_guard lock(mutex_);
  const Log* const log = Find(number);
  return log == nullptr ? 0 : log->written;
}

void SyncGuard::LogSynced(std::uint64_t number, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  Log* const log = Find(number);
  if (log == nullptr || log->synced >= bytes) return;
  log->synced = bytes;
  if (!log->entered) return;
  UpdateMark();
  Write();
}

void SyncGuard::LogRemoved(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  std::erase_if(logs_, [=](const Log& log) { return log.number == number; });
}

FilePart SyncGuard::mark() const {
  const std::lock_guard lock(mutex_);
  return mark_;
}

void SyncGuard::UpdateMark() {
  for (const Log& log : logs_) {
    if (!log.entered) return;
    if (log.synced > 0) mark_ = std::max(mark_, {.file = log.number, .bytes = log.synced});
    if (log.synced < log.written) return;
  }
}

// --- Manifests ---

void SyncGuard::ManifestSynced(std::uint64_t number, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  latest_manifest_ = {.file = number, .bytes = bytes};
  if (manifest_.file != number) return;  // nobody finds it yet
  manifest_ = latest_manifest_;
  Write();
}

void SyncGuard::CurrentRenamed() {
  const std::lock_guard lock(mutex_);
  current_ = latest_manifest_.file;
}

// --- The folder's entries ---

SyncGuard::FolderState SyncGuard::FolderSyncBegins() const {
  const std::lock_guard lock(mutex_);
  return {.newest_log = logs_.empty() ? 0 : logs_.back().number, .current = current_};
}

void SyncGuard::FolderSynced(const FolderState& state) {
  const std::lock_guard lock(mutex_);
  bool news = false;
  for (Log& log : logs_) {
    if (log.entered || log.number > state.newest_log) continue;
    log.entered = true;
    if (log.synced > 0) news = true;
  }
  if (state.current != 0 && state.current == latest_manifest_.file && manifest_.file != state.current) {
    manifest_ = latest_manifest_;
    news = true;
  }
  if (!news) return;
  UpdateMark();
  Write();
}

// --- Writing ---

void SyncGuard::Write() {
  parts_.clear();
  for (const Log& log : logs_) {
    if (log.entered && log.synced > 0) parts_.push_back({.file = log.number, .bytes = log.synced});
  }
  const std::size_t size = EncodeSyncSlot(++generation_, manifest_, parts_, &bytes_);
  WriteAt(file_, bytes_.data(), size, kSyncSlotSize);
}

}  // namespace tallystick::storage
