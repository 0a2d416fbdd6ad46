// The declared meters of a store: what the rows of `rollups` say of them.

#ifndef TALLYSTICK_LIB_METERING_KEPT_METERS_H_
#define TALLYSTICK_LIB_METERING_KEPT_METERS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "lib/base/buckets.h"
#include "lib/encoding/rollup_rows.h"
#include "lib/storage/database.h"
#include "tallystick/meter.h"
#include "tallystick/uuid.h"

namespace tallystick::metering {

// A declared meter. Never changes: a meter that is dropped and declared again gets another number.
struct KeptMeter {
  Uuid account{};
  std::string name{};
  std::uint32_t number = 0;
  Meter meter{};
};

// The sizes of bucket that a meter of this aggregation is kept in, the largest first. Distinct values cost a row each
// in every bucket that has them: a quarter of an hour would have about as many as it has events, and reading those
// instead of the events would gain nothing.
absl::Span<const BucketSize> BucketSizesOf(Aggregation aggregation);

// The declared meters at one moment. Immutable: a change makes another set.
class KeptMeters {
 public:
  using Pointer = std::shared_ptr<const KeptMeter>;

  KeptMeters() = default;
  // `meters` by account and name.
  explicit KeptMeters(std::vector<Pointer> meters) : meters_(std::move(meters)) {}

  absl::Span<const Pointer> all() const { return meters_; }
  // An account's, by name.
  absl::Span<const Pointer> Of(const Uuid& account) const;
  Pointer Find(const Uuid& account, std::string_view name) const;  // null when there is none

  KeptMeters With(const Pointer& meter) const;
  KeptMeters Without(const Pointer& meter) const;

 private:
  std::vector<Pointer> meters_;  // by account and name
};

// A declared meter as it is stored.
struct StoredMeter {
  KeptMeters::Pointer meter{};
  std::optional<MeterBuilding> building{};
};

// All declared meters, or an account's, by account and name. DATA_LOSS when a row does not decode. A null snapshot
// means the newest state.
absl::StatusOr<std::vector<StoredMeter>> ReadMeters(const storage::Database& database,
                                                    const std::shared_ptr<const storage::Snapshot>& snapshot,
                                                    const std::optional<Uuid>& account);

// The one of this name; NOT_FOUND when there is none.
absl::StatusOr<StoredMeter> ReadMeter(const storage::Database& database, const storage::Snapshot* snapshot,
                                      const Uuid& account, const std::string& name);

// INVALID_ARGUMENT, with the reason, for what is no name of a meter.
absl::Status CheckMeterName(std::string_view name);

}  // namespace tallystick::metering

#endif  // TALLYSTICK_LIB_METERING_KEPT_METERS_H_
