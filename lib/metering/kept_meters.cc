#include "lib/metering/kept_meters.h"

#include <algorithm>
#include <tuple>

#include "lib/base/status_macros.h"
#include "lib/encoding/rollup_keys.h"

namespace tallystick::metering {
namespace {

bool Before(const KeptMeters::Pointer& a, const KeptMeters::Pointer& b) {
  return std::tie(a->account, a->name) < std::tie(b->account, b->name);
}

StoredMeter FromRow(const Uuid& account, std::string_view name, MeterRow row) {
  return {.meter = std::make_shared<const KeptMeter>(KeptMeter{
              .account = account, .name = std::string(name), .number = row.number, .meter = std::move(row.meter)}),
          .building = row.building};
}

}  // namespace

absl::Span<const BucketSize> BucketSizesOf(Aggregation aggregation) {
  static constexpr BucketSize kSizes[] = {BucketSize::kDay, BucketSize::kQuarterHour};
  return absl::MakeConstSpan(kSizes, aggregation == Aggregation::kUniqueCount ? 1 : 2);
}

absl::Span<const KeptMeters::Pointer> KeptMeters::Of(const Uuid& account) const {
  const auto [first, last] =
      std::equal_range(meters_.begin(), meters_.end(), account, [](const auto& a, const auto& b) {
        if constexpr (std::is_same_v<std::decay_t<decltype(a)>, Uuid>) {
          return a < b->account;
        } else {
          return a->account < b;
        }
      });
  return absl::MakeConstSpan(meters_).subspan(static_cast<std::size_t>(first - meters_.begin()),
                                              static_cast<std::size_t>(last - first));
}

KeptMeters::Pointer KeptMeters::Find(const Uuid& account, std::string_view name) const {
  for (const Pointer& meter : Of(account)) {
    if (meter->name == name) return meter;
  }
  return nullptr;
}

KeptMeters KeptMeters::With(const Pointer& meter) const {
  std::vector<Pointer> meters = meters_;
  meters.insert(std::upper_bound(meters.begin(), meters.end(), meter, Before), meter);
  return KeptMeters(std::move(meters));
}

KeptMeters KeptMeters::Without(const Pointer& meter) const {
  std::vector<Pointer> meters = meters_;
  std::erase(meters, meter);
  return KeptMeters(std::move(meters));
}

absl::StatusOr<std::vector<StoredMeter>> ReadMeters(const storage::Database& database,
                                                    const std::shared_ptr<const storage::Snapshot>& snapshot,
                                                    const std::optional<Uuid>& account) {
  std::vector<StoredMeter> meters;
  storage::RowIterator rows =
      database.NewIterator(storage::Family::kRollups, account.has_value() ? MeterRange(*account) : MeterRange(),
                           snapshot, storage::ReadLength::kShort);
  for (rows.SeekToFirst(); rows.Valid(); rows.Next()) {
    TALLYSTICK_ASSIGN_OR_RETURN(const MeterKey key, MeterKey::Decode(rows.key()));
    TALLYSTICK_ASSIGN_OR_RETURN(MeterRow row, MeterRow::Decode(rows.value()));
    meters.push_back(FromRow(key.account, key.name, std::move(row)));
  }
  TALLYSTICK_RETURN_IF_ERROR(rows.status());
  return meters;
}

absl::StatusOr<StoredMeter> ReadMeter(const storage::Database& database, const storage::Snapshot* snapshot,
                                      const Uuid& account, const std::string& name) {
  const absl::Status absent = absl::NotFoundError("there is no meter '" + name + "'");
  if (!CheckMeterName(name).ok()) return absent;
  const std::string key = MeterKey{.account = account, .name = name}.Encode();
  TALLYSTICK_ASSIGN_OR_RETURN(const std::optional<std::string> value,
                              database.Get(storage::Family::kRollups, key, snapshot));
  if (!value.has_value()) return absent;
  TALLYSTICK_ASSIGN_OR_RETURN(MeterRow row, MeterRow::Decode(*value));
  return FromRow(account, name, std::move(row));
}

absl::Status CheckMeterName(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  if (name.empty() || name.size() > kMeterNameBytesMax || !std::all_of(name.begin(), name.end(), allowed)) {
    return absl::InvalidArgumentError("a meter's name must have 1 to " + std::to_string(kMeterNameBytesMax) +
                                      " of the characters A-Z, a-z, 0-9, '.', '_' and '-'");
  }
  return absl::OkStatus();
}

}  // namespace tallystick::metering
