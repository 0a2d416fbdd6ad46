// Walks a document token by token, and refuses whatever is not RFC 8259.

#ifndef TALLYSTICK_LIB_JSON_WALKER_H_
#define TALLYSTICK_LIB_JSON_WALKER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "lib/json/tokenizer.h"
#include "tallystick/write.h"

namespace tallystick {

// A token: its text without the whitespace that follows it.
struct Token {
  std::size_t offset = 0;
  std::string_view text;

  char first() const { return text.front(); }
  bool IsString() const { return first() == '"'; }
  // Between the quotes, escapes as written.
  std::string_view Inside() const { return text.substr(1, text.size() - 2); }
};

// Every function that returns false has set `failure()`, after which the walk is over.
class Walker {
 public:
  // `tokenizer` has tokenized `document` without a rejection.
  Walker(std::string_view document, const Tokenizer& tokenizer);

  // The next token without taking it; absent at the end.
  std::optional<Token> Peek() const { return at_ < count_ ? std::optional(TokenAt(at_)) : std::nullopt; }
  // Its first character; 0 at the end.
  char PeekFirst() const { return at_ < count_ ? document_[starts_[at_]] : '\0'; }

  // Takes one value of any kind, and checks all of it. `level` is that of the value if it is an object or array; the
  // event's own is 1.
  bool SkipValue(int level);

  // The same. `*token` is the value; of an object or array, the bracket that opens it.
  bool TakeValue(int level, Token* token);

  // Takes an object, whose level is `level`; calls `on_member(key)` behind the colon of each member, which must take
  // the value. `*end` is the offset just behind the object.
  template <typename OnMember>
  bool WalkObject(int level, std::size_t* end, OnMember on_member);

  // Whether nothing follows.
  bool ExpectEnd();

  // Whether whitespace stood between tokens at or behind the one at `offset`, before the current place.
  bool SawGapSince(std::size_t offset) const { return last_gap_ > offset; }

  std::optional<Rejection>& failure() { return failure_; }

 private:
  // A token reaches to the next one, but for the whitespace between them.
  Token TokenAt(std::size_t index) const {
    const std::size_t start = starts_[index];
    std::size_t end = index + 1 < count_ ? starts_[index + 1] : document_.size();
    while (end > start + 1 && IsWhitespace(document_[end - 1])) --end;
    return {.offset = start, .text = document_.substr(start, end - start)};
  }

  // Takes the next token, of which most are a character that needs no text.
  bool Take(std::size_t* offset) {
    if (at_ == count_) return Fail(RejectReason::kInvalidJson, "ends too early", document_.size());
    *offset = starts_[at_++];
    if (*offset > 0 && IsWhitespace(document_[*offset - 1])) last_gap_ = *offset;
    return true;
  }
  Token Taken() const { return TokenAt(at_ - 1); }

  static bool IsWhitespace(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

  bool TakeKey(Token* key);
  // Goes on behind the first token of a value, which is taken.
  bool SkipRest(char first, std::size_t offset, int level);
  bool CheckScalar(const Token& token);
  bool CheckLevel(int level, std::size_t offset);
  bool Fail(RejectReason reason, const char* message, std::size_t offset);

  const std::string_view document_;
  const std::uint32_t* const starts_;
  const std::size_t count_;
  std::size_t at_ = 0;
  std::size_t last_gap_ = 0;  // where the token begins that last had whitespace before it
  std::optional<Rejection> failure_;
};

template <typename OnMember>
bool Walker::WalkObject(int level, std::size_t* end, OnMember on_member) {
  std::size_t offset = 0;
  if (!Take(&offset) || !CheckLevel(level, offset)) return false;
  if (PeekFirst() == '}') {
    Take(&offset);
    *end = offset + 1;
    return true;
  }
  while (true) {
    Token key;
    if (!TakeKey(&key) || !on_member(key)) return false;
    if (!Take(&offset)) return false;
    if (document_[offset] == '}') {
      *end = offset + 1;
      return true;
    }
    if (document_[offset] != ',') return Fail(RejectReason::kInvalidJson, "expects ',' or '}'", offset);
  }
}

}  // namespace tallystick

#endif  // TALLYSTICK_LIB_JSON_WALKER_H_
