// Random meters against a plain reference: whatever was written, superseded, compacted and replayed, a query must
// answer what the events that are left add up to; and a declared meter must answer the same, whenever it was declared.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tallystick/store.h"
#include "tests/support/json_reader.h"
#include "tests/support/meter_reference.h"
#include "tests/support/model.h"
#include "tests/support/modelled_store.h"
#include "tests/support/random.h"
#include "tests/support/status_matchers.h"
#include "tests/support/stored.h"

namespace tallystick::testing {
namespace {

using ::testing::AnyOfArray;
using ::testing::ContainerEq;

// In parts that can run side by side.
constexpr int kParts = 4;
constexpr int kOperations = 8'000;

constexpr const char* kOddKey = "k\"\\é\n";

absl::Time Time(std::string_view text) { return ParseTimestamp(text).value(); }

// `time`, or the nearest that an event can have.
absl::Time Storable(absl::Time time) {
  return std::clamp(time, Time("0001-01-01T00:00:00Z"), Time("9999-12-31T23:59:59.999999999Z"));
}

// Where windows are unlike others, and the ends of months and of time.
struct Turn {
  std::string zone;
  absl::Time time;
};
const std::vector<Turn>& Turns() {
  static const std::vector<Turn> turns = {
      {"Europe/Berlin", Time("2024-03-31T01:00:00Z")},
      {"Europe/Berlin", Time("2024-10-27T01:00:00Z")},
      {"America/New_York", Time("2024-03-10T07:00:00Z")},
      {"America/New_York", Time("2024-11-03T06:00:00Z")},
      {"Australia/Lord_Howe", Time("2024-04-06T15:00:00Z")},  // by half an hour
      {"Australia/Lord_Howe", Time("2024-10-05T15:30:00Z")},
      {"America/Sao_Paulo", Time("2018-11-04T03:00:00Z")},  // at midnight
      {"America/Sao_Paulo", Time("2018-02-18T02:00:00Z")},
      {"Asia/Kathmandu", Time("1985-12-31T18:30:00Z")},    // by a quarter of an hour
      {"America/St_Johns", Time("2009-11-01T02:31:00Z")},  // a minute after the midnight of a month
      {"Pacific/Apia", Time("2011-12-30T10:00:00Z")},      // by a day
      {"UTC", Time("2024-02-29T00:00:00Z")},
      {"UTC", Time("2024-03-01T00:00:00Z")},
      {"Europe/Berlin", Time("2024-12-31T23:00:00Z")},
      {"UTC", Time("1970-01-01T00:00:00Z")},
      {"Asia/Kathmandu", Time("0001-01-01T00:00:00Z")},
      {"Asia/Kathmandu", Time("9999-12-31T23:59:59.999999999Z")}};
  return turns;
}

// --- Events ---

// Each key with the JSON text of its value.
using Properties = std::vector<std::pair<std::string, std::string>>;

Properties Read(const std::string& text) {
  const Json json = ReferenceReader(text).ReadDocument(2).value();
  Properties properties;
  for (std::size_t i = 0; i < json.keys.size(); ++i) properties.emplace_back(json.keys[i], json.values[i].minified);
  return properties;
}

std::string Quoted(std::string_view text) {
  std::string json;
  AppendJsonString(text, &json);
  return json;
}

// Makes up what meters tell apart.
class RandomEvents {
 public:
  RandomEvents(Random* random, int part) : random_(*random) {
    for (auto i = static_cast<std::size_t>(part); i < Turns().size(); i += kParts) turns_.push_back(Turns()[i]);
  }

  const std::string& Alias() {
    static const std::vector<std::string> aliases = {"acme", "globex", "initech", "ümlaut"};
    return random_.PickFrom(aliases);
  }
  const std::string& Type() {
    static const std::vector<std::string> types = {"call", "call.made", "data"};
    return random_.PickFrom(types);
  }

  const std::string& Zone() { return random_.PickFrom(random_.OneIn(2) ? turns_ : Turns()).zone; }

  // Often on a full quarter of an hour, or just before.
  absl::Time NearATurn() {
    absl::Time time = random_.PickFrom(turns_).time;
    static const std::vector<absl::Duration> steps = {absl::Nanoseconds(1), absl::Seconds(1), absl::Minutes(1),
                                                      absl::Minutes(15),    absl::Hours(1),   absl::Hours(24)};
    for (std::size_t i = random_.Below(3); i > 0; --i) {
      time += random_.PickFrom(steps) * (static_cast<int>(random_.Below(9)) - 4);
    }
    return Storable(time);
  }

  NewEvent New() {
    NewEvent event{.customer_alias = Alias(), .event_type = Type(), .event_timestamp = NearATurn()};
    Properties properties;
    const auto add = [&](std::string key, std::string value) {
      const auto place = static_cast<std::ptrdiff_t>(random_.Below(properties.size() + 1));
      properties.emplace(properties.begin() + place, std::move(key), std::move(value));
    };
    if (!random_.OneIn(12)) add("value", Value());
    if (!random_.OneIn(5)) add("region", Label());
    if (!random_.OneIn(3)) add("tier", Label());
    if (random_.OneIn(2)) add("size", Size());
    if (random_.OneIn(8)) add("size.unit", Label());
    if (random_.OneIn(8)) add("size.width", Value());
    if (random_.OneIn(4)) add("a", Nested());
    if (random_.OneIn(20)) add("a.b", "{\"c\":1}");  // no way leads there
    if (random_.OneIn(4)) add(kOddKey, random_.OneIn(2) ? Value() : Label());
    SetProperties(properties, &event);
    return event;
  }

  // The event that would supersede `stored` after one thing about it has changed.
  NewEvent Changed(const Stored& stored) {
    NewEvent event{.customer_event_id = stored.customer_event_id,
                   .customer_alias = stored.customer_alias,
                   .event_type = stored.event_type,
                   .event_timestamp = stored.event_timestamp};
    Properties properties = Read(stored.event_properties);
    const auto set = [&](const std::string& key, const std::string& value) {
      const auto is_it = [&](const auto& member) { return member.first == key; };
      properties.erase(std::remove_if(properties.begin(), properties.end(), is_it), properties.end());
      if (!value.empty()) properties.emplace_back(key, value);
    };
    switch (random_.Below(8)) {
      case 0:
      case 1:
        event.event_timestamp = Moved(stored.event_timestamp);
        break;
      case 2:
        event.customer_alias = Alias();
        break;
      case 3:
        event.event_type = Type();
        break;
      case 4:
        set(random_.OneIn(2) ? "region" : "tier", Label());
        break;
      case 5:
        set("value", "");
        break;
      case 6:
        set("value", Number());
        break;
      default:
        for (auto& [key, value] : properties) {
          if (key == "value" && value.front() != '"') value = Quoted(value);
        }
    }
    SetProperties(properties, &event);
    return event;
  }

 private:
  absl::Time Moved(absl::Time time) {
    if (random_.OneIn(4)) return NearATurn();
    const int sign = random_.OneIn(2) ? 1 : -1;
    if (random_.OneIn(4)) {
      const absl::CivilSecond utc = absl::ToCivilSecond(time, absl::UTCTimeZone());
      const absl::CivilSecond moved(utc.year(), utc.month() + sign, utc.day(), utc.hour(), utc.minute(), utc.second());
      time = absl::FromCivil(moved, absl::UTCTimeZone());
    } else {
      static const std::vector<absl::Duration> steps = {absl::Minutes(15), absl::Hours(1), absl::Hours(24)};
      time += random_.PickFrom(steps) * sign;
    }
    return Storable(time);
  }

  std::string Digits(std::size_t length) {
    std::string digits;
    while (digits.size() < length) digits += static_cast<char>('0' + random_.Below(10));
    return digits;
  }

  // A JSON number. Rarely one that is not exact: while one is stored, many queries have no other answer.
  std::string Number() {
    if (random_.OneIn(400)) {
      static const std::vector<std::string> inexact = {"1e401", "-1e-401", "1e99999999999999999999",
                                                       "100000000000000000000000000000000000001e-3", "10e400"};
      return random_.PickFrom(inexact);
    }
    if (random_.OneIn(200)) {
      static const std::vector<std::string> extreme = {
          "1e400", "-1E+400", "1e-400", "99999999999999999999999999999999999999e400", "0.1e401", "10e-401"};
      return random_.PickFrom(extreme);
    }
    if (random_.OneIn(6)) {
      static const std::vector<std::string> written = {"0",
                                                       "-0",
                                                       "0.00",
                                                       "-0.0e5",
                                                       "0e999999",
                                                       "1",
                                                       "1.0",
                                                       "1e0",
                                                       "100",
                                                       "1E+2",
                                                       "0.1",
                                                       "0.2",
                                                       "-0.30",
                                                       "1e-03",
                                                       "0.001",
                                                       "10000000000000000000000000000000000000000000",
                                                       "1.0000000000000000000000000000000000000000000"};
      return random_.PickFrom(written);
    }
    std::string digits(1, static_cast<char>('1' + random_.Below(9)));
    digits += Digits(random_.Below(random_.OneIn(4) ? 38 : 4));
    if (digits.size() > 1 && random_.OneIn(2)) digits.insert(1 + random_.Below(digits.size() - 1), ".");
    if (random_.OneIn(6)) digits += (random_.OneIn(2) ? "e" : "E-") + std::to_string(random_.Below(20));
    return (random_.OneIn(4) ? "-" : "") + digits;
  }

  std::string Value() {
    if (!random_.OneIn(4)) return Number();
    if (random_.OneIn(2)) {
      const std::string number = Number();
      if (!random_.OneIn(4) || number.front() == '-') return Quoted(number);
      return "\"\\u003" + number + "\"";  // its first digit in hex
    }
    static const std::vector<std::string> others = {
        "null",     "true",     "false",          "[]",       "[1,2]",    "{}",           "{\"a\":1}",
        R"("")",    R"(" 1")",  R"("1 ")",        R"("+1")",  R"("01")",  R"("1.")",      R"(".5")",
        R"("1e")",  R"("--1")", R"("0x10")",      R"("NaN")", R"("1\n")", R"("1\u0000")", R"("-")",
        R"("1,5")", R"("[1]")", R"("{\"a\":1}")", R"("text")"};
    return random_.PickFrom(others);
  }

  // Often one of a few, so that groups grow.
  std::string Label() {
    if (random_.OneIn(2)) return random_.OneIn(3) ? "\"us\"" : "\"eu\"";
    static const std::vector<std::string> labels = {
        R"("eu")",          R"("eu")",     R"("us")",   R"("u\u0073")", R"("e")",   R"("")", R"("\u0000")",
        R"("é")",           R"("\u00e9")", R"("ÿ")",    R"("null")",    "null",     "1",     "1.0",
        R"("1")",           "true",        R"("true")", "[1]",          R"("[1]")", "{}",    R"("a.b")",
        R"("\ud83d\ude00")"};
    return random_.PickFrom(labels);
  }

  // The way `size.width` and `size.unit`, keys given twice included.
  std::string Size() {
    switch (random_.Below(6)) {
      case 0:
        return "{}";
      case 1:
        return Label();
      case 2:
        return "{\"unit\":" + Label() + ",\"width\":" + Value() + ",\"unit\":" + Label() + "}";
      default:
        return "{ \"width\" : " + Value() + " , \"unit\" : " + Label() + " }";
    }
  }

  // The way `a.b.c`, and what is none.
  std::string Nested() {
    switch (random_.Below(5)) {
      case 0:
        return "{\"b\":{\"c\":" + Value() + "},\"b\":" + Label() + "}";
      case 1:
        return "{\"b.c\":" + Value() + "}";
      case 2:
        return "[{\"b\":{\"c\":1}}]";
      default:
        return "{\"\\u0062\":{\"d\":[{}],\"c\":" + Value() + "}}";
    }
  }

  void SetProperties(const Properties& properties, NewEvent* event) {
    const std::string space = random_.OneIn(3) ? " " : "";
    std::string text;
    for (const auto& [key, value] : properties) {
      text += (text.empty() ? "{" : ",") + space;
      text += key == "value" && random_.OneIn(8) ? R"("v\u0061lue")" : Quoted(key);
      text += space + ":" + space + value + space;
    }
    if (text.empty()) text = "{";
    event->event_properties = text + "}";
    event->minified = ReferenceReader(event->event_properties).ReadDocument(2).value().minified;
  }

  Random& random_;
  std::vector<Turn> turns_;  // a part's own, so few that many events lie close together
};

// --- Meters ---

// Some meters that stay the same, to be asked again as events change, and any number of others.
class RandomMeters {
 public:
  RandomMeters(Random* random, RandomEvents* events) : random_(*random), events_(*events) {
    for (int i = 0; i < 8; ++i) chosen_.push_back(New());
  }

  const std::vector<Meter>& chosen() const { return chosen_; }

  Meter New() {
    static constexpr Aggregation kAggregations[] = {
        Aggregation::kCount,   Aggregation::kSum,         Aggregation::kMin,   Aggregation::kMax,
        Aggregation::kAverage, Aggregation::kUniqueCount, Aggregation::kLatest};
    static const std::vector<std::string> properties = {"value", "value", "value", "size.width",
                                                        "a.b.c", kOddKey, "region"};
    static const std::vector<std::string> keys = {"region", "tier",  "size.unit", "size",
                                                  "a",      kOddKey, "absent",    "value"};
    static const std::vector<std::string> forms = {"eu", "us", "é", "", "1", "1.0", "true", "null", "[1]", "{}"};
    Meter meter{.event_type = events_.Type(), .aggregation = random_.PickFrom(kAggregations)};
    if (meter.aggregation != Aggregation::kCount) meter.property = random_.PickFrom(properties);
    for (std::size_t i = random_.Below(3); i > 0; --i) {
      const std::string& key = random_.PickFrom(keys);
      if (std::find(meter.group_by.begin(), meter.group_by.end(), key) == meter.group_by.end()) {
        meter.group_by.push_back(key);
      }
    }
    for (std::size_t i = random_.OneIn(4) ? 1 + random_.Below(2) : 0; i > 0; --i) {
      std::vector<std::string>& allowed = meter.filter[random_.PickFrom(keys)];
      for (std::size_t j = 1 + random_.Below(5); j > 0; --j) allowed.push_back(random_.PickFrom(forms));
    }
    return meter;
  }

 private:
  Random& random_;
  RandomEvents& events_;
  std::vector<Meter> chosen_;
};

// A row of an answer, for comparing and printing.
struct Row : UsageRow {
  friend bool operator==(const Row& a, const Row& b) {
    return std::tie(a.from, a.to, a.group, a.value, a.sum, a.count) ==
           std::tie(b.from, b.to, b.group, b.value, b.sum, b.count);
  }
  friend std::ostream& operator<<(std::ostream& out, const Row& row) {
    const auto edge = [](const auto& time) { return time.has_value() ? FormatTimestamp(*time) : "open"; };
    out << edge(row.from) << "/" << edge(row.to);
    for (const auto& form : row.group) out << " " << (form.has_value() ? Quoted(*form) : "null");
    return out << " has " << row.value << " of " << row.count << " with the sum " << row.sum.value_or("none");
  }
};

std::vector<Row> RowsOf(const std::vector<UsageRow>& rows) {
  std::vector<Row> all;
  for (const UsageRow& row : rows) all.push_back({row});
  return all;
}

std::string Text(const QueryOptions& options) {
  std::ostringstream text;
  text << "aggregation " << static_cast<int>(options.meter.aggregation) << " of '" << options.meter.property << "' of "
       << options.meter.event_type << " by " << ::testing::PrintToString(options.meter.group_by) << " where "
       << ::testing::PrintToString(options.meter.filter) << " from " << options.from << " to " << options.to << " of "
       << ::testing::PrintToString(options.customer_aliases) << " in windows "
       << (options.window.has_value() ? std::to_string(static_cast<int>(*options.window)) : "none") << " in "
       << options.time_zone;
  return text.str();
}

// --- The test ---

class MeterModelTest : public ModelledStoreTest {
 protected:
  Uuid RandomAccount() { return Account(static_cast<std::uint8_t>(1 + random_.Below(2))); }

  void RandomWrite() {
    const Uuid account = RandomAccount();
    std::vector<NewEvent> batch;
    for (std::size_t i = random_.OneIn(3) ? 1 + random_.Below(12) : 1; i > 0; --i) {
      const std::string id = "event-" + std::to_string(random_.Below(200));
      const Stored* const stored = model_.Find(account, id);
      batch.push_back(stored != nullptr && random_.OneIn(2) ? events_.Changed(*stored) : events_.New());
      batch.back().customer_event_id = id;
    }
    Write(account, batch);
  }

  QueryOptions RandomQuery(const Meter& meter) {
    static constexpr Window kWindows[] = {Window::kMinute, Window::kHour, Window::kDay, Window::kMonth};
    QueryOptions options{.account = RandomAccount(), .meter = meter, .time_zone = events_.Zone()};
    if (random_.OneIn(2)) options.from = events_.NearATurn();
    if (random_.OneIn(2)) options.to = events_.NearATurn();
    if (options.from > options.to && !random_.OneIn(8)) std::swap(options.from, options.to);
    for (std::size_t i = random_.OneIn(3) ? 1 + random_.Below(3) : 0; i > 0; --i) {
      options.customer_aliases.push_back(random_.OneIn(8) ? "nobody" : events_.Alias());
    }
    if (!random_.OneIn(4)) {
      options.window = random_.PickFrom(kWindows);
      // No event lies between: but for the range without windows, which a row names, this changes nothing.
      if (random_.OneIn(8)) options.from -= absl::Nanoseconds(0.25);
    }
    return options;
  }

  // Declares or drops one of the chosen meters.
  void RandomDeclaration() {
    const Uuid account = RandomAccount();
    const std::size_t chosen = random_.Below(meters_.chosen().size());
    const bool declared = declared_.contains({account, chosen});
    if (declared && random_.OneIn(4)) {
      ASSERT_THAT(store_->DropMeter(account, NameOf(chosen)), IsOk());
      declared_.erase({account, chosen});
    } else {
      ASSERT_THAT(store_->DefineMeter(account, NameOf(chosen), meters_.chosen()[chosen]),
                  IsOkAndHolds(declared ? Outcome::kUnchanged : Outcome::kCreated));
      declared_.insert({account, chosen});
      // Others go on being built beside the writes that follow.
      if (random_.OneIn(2)) {
        ASSERT_THAT(store_->AwaitMeter(account, NameOf(chosen)), IsOk());
      }
    }
  }

  // A chosen meter as it is declared, by some of its groups, where the account has it; otherwise as it is.
  void CompareChosen(std::size_t chosen) {
    QueryOptions options = RandomQuery(meters_.chosen()[chosen]);
    Compare(options);
    if (!declared_.contains({options.account, chosen})) return;
    std::vector<std::string>& group_by = options.meter.group_by;
    if (random_.OneIn(3)) std::reverse(group_by.begin(), group_by.end());
    if (random_.OneIn(3) && !group_by.empty()) group_by.pop_back();
    Compare(options, NameOf(chosen));
  }

  static std::string NameOf(std::size_t chosen) { return "meter-" + std::to_string(chosen); }

  void CompareAllDeclared() {
    for (const auto& [account, chosen] : declared_) {
      QueryOptions options = RandomQuery(meters_.chosen()[chosen]);
      options.account = account;
      Compare(options, NameOf(chosen));
    }
    ASSERT_OK_AND_ASSIGN(const VerifyReport report, store_->Verify());
    EXPECT_TRUE(report.ok()) << report.differences.front().key << ": " << report.differences.front().problem;
  }

  // What the meter of `options` has to answer, as it is or under the name by which it is declared.
  void Compare(const QueryOptions& options, const std::string& declared = "") {
    SCOPED_TRACE(Text(options) + " " + declared);
    const ExpectedUsage expected = reference_.Query(model_, options);
    QueryOptions asked = options;
    if (!declared.empty()) {
      asked.declared = declared;
      asked.group_by = asked.meter.group_by;
      asked.meter = {};
    }
    const absl::StatusOr<Usage> usage = store_->Query(asked);
    if (!expected.inexact.empty()) {
      ASSERT_THAT(usage, StatusIs(absl::StatusCode::kOutOfRange));
      std::vector<::testing::Matcher<std::string>> names;
      for (const Stored& event : expected.inexact) {
        names.push_back(::testing::StartsWith("event '" + event.customer_event_id + "' at " +
                                              FormatTimestamp(event.event_timestamp) + ": "));
      }
      EXPECT_THAT(std::string(usage.status().message()), AnyOfArray(names));
      return;
    }
    ASSERT_THAT(usage, IsOk());
    EXPECT_EQ(usage->skipped, expected.skipped);
    EXPECT_THAT(RowsOf(usage->rows), ContainerEq(RowsOf(expected.rows)));
  }

  RandomEvents events_{&random_, GetParam()};
  RandomMeters meters_{&random_, &events_};
  MeterReference reference_;
  std::set<std::pair<Uuid, std::size_t>> declared_;  // of the chosen meters, by account
};

TEST_P(MeterModelTest, AnswersAsAPlainReferenceDoes) {
  Open();
  for (int operation = 1; operation <= kOperations / kParts && !HasFailure(); ++operation) {
    SCOPED_TRACE("operation " + std::to_string(operation));
    const bool reopened = random_.OneIn(100);
    if (reopened) {
      Reopen();
    } else {
      RandomWrite();
    }
    if (HasFatalFailure()) return;
    if (random_.OneIn(60)) RandomDeclaration();
    if (HasFatalFailure()) return;
    if (reopened) CompareAllDeclared();
    if (random_.OneIn(4)) {
      Compare(RandomQuery(meters_.New()));
    } else {
      CompareChosen(random_.Below(meters_.chosen().size()));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Parts, MeterModelTest, ::testing::Range(0, kParts));

}  // namespace
}  // namespace tallystick::testing
