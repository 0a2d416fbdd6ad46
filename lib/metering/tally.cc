#include "lib/metering/tally.h"

#include <utility>

#include "lib/encoding/rollup_keys.h"

namespace tallystick::metering {

Tally::Tally(Aggregation aggregation) : aggregation_(aggregation) {
  switch (aggregation) {
    case Aggregation::kSum:
    case Aggregation::kAverage:
      state_.emplace<DecimalSum>();
      break;
    case Aggregation::kUniqueCount:
      state_.emplace<Texts>(std::make_unique<Texts::element_type>());
      break;
    case Aggregation::kLatest:
      state_.emplace<Latest>();
      break;
    case Aggregation::kCount:
    case Aggregation::kMin:
    case Aggregation::kMax:
      break;  // the first number makes the state of the extremes
  }
}

void Tally::Add(const Sample& sample) {
  ++count_;
  if (aggregation_ == Aggregation::kUniqueCount) {
    AddForm(UniqueForm(sample.text));
  } else if (aggregation_ == Aggregation::kLatest) {
    AddLatest(sample.position, sample.text);
  } else if (aggregation_ != Aggregation::kCount) {
    AddNumber(sample.number);
  }
}

void Tally::AddNumber(const Decimal& number) {
  if (DecimalSum* const sum = std::get_if<DecimalSum>(&state_); sum != nullptr) {
    sum->Add(number);
    return;
  }
  const Decimal* const extreme = std::get_if<Decimal>(&state_);
  const bool beyond = extreme == nullptr || (aggregation_ == Aggregation::kMin ? number < *extreme : number > *extreme);
  if (beyond) state_.emplace<Decimal>(number);
}

void Tally::AddLatest(const EventPosition& position, std::optional<std::string_view> text) {
  Latest& latest = std::get<Latest>(state_);
  if (position < latest.position) return;
  latest.position = position;
  latest.text.reset();
  if (text.has_value()) latest.text.emplace(*text);
}

void Tally::Add(const CellRow& cell) {
  if (cell.count == 0) return;
  count_ += cell.count;
  if (const auto* const sum = std::get_if<DecimalSum>(&cell.state); sum != nullptr) {
    std::get<DecimalSum>(state_).Add(*sum);
  } else if (const auto* const extreme = std::get_if<CellExtreme>(&cell.state); extreme != nullptr) {
    AddNumber(extreme->value);
  } else if (const auto* const latest = std::get_if<CellLatest>(&cell.state); latest != nullptr) {
    AddLatest(latest->position, std::nullopt);
  }
}

void Tally::AddForm(std::string_view form) { std::get<Texts>(state_)->emplace(form); }

std::optional<EventPosition> Tally::unresolved() const {
  const Latest* const latest = std::get_if<Latest>(&state_);
  return latest == nullptr || latest->text.has_value() ? std::nullopt : std::optional(latest->position);
}

void Tally::Resolve(std::string_view text) { std::get<Latest>(state_).text.emplace(text); }

void Tally::Merge(Tally&& other) {
  count_ += other.count_;
  if (DecimalSum* const sum = std::get_if<DecimalSum>(&state_); sum != nullptr) {
    sum->Add(std::get<DecimalSum>(other.state_));
  } else if (Texts* const texts = std::get_if<Texts>(&state_); texts != nullptr) {
    (*texts)->merge(*std::get<Texts>(other.state_));
  } else if (std::holds_alternative<Latest>(state_)) {
    const Latest& latest = std::get<Latest>(other.state_);
    AddLatest(latest.position, latest.text);
  } else if (const Decimal* const extreme = std::get_if<Decimal>(&other.state_); extreme != nullptr) {
    AddNumber(*extreme);
  }
}

std::string Tally::Value() const {
  if (aggregation_ == Aggregation::kCount) return std::to_string(count_);
  if (aggregation_ == Aggregation::kAverage) return Quotient(std::get<DecimalSum>(state_), count_);
  if (const auto* const sum = std::get_if<DecimalSum>(&state_); sum != nullptr) return sum->ToString();
  if (const auto* const texts = std::get_if<Texts>(&state_); texts != nullptr) return std::to_string((*texts)->size());
  if (const auto* const latest = std::get_if<Latest>(&state_); latest != nullptr) return latest->text.value_or("");
  return std::get<Decimal>(state_).ToString();
}

std::optional<std::string> Tally::Sum() const {
  if (aggregation_ != Aggregation::kAverage) return std::nullopt;
  return std::get<DecimalSum>(state_).ToString();
}

}  // namespace tallystick::metering
