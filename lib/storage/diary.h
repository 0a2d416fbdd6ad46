// What RocksDB has to say about its work, in the files LOG and LOG.old.* of the database's folder.
//
// RocksDB would keep it by itself. But its own logger is a file like any other to it, and in a build with assertions,
// as packaged, it ends the process at the second line that a full disk does not take.

#ifndef TALLYSTICK_LIB_STORAGE_DIARY_H_
#define TALLYSTICK_LIB_STORAGE_DIARY_H_

#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>

#include "rocksdb/env.h"

namespace tallystick::storage {

// Begins a new LOG when it is made and whenever one has `bytes_max`; the one before becomes LOG.old.MICROSECONDS, of
// which RocksDB deletes the oldest (`keep_log_file_num`). What cannot be written is dropped. Thread-safe.
class Diary : public rocksdb::Logger {
 public:
  // The folder must exist.
  Diary(std::string folder, std::uint64_t bytes_max);

  using Logger::Logv;
  void Logv(const char* format, va_list arguments) override;

 private:
  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  void Begin();

  const std::string path_;
  const std::uint64_t bytes_max_;
  std::mutex mutex_;
  std::unique_ptr<std::FILE, CloseFile> file_;  // guarded by mutex_; null when it cannot be made
  std::uint64_t bytes_ = 0;                     // guarded by mutex_: of the file
};

}  // namespace tallystick::storage

#endif  // TALLYSTICK_LIB_STORAGE_DIARY_H_
