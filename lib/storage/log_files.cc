#include "lib/storage/log_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "lib/storage/file_names.h"

namespace tallystick::storage {
namespace {

using rocksdb::IOStatus;

// So much is zeroed at a time: some hundreds of synced events. Large syncs wait for their data, not for a length.
constexpr std::uint64_t kAheadBytes = 256 * 1024;
constexpr std::uint64_t kSmallBytes = kAheadBytes / 8;

// As RocksDB uses a log: one thread at a time appends, another may sync meanwhile.
class ZeroedLog : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  // `descriptor` is the same file, for writing; owned.
  ZeroedLog(std::unique_ptr<rocksdb::FSWritableFile> file, int descriptor)
      : FSWritableFileOwnerWrapper(std::move(file)), descriptor_(descriptor) {}
  ZeroedLog(const ZeroedLog&) = delete;
  ZeroedLog& operator=(const ZeroedLog&) = delete;
  ~ZeroedLog() override { ::close(descriptor_); }

  IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                  rocksdb::IODebugContext* context) override {
    return Appended(data.size(), FSWritableFileOwnerWrapper::Append(data, options, context));
  }
  IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                  const rocksdb::DataVerificationInfo& verification, rocksdb::IODebugContext* context) override {
    return Appended(data.size(), FSWritableFileOwnerWrapper::Append(data, options, verification, context));
  }

  IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
    const std::uint64_t size = size_.load(std::memory_order_relaxed);
    small_syncs_.store(size - synced_ <= kSmallBytes, std::memory_order_relaxed);
    synced_ = size;
    return FSWritableFileOwnerWrapper::Sync(options, context);
  }

  IOStatus Close(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
    const std::uint64_t size = size_.load(std::memory_order_relaxed);
    // Zeroes left behind do no harm.
    if (size < end_ && ::ftruncate(descriptor_, static_cast<off_t>(size)) == 0) end_ = size;
    return FSWritableFileOwnerWrapper::Close(options, context);
  }

 private:
  IOStatus Appended(std::uint64_t bytes, IOStatus status) {
    if (!status.ok()) return status;
    const std::uint64_t size = size_.load(std::memory_order_relaxed) + bytes;
    size_.store(size, std::memory_order_relaxed);
    if (size > end_) {
      end_ = size;
      // The file is longer now, which its next sync has to commit: so it may as well be longer by more.
      if (small_syncs_.load(std::memory_order_relaxed)) ZeroAhead();
    }
    return status;
  }

  void ZeroAhead() {
    static constexpr std::array<char, kAheadBytes> kZeroes{};
    // Short, or not at all, on a disk that is full or fails: the next append will tell.
    const ssize_t zeroed = ::pwrite(descriptor_, kZeroes.data(), kZeroes.size(), static_cast<off_t>(end_));
    if (zeroed > 0) end_ += static_cast<std::uint64_t>(zeroed);
  }

  const int descriptor_;
  std::atomic<std::uint64_t> size_ = 0;  // without zeroes
  std::atomic<bool> small_syncs_ = false;
  std::uint64_t end_ = 0;     // with zeroes; of who appends
  std::uint64_t synced_ = 0;  // the size at the last sync; of who syncs
};

}  // namespace

IOStatus LogFiles::NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                   std::unique_ptr<rocksdb::FSWritableFile>* file, rocksdb::IODebugContext* context) {
  IOStatus status = target()->NewWritableFile(path, options, file, context);
  if (!status.ok() || !LogNumber(path).has_value()) return status;
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (descriptor >= 0) *file = std::make_unique<ZeroedLog>(std::move(*file), descriptor);
  return status;
}

}  // namespace tallystick::storage
