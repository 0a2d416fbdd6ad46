#include "lib/metering/cells.h"

#include <cstdint>
#include <variant>

#include "lib/base/status_macros.h"

namespace tallystick::metering {
namespace {

absl::Status Impossible(const KeptMeter& meter) {
  return absl::DataLossError("rollups: the meter '" + meter.name +
                             "' does not have an event that leaves it; drop it and define it again");
}

absl::Status TakeOne(std::uint64_t* count, const KeptMeter& meter) {
  if (*count == 0) return Impossible(meter);
  --*count;
  return absl::OkStatus();
}

// Whether `a` is at least as far out as `b`.
template <typename Value>
bool Reaches(Aggregation aggregation, const Value& a, const Value& b) {
  return aggregation == Aggregation::kMin ? a <= b : a >= b;
}

// `first`: the cell had no value before.
template <typename Extreme, typename Value>
void EnterExtreme(Aggregation aggregation, bool first, const Value& value, Value Extreme::*field, Extreme* extreme) {
  if (!first && !Reaches(aggregation, value, extreme->*field)) return;
  extreme->*field = value;
  extreme->stale = false;
}

// `last`: the cell has no value left.
template <typename Extreme, typename Value>
void LeaveExtreme(Aggregation aggregation, bool last, const Value& value, Value Extreme::*field, Extreme* extreme) {
  if (last) {
    *extreme = {};
  } else if (Reaches(aggregation, value, extreme->*field)) {
    extreme->stale = true;
  }
}

}  // namespace

CellRow EmptyCell(Aggregation aggregation) {
  CellRow cell;
  switch (aggregation) {
    case Aggregation::kSum:
    case Aggregation::kAverage:
      cell.state.emplace<DecimalSum>();
      break;
    case Aggregation::kMin:
    case Aggregation::kMax:
      cell.state.emplace<CellExtreme>();
      break;
    case Aggregation::kLatest:
      cell.state.emplace<CellLatest>();
      break;
    case Aggregation::kCount:
    case Aggregation::kUniqueCount:
      break;
  }
  return cell;
}

bool IsCellOf(Aggregation aggregation, const CellRow& cell) {
  return cell.state.index() == EmptyCell(aggregation).state.index();
}

void Enter(const Contribution& contribution, const EventPosition& position, CellRow* cell) {
  if (contribution.part == MeterReader::Part::kSkipped) {
    ++cell->skipped;
    return;
  }
  if (contribution.part == MeterReader::Part::kInexact) {
    ++cell->inexact;
    return;
  }
  const Aggregation aggregation = contribution.meter->meter.aggregation;
  const bool first = cell->count++ == 0;
  if (auto* const sum = std::get_if<DecimalSum>(&cell->state); sum != nullptr) {
    sum->Add(contribution.number);
  } else if (auto* const extreme = std::get_if<CellExtreme>(&cell->state); extreme != nullptr) {
    EnterExtreme(aggregation, first, contribution.number, &CellExtreme::value, extreme);
  } else if (auto* const latest = std::get_if<CellLatest>(&cell->state); latest != nullptr) {
    EnterExtreme(aggregation, first, position, &CellLatest::position, latest);
  }
}

absl::Status Leave(const Contribution& contribution, const EventPosition& position, CellRow* cell) {
  const KeptMeter& meter = *contribution.meter;
  if (contribution.part == MeterReader::Part::kSkipped) return TakeOne(&cell->skipped, meter);
  if (contribution.part == MeterReader::Part::kInexact) return TakeOne(&cell->inexact, meter);
  TALLYSTICK_RETURN_IF_ERROR(TakeOne(&cell->count, meter));
  const Aggregation aggregation = meter.meter.aggregation;
  const bool last = cell->count == 0;
  if (auto* const sum = std::get_if<DecimalSum>(&cell->state); sum != nullptr) {
    sum->Subtract(contribution.number);
    if (last && !sum->IsZero()) return Impossible(meter);
  } else if (auto* const extreme = std::get_if<CellExtreme>(&cell->state); extreme != nullptr) {
    LeaveExtreme(aggregation, last, contribution.number, &CellExtreme::value, extreme);
  } else if (auto* const latest = std::get_if<CellLatest>(&cell->state); latest != nullptr) {
    LeaveExtreme(aggregation, last, position, &CellLatest::position, latest);
  }
  return absl::OkStatus();
}

bool IsStale(const CellRow& cell) {
  if (const auto* const extreme = std::get_if<CellExtreme>(&cell.state); extreme != nullptr) return extreme->stale;
  if (const auto* const latest = std::get_if<CellLatest>(&cell.state); latest != nullptr) return latest->stale;
  return false;
}

}  // namespace tallystick::metering
