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
    default:
      break;
  }
  std::optional<Rejection> fault = FaultOfText(document);
  return fault.has_value() ? std::move(fault) : Invalid("is not JSON", std::nullopt);
}

std::optional<Rejection> FaultOfText(std::string_view document) {
  if (const auto offset = FindInvalidUtf8(document)) return Invalid("is not valid UTF-8", offset);
  std::optional<std::size_t> opened;  // where the string begins that this is in
  for (std::size_t i = 0; i < document.size(); ++i) {
    const char c = document[i];
    if (c == '"') {
      constexpr std::string_view kBefore = " \t\n\r{}[]:,\"";
      if (!opened.has_value() && i > 0 && kBefore.find(document[i - 1]) == std::string_view::npos) {
        return Invalid("has a string right behind a word or number", i);
      }
      opened = opened.has_value() ? std::nullopt : std::optional(i);
    } else if (!opened.has_value()) {
      if (c == '\\') return Invalid("has a backslash outside of strings", i);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      return Invalid("has a control character in a string that is not escaped", i);
    } else if (c == '\\' && i + 1 < document.size() && static_cast<unsigned char>(document[i + 1]) >= 0x20) {
      ++i;
    }
  }
  if (opened.has_value()) return Invalid("has a string that does not end", opened);
  return std::nullopt;
}

const std::uint32_t* Tokenizer::starts() const { return impl_->stage->structural_indexes.get(); }
std::size_t Tokenizer::count() const { return impl_->stage->n_structural_indexes; }

}  // namespace tallystick
