// From a record to what it gives to a meter.

#ifndef TALLYSTICK_LIB_METERING_METER_READER_H_
#define TALLYSTICK_LIB_METERING_METER_READER_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/encoding/rows.h"
#include "lib/json/properties.h"
#include "lib/metering/tally.h"
#include "tallystick/meter.h"

namespace tallystick::metering {

// INVALID_ARGUMENT, with the reason, for what is no meter.
absl::Status CheckMeter(const Meter& meter);

// Reads one record after another. Not thread-safe.
class MeterReader {
 public:
  // What an event is to the meter.
  enum class Part {
    kNone,         // of another type, or not let through by the filter
    kSkipped,      // without a value that the aggregation takes
    kInexact,      // its number is beyond what the aggregation can add or compare exactly
    kContributes,  // `sample()` says what
  };

  // `meter` must be one, and outlive the reader.
  explicit MeterReader(const Meter& meter);

  // DATA_LOSS, without a name, when the event's properties do not decode. Costs one walk over the properties, and none
  // for another type.
  absl::StatusOr<Part> Read(const EventRow& row);

  // What a query answers that meets an inexact number: OUT_OF_RANGE, which does not name the event.
  absl::Status InexactError() const;

  // Of the record read last, as long as its row lives; the group also of an event that is skipped or inexact.
  // `sample()` without time and sequence.
  std::string_view group() const { return group_; }  // see encoding/group.h
  const Sample& sample() const { return sample_; }

 private:
  using Value = std::optional<std::string_view>;

  Value ValueAt(std::size_t i) const;  // by place in the finder; absent also for null
  bool PassesFilter();
  void MakeGroup();
  Part MakeSample();

  const Meter& meter_;
  PropertyFinder finder_;  // the property, if any, then those of the groups, then those of the filter
  std::size_t groups_at_;
  std::size_t filter_at_;
  bool has_names_;
  std::vector<const std::vector<std::string>*> allowed_;  // by place in the filter
  std::string group_;
  std::string scratch_;
  std::string sample_scratch_;
  Sample sample_;
};

}  // namespace tallystick::metering

#endif  // TALLYSTICK_LIB_METERING_METER_READER_H_
