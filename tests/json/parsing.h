// Parsing for tests: with every implementation of simdjson that the machine can run, and from memory that ends where
// the document does.

#ifndef TALLYSTICK_TESTS_JSON_PARSING_H_
#define TALLYSTICK_TESTS_JSON_PARSING_H_

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "lib/base/instant.h"
#include "lib/json/event_parser.h"
#include "simdjson.h"
#include "tallystick/write.h"

namespace tallystick::testing {

// Text at the very end of its memory, so that a sanitizer sees a read past it.
class Exact {
 public:
  explicit Exact(std::string_view text) : bytes_(new char[text.size()]), size_(text.size()) {
    std::copy(text.begin(), text.end(), bytes_.get());
  }
  std::string_view text() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_;
};

// What became of a document, with text of its own.
struct Parsed {
  std::optional<Rejection> rejection;
  std::optional<std::string> customer_event_id;
  std::string customer_alias;
  std::string event_type;
  std::optional<Instant> event_timestamp;
  std::string event_properties;
};

inline Parsed Parse(EventParser* parser, std::string_view document) {
  const Exact exact(document);
  // As callers have it: with what is left of the event before.
  ParsedEvent event{.customer_event_id = "left over",
                    .customer_alias = "left over",
                    .event_type = "left over",
                    .event_timestamp = Instant::Min(),
                    .event_properties = "left over"};
  Parsed parsed;
  parsed.rejection = parser->Parse(exact.text(), &event);
  if (parsed.rejection.has_value()) return parsed;
  if (event.customer_event_id.has_value()) parsed.customer_event_id.emplace(*event.customer_event_id);
  parsed.customer_alias = event.customer_alias;
  parsed.event_type = event.event_type;
  parsed.event_timestamp = event.event_timestamp;
  parsed.event_properties = event.event_properties;
  return parsed;
}

inline Parsed ParseProperties(EventParser* parser, std::string_view object) {
  const Exact exact(object);
  std::string_view minified;
  Parsed parsed;
  parsed.rejection = parser->ParseProperties(exact.text(), &minified);
  if (!parsed.rejection.has_value()) parsed.event_properties = minified;
  return parsed;
}

// Runs its tests once for each implementation: whichever a machine has, the answers are the same.
class OnEveryImplementation : public ::testing::TestWithParam<const simdjson::implementation*> {
 protected:
  OnEveryImplementation() : usual_(simdjson::get_active_implementation()) {
    simdjson::get_active_implementation() = GetParam();
  }
  ~OnEveryImplementation() override { simdjson::get_active_implementation() = usual_; }

 private:
  const simdjson::implementation* const usual_;
};

inline std::vector<const simdjson::implementation*> Implementations() {
  std::vector<const simdjson::implementation*> supported;
  for (const simdjson::implementation* const implementation : simdjson::get_available_implementations()) {
    if (implementation->supported_by_runtime_system()) supported.push_back(implementation);
  }
  return supported;
}

inline std::string NameOf(const ::testing::TestParamInfo<const simdjson::implementation*>& info) {
  return info.param->name();
}

}  // namespace tallystick::testing

#define TALLYSTICK_ON_EVERY_IMPLEMENTATION(suite)                                                          \
  INSTANTIATE_TEST_SUITE_P(Simdjson, suite, ::testing::ValuesIn(::tallystick::testing::Implementations()), \
                           ::tallystick::testing::NameOf)

#endif  // TALLYSTICK_TESTS_JSON_PARSING_H_
