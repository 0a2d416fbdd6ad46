#include "lib/metering/contributions.h"

#include <utility>

#include "lib/base/status_macros.h"
#include "lib/encoding/rollup_keys.h"

namespace tallystick::metering {

Contributions::Contributions(std::shared_ptr<const KeptMeters> meters, const Uuid& account)
    : meters_(std::move(meters)), own_(meters_->Of(account)) {
  readers_.reserve(own_.size());
  for (const KeptMeters::Pointer& meter : own_) readers_.emplace_back(meter->meter);
}

absl::StatusOr<Contributions::Range> Contributions::Add(const EventRow& row) {
  Range range{.first = static_cast<std::uint32_t>(contributions_.size())};
  for (std::size_t i = 0; i < own_.size(); ++i) {
    MeterReader& reader = readers_[i];
    TALLYSTICK_ASSIGN_OR_RETURN(const MeterReader::Part part, reader.Read(row));
    if (part == MeterReader::Part::kNone) continue;
    const std::string_view group = reader.group();
    Contribution& contribution = contributions_.emplace_back();
    contribution = {.meter = own_[i].get(), .part = part, .group_at = text_.size(), .group_size = group.size()};
    text_.append(group);
    if (part == MeterReader::Part::kContributes) {
      contribution.number = reader.sample().number;
      if (own_[i]->meter.aggregation == Aggregation::kUniqueCount) {
        text_.append(UniqueForm(reader.sample().text));
        contribution.form_size = text_.size() - contribution.group_at - contribution.group_size;
      }
    }
  }
  range.count = static_cast<std::uint32_t>(contributions_.size()) - range.first;
  return range;
}

}  // namespace tallystick::metering
