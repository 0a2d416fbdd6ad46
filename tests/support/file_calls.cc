#include "tests/support/file_calls.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

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
std::string PathOf(const char* path) { return path; }

// The function that would have been called.
template <typename Function>
Function Next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

// Makes the call under the watcher's eyes. `file` is a path or a descriptor.
template <typename File, typename Call>
auto Watched(std::string_view name, File file, const Call& call) -> decltype(call()) {
  if (in_watcher) return call();
  std::shared_ptr<FileCallWatcher> watcher;
  {
    const std::lock_guard lock(mutex);
    watcher = current;
  }
  if (watcher == nullptr) return call();
  in_watcher = true;
  const FileCall file_call{.name = name, .path = PathOf(file)};
  const bool allowed = watcher->Begins(file_call);
  in_watcher = false;
  if (!allowed) {
    errno = EIO;
    return -1;
  }
  const auto result = call();
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

using tallystick::testing::Next;
using tallystick::testing::Watched;

extern "C" {

int open(const char* path, int flags, ...) {
  static const auto next = Next<int (*)(const char*, int, mode_t)>("open");
  if ((flags & O_CREAT) == 0) return next(path, flags, 0);
  std::va_list rest;
  va_start(rest, flags);
  const mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  return Watched("open", path, [&] { return next(path, flags, mode); });
}

ssize_t write(int file, const void* bytes, std::size_t size) {
  static const auto next = Next<ssize_t (*)(int, const void*, std::size_t)>("write");
  return Watched("write", file, [&] { return next(file, bytes, size); });
}

ssize_t pwrite(int file, const void* bytes, std::size_t size, off_t offset) {
  static const auto next = Next<ssize_t (*)(int, const void*, std::size_t, off_t)>("pwrite");
  return Watched("pwrite", file, [&] { return next(file, bytes, size, offset); });
}

int ftruncate(int file, off_t size) noexcept {
  static const auto next = Next<int (*)(int, off_t)>("ftruncate");
  return Watched("ftruncate", file, [&] { return next(file, size); });
}

int mkdir(const char* path, mode_t mode) noexcept {
  static const auto next = Next<int (*)(const char*, mode_t)>("mkdir");
  return Watched("mkdir", path, [&] { return next(path, mode); });
}

int rename(const char* from, const char* to) noexcept {
  static const auto next = Next<int (*)(const char*, const char*)>("rename");
  return Watched("rename", from, [&] { return next(from, to); });
}

int link(const char* from, const char* to) noexcept {
  static const auto next = Next<int (*)(const char*, const char*)>("link");
  return Watched("link", to, [&] { return next(from, to); });
}

int unlink(const char* path) noexcept {
  static const auto next = Next<int (*)(const char*)>("unlink");
  return Watched("unlink", path, [&] { return next(path); });
}

int unlinkat(int folder, const char* path, int flags) noexcept {
  static const auto next = Next<int (*)(int, const char*, int)>("unlinkat");
  return Watched("unlinkat", path, [&] { return next(folder, path, flags); });
}

int rmdir(const char* path) noexcept {
  static const auto next = Next<int (*)(const char*)>("rmdir");
  return Watched("rmdir", path, [&] { return next(path); });
}

int fsync(int file) {
  static const auto next = Next<int (*)(int)>("fsync");
  return Watched("fsync", file, [&] { return next(file); });
}

int fdatasync(int file) {
  static const auto next = Next<int (*)(int)>("fdatasync");
  return Watched("fdatasync", file, [&] { return next(file); });
}

}  // extern "C"
