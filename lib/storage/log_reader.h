// Reads the records of a log or a manifest, also those behind damage.
//
// The form is RocksDB's ("Write Ahead Log File Format" in its wiki): blocks of 32 KiB, in which fragments of records
// stand one behind the other, each with a checksum, its length and its part in the record. RocksDB's own reader is no
// public part of it, and does not say where it stopped, or why.

#ifndef TALLYSTICK_LIB_STORAGE_LOG_READER_H_
#define TALLYSTICK_LIB_STORAGE_LOG_READER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "rocksdb/file_system.h"

namespace tallystick::storage {

class LogReader {
 public:
  // Reads the first `bytes` of `file`, which outlives the reader. `number` is that in the file's name.
  LogReader(rocksdb::FSRandomAccessFile* file, std::uint64_t bytes, std::uint64_t number);

  struct Record {
    std::uint64_t begin = 0;  // bytes from the start of the file
    std::uint64_t end = 0;
    std::string_view payload{};  // valid until the next call
  };

  // The next record that is whole; absent at the end, where there may be zeroes behind it (log_files.h). After the
  // first damage, records are looked for at every byte of the block that it is in, and from the beginning of each
  // block.
  rocksdb::IOStatus Next(std::optional<Record>* record);

  // What is not whole, for the first time. What stands before `begin` is whole records alone.
  struct Damage {
    std::uint64_t begin = 0;
    std::string problem{};
  };
  const std::optional<Damage>& damage() const { return damage_; }

  // Where the whole records before any damage end.
  std::uint64_t whole_end() const { return whole_end_; }

 private:
  struct Fragment;
  rocksdb::IOStatus LoadBlock();
  bool IsFilling(std::string_view rest) const;
  // The fragment at `at_`, or what is wrong with it.
  std::optional<std::string> Parse(Fragment* fragment) const;
  // From here on: what stands at `at_` is no part of a whole record.
  void Skip(std::size_t bytes, std::string_view problem);

  rocksdb::FSRandomAccessFile* const file_;
  const std::uint64_t bytes_;
  const std::uint64_t number_;

  std::string buffer_;           // several blocks
  std::uint64_t buffer_at_ = 0;  // where they begin in the file
  std::string_view block_;
  std::uint64_t block_at_ = 0;
  std::size_t at_ = 0;  // in block_
  bool loaded_ = false;

  bool in_record_ = false;  // a first fragment has been read, and not the last
  std::uint64_t record_begin_ = 0;
  std::string record_;
  std::uint64_t whole_end_ = 0;
  bool zeroed_ = false;  // zeroes follow on the last whole record up to the end of its block
  std::optional<Damage> damage_;
};

}  // namespace tallystick::storage

#endif  // TALLYSTICK_LIB_STORAGE_LOG_READER_H_
