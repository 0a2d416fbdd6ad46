// What the events of one window and group add up to.

#ifndef TALLYSTICK_LIB_METERING_TALLY_H_
#define TALLYSTICK_LIB_METERING_TALLY_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "absl/container/flat_hash_set.h"
#include "lib/base/decimal.h"
#include "lib/base/decimal_sum.h"
#include "lib/encoding/rollup_rows.h"
#include "tallystick/meter.h"

namespace tallystick::metering {

// What one event gives to a meter: of number and text, the one that the aggregation takes.
struct Sample {
  Decimal number{};          // for kSum, kMin, kMax and kAverage
  std::string_view text{};   // for kUniqueCount, the string form; for kLatest, what it prints
  EventPosition position{};  // for kLatest
};

// Whether the aggregation takes numbers, and fails on those that are not exact.
inline bool TakesNumbers(Aggregation aggregation) {
  return aggregation == Aggregation::kSum || aggregation == Aggregation::kMin || aggregation == Aggregation::kMax ||
         aggregation == Aggregation::kAverage;
}

class Tally {
 public:
  explicit Tally(Aggregation aggregation);

  void Add(const Sample& sample);
  // Adds what a cell of a declared meter of the aggregation says, which must be neither stale nor have inexact numbers;
  // for kUniqueCount, without its values, of which AddForm() adds one each.
  void Add(const CellRow& cell);
  void AddForm(std::string_view form);  // as UniqueForm() has it
  // Adds what `other`, of the same aggregation, has. Samples may have come in any order to either.
  void Merge(Tally&& other);

  // For kLatest: the event whose value is the latest, when only its position is known; Resolve() gives the value.
  std::optional<EventPosition> unresolved() const;
  void Resolve(std::string_view text);

  std::uint64_t count() const { return count_; }
  // As rows show them. Require a sample.
  std::string Value() const;
  std::optional<std::string> Sum() const;

 private:
  // An address for each set, for most meters have none.
  using Texts = std::unique_ptr<absl::flat_hash_set<std::string>>;
  struct Latest {
    EventPosition position{};  // of sequence 0: none yet
    std::optional<std::string> text{};
  };

  void AddNumber(const Decimal& number);
  void AddLatest(const EventPosition& position, std::optional<std::string_view> text);

  Aggregation aggregation_;
  std::uint64_t count_ = 0;
  std::variant<std::monostate, DecimalSum, Decimal, Texts, Latest> state_;
};

}  // namespace tallystick::metering

#endif  // TALLYSTICK_LIB_METERING_TALLY_H_
