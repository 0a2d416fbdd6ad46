#include "bench/events.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace tallystick::bench {
namespace {

constexpr std::uint32_t kSecondMs = 1000;
constexpr std::uint32_t kLateMs = 30 * kSecondMs;
constexpr std::uint64_t kDayMs = std::uint64_t{24} * 60 * 60 * kSecondMs;
constexpr std::uint64_t kMonthStartMs = 1'790'812'800'000;  // 2026-10-01T00:00:00Z since the Unix epoch

constexpr std::array<std::string_view, 5> kChannels = {"api", "batch", "email", "mobile", "web"};
constexpr std::array<std::uint32_t, 4> kStatuses = {200, 200, 204, 429};

// SplitMix64, by Sebastiano Vigna: https://prng.di.unimi.it/splitmix64.c
class Random {
 public:
  // Numbers of its own for each pair of these. Mixed again after the stream has come in: states that are some steps
  // apart give one sequence, shifted.
  Random(std::uint64_t seed, std::uint64_t stream) : state_(seed) {
    state_ = Next() ^ stream;
    state_ = Next();
  }

  std::uint64_t Next() {
    state_ += kStep;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return mixed ^ (mixed >> 31);
  }

  // In [0, end).
  std::uint32_t Below(std::uint32_t end) { return static_cast<std::uint32_t>(((Next() >> 32) * end) >> 32); }
  std::uint64_t BelowLong(std::uint64_t end) { return Next() % end; }

  // A place in a list whose elements have a share of a hundred each.
  template <typename Shares>
  std::size_t Pick(const Shares& shares) {
    std::uint32_t left = Below(100);
    std::size_t at = 0;
    while (left >= shares[at].percent) left -= shares[at++].percent;
    return at;
  }

 private:
  static constexpr std::uint64_t kStep = 0x9e3779b97f4a7c15;
  std::uint64_t state_;
};

// What the random numbers of one event are for.
enum Stream : std::uint64_t {
  kIdentity,    // what is the same in all of its versions
  kCorrection,  // whether an earlier event is corrected behind it, and which one
  kVersion,     // what the first version has; the next number is the next version's, and so on
};

Random RandomOf(std::uint64_t seed, std::uint64_t number, std::uint64_t stream) {
  return Random(Random(seed, number).Next(), stream);
}

void Append(std::string_view text, std::vector<char>* out) { out->insert(out->end(), text.begin(), text.end()); }

void AppendNumber(std::uint64_t number, int digits_min, std::vector<char>* out) {
  char digits[20];
  char* const end = std::end(digits);
  char* at = end;
  while (number != 0 || end - at < digits_min) {
    *--at = static_cast<char>('0' + number % 10);
    number /= 10;
  }
  out->insert(out->end(), at, end);
}

// The lowest `digits` hexadecimal digits.
void AppendHex(std::uint64_t bits, int digits, std::vector<char>* out) {
  while (digits-- > 0) out->push_back("0123456789abcdef"[(bits >> (4 * digits)) & 15]);
}

// A UUID whose first 48 bits, and 74 of the others, are given.
void AppendUuid(std::uint64_t first, char version, std::uint64_t a, std::uint64_t b, std::vector<char>* out) {
  AppendHex(first >> 16, 8, out);
  out->push_back('-');
  AppendHex(first, 4, out);
  out->push_back('-');
  out->push_back(version);
  AppendHex(a, 3, out);
  out->push_back('-');
  out->push_back("89ab"[b >> 62]);
  AppendHex(b >> 48, 3, out);
  out->push_back('-');
  AppendHex(b, 12, out);
}

void AppendTimestamp(std::uint64_t month_ms, std::vector<char>* out) {
  Append("2026-10-", out);
  AppendNumber(1 + month_ms / kDayMs, 2, out);
  const std::uint64_t seconds = month_ms % kDayMs / kSecondMs;
  out->push_back('T');
  AppendNumber(seconds / 3600, 2, out);
  out->push_back(':');
  AppendNumber(seconds / 60 % 60, 2, out);
  out->push_back(':');
  AppendNumber(seconds % 60, 2, out);
  out->push_back('.');
  AppendNumber(month_ms % kSecondMs, 3, out);
  out->push_back('Z');
}

void AppendAlias(std::uint32_t customer, std::vector<char>* out) {
  Append("customer-", out);
  AppendNumber(customer + 1, 4, out);
}

}  // namespace

// One version of one event.
struct UsageEvents::Content {
  std::uint64_t number = 0;
  // The same in all versions.
  std::uint64_t sent_ms = 0;  // since the month began
  std::array<std::uint64_t, 3> id_bits{};
  std::size_t type = 0;
  std::uint32_t customer = 0;
  std::uint32_t user = 0;
  // The version's own.
  std::uint64_t time_ms = 0;  // since the month began
  std::size_t region = 0;
  std::uint32_t hundredths = 0;
  std::size_t channel = 0;
  std::uint32_t bytes = 0;
  std::size_t status = 0;
};

absl::Time MonthStart() { return absl::FromUnixMillis(static_cast<std::int64_t>(kMonthStartMs)); }

std::string CustomerAlias(std::uint32_t customer) {
  std::vector<char> alias;
  AppendAlias(customer, &alias);
  return std::string(alias.begin(), alias.end());
}

Answers::Answers(std::uint32_t customers)
    : customers_(customers), by_day_(kEventTypes.size() * customers * static_cast<std::size_t>(kDays)) {
  for (std::vector<bool>& seen : user_seen_) seen.resize(kUsers);
}

Total Answers::total(std::size_t type) const {
  Total all;
  for (const Total& total : by_region_[type]) {
    all.events += total.events;
    all.hundredths += total.hundredths;
  }
  return all;
}

std::uint64_t Answers::customer_events(std::uint32_t customer) const {
  std::uint64_t events = 0;
  for (std::size_t type = 0; type < kEventTypes.size(); ++type) {
    for (int day = 0; day < kDays; ++day) events += total(type, customer, day).events;
  }
  return events;
}

UsageEvents::UsageEvents(const UsageOptions& options) : options_(options), answers_(options.customers) {
  // Shares as integers, so that no library's logarithm decides who sends what.
  std::uint64_t sum = 0;
  for (std::uint64_t k = 1; k <= options_.customers; ++k) customer_shares_.push_back(sum += 1'000'000'000 / k);
}

bool UsageEvents::Next(std::size_t size, Batch* batch) {
  batch->text.clear();
  batch->documents.clear();
  std::vector<std::size_t> ends;
  while (ends.size() < size && (correct_next_.has_value() || sent_ < options_.events)) {
    if (correct_next_.has_value()) {
      const std::uint64_t number = *std::exchange(correct_next_, std::nullopt);
      std::uint32_t& version = versions_[number];
      Count(ContentOf(number, version), -1);
      const Content content = ContentOf(number, ++version);
      Count(content, 1);
      ++answers_.superseded_;
      AppendJson(content, &batch->text);
    } else {
      const std::uint64_t number = options_.first + sent_++;
      const Content content = ContentOf(number, 0);
      Count(content, 1);
      ++answers_.created_;
      AppendJson(content, &batch->text);
      Random random = RandomOf(options_.seed, number, kCorrection);
      if (random.Below(1000) < options_.corrections_per_mille) correct_next_ = number - random.BelowLong(sent_);
    }
    ends.push_back(batch->text.size());
  }
  std::size_t start = 0;
  for (const std::size_t end : ends) {
    batch->documents.emplace_back(batch->text.data() + start, end - start);
    start = end;
  }
  return !ends.empty();
}

UsageEvents::Content UsageEvents::ContentOf(std::uint64_t number, std::uint32_t version) const {
  Content content{.number = number};
  Random same = RandomOf(options_.seed, number, kIdentity);
  for (std::uint64_t& bits : content.id_bits) bits = same.Next();
  content.type = same.Pick(kEventTypes);
  const std::uint64_t share = same.BelowLong(customer_shares_.back());
  const auto customer = std::upper_bound(customer_shares_.begin(), customer_shares_.end(), share);
  content.customer = static_cast<std::uint32_t>(customer - customer_shares_.begin());
  content.user = same.Below(kUsers);
  constexpr std::uint64_t kSpanMs = kDays * kDayMs - kLateMs;
  content.sent_ms = options_.order == TimeOrder::kRandom ? same.BelowLong(kSpanMs)
                                                         : kSpanMs / options_.events * (number - options_.first);

  Random own = RandomOf(options_.seed, number, kVersion + version);
  content.time_ms = content.sent_ms + own.Below(kLateMs);
  content.region = own.Pick(kRegions);
  content.hundredths = 1 + own.Below(own.Below(4) == 0 ? 1'000'000 : 10'000);
  content.channel = own.Below(kChannels.size());
  content.bytes = own.Below(100'000);
  content.status = own.Below(kStatuses.size());
  return content;
}

// Adds the event to the answers, or with -1 takes it away.
void UsageEvents::Count(const Content& content, int sign) {
  const auto day = static_cast<int>(content.time_ms / kDayMs);
  for (Total* const total : {&answers_.by_region_[content.type][content.region],
                             &answers_.by_day_[answers_.CellOf(content.type, content.customer, day)]}) {
    total->events += static_cast<std::uint64_t>(sign);
    total->hundredths += sign * std::int64_t{content.hundredths};
  }
  // All versions name the same user.
  std::vector<bool>::reference seen = answers_.user_seen_[content.type][content.user];
  if (!seen) ++answers_.users_[content.type];
  seen = true;
}

void UsageEvents::AppendJson(const Content& content, std::vector<char>* out) const {
  Append(R"({"customerEventId":")", out);
  switch (options_.ids) {
    case IdForm::kRandom:
      AppendUuid(content.id_bits[0], '4', content.id_bits[1], content.id_bits[2], out);
      break;
    case IdForm::kSequential:
      Append("event-", out);
      AppendNumber(content.number, 12, out);
      break;
    case IdForm::kUuidV7:
      AppendUuid(kMonthStartMs + content.sent_ms, '7', content.id_bits[1], content.id_bits[2], out);
      break;
  }
  Append(R"(","customerAlias":")", out);
  AppendAlias(content.customer, out);
  Append(R"(","eventType":")", out);
  Append(kEventTypes[content.type].name, out);
  Append(R"(","eventTimestamp":")", out);
  AppendTimestamp(content.time_ms, out);
  Append(R"(","eventProperties":{"user":"user-)", out);
  AppendNumber(content.user, 5, out);
  Append(R"(","region":")", out);
  Append(kRegions[content.region].name, out);
  Append(R"(","channel":")", out);
  Append(kChannels[content.channel], out);
  Append(R"(","amount":)", out);
  AppendNumber(content.hundredths / 100, 1, out);
  out->push_back('.');
  AppendNumber(content.hundredths % 100, 2, out);
  Append(R"(,"bytes":)", out);
  AppendNumber(content.bytes, 1, out);
  Append(R"(,"status":)", out);
  AppendNumber(kStatuses[content.status], 1, out);
  Append("}}", out);
}

}  // namespace tallystick::bench
