#include "lib/json/event_parser.h"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

#include "lib/base/utf8.h"
#include "lib/json/strings.h"
#include "lib/json/tokenizer.h"
#include "lib/json/walker.h"
#include "simdjson.h"
#include "tallystick/event.h"

namespace tallystick {
namespace {

constexpr std::string_view kIdPointer = "/customerEventId";
constexpr std::string_view kAliasPointer = "/customerAlias";
constexpr std::string_view kTypePointer = "/eventType";
constexpr std::string_view kTimestampPointer = "/eventTimestamp";
constexpr std::string_view kPropertiesPointer = "/eventProperties";

// The fields of the form, each with a bit of its own to notice a second one.
enum Field : unsigned {
  kId = 1,
  kAlias = 2,
  kType = 4,
  kTimestamp = 8,
  kProperties = 16,
  kIgnoredId = 32,
  kIgnoredAccount = 64,
};

std::optional<Field> FieldOf(std::string_view key) {
  if (key == "customerEventId") return kId;
  if (key == "customerAlias") return kAlias;
  if (key == "eventType") return kType;
  if (key == "eventTimestamp") return kTimestamp;
  if (key == "eventProperties") return kProperties;
  if (key == "id") return kIgnoredId;
  if (key == "sequenceAccountId") return kIgnoredAccount;
  return std::nullopt;
}

// A key as a step of a JSON pointer (RFC 6901 section 3).
std::string PointerStep(std::string_view key) {
  std::string step = "/";
  for (const char c : key) {
    if (c == '~') {
      step += "~0";
    } else if (c == '/') {
      step += "~1";
    } else {
      step.push_back(c);
    }
  }
  return step;
}

Rejection Fault(RejectReason reason, std::string message, std::string_view pointer,
                std::optional<std::size_t> offset = std::nullopt) {
  return {.reason = reason, .message = std::move(message), .pointer = std::string(pointer), .offset = offset};
}

// Why the walk over a document failed. A fault of its text comes before its depth, and is not always seen by then.
Rejection FailureOf(Walker* walker, std::string_view document) {
  if (walker->failure()->reason == RejectReason::kTooDeep) {
    if (std::optional<Rejection> fault = FaultOfText(document)) return *std::move(fault);
  }
  return *std::move(walker->failure());
}

// The keys of one object, to find one that is given twice.
class KeySet {
 public:
  void Clear() { keys_.clear(); }
  void Add(std::string_view key, std::size_t offset) { keys_.push_back({key, offset}); }

  struct Key {
    std::string_view text;
    std::size_t offset = 0;
  };

  // The first key, in the order of the text, that stood before it already.
  std::optional<Key> FindRepeated() {
    // Few keys are compared each with each; many are sorted.
    constexpr std::size_t kFew = 12;
    std::optional<Key> repeated;
    if (keys_.size() <= kFew) {
      for (std::size_t i = 1; i < keys_.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
          if (keys_[i].text == keys_[j].text) return keys_[i];
        }
      }
      return repeated;
    }
    std::sort(keys_.begin(), keys_.end(),
              [](const Key& a, const Key& b) { return a.text != b.text ? a.text < b.text : a.offset < b.offset; });
    for (std::size_t i = 1; i < keys_.size(); ++i) {
      if (keys_[i].text != keys_[i - 1].text) continue;
      if (!repeated.has_value() || keys_[i].offset < repeated->offset) repeated = keys_[i];
    }
    return repeated;
  }

 private:
  std::vector<Key> keys_;
};

}  // namespace

struct EventParser::Impl {
  Tokenizer tokenizer;
  KeySet keys;
  std::deque<std::string> unescaped_keys;  // whose addresses stay
  std::string key;
  std::string id;
  std::string alias;
  std::string type;
  std::string timestamp;
  std::string properties;

  // The text of a string token, in `buffer` when it has escapes.
  static std::string_view TextOf(const Token& token, std::string* buffer) {
    if (!HasEscapes(token.Inside())) return token.Inside();
    buffer->clear();
    Unescape(token.Inside(), buffer);
    return *buffer;
  }

  // Takes the properties object. False when the walk is over; `*fault` is set when the object breaks a rule of its own.
  bool TakeProperties(Walker* walker, std::string_view document, int level, std::string_view* minified,
                      std::optional<Rejection>* fault);
};

bool EventParser::Impl::TakeProperties(Walker* walker, std::string_view document, int level, std::string_view* minified,
                                       std::optional<Rejection>* fault) {
  const std::size_t start = walker->Peek()->offset;
  std::size_t end = 0;
  keys.Clear();
  unescaped_keys.clear();
  const bool walked = walker->WalkObject(level, &end, [&](const Token& token) {
    const bool escaped = HasEscapes(token.Inside());
    keys.Add(escaped ? TextOf(token, &unescaped_keys.emplace_back()) : token.Inside(), token.offset);
    return walker->SkipValue(level + 1);
  });
  if (!walked) return false;

  *minified = document.substr(start, end - start);
  if (walker->SawGapSince(start)) {
    properties.resize(minified->size());
    std::size_t size = 0;
    // It fails only on strings that do not end, and these have ended.
    if (simdjson::minify(minified->data(), minified->size(), properties.data(), size) != simdjson::SUCCESS) size = 0;
    *minified = std::string_view(properties).substr(0, size);
  }
  if (const std::optional<KeySet::Key> repeated = keys.FindRepeated(); repeated.has_value()) {
    *fault = Fault(RejectReason::kDuplicateKey, "is given twice",
                   std::string(kPropertiesPointer) + PointerStep(repeated->text), repeated->offset);
  } else if (minified->size() > kPropertiesBytesMax) {
    *fault = Fault(RejectReason::kTooLarge,
                   "is longer than " + std::to_string(kPropertiesBytesMax) + " bytes without whitespace",
                   kPropertiesPointer, start);
  }
  return true;
}

EventParser::EventParser() : impl_(std::make_unique<Impl>()) {}
EventParser::~EventParser() = default;
EventParser::EventParser(EventParser&&) noexcept = default;
EventParser& EventParser::operator=(EventParser&&) noexcept = default;

std::optional<Rejection> EventParser::Parse(std::string_view document, ParsedEvent* event) {
  if (document.size() > kEventJsonBytesMax) return TooLargeDocument();
  if (std::optional<Rejection> rejection = impl_->tokenizer.Tokenize(document)) return rejection;

  *event = ParsedEvent{.event_properties = "{}"};
  Walker walker(document, impl_->tokenizer);
  if (const Token first = *walker.Peek(); first.first() != '{') {
    if (!walker.SkipValue(1) || !walker.ExpectEnd()) return FailureOf(&walker, document);
    return Fault(RejectReason::kWrongType, "must be a JSON object", "", first.offset);
  }

  // A fault of a field is kept while the walk goes on: what is no JSON at all is refused as that.
  std::optional<Rejection> fault;
  const auto note = [&fault](RejectReason reason, std::string message, std::string_view pointer, std::size_t offset) {
    if (!fault.has_value()) fault = Fault(reason, std::move(message), pointer, offset);
  };
  unsigned given = 0;

  // Takes a field that is to be a string, into `*buffer` when it has escapes. Absent when it is null or faulty.
  const auto take_string = [&](std::string_view pointer, bool required, std::string* buffer,
                               std::optional<std::string_view>* text) {
    Token next;
    if (!walker.TakeValue(2, &next)) return false;
    if (next.IsString()) {
      *text = Impl::TextOf(next, buffer);
    } else if (next.text != "null") {
      note(RejectReason::kWrongType, "must be a string", pointer, next.offset);
    } else if (required) {
      note(RejectReason::kMissingField, "is required, and must not be null", pointer, next.offset);
    }
    return true;
  };
  const auto take_name = [&](std::string_view pointer, bool required, std::string* buffer,
                             std::optional<std::string_view>* name) {
    const std::size_t offset = walker.Peek()->offset;
    if (!take_string(pointer, required, buffer, name)) return false;
    if (!name->has_value() || fault.has_value()) return true;
    if (std::optional<Rejection> rejection = CheckName(**name, pointer)) {
      rejection->offset = offset;
      fault = std::move(rejection);
    }
    return true;
  };

  std::size_t end = 0;
  const bool walked = walker.WalkObject(1, &end, [&](const Token& key_token) {
    const std::string_view key = Impl::TextOf(key_token, &impl_->key);
    const std::optional<Field> field = FieldOf(key);
    if (!field.has_value()) {
      note(RejectReason::kUnknownField, "is not a field of an event", PointerStep(key), key_token.offset);
      return walker.SkipValue(2);
    }
    if ((given & *field) != 0) {
      note(RejectReason::kDuplicateKey, "is given twice", PointerStep(key), key_token.offset);
      return walker.SkipValue(2);
    }
    given |= *field;
    if (walker.PeekFirst() == 0) return walker.SkipValue(2);  // which says that the document ends too early

    std::optional<std::string_view> text;
    switch (*field) {
      case kId:
        return take_name(kIdPointer, false, &impl_->id, &event->customer_event_id);
      case kAlias:
        if (!take_name(kAliasPointer, true, &impl_->alias, &text)) return false;
        event->customer_alias = text.value_or("");
        return true;
      case kType:
        if (!take_name(kTypePointer, true, &impl_->type, &text)) return false;
        event->event_type = text.value_or("");
        return true;
      case kTimestamp: {
        const std::size_t offset = walker.Peek()->offset;
        if (!take_string(kTimestampPointer, false, &impl_->timestamp, &text)) return false;
        if (!text.has_value()) return true;
        const absl::StatusOr<Instant> instant = ParseInstant(*text);
        if (instant.ok()) {
          event->event_timestamp = *instant;
        } else {
          note(RejectReason::kInvalidValue, std::string(instant.status().message()), kTimestampPointer, offset);
        }
        return true;
      }
      case kProperties: {
        if (walker.PeekFirst() == '{') {
          std::optional<Rejection> properties_fault;
          if (!impl_->TakeProperties(&walker, document, 2, &event->event_properties, &properties_fault)) return false;
          if (properties_fault.has_value() && !fault.has_value()) fault = std::move(properties_fault);
          return true;
        }
        Token next;
        if (!walker.TakeValue(2, &next)) return false;
        if (next.text != "null") {
          note(RejectReason::kWrongType, "must be a JSON object", kPropertiesPointer, next.offset);
        }
        return true;
      }
      case kIgnoredId:
      case kIgnoredAccount:
        return walker.SkipValue(2);
    }
    return walker.SkipValue(2);
  });
  if (!walked || !walker.ExpectEnd()) return FailureOf(&walker, document);
  if (fault.has_value()) return fault;
  if ((given & kAlias) == 0) return Fault(RejectReason::kMissingField, "is required", kAliasPointer);
  if ((given & kType) == 0) return Fault(RejectReason::kMissingField, "is required", kTypePointer);
  return std::nullopt;
}

std::optional<Rejection> EventParser::ParseProperties(std::string_view object, std::string_view* minified) {
  const auto at_field = [](Rejection rejection) {
    if (rejection.pointer.empty()) rejection.pointer = std::string(kPropertiesPointer);
    return rejection;
  };
  if (object.size() > kEventJsonBytesMax) {
    return Fault(RejectReason::kTooLarge, "is longer than " + std::to_string(kEventJsonBytesMax) + " bytes",
                 kPropertiesPointer);
  }
  if (std::optional<Rejection> rejection = impl_->tokenizer.Tokenize(object)) return at_field(*std::move(rejection));
  Walker walker(object, impl_->tokenizer);
  std::optional<Rejection> fault;
  if (const Token first = *walker.Peek(); first.first() == '{') {
    if (!impl_->TakeProperties(&walker, object, 2, minified, &fault)) return at_field(FailureOf(&walker, object));
  } else {
    if (!walker.SkipValue(2)) return at_field(FailureOf(&walker, object));
    fault = Fault(RejectReason::kWrongType, "must be a JSON object", kPropertiesPointer, first.offset);
  }
  if (!walker.ExpectEnd()) return at_field(FailureOf(&walker, object));
  return fault;
}

Rejection TooLargeDocument() {
  return Fault(RejectReason::kTooLarge, "is longer than " + std::to_string(kEventJsonBytesMax) + " bytes", "");
}

std::optional<Rejection> CheckName(std::string_view text, std::string_view pointer) {
  if (text.empty()) return Fault(RejectReason::kInvalidValue, "must not be empty", pointer);
  if (text.size() > kNameBytesMax) {
    return Fault(RejectReason::kInvalidValue, "is longer than " + std::to_string(kNameBytesMax) + " bytes", pointer);
  }
  bool has_control = false;  // without a way out of the loop, so that it takes many at once
  for (const char c : text) has_control |= static_cast<unsigned char>(c) < 0x20;
  if (has_control) return Fault(RejectReason::kInvalidValue, "has a control character (U+0000 to U+001F)", pointer);
  if (FindInvalidUtf8(text).has_value()) return Fault(RejectReason::kInvalidValue, "is not valid UTF-8", pointer);
  return std::nullopt;
}

}  // namespace tallystick
