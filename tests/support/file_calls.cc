#include "tests/support/file_calls.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstddef>
#include <cstdio>
#include <mutex>
#include <utility>

namespace tallystick::testing {
namespace {

// Ready before any code runs: the first calls come from constructors of other libraries.
constinit std::mutex mutex;
constinit std::shared_ptr<FileCallWatcher> current;  // guarded by mutex
constinit thread_local bool in_watcher = false;

std::string PathOf(int file) {
  const std::string link = "/proc/self/fd/" + std::to_string(file);
  std::array<char, PATH_MAX> path;
  const ssize_t size = ::readlink(link.c_str(), path.data(), path.size());
  return size < 0 ? std::string() : std::string(path.data(), static_cast<std::size_t>(size));
}
std::string PathOf(int folder, const char* path) {
  return folder == AT_FDCWD || path[0] == '/' ? path : PathOf(folder) + "/" + path;
}

// The function that would have been called.
template <typename Function>
Function Next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

std::shared_ptr<FileCallWatcher> Watcher() {
  if (in_watcher) return nullptr;
  const std::lock_guard lock(mutex);
  return current;
}

// Makes the call under the watcher's eyes. `describe` says what it is about, `call` makes it, with the most bytes that
// it may write.
template <typename Describe, typename Call>
auto Watched(const Describe& describe, const Call& call) -> decltype(call(std::size_t{})) {
  const std::shared_ptr<FileCallWatcher> watcher = Watcher();
  if (watcher == nullptr) return call(CallFate().bytes_max);
  in_watcher = true;
  const FileCall file_call = describe();
  const CallFate fate = watcher->Begins(file_call);
  in_watcher = false;
  if (!fate.made) {
    errno = fate.error;
    return fate.error == 0 ? static_cast<decltype(call(std::size_t{}))>(fate.result) : -1;
  }
  const auto result = call(fate.bytes_max);
  if (result < 0) return result;
  in_watcher = true;
  watcher->Succeeded(file_call);
  in_watcher = false;
  return result;
}

}  // namespace

void WatchFileCalls(std::shared_ptr<FileCallWatcher> watcher) {
  const std::lock_guard lock(mutex);
  current.swap(watcher);
}

}  // namespace tallystick::testing

using tallystick::testing::FileCall;
using tallystick::testing::Next;
using tallystick::testing::PathOf;
using tallystick::testing::Watched;

extern "C" {

int open(const char* path, int flags, ...) {
  static const auto next = Next<int (*)(const char*, int, mode_t)>("open");
  if ((flags & O_CREAT) == 0) return next(path, flags, 0);
  std::va_list rest;
  va_start(rest, flags);
  const mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  return Watched([&] { return FileCall{.name = "open", .path = path, .empties = (flags & O_TRUNC) != 0}; },
                 [&](std::size_t /*max*/) { return next(path, flags, mode); });
}

ssize_t write(int file, const void* bytes, std::size_t size) {
  static const auto next = Next<ssize_t (*)(int, const void*, std::size_t)>("write");
  return Watched([&] { return FileCall{.name = "write", .path = PathOf(file), .bytes = size}; },
                 [&](std::size_t max) { return next(file, bytes, std::min(size, max)); });
}

ssize_t pwrite(int file, const void* bytes, std::size_t size, off_t offset) {
  static const auto next = Next<ssize_t (*)(int, const void*, std::size_t, off_t)>("pwrite");
  return Watched([&] { return FileCall{.name = "pwrite", .path = PathOf(file), .bytes = size}; },
                 [&](std::size_t max) { return next(file, bytes, std::min(size, max), offset); });
}

int ftruncate(int file, off_t size) noexcept {
  static const auto next = Next<int (*)(int, off_t)>("ftruncate");
  return Watched([&] { return FileCall{.name = "ftruncate", .path = PathOf(file), .empties = size == 0}; },
                 [&](std::size_t /*max*/) { return next(file, size); });
}

int mkdir(const char* path, mode_t mode) noexcept {
  static const auto next = Next<int (*)(const char*, mode_t)>("mkdir");
  return Watched([&] { return FileCall{.name = "mkdir", .path = path}; },
                 [&](std::size_t /*max*/) { return next(path, mode); });
}

int rename(const char* from, const char* to) noexcept {
  static const auto next = Next<int (*)(const char*, const char*)>("rename");
  return Watched([&] { return FileCall{.name = "rename", .path = from, .other_path = to}; },
                 [&](std::size_t /*max*/) { return next(from, to); });
}

int link(const char* from, const char* to) noexcept {
  static const auto next = Next<int (*)(const char*, const char*)>("link");
  return Watched([&] { return FileCall{.name = "link", .path = to, .other_path = from}; },
                 [&](std::size_t /*max*/) { return next(from, to); });
}

int unlink(const char* path) noexcept {
  static const auto next = Next<int (*)(const char*)>("unlink");
  return Watched([&] { return FileCall{.name = "unlink", .path = path}; },
                 [&](std::size_t /*max*/) { return next(path); });
}

int unlinkat(int folder, const char* path, int flags) noexcept {
  static const auto next = Next<int (*)(int, const char*, int)>("unlinkat");
  return Watched([&] { return FileCall{.name = "unlinkat", .path = PathOf(folder, path)}; },
                 [&](std::size_t /*max*/) { return next(folder, path, flags); });
}

int remove(const char* path) noexcept {
  static const auto next = Next<int (*)(const char*)>("remove");
  return Watched([&] { return FileCall{.name = "remove", .path = path}; },
                 [&](std::size_t /*max*/) { return next(path); });
}

int rmdir(const char* path) noexcept {
  static const auto next = Next<int (*)(const char*)>("rmdir");
  return Watched([&] { return FileCall{.name = "rmdir", .path = path}; },
                 [&](std::size_t /*max*/) { return next(path); });
}

int fsync(int file) {
  static const auto next = Next<int (*)(int)>("fsync");
  return Watched([&] { return FileCall{.name = "fsync", .path = PathOf(file)}; },
                 [&](std::size_t /*max*/) { return next(file); });
}

int fdatasync(int file) {
  static const auto next = Next<int (*)(int)>("fdatasync");
  return Watched([&] { return FileCall{.name = "fdatasync", .path = PathOf(file)}; },
                 [&](std::size_t /*max*/) { return next(file); });
}

int statvfs(const char* path, struct statvfs* space) noexcept {
  static const auto next = Next<int (*)(const char*, struct statvfs*)>("statvfs");
  const int result = next(path, space);
  const auto watcher = tallystick::testing::Watcher();
  if (result != 0 || watcher == nullptr) return result;
  if (const auto free = watcher->FreeBytes(path); free.has_value()) {
    space->f_bfree = space->f_bavail = *free / space->f_frsize;
  }
  return result;
}

}  // extern "C"
