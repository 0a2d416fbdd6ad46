#include "lib/json/walker.h"

#include <string>

#include "lib/json/number.h"
#include "lib/json/strings.h"
#include "tallystick/event.h"

namespace tallystick {
namespace {

bool IsWhitespace(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

}  // namespace

Walker::Walker(std::string_view document, const Tokenizer& tokenizer)
    : document_(document), starts_(tokenizer.starts()), count_(tokenizer.count()) {
  Load();
}

// A token reaches to the next one, but for the whitespace between them.
void Walker::Load() {
  if (at_ == count_) return;
  const std::size_t start = starts_[at_];
  std::size_t end = at_ + 1 < count_ ? starts_[at_ + 1] : document_.size();
  while (end > start + 1 && IsWhitespace(document_[end - 1])) --end;
  next_ = {.offset = start, .text = document_.substr(start, end - start)};
}

bool Walker::Take(Token* token) {
  if (at_ == count_) return Fail(RejectReason::kInvalidJson, "ends too early", document_.size());
  *token = next_;
  if (token->offset != last_end_) last_gap_ = token->offset;
  last_end_ = token->offset + token->text.size();
  ++at_;
  Load();
  return true;
}

bool Walker::TakeChar(char c, const char* expectation) {
  Token token;
  if (!Take(&token)) return false;
  // A structural character is a token of its own, so anything behind it is whitespace or the next token.
  return token.text == std::string_view(&c, 1) || Fail(RejectReason::kInvalidJson, expectation, token.offset);
}

bool Walker::TakeKey(Token* key) {
  if (!Take(key)) return false;
  if (!key->IsString()) return Fail(RejectReason::kInvalidJson, "expects a key in quotes", key->offset);
  return CheckScalar(*key) && TakeChar(':', "expects ':'");
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
  // Bit i tells whether the i-th container that is open here is an object.
  std::uint64_t is_object = 0;
  int open = 0;
  while (true) {
    Token token;
    if (!Take(&token)) return false;
    if (token.first() == '{' || token.first() == '[') {
      if (!CheckLevel(level + open, token.offset)) return false;
      const bool object = token.first() == '{';
      const bool empty = Peek() != nullptr && Peek()->first() == (object ? '}' : ']');
      if (!empty) {
        is_object = is_object << 1 | static_cast<std::uint64_t>(object);
        ++open;
        if (object && !TakeKey(&token)) return false;
        continue;  // to the container's first value
      }
      if (!Take(&token)) return false;
    } else if (!CheckScalar(token)) {
      return false;
    }
    // Behind a value: close what ends here, until another value follows.
    while (true) {
      if (open == 0) return true;
      const bool object = (is_object & 1) != 0;
      if (!Take(&token)) return false;
      if (token.first() == ',') {
        if (object && !TakeKey(&token)) return false;
        break;
      }
      if (token.first() != (object ? '}' : ']')) {
        return Fail(RejectReason::kInvalidJson, object ? "expects ',' or '}'" : "expects ',' or ']'", token.offset);
      }
      is_object >>= 1;
      --open;
    }
  }
}

bool Walker::ExpectEnd() {
  return at_ == count_ || Fail(RejectReason::kInvalidJson, "has something behind its end", next_.offset);
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
