#include "lib/encoding/sync_marks.h"

#include <algorithm>

#include "lib/base/keyed_hash.h"
#include "lib/encoding/bytes.h"

namespace tallystick {
namespace {

constexpr char kMarkTag = 1;
constexpr std::size_t kMarkFileSize = 6;
constexpr std::size_t kMarkBytesSize = 5;

// How a write batch holds bytes that mean nothing to RocksDB: its kTypeLogData, then a length.
constexpr char kLogData = 0x3;

constexpr std::string_view kMagic = "tlysync1";
constexpr std::size_t kGenerationSize = 8;
constexpr std::size_t kNumberSize = 8;
constexpr std::size_t kCountSize = 2;
constexpr std::size_t kCheckSize = 8;

// Not a secret: it guards against damage alone.
std::uint64_t CheckOf(std::string_view bytes) { return KeyedHash(HashKey(), bytes); }

char* StorePart(const FilePart& part, char* out) {
  StoreBigEndian(part.file, kNumberSize, out);
  StoreBigEndian(part.bytes, kNumberSize, out + kNumberSize);
  return out + 2 * kNumberSize;
}

FilePart TakePart(ByteReader* reader) {
  FilePart part;
  part.file = reader->Number(kNumberSize);
  part.bytes = reader->Number(kNumberSize);
  return part;
}

}  // namespace

std::array<char, kSyncMarkSize> EncodeSyncMark(const FilePart& synced) {
  static_assert(kSyncMarkSize == 1 + kMarkFileSize + kMarkBytesSize);
  std::array<char, kSyncMarkSize> mark;
  mark[0] = kMarkTag;
  StoreBigEndian(synced.file, kMarkFileSize, mark.data() + 1);
  StoreBigEndian(synced.bytes, kMarkBytesSize, mark.data() + 1 + kMarkFileSize);
  return mark;
}

std::optional<FilePart> SyncMarkOf(std::string_view write_batch) {
  constexpr std::size_t kSize = 2 + kSyncMarkSize;
  if (write_batch.size() < kSize) return std::nullopt;
  ByteReader reader(write_batch.substr(write_batch.size() - kSize));
  if (reader.Bytes(1)[0] != kLogData || reader.Number(1) != kSyncMarkSize || reader.Bytes(1)[0] != kMarkTag) {
    return std::nullopt;
  }
  FilePart synced;
  synced.file = reader.Number(kMarkFileSize);
  synced.bytes = reader.Number(kMarkBytesSize);
  return synced;
}

std::size_t EncodeSyncSlot(std::uint64_t generation, const FilePart& manifest, absl::Span<const FilePart> logs,
                           SyncSlot* slot) {
  static_assert(kMagic.size() + kGenerationSize + kCountSize + (1 + kSyncSlotLogsMax) * 2 * kNumberSize + kCheckSize <=
                kSyncSlotSize);
  if (logs.size() > kSyncSlotLogsMax) logs = logs.last(kSyncSlotLogsMax);
  char* out = std::copy(kMagic.begin(), kMagic.end(), slot->data());
  StoreBigEndian(generation, kGenerationSize, out);
  out = StorePart(manifest, out + kGenerationSize);
  StoreBigEndian(logs.size(), kCountSize, out);
  out += kCountSize;
  for (const FilePart& log : logs) out = StorePart(log, out);
  const auto size = static_cast<std::size_t>(out - slot->data());
  StoreBigEndian(CheckOf({slot->data(), size}), kCheckSize, out);
  return size + kCheckSize;
}

std::optional<DecodedSyncSlot> DecodeSyncSlot(std::string_view slot) {
  ByteReader reader(slot);
  DecodedSyncSlot decoded;
  if (reader.Bytes(kMagic.size()) != kMagic) return std::nullopt;
  decoded.generation = reader.Number(kGenerationSize);
  decoded.parts.manifest = TakePart(&reader);
  const std::uint64_t count = reader.Number(kCountSize);
  for (std::uint64_t i = 0; i < count && reader.ok(); ++i) decoded.parts.logs.push_back(TakePart(&reader));
  const std::string_view checked = slot.substr(0, slot.size() - reader.rest().size());
  const std::uint64_t check = reader.Number(kCheckSize);
  if (!reader.ok() || check != CheckOf(checked)) return std::nullopt;
  return decoded;
}

}  // namespace tallystick
