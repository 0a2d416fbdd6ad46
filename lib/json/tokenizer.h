// Where the tokens of a document begin: simdjson's first stage.
//
// It finds the structural characters ({ } [ ] : ,), the opening quote of each string, and the first byte of everything
// else that is not whitespace; and it checks UTF-8, that strings end, and that they hold no raw control character. It
// is simdjson's own parser interface, not its front ends: see event_parser.h for why.
//
// Its implementations, of which each machine has some, agree on text that is JSON. On other text they do not: one looks
// for UTF-8 in strings alone, passes over a control character behind a backslash, and takes a quote for a part of the
// word before it; to others a backslash outside of strings escapes a quote.

#ifndef TALLYSTICK_LIB_JSON_TOKENIZER_H_
#define TALLYSTICK_LIB_JSON_TOKENIZER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "tallystick/write.h"

namespace tallystick {

// Reuses its memory, which is about four bytes for each of the largest document. Not thread-safe.
class Tokenizer {
 public:
  Tokenizer();
  ~Tokenizer();

  // Finds the tokens of `document`, of up to 4 GiB, reading no byte outside it; or says why it is no JSON.
  std::optional<Rejection> Tokenize(std::string_view document);

  // Of the document that was tokenized last: where its tokens begin, in order.
  const std::uint32_t* starts() const;
  std::size_t count() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// What is wrong with the text whatever its structure: bytes that are not UTF-8; otherwise the first of a backslash
// outside of strings, a string right behind a word or number, and a raw control character in a string; or the string
// that does not end. The same on every machine; slow, for documents that are refused.
std::optional<Rejection> FaultOfText(std::string_view document);

}  // namespace tallystick

#endif  // TALLYSTICK_LIB_JSON_TOKENIZER_H_
