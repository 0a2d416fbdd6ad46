// What a store says about itself: counts and sizes (`Store::Stats`), and whether its indexes agree (`Store::Verify`).
//
// Thread safety: plain values (thread-compatible).

#ifndef TALLYSTICK_REPORT_H_
#define TALLYSTICK_REPORT_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tallystick/uuid.h"

namespace tallystick {

struct CountOf {
  std::string name{};
  std::uint64_t events = 0;
};

struct FamilySize {
  std::string name{};
  std::uint64_t file_bytes = 0;    // in table files, compressed
  std::uint64_t memory_bytes = 0;  // in write buffers, not yet in a table file
};

struct StoreStats {
  // Of the account asked for.
  std::uint64_t events = 0;
  std::vector<CountOf> event_types{};       // largest first, equal ones by name
  std::vector<CountOf> customer_aliases{};  // likewise

  // Of the whole store.
  std::uint64_t store_events = 0;
  std::uint64_t last_sequence = 0;
  std::vector<FamilySize> families{};
  // About how many bytes compactions still have to read, in the background of whoever writes, to bring all families
  // into shape: much after a bulk write, and until then reads look into more files.
  std::uint64_t compaction_owed_bytes = 0;
  double bytes_per_event = 0;  // file and memory bytes of all families, for each event of the store; 0 when it has none
};

// Two indexes that disagree.
struct Difference {
  std::string family{};  // the column family whose row is wrong, missing or without a counterpart
  std::string key{};     // the row, readable: account, id, time, sequence
  std::string problem{};
};

struct VerifyReport {
  // Rows read, of all accounts.
  std::uint64_t events = 0;
  std::uint64_t event_ids = 0;
  std::uint64_t customers = 0;
  std::uint64_t changes = 0;
  std::uint64_t rollups = 0;  // of declared meters
  std::uint64_t last_sequence = 0;

  std::uint64_t difference_count = 0;
  std::vector<Difference> differences{};  // the first 100

  bool ok() const { return difference_count == 0; }
};

struct VerifyOptions {
  // Called now and then with the rows read so far and about how many there are.
  std::function<void(std::uint64_t rows_read, std::uint64_t rows_total)> progress{};
};

}  // namespace tallystick

#endif  // TALLYSTICK_REPORT_H_
