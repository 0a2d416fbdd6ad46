// Fixed-width numbers in rows and keys: big-endian, so that byte order is number order.

#ifndef TALLYSTICK_LIB_ENCODING_BYTES_H_
#define TALLYSTICK_LIB_ENCODING_BYTES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "lib/base/instant.h"
#include "lib/encoding/instant_bytes.h"
#include "tallystick/uuid.h"

namespace tallystick {

inline constexpr std::size_t kUuidSize = 16;
inline constexpr std::size_t kSequenceSize = 6;
inline constexpr std::size_t kReceiptSize = 8;

inline void StoreBigEndian(std::uint64_t value, std::size_t size, char* out) {
  for (std::size_t i = size; i-- > 0; value >>= 8) out[i] = static_cast<char>(value & 0xff);
}

inline void AppendBigEndian(std::uint64_t value, std::size_t size, std::string* out) {
  char bytes[8];
  StoreBigEndian(value, size, bytes);
  out->append(bytes, size);
}

inline std::string_view BytesOf(const Uuid& uuid) {
  return {reinterpret_cast<const char*>(uuid.bytes.data()), uuid.bytes.size()};
}

inline void AppendInstantBytes(Instant instant, std::string* out) {
  const std::array<char, kInstantSize> bytes = InstantBytes(instant);
  out->append(bytes.data(), bytes.size());
}

// Takes fields off the front of some bytes. Once something is missing or out of range, `ok` is false and all that is
// read is zero or empty; so a decoder reads everything and asks once.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  std::string_view Bytes(std::size_t size) {
    if (size > rest_.size()) {
      ok_ = false;
      rest_ = {};
    }
    if (!ok_) return {};
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::uint64_t Number(std::size_t size) {
    const std::string_view bytes = Bytes(size);
    if (bytes.size() != size) return 0;
    // As many turns as the caller says, which mostly is a constant: a compiler makes one load of them.
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return value;
  }

  // A length in one byte, then as many bytes; at least one.
  std::string_view ShortText() {
    const std::string_view text = Bytes(static_cast<std::size_t>(Number(1)));
    if (text.empty()) ok_ = false;
    return text;
  }

  Uuid TakeUuid() {
    Uuid uuid;
    if (const std::string_view bytes = Bytes(kUuidSize); !bytes.empty()) {
      std::memcpy(uuid.bytes.data(), bytes.data(), kUuidSize);
    }
    return uuid;
  }

  Instant TakeInstant() {
    Instant instant;
    if (!ReadInstant(Bytes(kInstantSize), &instant)) ok_ = false;
    return instant;
  }

  // A sequence that was given out: not 0.
  std::uint64_t TakeSequence() {
    const std::uint64_t sequence = Number(kSequenceSize);
    if (sequence == 0) ok_ = false;
    return sequence;
  }

  std::string_view TakeRest() { return Bytes(rest_.size()); }

  std::string_view rest() const { return rest_; }
  bool ok() const { return ok_; }
  bool at_end() const { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace tallystick

#endif  // TALLYSTICK_LIB_ENCODING_BYTES_H_
