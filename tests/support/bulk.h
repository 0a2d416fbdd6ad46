// Sources of bulk writes for tests.

#ifndef TALLYSTICK_TESTS_SUPPORT_BULK_H_
#define TALLYSTICK_TESTS_SUPPORT_BULK_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "tallystick/bulk.h"

namespace tallystick::testing {

// Gives the documents in inputs of as many as `size_of_next` says each time, at least one, numbered from 1. Their text
// is gone as soon as the store lets an input go. The source may be copied; the copies go on from one place.
inline BulkSource SourceOf(std::vector<std::string> documents, std::function<std::size_t()> size_of_next) {
  struct State {
    std::vector<std::string> documents;
    std::function<std::size_t()> size_of_next;
    std::size_t next = 0;
  };
  const auto state = std::make_shared<State>(State{std::move(documents), std::move(size_of_next), 0});
  return [state]() -> absl::StatusOr<std::optional<BulkInput>> {
    if (state->next == state->documents.size()) return std::nullopt;
    const std::size_t size =
        std::min(std::max<std::size_t>(state->size_of_next(), 1), state->documents.size() - state->next);
    const auto texts = std::make_shared<std::vector<std::string>>();
    BulkInput input{.owner = texts};
    for (std::size_t i = 0; i < size; ++i) texts->push_back(std::move(state->documents[state->next + i]));
    for (std::size_t i = 0; i < size; ++i) {
      input.documents.push_back({.text = (*texts)[i], .number = state->next + i + 1});
    }
    state->next += size;
    return input;
  };
}

inline BulkSource SourceOf(std::vector<std::string> documents, std::size_t size = 100) {
  return SourceOf(std::move(documents), [size] { return size; });
}

// Events for a bulk write that may be cut short: each replaces the one that came kBulkEventIds before it, and says
// which one it is.
inline constexpr std::uint64_t kBulkEventIds = 700;
inline std::string BulkEventId(std::uint64_t n) { return "event-" + std::to_string(n * 7919 % kBulkEventIds); }
inline std::string BulkEventProperties(std::uint64_t n) { return R"({"n":)" + std::to_string(n) + "}"; }
inline std::vector<std::string> BulkEvents(std::uint64_t count) {
  std::vector<std::string> events;
  for (std::uint64_t n = 0; n < count; ++n) {
    events.push_back(R"({"customerEventId":")" + BulkEventId(n) + R"(","customerAlias":"customer-)" +
                     std::to_string(n % 13) + R"(","eventType":"t","eventTimestamp":"2025-10-)" +
                     std::to_string(10 + n * 31 % 17) + R"(T00:00:00Z","eventProperties":)" + BulkEventProperties(n) +
                     "}");
  }
  return events;
}

}  // namespace tallystick::testing

#endif  // TALLYSTICK_TESTS_SUPPORT_BULK_H_
