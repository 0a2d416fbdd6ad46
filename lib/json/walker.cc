#include "lib/json/walker.h"

#include <string>

#include "lib/json/number.h"
#include "lib/json/strings.h"
#include "tallystick/event.h"

namespace tallystick {

Walker::Walker(std::string_view document, const Tokenizer& tokenizer)
    : document_(document), starts_(tokenizer.starts()), count_(tokenizer.count()) {}

bool Walker::TakeKey(Token* key) {
  std::size_t offset = 0;
  if (!Take(&offset)) return false;
  if (document_[offset] != '"') return Fail(RejectReason::kInvalidJson, "expects a key in quotes", offset);
  *key = Taken();
  if (!CheckScalar(*key) || !Take(&offset)) return false;
  return document_[offset] == ':' || Fail(RejectReason::kInvalidJson, "expects ':'", offset);
}

bool Walker::CheckScalar(const Token& token) {
  switch (token.first()) {
    case '"': {
      if (token.text.size() < 2 || token.text.back() != '"') {
        return Fail(RejectReason::kInvalidJson, "has something behind a string", token.offset);
      }
      if (!HasEscapes(token.Inside())) return true;
      const std::optional<std::size_t> bad = Unescape(token.Inside(), nullptr);
      return !bad.has_value() ||
             Fail(RejectReason::kInvalidJson, "has an escape in a string that stands for no character",
                  token.offset + 1 + *bad);
    }
    case 't':
      if (token.text == "true") return true;
      break;
    case 'f':
      if (token.text == "false") return true;
      break;
    case 'n':
      if (token.text == "null") return true;
      break;
    default:
      if (IsJsonNumber(token.text)) return true;
      break;
  }
  return Fail(RejectReason::kInvalidJson, "expects a value", token.offset);
}

bool Walker::SkipValue(int level) {
  std::size_t offset = 0;
  return Take(&offset) && SkipRest(document_[offset], offset, level);
}

bool Walker::TakeValue(int level, Token* token) {
  std::size_t offset = 0;
  if (!Take(&offset)) return false;
  *token = Taken();
  return SkipRest(token->first(), offset, level);
}

bool Walker::SkipRest(char first, std::size_t offset, int level) {
  // Bit i tells whether the i-th container that is open here is an object.
  std::uint64_t is_object = 0;
  int open = 0;
  Token key;
  while (true) {
    if (first == '{' || first == '[') {
      if (!CheckLevel(level + open, offset)) return false;
      const bool object = first == '{';
      if (PeekFirst() != (object ? '}' : ']')) {
        is_object = is_object << 1 | static_cast<std::uint64_t>(object);
        ++open;
        if (object && !TakeKey(&key)) return false;
        if (!Take(&offset)) return false;  // the container's first value
        first = document_[offset];
        continue;
      }
      if (!Take(&offset)) return false;
    } else if (!CheckScalar(Taken())) {
      return false;
    }
    // Behind a value: close what ends here, until another value follows.
    while (true) {
      if (open == 0) return true;
      const bool object = (is_object & 1) != 0;
      if (!Take(&offset)) return false;
      first = document_[offset];
      if (first == ',') {
        if (object && !TakeKey(&key)) return false;
        break;
      }
      if (first != (object ? '}' : ']')) {
        return Fail(RejectReason::kInvalidJson, object ? "expects ',' or '}'" : "expects ',' or ']'", offset);
      }
      is_object >>= 1;
      --open;
    }
    if (!Take(&offset)) return false;
    first = document_[offset];
  }
}

bool Walker::ExpectEnd() {
  return at_ == count_ || Fail(RejectReason::kInvalidJson, "has something behind its end", starts_[at_]);
}

bool Walker::CheckLevel(int level, std::size_t offset) {
  return level <= kJsonDepthMax || Fail(RejectReason::kTooDeep, "is nested deeper than 64 levels", offset);
}

bool Walker::Fail(RejectReason reason, const char* message, std::size_t offset) {
  if (!failure_.has_value()) {
    failure_ = Rejection{.reason = reason, .message = message, .pointer = {}, .offset = offset};
  }
  return false;
}

}  // namespace tallystick
