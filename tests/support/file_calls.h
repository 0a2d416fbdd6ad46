// The calls by which a program changes files or syncs them, for a test to see, to refuse, or to die at.
//
// file_calls.cc takes the place of the C library's functions in whatever it is linked into (`file_calls` in CMake), for
// every other library of that program as well. That is how a test sees what RocksDB does. Its functions are: open (only
// with O_CREAT), write, pwrite, ftruncate, mkdir, rename, link, unlink, unlinkat, remove, rmdir, fsync and fdatasync;
// and statvfs, which tells how much space is free.

#ifndef TALLYSTICK_TESTS_SUPPORT_FILE_CALLS_H_
#define TALLYSTICK_TESTS_SUPPORT_FILE_CALLS_H_

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tallystick::testing {

struct FileCall {
  std::string_view name;  // the function's
  std::string path;  // of the file; of a rename, the old one; of a link, the new one; what a descriptor stands for, if
                     // it is no file
  std::string other_path{};  // of a rename, the new one; of a link, the old one
  std::size_t bytes = 0;     // of a write: how many it is about
  bool empties = false;      // of an open or an ftruncate: nothing is left of what the file held
};

// What becomes of a call.
struct CallFate {
  bool made = true;
  int error = 0;  // of a call that is not made: it fails with this, or, with 0, returns `result`
  std::size_t result = 0;
  // A write that is made writes at most so many, as on a disk that is about to be full.
  std::size_t bytes_max = std::numeric_limits<std::size_t>::max();

  static CallFate Fails(int error = EIO) { return {.made = false, .error = error}; }
  static CallFate Pretended(std::size_t result = 0) { return {.made = false, .result = result}; }
};

// Thread-safe, as calls come from all threads. What it calls itself is not watched.
class FileCallWatcher {
 public:
  virtual ~FileCallWatcher() = default;

  // The call is about to be made.
  virtual CallFate Begins(const FileCall& /*call*/) { return {}; }
  // The call has been made and has succeeded, and not returned yet.
  virtual void Succeeded(const FileCall& /*call*/) {}
  // Somebody asks how many bytes are free where `path` is. Absent: the file system tells.
  virtual std::optional<std::uint64_t> FreeBytes(const std::string& /*path*/) { return std::nullopt; }
};

// From now on `watcher` sees every call, in place of the one before it; null: nobody does. Calls that have begun keep
// the watcher that they began with.
void WatchFileCalls(std::shared_ptr<FileCallWatcher> watcher);

}  // namespace tallystick::testing

#endif  // TALLYSTICK_TESTS_SUPPORT_FILE_CALLS_H_
