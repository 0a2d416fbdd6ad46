#include "bench/event_fields.h"

#include <stdexcept>

#include "absl/time/time.h"
#include "simdjson.h"
#include "tallystick/event.h"

namespace tallystick::bench {

struct FieldReader::Impl {
  simdjson::ondemand::parser parser;
  std::vector<char> text;  // the documents, with the room behind them that simdjson wants
  std::vector<Row> rows;

  // Views into `text`, but for an escaped string, which no made-up event has.
  Row ReadOne(std::size_t start, std::size_t size) {
    simdjson::ondemand::document document =
        parser.iterate(text.data() + start, size, text.size() - start);  // throws simdjson_error
    Row row;
    // In the order of the text.
    row.id = Text(document["customerEventId"]);
    row.customer = Text(document["customerAlias"]);
    row.type = Text(document["eventType"]);
    const absl::StatusOr<absl::Time> time = ParseTimestamp(Text(document["eventTimestamp"]));
    if (!time.ok()) throw std::runtime_error(time.status().ToString());
    row.time_ns = absl::ToUnixNanos(*time);
    const std::string_view properties = document["eventProperties"].raw_json_token();
    // The token is where the object begins; it ends before the last brace of the document.
    const char* const end = text.data() + start + size - 1;
    row.properties = {properties.data(), static_cast<std::size_t>(end - properties.data())};
    return row;
  }

  static std::string_view Text(simdjson::simdjson_result<simdjson::ondemand::value> value) {
    const std::string_view token = value.raw_json_token();  // with its quotes, and maybe white space
    const std::size_t end = token.find('"', 1);
    if (token.empty() || token.front() != '"' || end == token.npos || token[end - 1] == '\\') {
      throw std::runtime_error("not a plain string: " + std::string(token));
    }
    return token.substr(1, end - 1);
  }
};

FieldReader::FieldReader() : impl_(std::make_unique<Impl>()) {}
FieldReader::~FieldReader() = default;

absl::Span<const Row> FieldReader::Read(absl::Span<const std::string_view> documents) {
  impl_->text.clear();
  for (const std::string_view document : documents) {
    impl_->text.insert(impl_->text.end(), document.begin(), document.end());
  }
  impl_->text.resize(impl_->text.size() + simdjson::SIMDJSON_PADDING);
  impl_->rows.clear();
  std::size_t start = 0;
  for (const std::string_view document : documents) {
    impl_->rows.push_back(impl_->ReadOne(start, document.size()));
    start += document.size();
  }
  return impl_->rows;
}

}  // namespace tallystick::bench
