// One import of a file of events, an event a line, into a new store of some subject, by a process of its own: from
// before the process is started until every event is on stable storage and the process has ended.
//
// `tallystick` is the program's own import. SQLite and LMDB are given the file by bench_process.cc, in transactions of
// 10,000 events; `sqlite_indexes_last` makes the indexes by time and customer when the events are there, which only a
// first import can do. DuckDB is given it by duckdb/duckdb.mjs.

#ifndef TALLYSTICK_BENCH_IMPORT_RUN_H_
#define TALLYSTICK_BENCH_IMPORT_RUN_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/environment.h"
#include "bench/processes.h"
#include "bench/workload.h"

namespace tallystick::bench {

// A file of made-up events: random ids, two of a hundred supersede an earlier one. Made by a process, so that this one
// stays small (processes.h). Gone with the object.
class EventFile {
 public:
  explicit EventFile(std::uint64_t sent);  // about as many lines

  const std::string& path() const { return path_; }
  std::uint64_t sent() const { return sent_; }
  std::uint64_t bytes() const { return bytes_; }
  const Holdings& holdings() const { return holdings_; }

 private:
  TempFolder folder_;
  std::string path_;
  std::uint64_t sent_ = 0;
  std::uint64_t bytes_ = 0;
  Holdings holdings_;
};

// The subjects that an import can be measured of. DuckDB is one where TALLYSTICK_BENCH_DUCKDB names the folder in which
// its package is installed.
std::vector<std::string> ImportSubjects();

// Imports into `store`, which must not exist.
ProcessRun Import(const std::string& subject, const std::string& file, const std::string& store);

// Throws unless the store holds exactly this; read by another process.
void ExpectImported(const std::string& subject, const std::string& store, const Holdings& expected);

// Bytes of all files in a folder, or of a file and those named like it.
std::uint64_t BytesAt(const std::string& path);

// What a Tallystick store still has to compact, by RocksDB's estimate.
std::uint64_t OwedBytes(const std::string& store);

// How long opening a Tallystick store takes, and the memory of a process that has done no more: bench_process.cc open.
struct Opening {
  double seconds = 0;
  double rss_bytes = 0;
  double busy_rss_bytes = 0;  // the most, while it wrote and read for a while; 0 when it did not
};
Opening Open(const std::string& store, const std::string& profile, std::uint64_t busy_events = 0);

// bench_process.cc fill: writes made-up events, buffered, until the log has this many bytes, and dies by SIGKILL.
struct Fill {
  double log_bytes = 0;
  Holdings holdings;
};
Fill FillAndDie(const std::string& store, std::uint64_t events, std::uint64_t log_bytes);

}  // namespace tallystick::bench

#endif  // TALLYSTICK_BENCH_IMPORT_RUN_H_
