// A plain reader of JSON, to compare fast ones with: it goes one character at a time, builds a tree, and shares nothing
// with lib/.

#ifndef TALLYSTICK_TESTS_SUPPORT_JSON_READER_H_
#define TALLYSTICK_TESTS_SUPPORT_JSON_READER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tallystick::testing {

struct Json {
  enum Kind { kNull, kBool, kNumber, kString, kArray, kObject };
  Kind kind = kNull;
  std::size_t offset = 0;                // where in the document it begins
  std::string minified;                  // every kind's text without whitespace between tokens
  std::string string;                    // kString: what it means
  std::vector<std::string> keys;         // kObject, in their order, by what they mean
  std::vector<std::size_t> key_offsets;  // where each begins
  std::vector<Json> values;              // of the keys
};

class ReferenceReader {
 public:
  explicit ReferenceReader(std::string_view text) : text_(text) {}

  // The document, unless it breaks RFC 8259 or is nested deeper than 64 levels, the outermost value being at `level`.
  std::optional<Json> ReadDocument(int level) {
    Json json;
    too_deep_at_.reset();
    if (!IsUtf8() || !StringsAreWhole()) return std::nullopt;
    SkipSpace();
    if (!ReadValue(level, &json)) return std::nullopt;
    SkipSpace();
    if (at_ != text_.size()) return std::nullopt;
    return json;
  }

  // Where the object or array begins that is nested too deep, if that is why there is no document.
  std::optional<std::size_t> too_deep_at() const { return too_deep_at_; }

 private:
  char Next() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool Take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void SkipSpace() {
    while (Take(' ') || Take('\t') || Take('\n') || Take('\r')) continue;
  }

  // Decodes each character and asks whether those bytes are the way to write it.
  bool IsUtf8() const {
    for (std::size_t i = 0; i < text_.size();) {
      const auto first = static_cast<unsigned char>(text_[i++]);
      if (first < 0x80) continue;
      int more = 0;
      std::uint32_t scalar = 0;
      if (first >> 5 == 0x6) {
        more = 1;
        scalar = first & 0x1f;
      } else if (first >> 4 == 0xe) {
        more = 2;
        scalar = first & 0x0f;
      } else if (first >> 3 == 0x1e) {
        more = 3;
        scalar = first & 0x07;
      } else {
        return false;
      }
      for (int k = 0; k < more; ++k) {
        if (i == text_.size()) return false;
        const auto byte = static_cast<unsigned char>(text_[i++]);
        if (byte >> 6 != 2) return false;
        scalar = scalar * 64 + (byte & 0x3f);
      }
      constexpr std::uint32_t kLeast[] = {0, 0x80, 0x800, 0x10000};
      if (scalar < kLeast[more] || scalar > 0x10ffff || (scalar >= 0xd800 && scalar <= 0xdfff)) return false;
    }
    return true;
  }

  // Whether every string ends and has no raw control character, no backslash stands outside of one, and none begins
  // right behind a word or number, whatever else stands between strings.
  bool StringsAreWhole() const {
    bool inside = false;
    for (std::size_t i = 0; i < text_.size(); ++i) {
      if (inside && static_cast<unsigned char>(text_[i]) < 0x20) return false;
      if (!inside && text_[i] == '\\') return false;
      if (!inside && text_[i] == '"' && i > 0 &&
          std::string_view("{}[]:,\" \t\r\n").find(text_[i - 1]) == std::string_view::npos) {
        return false;
      }
      if (inside && text_[i] == '\\' && i + 1 < text_.size() && static_cast<unsigned char>(text_[i + 1]) >= 0x20) {
        ++i;
      } else if (text_[i] == '"') {
        inside = !inside;
      }
    }
    return !inside;
  }

  bool MayOpen(int level) {
    if (level <= 64) return true;
    too_deep_at_ = at_;
    return false;
  }

  bool ReadValue(int level, Json* json) {
    json->offset = at_;
    switch (Next()) {
      case '{':
        return ReadObject(level, json);
      case '[':
        return ReadArray(level, json);
      case '"':
        json->kind = Json::kString;
        return ReadString(&json->minified, &json->string);
      case 't':
        return ReadWord("true", Json::kBool, json);
      case 'f':
        return ReadWord("false", Json::kBool, json);
      case 'n':
        return ReadWord("null", Json::kNull, json);
      default:
        return ReadNumber(json);
    }
  }

  bool ReadWord(std::string_view word, Json::Kind kind, Json* json) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    json->kind = kind;
    json->minified = word;
    return true;
  }

  bool ReadObject(int level, Json* json) {
    if (!MayOpen(level) || !Take('{')) return false;
    json->kind = Json::kObject;
    json->minified = "{";
    SkipSpace();
    for (bool first = true; !Take('}'); first = false) {
      if (!first) {
        if (!Take(',')) return false;
        SkipSpace();
        json->minified += ',';
      }
      std::string written, key;
      Json value;
      json->key_offsets.push_back(at_);
      if (!ReadString(&written, &key)) return false;
      SkipSpace();
      if (!Take(':')) return false;
      SkipSpace();
      if (!ReadValue(level + 1, &value)) return false;
      SkipSpace();
      json->minified += written + ":" + value.minified;
      json->keys.push_back(std::move(key));
      json->values.push_back(std::move(value));
    }
    json->minified += '}';
    return true;
  }

  bool ReadArray(int level, Json* json) {
    if (!MayOpen(level) || !Take('[')) return false;
    json->kind = Json::kArray;
    json->minified = "[";
    SkipSpace();
    for (bool first = true; !Take(']'); first = false) {
      if (!first) {
        if (!Take(',')) return false;
        SkipSpace();
        json->minified += ',';
      }
      Json value;
      if (!ReadValue(level + 1, &value)) return false;
      SkipSpace();
      json->minified += value.minified;
    }
    json->minified += ']';
    return true;
  }

  bool ReadString(std::string* written, std::string* meant) {
    const std::size_t start = at_;
    if (!Take('"')) return false;
    std::uint32_t high = 0;  // the first half of a surrogate pair, just read; 0 is none
    while (!Take('"')) {
      if (at_ == text_.size() || static_cast<unsigned char>(text_[at_]) < 0x20) return false;
      if (!Take('\\')) {
        if (high != 0) return false;
        meant->push_back(text_[at_++]);
        continue;
      }
      if (Take('u')) {
        std::uint32_t unit = 0;
        for (int i = 0; i < 4; ++i, ++at_) {
          const std::size_t digit = std::string_view("0123456789abcdefABCDEF").find(Next());
          if (at_ == text_.size() || digit == std::string_view::npos) return false;
          unit = unit * 16 + static_cast<std::uint32_t>(digit < 16 ? digit : digit - 6);
        }
        const bool is_high = unit >= 0xd800 && unit < 0xdc00;
        const bool is_low = unit >= 0xdc00 && unit < 0xe000;
        if (is_low != (high != 0)) return false;
        if (is_high) {
          high = unit;
        } else if (is_low) {
          AppendScalar(0x10000 + (high - 0xd800) * 0x400 + (unit - 0xdc00), meant);
          high = 0;
        } else {
          AppendScalar(unit, meant);
        }
        continue;
      }
      if (high != 0) return false;
      static const std::map<char, char> kEscapes = {{'"', '"'},  {'\\', '\\'}, {'/', '/'},  {'b', '\b'},
                                                    {'f', '\f'}, {'n', '\n'},  {'r', '\r'}, {'t', '\t'}};
      const auto escape = kEscapes.find(Next());
      if (at_ == text_.size() || escape == kEscapes.end()) return false;
      meant->push_back(escape->second);
      ++at_;
    }
    if (high != 0) return false;
    *written = text_.substr(start, at_ - start);
    return true;
  }

  static void AppendScalar(std::uint32_t scalar, std::string* out) {
    if (scalar < 0x80) {
      out->push_back(static_cast<char>(scalar));
      return;
    }
    const int more = scalar < 0x800 ? 1 : scalar < 0x10000 ? 2 : 3;
    constexpr std::uint32_t kLead[] = {0, 0xc0, 0xe0, 0xf0};
    out->push_back(static_cast<char>(kLead[more] + (scalar >> (6 * more))));
    for (int i = more - 1; i >= 0; --i) out->push_back(static_cast<char>(0x80 + (scalar >> (6 * i)) % 64));
  }

  // A small machine of states, of which three may be the last.
  bool ReadNumber(Json* json) {
    enum { kStart, kMinus, kZero, kInteger, kPoint, kFraction, kE, kSign, kExponent } state = kStart;
    const std::size_t start = at_;
    for (;; ++at_) {
      const char c = Next();
      const bool digit = c >= '0' && c <= '9';
      if (state == kStart && c == '-') {
        state = kMinus;
      } else if ((state == kStart || state == kMinus) && c == '0') {
        state = kZero;
      } else if ((state == kStart || state == kMinus || state == kInteger) && digit) {
        state = kInteger;
      } else if ((state == kZero || state == kInteger) && c == '.') {
        state = kPoint;
      } else if ((state == kPoint || state == kFraction) && digit) {
        state = kFraction;
      } else if ((state == kZero || state == kInteger || state == kFraction) && (c == 'e' || c == 'E')) {
        state = kE;
      } else if (state == kE && (c == '+' || c == '-')) {
        state = kSign;
      } else if ((state == kE || state == kSign || state == kExponent) && digit) {
        state = kExponent;
      } else {
        break;
      }
    }
    json->kind = Json::kNumber;
    json->minified = text_.substr(start, at_ - start);
    return state == kZero || state == kInteger || state == kFraction || state == kExponent;
  }

  const std::string_view text_;
  std::size_t at_ = 0;
  std::optional<std::size_t> too_deep_at_;
};

}  // namespace tallystick::testing

#endif  // TALLYSTICK_TESTS_SUPPORT_JSON_READER_H_
