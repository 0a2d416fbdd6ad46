// The keys of every column family, as docs/FORMAT.md specifies them. All order by memcmp, and no two different keys
// encode alike.

#ifndef TALLYSTICK_LIB_ENCODING_KEYS_H_
#define TALLYSTICK_LIB_ENCODING_KEYS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "lib/base/instant.h"
#include "lib/encoding/customer_event_id.h"
#include "lib/encoding/key_buffer.h"
#include "tallystick/uuid.h"

namespace tallystick {

// Sequence numbers are 1 to 2^48 - 1; 0 stands before the first.
inline constexpr std::uint64_t kSequenceEnd = std::uint64_t{1} << 48;

// Keys k with start <= k < limit. An empty limit is no limit.
struct KeyRange {
  std::string start{};
  std::string limit{};
};

// `event_ids`: account, customerEventId. Decoded text views into the key.
struct EventIdKey {
  Uuid account{};
  CustomerEventId customer_event_id{};

  KeyBuffer Encode() const;
  static absl::StatusOr<EventIdKey> Decode(std::string_view key);
};

// All keys that begin with `prefix`, whatever follows: also what no encoder writes.
KeyRange PrefixRange(std::string prefix);

// All ids of one account.
KeyRange EventIdRange(const Uuid& account);

// `events`: account, time, sequence.
struct EventKey {
  Uuid account{};
  Instant time{};
  std::uint64_t sequence = 0;

  KeyBuffer Encode() const;
  static absl::StatusOr<EventKey> Decode(std::string_view key);
  friend bool operator==(const EventKey&, const EventKey&) = default;
};

// `customers`: account, customerAlias with its length before it, time, sequence. Decoded text views into the key.
struct CustomerKey {
  Uuid account{};
  std::string_view customer_alias{};
  Instant time{};
  std::uint64_t sequence = 0;

  KeyBuffer Encode() const;
  static absl::StatusOr<CustomerKey> Decode(std::string_view key);
};

// `changes`: sequence.
struct ChangeKey {
  std::uint64_t sequence = 0;

  KeyBuffer Encode() const;
  static absl::StatusOr<ChangeKey> Decode(std::string_view key);
};

// The account's `events` rows with from <= time < to.
KeyRange EventRange(const Uuid& account, Instant from, Instant to);

// The customer's `customers` rows with from <= time < to.
KeyRange CustomerRange(const Uuid& account, std::string_view customer_alias, Instant from, Instant to);

// The `changes` rows with after < sequence <= last.
KeyRange ChangeRange(std::uint64_t after, std::uint64_t last);

// Just behind `key`: the start of a range that leaves it out.
std::string KeyAfter(std::string_view key);

// A key, or as much of it as decodes, for a person: account, text, time, sequence; in hex where it does not decode.
std::string DescribeEventIdKey(std::string_view key);
std::string DescribeEventKey(std::string_view key);
std::string DescribeCustomerKey(std::string_view key);
std::string DescribeChangeKey(std::string_view key);

}  // namespace tallystick

#endif  // TALLYSTICK_LIB_ENCODING_KEYS_H_
