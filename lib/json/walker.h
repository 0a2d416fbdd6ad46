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

  // The next token without taking it; null at the end.
  const Token* Peek() const { return at_ < count_ ? &next_ : nullptr; }

  // Takes one value of any kind, and checks all of it. `level` is that of the value if it is an object or array; the
  // event's own is 1.
  bool SkipValue(int level);

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
  void Load();
  bool Take(Token* token);
  bool TakeChar(char c, const char* expectation);
  bool TakeKey(Token* key);
  bool CheckScalar(const Token& token);
  bool CheckLevel(int level, std::size_t offset);
  bool Fail(RejectReason reason, const char* message, std::size_t offset);

  const std::string_view document_;
  const std::uint32_t* const starts_;
  const std::size_t count_;
  std::size_t at_ = 0;
  Token next_;                // at at_, when there is one
  std::size_t last_end_ = 0;  // just behind the token taken last
  std::size_t last_gap_ = 0;  // where the token begins that last had whitespace before it
  std::optional<Rejection> failure_;
};

template <typename OnMember>
bool Walker::WalkObject(int level, std::size_t* end, OnMember on_member) {
  Token token;
  if (!Take(&token) || !CheckLevel(level, token.offset)) return false;
  if (Peek() != nullptr && Peek()->first() == '}') {
    Take(&token);
    *end = last_end_;
    return true;
  }
  while (true) {
    Token key;
    if (!TakeKey(&key) || !on_member(key)) return false;
    if (!Take(&token)) return false;
    if (token.first() == '}') {
      *end = last_end_;
      return true;
    }
    if (token.first() != ',') return Fail(RejectReason::kInvalidJson, "expects ',' or '}'", token.offset);
  }
}

}  // namespace tallystick

#endif  // TALLYSTICK_LIB_JSON_WALKER_H_
