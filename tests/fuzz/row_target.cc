#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/base/keyed_hash.h"
#include "lib/encoding/fingerprint.h"
#include "lib/encoding/meta_rows.h"
#include "lib/encoding/rollup_rows.h"
#include "lib/encoding/rows.h"
#include "tests/fuzz/targets.h"
#include "tests/support/parsed_event.h"

namespace tallystick::fuzz {
namespace {

template <typename Row>
std::string Encoded(const Row& row) {
  if constexpr (requires(std::string * out) { row.AppendTo(out); }) {
    std::string value;
    row.AppendTo(&value);
    return value;
  } else {
    return row.Encode();
  }
}

// Whether `decoded`, of the bytes `value`, is an error by its code or encodes to the same bytes.
template <typename Row>
Finding CheckRow(std::string_view what, const absl::StatusOr<Row>& decoded, std::string_view value) {
  if (!decoded.ok()) {
    if (decoded.status().code() == absl::StatusCode::kDataLoss) return std::nullopt;
    return std::string(what) + " is refused with another code: " + decoded.status().ToString();
  }
  if (Encoded(*decoded) == value) return std::nullopt;
  return std::string(what) + " is taken in a form that is not its own";
}

Finding CheckEvent(std::string_view value) {
  const absl::StatusOr<EventRow> row = EventRow::Decode(value);
  if (const Finding finding = CheckRow("a row of events", row, value)) return finding;
  if (!row.ok()) return std::nullopt;
  if (row->EncodedSize() != value.size()) return "a row of events has another size than it says";
  if (value.substr(row->AliasOffset(), row->customer_alias.size()) != row->customer_alias) {
    return "a row of events has its alias elsewhere than it says";
  }
  std::string scratch;
  const std::uint64_t fingerprint =
      Fingerprint(HashKey{}, row->customer_alias, row->event_type, row->event_properties, &scratch);
  if (FingerprintOfContent(HashKey{}, value.substr(row->ContentOffset())) != fingerprint) {
    return "a row of events has another fingerprint than what it is made of";
  }
  std::string stamped(value);
  EventRow::SetReceipt(Receipt{Receipt::kTicksEnd - 1}, stamped.data());
  const absl::StatusOr<EventRow> later = EventRow::Decode(stamped);
  if (!later.ok() || later->receipt.ticks != Receipt::kTicksEnd - 1) return "a row of events loses its receipt";
  return std::nullopt;
}

// The id of an event at each end of a change: a UUID of version 7, and the later one is greater.
Finding CheckIds(const ChangeRow& row) {
  const Uuid id = MakeEventId(HashKey{}, row.receipt, 1);
  if (id.bytes[6] >> 4 != 7 || id.bytes[8] >> 6 != 2) return "an id is no UUIDv7";
  if (!row.replaced.has_value()) return std::nullopt;
  const Uuid replaced = MakeEventId(HashKey{}, row.replaced->receipt, row.replaced->sequence);
  if (row.receipt != row.replaced->receipt && (id < replaced) != (row.receipt < row.replaced->receipt)) {
    return "ids order otherwise than their receipts";
  }
  return std::nullopt;
}

Finding CheckMeta(std::string_view value) {
  if (const Finding finding = CheckRow("the position", CommitPosition::Decode(value), value)) return finding;
  const absl::StatusOr<std::uint32_t> version = DecodeFormatVersion(value);
  if (version.ok() && EncodeFormatVersion(*version) != value) return "a format version is taken in two forms";
  std::uint16_t number = 0;
  Uuid id;
  if (DecodeHistory(value, &number, &id).ok() && EncodeHistory(number, id) != value) {
    return "a history is taken in two forms";
  }
  return std::nullopt;
}

Finding CheckChange(std::string_view value) {
  const absl::StatusOr<ChangeRow> row = ChangeRow::Decode(value);
  if (const Finding finding = CheckRow("a row of changes", row, value)) return finding;
  if (!row.ok()) return std::nullopt;
  Uuid other = row->account;
  other.bytes[15] ^= 1;
  if (!ChangeRow::DecodeOf(row->account, 1, value).ok()) return "a row of changes is not its own account's";
  if (ChangeRow::DecodeOf(other, 1, value).ok()) return "a row of changes is another account's too";
  return CheckIds(*row);
}

}  // namespace

Finding FuzzRow(std::string_view bytes) {
  const testing::Exact exact(bytes);
  const std::string_view value = exact.text();
  if (const Finding finding = CheckRow("a row of event_ids", EventIdRow::Decode(value), value)) return finding;
  if (const Finding finding = CheckEvent(value)) return finding;
  if (const Finding finding = CheckChange(value)) return finding;
  if (const Finding finding = CheckRow("a declared meter", MeterRow::Decode(value), value)) return finding;
  if (const Finding finding = CheckRow("a cell", CellRow::Decode(value), value)) return finding;
  if (const Finding finding = CheckRow("a value", ValueRow::Decode(value), value)) return finding;
  return CheckMeta(value);
}

}  // namespace tallystick::fuzz
