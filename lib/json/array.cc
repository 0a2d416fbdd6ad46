// The elements of a JSON array. The walker (walker.h) is for events, and refuses what events may not have: levels
// beyond 64, and surrogates without their other half. Here both are some element's own affair.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/json/number.h"
#include "lib/json/strings.h"
#include "lib/json/tokenizer.h"
#include "tallystick/event.h"

namespace tallystick {
namespace {

bool IsWhitespace(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

bool IsScalar(std::string_view token) {
  if (token.front() != '"') {
    return token == "true" || token == "false" || token == "null" || IsJsonNumber(token);
  }
  return token.size() >= 2 && token.back() == '"' && HasOnlyEscapes(token.substr(1, token.size() - 2));
}

class ArraySplitter {
 public:
  ArraySplitter(std::string_view text, const Tokenizer& tokenizer) : text_(text), tokenizer_(tokenizer) {}

  absl::StatusOr<std::vector<std::string_view>> Split(std::size_t elements_max);

 private:
  // What may come next.
  enum class Expected { kValue, kValueOrEnd, kKey, kKeyOrEnd, kColon, kCommaOrEnd, kNothing };

  // The i-th token reaches to the next one, but for the whitespace between them.
  std::string_view TokenAt(std::size_t i) const {
    const std::size_t start = tokenizer_.starts()[i];
    std::size_t end = i + 1 < tokenizer_.count() ? tokenizer_.starts()[i + 1] : text_.size();
    while (end > start + 1 && IsWhitespace(text_[end - 1])) --end;
    return text_.substr(start, end - start);
  }

  // What comes behind `token`; false when it may not stand here.
  bool Take(std::string_view token);
  bool TakeValue(std::string_view token);
  bool TakeEnd(std::string_view token);

  const std::string_view text_;
  const Tokenizer& tokenizer_;
  Expected expected_ = Expected::kValue;
  std::string open_;  // the brackets around here, outermost first
};

bool ArraySplitter::Take(std::string_view token) {
  switch (expected_) {
    case Expected::kValueOrEnd:
      return token == "]" ? TakeEnd(token) : TakeValue(token);
    case Expected::kValue:
      return TakeValue(token);
    case Expected::kKeyOrEnd:
      if (token == "}") return TakeEnd(token);
      [[fallthrough]];
    case Expected::kKey:
      expected_ = Expected::kColon;
      return token.front() == '"' && IsScalar(token);
    case Expected::kColon:
      expected_ = Expected::kValue;
      return token == ":";
    case Expected::kCommaOrEnd:
      if (token != ",") return TakeEnd(token);
      expected_ = open_.back() == '{' ? Expected::kKey : Expected::kValue;
      return true;
    case Expected::kNothing:
      break;
  }
  return false;
}

bool ArraySplitter::TakeValue(std::string_view token) {
  if (token == "{" || token == "[") {
    open_.push_back(token.front());
    expected_ = token == "{" ? Expected::kKeyOrEnd : Expected::kValueOrEnd;
    return true;
  }
  expected_ = Expected::kCommaOrEnd;
  return IsScalar(token);
}

bool ArraySplitter::TakeEnd(std::string_view token) {
  if (token != (open_.back() == '{' ? "}" : "]")) return false;
  open_.pop_back();
  expected_ = open_.empty() ? Expected::kNothing : Expected::kCommaOrEnd;
  return true;
}

absl::StatusOr<std::vector<std::string_view>> ArraySplitter::Split(std::size_t elements_max) {
  if (TokenAt(0) != "[") return absl::InvalidArgumentError("is not a JSON array");
  std::vector<std::string_view> elements;
  const char* start = nullptr;  // of the element that has begun
  for (std::size_t i = 0; i < tokenizer_.count(); ++i) {
    const std::string_view token = TokenAt(i);
    if (open_.size() == 1 && start == nullptr && token != "]" && token != ",") start = token.data();
    if (!Take(token)) {
      return absl::InvalidArgumentError("is not JSON (byte " + std::to_string(token.data() - text_.data()) + ")");
    }
    const bool ends_element = start != nullptr && open_.size() == 1 && expected_ == Expected::kCommaOrEnd;
    if (!ends_element) continue;
    if (elements.size() == elements_max) {
      return absl::OutOfRangeError("has more than " + std::to_string(elements_max) + " elements");
    }
    elements.emplace_back(start, static_cast<std::size_t>(token.data() + token.size() - start));
    start = nullptr;
  }
  if (expected_ != Expected::kNothing) return absl::InvalidArgumentError("is not JSON: it ends too early");
  return elements;
}

}  // namespace

absl::StatusOr<std::vector<std::string_view>> SplitJsonArray(std::string_view text, std::size_t elements_max) {
  Tokenizer tokenizer;
  if (const auto fault = tokenizer.Tokenize(text)) {
    return absl::InvalidArgumentError("is not JSON: " + fault->ToString());
  }
  return ArraySplitter(text, tokenizer).Split(elements_max);
}

}  // namespace tallystick
