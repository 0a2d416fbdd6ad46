#include "lib/query/split.h"

#include <string>

#include "lib/encoding/keys.h"
#include "tallystick/event.h"

namespace tallystick::query {
namespace {

constexpr std::uint32_t kNanosPerSecond = 1'000'000'000;

// The instant half-way, rounded down.
Instant Middle(Instant a, Instant b) {
  const std::uint64_t seconds = a.seconds + b.seconds;
  const std::uint64_t nanos = std::uint64_t{a.nanos} + b.nanos + (seconds % 2) * kNanosPerSecond;
  return {.seconds = seconds / 2 + nanos / 2 / kNanosPerSecond,
          .nanos = static_cast<std::uint32_t>(nanos / 2 % kNanosPerSecond)};
}

}  // namespace

std::uint64_t ApproximateBytes(const storage::Snapshot& snapshot, const ScanOptions& options, const TimeRange& range) {
  const storage::Database& database = snapshot.database();
  if (options.customer_aliases.empty()) {
    return database.ApproximateBytes(storage::Family::kEvents, EventRange(options.account, range.from, range.to));
  }
  std::uint64_t bytes = 0;
  for (const std::string& alias : options.customer_aliases) {
    if (alias.empty() || alias.size() > kNameBytesMax) continue;
    bytes += database.ApproximateBytes(storage::Family::kCustomers,
                                       CustomerRange(options.account, alias, range.from, range.to));
  }
  return bytes;
}

std::vector<TimeRange> SplitTime(const storage::Snapshot& snapshot, const ScanOptions& options, const TimeRange& whole,
                                 int parts) {
  if (whole.from >= whole.to) return {whole};
  const std::uint64_t bytes = ApproximateBytes(snapshot, options, whole);

  std::vector<TimeRange> ranges;
  Instant from = whole.from;
  for (int part = 1; part < parts && from < whole.to; ++part) {
    const std::uint64_t wanted = bytes / static_cast<std::uint64_t>(parts) * static_cast<std::uint64_t>(part);
    // The first instant up to which at least `wanted` bytes lie.
    Instant low = from;
    Instant high = whole.to;
    while (low < high) {
      const Instant middle = Middle(low, high);
      if (ApproximateBytes(snapshot, options, {.from = whole.from, .to = middle}) < wanted) {
        low = middle.Next();
      } else {
        high = middle;
      }
    }
    if (low <= from || low >= whole.to) continue;
    ranges.push_back({.from = from, .to = low});
    from = low;
  }
  ranges.push_back({.from = from, .to = whole.to});
  return ranges;
}

}  // namespace tallystick::query
