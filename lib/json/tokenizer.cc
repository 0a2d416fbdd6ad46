#include "lib/json/tokenizer.h"

#include <algorithm>
#include <string>
#include <utility>

#include "lib/base/utf8.h"
#include "simdjson.h"

namespace tallystick {
namespace {

// A document rarely exceeds this; one that does must not leave its memory behind for ever.
constexpr std::size_t kCapacityKept = 256 * 1024;
constexpr std::size_t kCapacityMin = 4096;

Rejection Invalid(std::string message, std::optional<std::size_t> offset) {
  return {.reason = RejectReason::kInvalidJson, .message = std::move(message), .pointer = {}, .offset = offset};
}

// The first raw control character inside a string, or, with `unclosed`, the opening quote of the string that never
// ends. Slow, and only ever asked for documents that are refused.
std::size_t FindBadString(std::string_view document, bool unclosed) {
  std::size_t opened = 0;
  bool inside = false;
  for (std::size_t i = 0; i < document.size(); ++i) {
    const char c = document[i];
    if (!inside) {
      if (c == '"') {
        inside = true;
        opened = i;
      }
    } else if (c == '\\') {
      ++i;
    } else if (c == '"') {
      inside = false;
    } else if (!unclosed && static_cast<unsigned char>(c) < 0x20) {
      return i;
    }
  }
  return opened;
}

}  // namespace

struct Tokenizer::Impl {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> stage;
};

Tokenizer::Tokenizer() : impl_(std::make_unique<Impl>()) {}
Tokenizer::~Tokenizer() = default;

std::optional<Rejection> Tokenizer::Tokenize(std::string_view document) {
  const std::size_t kept = impl_->stage == nullptr ? 0 : impl_->stage->capacity();
  if (impl_->stage == nullptr || document.size() > kept || (kept > kCapacityKept && document.size() <= kCapacityKept)) {
    const std::size_t capacity = std::max(document.size() + document.size() / 4, kCapacityMin);
    constexpr std::size_t kDepthUnused = 1;  // of the second stage, which is ours
    const simdjson::error_code error =
        simdjson::get_active_implementation()->create_dom_parser_implementation(capacity, kDepthUnused, impl_->stage);
    if (error != simdjson::SUCCESS) {
      impl_->stage.reset();
      return Rejection{.reason = RejectReason::kTooLarge, .message = "there is no memory to read it", .offset = {}};
    }
  }
  switch (impl_->stage->stage1(reinterpret_cast<const std::uint8_t*>(document.data()), document.size(),
                               simdjson::stage1_mode::regular)) {
    case simdjson::SUCCESS:
      return std::nullopt;
    case simdjson::EMPTY:
      return Invalid("is empty", std::nullopt);
    case simdjson::UTF8_ERROR:
      return Invalid("is not valid UTF-8", FindInvalidUtf8(document));
    case simdjson::UNESCAPED_CHARS:
      return Invalid("has a control character in a string that is not escaped", FindBadString(document, false));
    case simdjson::UNCLOSED_STRING:
      return Invalid("has a string that does not end", FindBadString(document, true));
    default:
      return Invalid("is not JSON", std::nullopt);
  }
}

const std::uint32_t* Tokenizer::starts() const { return impl_->stage->structural_indexes.get(); }
std::size_t Tokenizer::count() const { return impl_->stage->n_structural_indexes; }

}  // namespace tallystick
