#include <cstddef>

#include "lib/base/instant.h"
#include "lib/base/utf8.h"
#include "tallystick/event.h"

namespace tallystick {
namespace {

bool IsPlain(char c) {
  return static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x80 && c != '"' && c != '\\';
}

void AppendEscaped(char c, std::string* out) {
  constexpr char kDigits[] = "0123456789abcdef";
  switch (c) {
    case '"':
      out->append("\\\"");
      return;
    case '\\':
      out->append("\\\\");
      return;
    case '\b':
      out->append("\\b");
      return;
    case '\f':
      out->append("\\f");
      return;
    case '\n':
      out->append("\\n");
      return;
    case '\r':
      out->append("\\r");
      return;
    case '\t':
      out->append("\\t");
      return;
    default:
      out->append("\\u00");
      out->push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
      out->push_back(kDigits[static_cast<unsigned char>(c) & 0x0f]);
  }
}

// Valid UTF-8 without the characters that need an escape: most text, most of the time.
void AppendEscapedText(std::string_view text, std::string* out) {
  std::size_t copied = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (IsPlain(c) || static_cast<unsigned char>(c) >= 0x80) continue;
    out->append(text.substr(copied, i - copied));
    AppendEscaped(c, out);
    copied = i + 1;
  }
  out->append(text.substr(copied));
}

// A stored name, which is valid UTF-8.
void AppendMember(std::string_view key, std::string_view text, std::string* out) {
  out->push_back('"');
  out->append(key);
  out->append("\":\"");
  AppendEscapedText(text, out);
  out->append("\",");
}

}  // namespace

bool AppendJsonString(std::string_view text, std::string* out) {
  constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD
  bool valid = true;
  out->push_back('"');
  while (true) {
    const std::optional<std::size_t> bad = FindInvalidUtf8(text);
    AppendEscapedText(text.substr(0, bad.value_or(text.size())), out);
    if (!bad.has_value()) break;
    valid = false;
    out->append(kReplacement);
    text.remove_prefix(*bad + 1);
  }
  out->push_back('"');
  return valid;
}

void AppendJson(const StoredEvent& event, std::string* out) {
  out->append("{\"id\":\"");
  out->append(event.id.ToString());
  out->append("\",");
  AppendMember("customerEventId", event.customer_event_id, out);
  AppendMember("customerAlias", event.customer_alias, out);
  AppendMember("eventType", event.event_type, out);
  out->append("\"sequenceAccountId\":\"");
  out->append(event.account.ToString());
  out->append("\",\"eventTimestamp\":\"");
  AppendInstant(Instant::FromTime(event.event_timestamp).value_or(Instant::Min()), out);
  out->append("\",\"eventProperties\":");
  out->append(event.event_properties);
  out->push_back('}');
}

std::string ToJson(const StoredEvent& event) {
  std::string json;
  AppendJson(event, &json);
  return json;
}

}  // namespace tallystick
