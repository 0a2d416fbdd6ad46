// The plain reference of meter queries: what the contract says about them, in the plainest code that there is for it.
// It shares nothing with lib/: another reader of JSON, other numbers, and windows found by looking at the clock.

#ifndef TALLYSTICK_TESTS_SUPPORT_METER_REFERENCE_H_
#define TALLYSTICK_TESTS_SUPPORT_METER_REFERENCE_H_

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "tallystick/meter.h"
#include "tests/support/json_reader.h"
#include "tests/support/model.h"
#include "tests/support/stored.h"

namespace tallystick::testing {

// --- Numbers ---

using BigInt = boost::multiprecision::number<boost::multiprecision::cpp_int_backend<>, boost::multiprecision::et_off>;

inline BigInt PowerOfTen(int exponent) {
  return boost::multiprecision::pow(BigInt(10), static_cast<unsigned>(exponent));
}

// digits * 10^exponent.
struct PlainNumber {
  BigInt digits = 0;
  int exponent = 0;
};

// Of both, the digits at the lesser of their exponents, which is the third.
inline std::tuple<BigInt, BigInt, int> Align(const PlainNumber& a, const PlainNumber& b) {
  const int exponent = std::min(a.exponent, b.exponent);
  return {a.digits * PowerOfTen(a.exponent - exponent), b.digits * PowerOfTen(b.exponent - exponent), exponent};
}

inline PlainNumber Add(const PlainNumber& a, const PlainNumber& b) {
  const auto [left, right, exponent] = Align(a, b);
  return {left + right, exponent};
}

inline bool IsLess(const PlainNumber& a, const PlainNumber& b) {
  const auto [left, right, exponent] = Align(a, b);
  return left < right;
}

// To 34 significant digits, half to even.
inline PlainNumber Divide(const PlainNumber& sum, std::uint64_t count) {
  if (sum.digits == 0) return {};
  BigInt top = abs(sum.digits), bottom = count;
  int exponent = sum.exponent;
  for (; top / bottom >= PowerOfTen(34); ++exponent) bottom *= 10;
  for (; top / bottom < PowerOfTen(33); --exponent) top *= 10;
  BigInt quotient = top / bottom;
  const BigInt twice_the_rest = top % bottom * 2;
  if (twice_the_rest > bottom || (twice_the_rest == bottom && quotient % 2 == 1)) ++quotient;
  return {sum.digits < 0 ? BigInt(-quotient) : quotient, exponent};
}

// Without exponent and trailing zeros.
inline std::string PlainText(const PlainNumber& number) {
  if (number.digits == 0) return "0";
  std::string text = BigInt(abs(number.digits)).str();
  if (number.exponent >= 0) {
    text.append(static_cast<std::size_t>(number.exponent), '0');
  } else {
    const auto decimals = static_cast<std::size_t>(-number.exponent);
    if (text.size() <= decimals) text.insert(0, decimals + 1 - text.size(), '0');
    text.insert(text.size() - decimals, ".");
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return (number.digits < 0 ? "-" : "") + text;
}

// `text` is a sign, if any, and digits.
inline BigInt ReadInteger(std::string_view text) {
  BigInt value = 0;
  for (const char c : text) {
    if (c >= '0' && c <= '9') value = value * 10 + (c - '0');
  }
  return text.substr(0, 1) == "-" ? BigInt(-value) : value;
}

// What a JSON number means; absent when that is beyond what is exact.
inline std::optional<PlainNumber> ReadNumber(const std::string& text) {
  const std::size_t e = text.find_first_of("eE");
  std::string mantissa = text.substr(0, e);
  BigInt exponent = e == std::string::npos ? BigInt(0) : ReadInteger(std::string_view(text).substr(e + 1));
  if (const std::size_t point = mantissa.find('.'); point != std::string::npos) {
    exponent -= mantissa.size() - point - 1;
    mantissa.erase(point, 1);
  }
  BigInt digits = ReadInteger(mantissa);
  if (digits == 0) return PlainNumber();
  for (; digits % 10 == 0; ++exponent) digits /= 10;
  if (abs(digits) >= PowerOfTen(38) || abs(exponent) > 400) return std::nullopt;
  return PlainNumber{digits, static_cast<int>(exponent)};
}

// --- Properties ---

// Null when there is none. Of values of one key, the last one counts.
inline const Json* FindMember(const Json& json, const std::string& key) {
  const Json* found = nullptr;
  for (std::size_t i = 0; i < json.keys.size(); ++i) {
    if (json.keys[i] == key) found = &json.values[i];
  }
  return found;
}

// Null also for JSON null.
inline const Json* FindProperty(const Json& properties, const std::string& name) {
  const Json* found = FindMember(properties, name);
  if (found == nullptr) {
    found = &properties;
    for (std::size_t start = 0; found != nullptr && start <= name.size();) {
      const std::size_t end = std::min(name.find('.', start), name.size());
      found = FindMember(*found, name.substr(start, end - start));
      start = end + 1;
    }
  }
  return found != nullptr && found->kind != Json::kNull ? found : nullptr;
}

inline std::string FormOf(const Json& value) { return value.kind == Json::kString ? value.string : value.minified; }

// The JSON number that a value is, or wholly is as a string.
inline std::optional<std::string> NumberIn(const Json& value) {
  if (value.kind == Json::kNumber) return value.minified;
  if (value.kind != Json::kString) return std::nullopt;
  const std::optional<Json> inside = ReferenceReader(value.string).ReadDocument(1);
  const bool is_number = inside.has_value() && inside->kind == Json::kNumber && inside->minified == value.string;
  return is_number ? std::optional(value.string) : std::nullopt;
}

// --- Windows ---

// The windows of one kind in one zone. They are found by looking at what the local clock reads second by second, and
// for dates minute by minute: one that is read for less than a minute is not seen.
class PlainWindows {
 public:
  struct Range {
    absl::Time from;
    absl::Time to;
  };

  PlainWindows(Window window, const std::string& zone_name) : window_(window) {
    if (!absl::LoadTimeZone(zone_name, &zone_)) throw std::runtime_error("no zone " + zone_name);
  }

  Range Containing(absl::Time time) {
    const auto next = found_.upper_bound(time);
    if (next != found_.begin() && time < std::prev(next)->second.to) return std::prev(next)->second;
    const bool by_clock = window_ == Window::kMinute || window_ == Window::kHour;
    const Range range = by_clock ? ByClock(time) : ByDate(time);
    found_.emplace(range.from, range);
    return range;
  }

 private:
  absl::CivilSecond Read(absl::Time time) const { return zone_.At(time).cs; }

  bool IsFull(absl::Time second) const {
    const absl::CivilSecond reading = Read(second);
    return reading.second() == 0 && (window_ == Window::kMinute || reading.minute() == 0);
  }

  Range ByClock(absl::Time time) const {
    absl::Time from = absl::FromUnixSeconds(absl::ToUnixSeconds(time));
    while (!IsFull(from)) from -= absl::Seconds(1);
    absl::Time to = from + absl::Seconds(1);
    while (!IsFull(to)) to += absl::Seconds(1);
    return {from, to};
  }

  // A window starts at the first instant at which the date is read, or a later one if it was left out. While `time` is
  // read as one date, that of the next may have begun, as the clock was put back: so all that can be near are asked.
  Range ByDate(absl::Time time) {
    std::set<absl::Time> starts;
    for (int away = -1; away <= 3; ++away) {
      const absl::CivilSecond reading = Read(time);
      starts.insert(FirstReading(window_ == Window::kDay ? absl::CivilDay(reading) + away
                                                         : absl::CivilDay(absl::CivilMonth(reading) + away)));
    }
    const auto next = starts.upper_bound(time);
    return {*std::prev(next), *next};
  }

  // The first second at which the local date is `date` or later. No zone is a day away from UTC.
  absl::Time FirstReading(absl::CivilDay date) {
    const auto [known, is_new] = first_readings_.try_emplace(date);
    if (!is_new) return known->second;
    absl::Time time = absl::FromCivil(date, absl::UTCTimeZone()) - absl::Hours(24);
    while (Read(time) < date) time += absl::Minutes(1);
    while (Read(time - absl::Seconds(1)) >= date) time -= absl::Seconds(1);
    return known->second = time;
  }

  const Window window_;
  absl::TimeZone zone_;
  std::map<absl::Time, Range> found_;
  std::map<absl::CivilDay, absl::Time> first_readings_;
};

// --- Queries ---

struct ExpectedUsage {
  std::vector<UsageRow> rows{};
  std::uint64_t skipped = 0;
  // Whose numbers are not exact. When there are any, the query fails with the name of one, and the rest is void.
  std::vector<Stored> inexact{};
};

// Answers queries by the live events of a model. What has been read and found once is kept, for the sake of time.
class MeterReference {
 public:
  ExpectedUsage Query(const Model& model, const QueryOptions& options) {
    const Meter& meter = options.meter;
    const bool takes_numbers = meter.aggregation == Aggregation::kSum || meter.aggregation == Aggregation::kMin ||
                               meter.aggregation == Aggregation::kMax || meter.aggregation == Aggregation::kAverage;
    ExpectedUsage usage;
    std::map<std::pair<std::optional<absl::Time>, Group>, Row> rows;
    for (const auto& [identity, change] : model.live()) {
      const Stored& event = change.event;
      if (!IsAskedFor(event, options)) continue;
      const Json& properties = Read(event.event_properties);
      if (!PassesFilter(properties, meter)) continue;

      Contribution contribution{.event = &event};
      if (meter.aggregation != Aggregation::kCount) {
        contribution.value = FindProperty(properties, meter.property);
        const auto number = contribution.value != nullptr ? NumberIn(*contribution.value) : std::nullopt;
        if (contribution.value == nullptr || (takes_numbers && !number.has_value())) {
          ++usage.skipped;
          continue;
        }
        if (number.has_value()) contribution.number = ReadNumber(*number);
        if (takes_numbers && !contribution.number.has_value()) {
          usage.inexact.push_back(event);
          continue;
        }
      }

      Group group;
      for (const std::string& name : meter.group_by) {
        const Json* const value = FindProperty(properties, name);
        group.push_back(value != nullptr ? std::optional(FormOf(*value)) : std::nullopt);
      }
      PlainWindows::Range range{options.from, options.to};
      if (options.window.has_value()) {
        const auto key = std::pair(options.time_zone, *options.window);
        range = windows_.try_emplace(key, *options.window, options.time_zone)
                    .first->second.Containing(event.event_timestamp);
      }
      Row& row = rows[{Edge(range.from), group}];
      row.to = Edge(range.to);
      row.contributions.push_back(std::move(contribution));
    }
    for (const auto& [key, row] : rows) {
      UsageRow expected{.from = key.first, .to = row.to, .group = key.second, .count = row.contributions.size()};
      Aggregate(meter.aggregation, row.contributions, &expected);
      usage.rows.push_back(std::move(expected));
    }
    return usage;
  }

 private:
  using Group = std::vector<std::optional<std::string>>;
  struct Contribution {
    const Stored* event = nullptr;
    const Json* value = nullptr;          // of the property; none for kCount
    std::optional<PlainNumber> number{};  // that it is, if it is an exact one
  };
  struct Row {
    std::optional<absl::Time> to;
    std::vector<Contribution> contributions;
  };

  static bool IsAskedFor(const Stored& event, const QueryOptions& options) {
    const std::vector<std::string>& aliases = options.customer_aliases;
    return event.account == options.account && event.event_type == options.meter.event_type &&
           options.from <= event.event_timestamp && event.event_timestamp < options.to &&
           (aliases.empty() || std::find(aliases.begin(), aliases.end(), event.customer_alias) != aliases.end());
  }

  const Json& Read(const std::string& properties) {
    const auto [known, is_new] = read_.try_emplace(properties);
    if (is_new) known->second = ReferenceReader(properties).ReadDocument(2).value();
    return known->second;
  }

  static bool PassesFilter(const Json& properties, const Meter& meter) {
    return std::all_of(meter.filter.begin(), meter.filter.end(), [&](const auto& filter) {
      const Json* const value = FindProperty(properties, filter.first);
      return value != nullptr &&
             std::find(filter.second.begin(), filter.second.end(), FormOf(*value)) != filter.second.end();
    });
  }

  // An edge of a window or range, as rows have it.
  static std::optional<absl::Time> Edge(absl::Time time) {
    const bool has_name = time >= absl::FromCivil(absl::CivilYear(1), absl::UTCTimeZone()) &&
                          time < absl::FromCivil(absl::CivilYear(10'000), absl::UTCTimeZone());
    return has_name ? std::optional(time) : std::nullopt;
  }

  // Makes value and sum of `*row`.
  static void Aggregate(Aggregation aggregation, const std::vector<Contribution>& contributions, UsageRow* row) {
    PlainNumber sum;
    const Contribution* least = &contributions.front();
    const Contribution* greatest = &contributions.front();
    const Contribution* latest = &contributions.front();
    std::set<std::string> forms;
    for (const Contribution& contribution : contributions) {
      switch (aggregation) {
        case Aggregation::kCount:
          break;
        case Aggregation::kSum:
        case Aggregation::kAverage:
          sum = Add(sum, *contribution.number);
          break;
        case Aggregation::kMin:
          if (IsLess(*contribution.number, *least->number)) least = &contribution;
          break;
        case Aggregation::kMax:
          if (IsLess(*greatest->number, *contribution.number)) greatest = &contribution;
          break;
        case Aggregation::kUniqueCount:
          forms.insert(FormOf(*contribution.value));
          break;
        case Aggregation::kLatest:
          if (std::pair(contribution.event->event_timestamp, contribution.event->sequence) >
              std::pair(latest->event->event_timestamp, latest->event->sequence)) {
            latest = &contribution;
          }
          break;
      }
    }
    switch (aggregation) {
      case Aggregation::kCount:
        row->value = std::to_string(contributions.size());
        break;
      case Aggregation::kSum:
        row->value = PlainText(sum);
        break;
      case Aggregation::kMin:
        row->value = PlainText(*least->number);
        break;
      case Aggregation::kMax:
        row->value = PlainText(*greatest->number);
        break;
      case Aggregation::kAverage:
        row->value = PlainText(Divide(sum, contributions.size()));
        row->sum = PlainText(sum);
        break;
      case Aggregation::kUniqueCount:
        row->value = std::to_string(forms.size());
        break;
      case Aggregation::kLatest:
        row->value = latest->number.has_value() ? PlainText(*latest->number) : FormOf(*latest->value);
        break;
    }
  }

  std::map<std::string, Json> read_;  // properties by their text
  std::map<std::pair<std::string, Window>, PlainWindows> windows_;
};

}  // namespace tallystick::testing

#endif  // TALLYSTICK_TESTS_SUPPORT_METER_REFERENCE_H_
