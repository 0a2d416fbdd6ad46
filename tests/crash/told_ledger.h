// A ledger that outlives its process: every entry is printed as a line before the call that made it returns, and
// whoever reads the lines has the same ledger.

#ifndef TALLYSTICK_TESTS_CRASH_TOLD_LEDGER_H_
#define TALLYSTICK_TESTS_CRASH_TOLD_LEDGER_H_

#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/crash/ledger.h"

namespace tallystick::testing {

// Prints to standard output. Thread-safe.
class ToldLedger : public Ledger {
 public:
  std::size_t Begins(std::vector<SentEvent> events) override;
  void Acknowledged(std::size_t write, const std::vector<Told>& told, bool synced) override;
  std::size_t BulkBegins(std::vector<SentEvent> events, std::size_t input) override;
  void BulkStored(std::size_t bulk, std::size_t events) override;
  void Synced(std::uint64_t sequence) override;
  void SetMeter(const Uuid& account, const std::string& name, MeterState state) override;

 private:
  std::mutex mutex_;  // lines are printed whole, and in the order of the entries
};

// Makes the entries that were printed, but for a last line that was cut off, in `ledger`, which must have none since it
// was settled. False when `lines` is not what a ToldLedger prints.
bool TakeDown(std::string_view lines, Ledger* ledger);

}  // namespace tallystick::testing

#endif  // TALLYSTICK_TESTS_CRASH_TOLD_LEDGER_H_
