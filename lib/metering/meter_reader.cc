#include "lib/metering/meter_reader.h"

#include <algorithm>
#include <set>

#include "lib/encoding/group.h"
#include "tallystick/event.h"

namespace tallystick::metering {
namespace {

std::vector<std::string> NamesOf(const Meter& meter) {
  std::vector<std::string> names;
  if (!meter.property.empty()) names.push_back(meter.property);
  names.insert(names.end(), meter.group_by.begin(), meter.group_by.end());
  for (const auto& [name, allowed] : meter.filter) names.push_back(name);
  return names;
}

}  // namespace

absl::Status CheckMeter(const Meter& meter) {
  if (meter.event_type.empty() || meter.event_type.size() > kNameBytesMax) {
    return absl::InvalidArgumentError("Meter::event_type must have 1 to 255 bytes");
  }
  if (meter.aggregation == Aggregation::kCount && !meter.property.empty()) {
    return absl::InvalidArgumentError("Meter::property must be empty for a count of events");
  }
  if (meter.aggregation != Aggregation::kCount && meter.property.empty()) {
    return absl::InvalidArgumentError("Meter::property must name a property");
  }
  std::set<std::string_view> groups;
  for (const std::string& name : meter.group_by) {
    if (name.empty()) return absl::InvalidArgumentError("Meter::group_by must name properties");
    if (!groups.insert(name).second) {
      return absl::InvalidArgumentError("Meter::group_by names '" + name + "' twice");
    }
  }
  for (const auto& [name, allowed] : meter.filter) {
    if (name.empty()) return absl::InvalidArgumentError("Meter::filter must name properties");
    if (allowed.empty()) return absl::InvalidArgumentError("Meter::filter allows no value of '" + name + "'");
  }
  return absl::OkStatus();
}

MeterReader::MeterReader(const Meter& meter)
    : meter_(meter),
      finder_(NamesOf(meter)),
      groups_at_(meter.property.empty() ? 0 : 1),
      filter_at_(groups_at_ + meter.group_by.size()),
      has_names_(filter_at_ + meter.filter.size() > 0) {
  for (const auto& [name, allowed] : meter.filter) allowed_.push_back(&allowed);
}

absl::StatusOr<MeterReader::Part> MeterReader::Read(const EventRow& row) {
  if (row.event_type != meter_.event_type) return Part::kNone;
  if (has_names_ && !finder_.Find(row.event_properties)) return absl::DataLossError("the properties do not decode");
  if (!PassesFilter()) return Part::kNone;
  MakeGroup();
  return MakeSample();
}

absl::Status MeterReader::InexactError() const {
  return absl::OutOfRangeError("the number in '" + meter_.property +
                               "' is not exact: it has more than 38 digits, or an exponent beyond 400");
}

MeterReader::Value MeterReader::ValueAt(std::size_t i) const {
  const Value value = finder_.value(i);
  return value.has_value() && IsNull(*value) ? std::nullopt : value;
}

bool MeterReader::PassesFilter() {
  for (std::size_t i = 0; i < allowed_.size(); ++i) {
    const Value value = ValueAt(filter_at_ + i);
    if (!value.has_value()) return false;
    const std::string_view form = StringForm(*value, &scratch_);
    if (std::find(allowed_[i]->begin(), allowed_[i]->end(), form) == allowed_[i]->end()) return false;
  }
  return true;
}

void MeterReader::MakeGroup() {
  group_.clear();
  for (std::size_t i = groups_at_; i < filter_at_; ++i) {
    const Value value = ValueAt(i);
    AppendGroupValue(value.has_value() ? Value(StringForm(*value, &scratch_)) : std::nullopt, &group_);
  }
}

MeterReader::Part MeterReader::MakeSample() {
  if (meter_.aggregation == Aggregation::kCount) return Part::kContributes;
  const Value value = ValueAt(0);
  if (!value.has_value()) return Part::kSkipped;
  if (meter_.aggregation == Aggregation::kUniqueCount) {
    sample_.text = StringForm(*value, &sample_scratch_);
    return Part::kContributes;
  }
  const Value number = NumericText(*value, &sample_scratch_);
  if (meter_.aggregation == Aggregation::kLatest) {
    const std::optional<Decimal> decimal = number.has_value() ? Decimal::Parse(*number) : std::nullopt;
    // A number too great or too long to be exact is what was written.
    if (decimal.has_value()) {
      sample_scratch_ = decimal->ToString();
      sample_.text = sample_scratch_;
    } else {
      sample_.text = StringForm(*value, &sample_scratch_);
    }
    return Part::kContributes;
  }
  if (!number.has_value()) return Part::kSkipped;
  const std::optional<Decimal> decimal = Decimal::Parse(*number);
  if (!decimal.has_value()) return Part::kInexact;
  sample_.number = *decimal;
  return Part::kContributes;
}

}  // namespace tallystick::metering
