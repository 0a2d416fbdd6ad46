// The keys of the family `rollups`, as docs/FORMAT.md section 4.6 specifies them: declared meters, and what is kept of
// each. All order by memcmp, and no two different keys encode alike.

#ifndef TALLYSTICK_LIB_ENCODING_ROLLUP_KEYS_H_
#define TALLYSTICK_LIB_ENCODING_ROLLUP_KEYS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "lib/base/buckets.h"
#include "lib/encoding/keys.h"
#include "tallystick/uuid.h"

namespace tallystick {

// What a key is the key of: its first byte. Never reused.
enum class RollupKind : std::uint8_t {
  kMeter = 1,    // a declared meter
  kDropped = 2,  // a meter that was dropped and may have rows left
  kCell = 3,     // what the events of one bucket and group add up to
  kValue = 4,    // of a distinct count: one value in one cell
  kStale = 5,    // a cell whose extreme is not known any more
};

// The kind of a row in `rollups`; DATA_LOSS for a key of none.
absl::StatusOr<RollupKind> RollupKindOf(std::string_view key);

// A declared meter: account, name. Decoded text views into the key.
struct MeterKey {
  Uuid account{};
  std::string_view name{};

  std::string Encode() const;
  static absl::StatusOr<MeterKey> Decode(std::string_view key);
};

// All declared meters; those of one account.
KeyRange MeterRange();
KeyRange MeterRange(const Uuid& account);

// A dropped meter: its number.
struct DroppedKey {
  std::uint32_t meter = 0;

  std::string Encode() const;
  static absl::StatusOr<DroppedKey> Decode(std::string_view key);
};
KeyRange DroppedRange();

// A cell: meter, customer or everybody, size of bucket, bucket, group. Decoded text views into the key.
struct CellKey {
  std::uint32_t meter = 0;
  std::string_view customer_alias{};  // empty: everybody's
  BucketSize size = BucketSize::kDay;
  std::uint32_t bucket = 0;
  std::string_view group{};  // see group.h; Decode() takes any bytes

  void AppendTo(std::string* out) const;
  std::string Encode() const;
  static absl::StatusOr<CellKey> Decode(std::string_view key);
};

// The cells of one meter and customer with from <= bucket < to.
KeyRange CellRange(std::uint32_t meter, std::string_view customer_alias, BucketSize size, std::uint32_t from,
                   std::uint32_t to);

// A value of a distinct count: its cell, and the value as UniqueForm() has it. Decoded text views into the key.
struct ValueKey {
  CellKey cell{};
  std::string_view form{};

  std::string Encode() const;
  static absl::StatusOr<ValueKey> Decode(std::string_view key);
};
KeyRange ValueRange(std::uint32_t meter, std::string_view customer_alias, BucketSize size, std::uint32_t from,
                    std::uint32_t to);

// A stale cell, by the cell's key.
std::string StaleKey(std::string_view cell_key);
// The key of the cell; DATA_LOSS for what is not StaleKey() of one.
absl::StatusOr<std::string> StaleCell(std::string_view key);
KeyRange StaleRange();

// All rows of one kind of one meter.
KeyRange RangeOfMeter(RollupKind kind, std::uint32_t meter);

// What stands for a string form among the distinct values: the text itself up to 32 bytes; otherwise 33 bytes, of which
// the last 32 are its digest.
std::string UniqueForm(std::string_view string_form);

// For a person; in hex where it does not decode.
std::string DescribeRollupKey(std::string_view key);

}  // namespace tallystick

#endif  // TALLYSTICK_LIB_ENCODING_ROLLUP_KEYS_H_
