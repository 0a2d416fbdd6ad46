#include "tallystick/uuid.h"

#include <array>
#include <cstddef>
#include <cstring>

#include "lib/base/uuid_text.h"

namespace tallystick {
namespace {

// Where the two digits of each byte stand in the text, and where the hyphens do.
constexpr std::array<std::uint8_t, 16> kDigitsAt = {0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34};
constexpr std::array<std::uint8_t, 4> kHyphensAt = {8, 13, 18, 23};

// Of a character: the value of the digit that it is, with a mark for one in upper case; kNoDigit for any other.
constexpr std::uint8_t kUpperCase = 0x20;
constexpr std::uint8_t kNoDigit = 0x80;

constexpr std::array<std::uint8_t, 256> MakeDigitValues() {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (std::uint8_t i = 0; i < 10; ++i) values[static_cast<std::size_t>('0' + i)] = i;
  for (std::uint8_t i = 10; i < 16; ++i) {
    values[static_cast<std::size_t>('a' + i - 10)] = i;
    values[static_cast<std::size_t>('A' + i - 10)] = i | kUpperCase;
  }
  return values;
}
constexpr std::array<std::uint8_t, 256> kDigitValues = MakeDigitValues();

// The two digits of every byte.
constexpr std::array<char, 512> MakeDigitPairs() {
  constexpr char kDigits[] = "0123456789abcdef";
  std::array<char, 512> pairs{};
  for (std::size_t byte = 0; byte < 256; ++byte) {
    pairs[2 * byte] = kDigits[byte >> 4];
    pairs[2 * byte + 1] = kDigits[byte & 0x0f];
  }
  return pairs;
}
constexpr std::array<char, 512> kDigitPairs = MakeDigitPairs();

// `refused`: the marks that no digit may have.
std::optional<Uuid> ParseDigits(std::string_view text, std::uint8_t refused) {
  if (text.size() != kUuidTextSize) return std::nullopt;
  for (const std::size_t at : kHyphensAt) {
    if (text[at] != '-') return std::nullopt;
  }
  Uuid uuid;
  std::uint8_t marks = 0;
  for (std::size_t i = 0; i < uuid.bytes.size(); ++i) {
    const std::uint8_t high = kDigitValues[static_cast<unsigned char>(text[kDigitsAt[i]])];
    const std::uint8_t low = kDigitValues[static_cast<unsigned char>(text[kDigitsAt[i] + std::size_t{1}])];
    marks |= high | low;
    uuid.bytes[i] = static_cast<std::uint8_t>((high & 0x0f) << 4 | (low & 0x0f));
  }
  if ((marks & refused) != 0) return std::nullopt;
  return uuid;
}

}  // namespace

std::optional<Uuid> Uuid::Parse(std::string_view text) { return ParseDigits(text, kNoDigit); }

std::optional<Uuid> ParseUuidText(std::string_view text) { return ParseDigits(text, kNoDigit | kUpperCase); }

void WriteUuidText(const Uuid& uuid, char* out) {
  for (std::size_t i = 0; i < uuid.bytes.size(); ++i) {
    std::memcpy(out + kDigitsAt[i], &kDigitPairs[std::size_t{2} * uuid.bytes[i]], 2);
  }
  for (const std::size_t at : kHyphensAt) out[at] = '-';
}

std::string Uuid::ToString() const {
  std::string text(kUuidTextSize, '\0');
  WriteUuidText(*this, text.data());
  return text;
}

}  // namespace tallystick
