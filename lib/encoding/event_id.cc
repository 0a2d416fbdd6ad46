#include "lib/encoding/event_id.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "lib/encoding/bytes.h"

namespace tallystick {
namespace {

constexpr std::int64_t kNanosecondsPerMillisecond = 1'000'000;

}  // namespace

Receipt Receipt::FromTime(absl::Time time) {
  const absl::Duration since_epoch = time - absl::UnixEpoch();
  if (since_epoch <= absl::ZeroDuration()) return Receipt{0};
  constexpr std::uint64_t kMillisecondsEnd = kTicksEnd / kTicksPerMillisecond;
  absl::Duration rest;
  const std::int64_t milliseconds = absl::IDivDuration(since_epoch, absl::Milliseconds(1), &rest);
  if (static_cast<std::uint64_t>(milliseconds) >= kMillisecondsEnd) return Receipt{kTicksEnd - 1};
  const std::int64_t ticks =
      absl::ToInt64Nanoseconds(rest) * std::int64_t{kTicksPerMillisecond} / kNanosecondsPerMillisecond;
  return Receipt{static_cast<std::uint64_t>(milliseconds) * kTicksPerMillisecond + static_cast<std::uint64_t>(ticks)};
}

absl::Time Receipt::ToTime() const {
  const auto milliseconds = static_cast<std::int64_t>(ticks / kTicksPerMillisecond);
  const auto below = static_cast<std::int64_t>(ticks % kTicksPerMillisecond);
  return absl::TimeFromTimespec(
      {.tv_sec = milliseconds / 1000,
       .tv_nsec = milliseconds % 1000 * kNanosecondsPerMillisecond +
                  below * kNanosecondsPerMillisecond / static_cast<std::int64_t>(kTicksPerMillisecond)});
}

Uuid MakeEventId(const HashKey& key, Receipt receipt, std::uint64_t sequence) {
  std::array<char, kReceiptSize + kSequenceSize> input;
  StoreBigEndian(receipt.ticks, kReceiptSize, input.data());
  StoreBigEndian(sequence, kSequenceSize, input.data() + kReceiptSize);
  const std::uint64_t hash = KeyedHash(key, {input.data(), input.size()});

  // RFC 9562 section 5.7: 48 bits of Unix milliseconds, version 7, 12 bits, variant 10, 62 bits.
  const std::uint64_t milliseconds = receipt.ticks / Receipt::kTicksPerMillisecond;
  const std::uint64_t below = receipt.ticks % Receipt::kTicksPerMillisecond;
  const std::uint64_t high = milliseconds << 16 | std::uint64_t{7} << 12 | below;
  const std::uint64_t low = std::uint64_t{2} << 62 | (hash & ((std::uint64_t{1} << 62) - 1));
  Uuid id;
  StoreBigEndian(high, 8, reinterpret_cast<char*>(id.bytes.data()));
  StoreBigEndian(low, 8, reinterpret_cast<char*>(id.bytes.data()) + 8);
  return id;
}

}  // namespace tallystick
