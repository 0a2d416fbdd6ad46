#include "lib/encoding/meta_rows.h"

#include "lib/encoding/bytes.h"

namespace tallystick {
namespace {

constexpr std::size_t kFormatVersionSize = 4;
constexpr std::size_t kHistoryNumberSize = 2;

absl::Status BadRow(std::string_view key) {
  return absl::DataLossError("default: the row '" + std::string(key) + "' does not decode");
}

}  // namespace

std::string CommitPosition::Encode() const {
  std::string value;
  AppendBigEndian(sequence, kSequenceSize, &value);
  AppendBigEndian(receipt.ticks, kReceiptSize, &value);
  return value;
}

absl::StatusOr<CommitPosition> CommitPosition::Decode(std::string_view value) {
  ByteReader reader(value);
  CommitPosition position;
  position.sequence = reader.Number(kSequenceSize);
  position.receipt.ticks = reader.Number(kReceiptSize);
  if (!reader.at_end() || position.receipt.ticks >= Receipt::kTicksEnd) return BadRow(meta_key::kPosition);
  return position;
}

std::string EncodeFormatVersion(std::uint32_t version) {
  std::string value;
  AppendBigEndian(version, kFormatVersionSize, &value);
  return value;
}

absl::StatusOr<std::uint32_t> DecodeFormatVersion(std::string_view value) {
  ByteReader reader(value);
  const auto version = static_cast<std::uint32_t>(reader.Number(kFormatVersionSize));
  if (!reader.at_end() || version == 0) return BadRow(meta_key::kFormatVersion);
  return version;
}

std::string EncodeHistory(std::uint16_t number, const Uuid& id) {
  std::string value;
  AppendBigEndian(number, kHistoryNumberSize, &value);
  value.append(BytesOf(id));
  return value;
}

absl::Status DecodeHistory(std::string_view value, std::uint16_t* number, Uuid* id) {
  ByteReader reader(value);
  *number = static_cast<std::uint16_t>(reader.Number(kHistoryNumberSize));
  *id = reader.TakeUuid();
  return reader.at_end() ? absl::OkStatus() : BadRow(meta_key::kHistory);
}

}  // namespace tallystick
