// What events give to the declared meters of their account.

#ifndef TALLYSTICK_LIB_METERING_CONTRIBUTIONS_H_
#define TALLYSTICK_LIB_METERING_CONTRIBUTIONS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "lib/base/decimal.h"
#include "lib/encoding/rows.h"
#include "lib/metering/kept_meters.h"
#include "lib/metering/meter_reader.h"

namespace tallystick::metering {

// What one event gives to one meter. Texts are named by their place: see Contributions.
struct Contribution {
  const KeptMeter* meter = nullptr;
  MeterReader::Part part = MeterReader::Part::kContributes;  // never kNone
  Decimal number{};                                          // where the aggregation takes numbers
  std::size_t group_at = 0;
  std::size_t group_size = 0;
  std::size_t form_size = 0;  // for kUniqueCount, the value as UniqueForm() has it, behind the group
};

// A number of events, one after the other. Not thread-safe.
class Contributions {
 public:
  // Those of one event.
  struct Range {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
  };

  Contributions(std::shared_ptr<const KeptMeters> meters, const Uuid& account);

  const std::shared_ptr<const KeptMeters>& meters() const { return meters_; }

  // Adds what an event gives. DATA_LOSS, without a name, when its properties do not decode.
  absl::StatusOr<Range> Add(const EventRow& row);
  // Forgets the events, for others.
  void Clear() {
    contributions_.clear();
    text_.clear();
  }

  absl::Span<const Contribution> At(const Range& range) const {
    return absl::MakeConstSpan(contributions_).subspan(range.first, range.count);
  }
  std::string_view Group(const Contribution& contribution) const {
    return std::string_view(text_).substr(contribution.group_at, contribution.group_size);
  }
  std::string_view Form(const Contribution& contribution) const {
    return std::string_view(text_).substr(contribution.group_at + contribution.group_size, contribution.form_size);
  }

 private:
  std::shared_ptr<const KeptMeters> meters_;
  absl::Span<const KeptMeters::Pointer> own_;  // of the account
  std::vector<MeterReader> readers_;           // one for each of them
  std::vector<Contribution> contributions_;
  std::string text_;
};

}  // namespace tallystick::metering

#endif  // TALLYSTICK_LIB_METERING_CONTRIBUTIONS_H_
