#include "serve/event_page.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "serve/parameters.h"
#include "tallystick/event.h"
#include "tallystick/read.h"

namespace tallystick::tools {
namespace {

constexpr std::uint64_t kLimitDefault = 100;
constexpr std::uint64_t kLimitMax = 1000;
constexpr std::size_t kPageBytesMax = 16 * 1024 * 1024;

// What is asked for. A page before a cursor is read backwards, away from it.
struct PageRequest {
  ScanOptions scan;  // its limit is the page's
  bool backwards = false;
};

struct Page {
  std::vector<std::string> items;
  std::optional<std::string> after;
  std::optional<std::string> before;
};

Direction Opposite(Direction direction) {
  return direction == Direction::kAscending ? Direction::kDescending : Direction::kAscending;
}

absl::StatusOr<std::uint64_t> LimitOf(const Query& query) {
  const absl::StatusOr<std::optional<std::string>> text = OneValue(query, "limit");
  if (!text.ok()) return text.status();
  if (!text->has_value()) return kLimitDefault;
  std::uint64_t limit = 0;
  const char* const end = (*text)->data() + (*text)->size();
  const auto [last, error] = std::from_chars((*text)->data(), end, limit);
  if ((*text)->empty() || error != std::errc() || last != end || limit < 1 || limit > kLimitMax) {
    return absl::InvalidArgumentError("must be a whole number from 1 to " + std::to_string(kLimitMax));
  }
  return limit;
}

absl::StatusOr<Direction> DirectionOf(const Query& query) {
  const absl::StatusOr<std::optional<std::string>> order = OneValue(query, "sortOrder");
  if (!order.ok()) return order.status();
  if (!order->has_value() || *order == "DESC") return Direction::kDescending;
  if (*order == "ASC") return Direction::kAscending;
  return absl::InvalidArgumentError("must be ASC or DESC");
}

std::optional<Response> ReadRequest(const Request& request, PageRequest* page) {
  const Query& query = request.query;
  if (auto refusal =
          RefuseUnknownParameters(query, {"customerAlias", "eventType", "eventTimestampAfter", "eventTimestampBefore",
                                          "limit", "sortOrder", "after", "before"})) {
    return refusal;
  }
  ScanOptions& scan = page->scan;
  scan.account = request.account;
  std::optional<std::string> after;
  std::optional<std::string> before;
  if (auto bad = Take("customerAlias", AllValues(query, "customerAlias"), &scan.customer_aliases)) return bad;
  if (auto bad = Take("eventType", AllValues(query, "eventType"), &scan.event_types)) return bad;
  if (auto bad = Take("eventTimestampAfter", TimeValue(query, "eventTimestampAfter", scan.from), &scan.from)) {
    return bad;
  }
  if (auto bad = Take("eventTimestampBefore", TimeValue(query, "eventTimestampBefore", scan.to), &scan.to)) return bad;
  if (auto bad = Take("limit", LimitOf(query), &scan.limit)) return bad;
  if (auto bad = Take("sortOrder", DirectionOf(query), &scan.direction)) return bad;
  if (auto bad = Take("after", OneValue(query, "after"), &after)) return bad;
  if (auto bad = Take("before", OneValue(query, "before"), &before)) return bad;
  if (after.has_value() && before.has_value()) {
    return ErrorResponse(400, "invalid_request", "is given beside 'after'", "before");
  }
  // An empty cursor would be the first page.
  if (after == "" || before == "") {
    return ErrorResponse(400, "invalid_request", "must not be empty", after.has_value() ? "after" : "before");
  }
  scan.cursor = after.value_or(before.value_or(""));
  if (before.has_value()) {
    page->backwards = true;
    scan.direction = Opposite(scan.direction);
  }
  return std::nullopt;
}

// Whether anything comes at this cursor.
absl::StatusOr<bool> LeadsAnywhere(const Store& store, ScanOptions scan, std::string cursor) {
  scan.cursor = std::move(cursor);
  scan.limit = 1;
  const EventIterator events = store.Scan(scan);
  if (!events.status().ok()) return events.status();
  return events.Valid();
}

absl::StatusOr<Page> ReadPage(const Store& store, const PageRequest& request) {
  Page page;
  const std::uint64_t limit = *request.scan.limit;
  ScanOptions scan = request.scan;
  scan.limit = limit + 1;                // to see whether there is more
  std::optional<std::string> onward;     // of the last item, in the direction of reading
  std::optional<std::string> returning;  // of the first item, in the other
  std::size_t bytes = 0;
  EventIterator events = store.Scan(scan);
  for (; events.Valid() && page.items.size() < limit; events.Next()) {
    const std::string& item = page.items.emplace_back(ToJson(events.event()));
    bytes += item.size();
    if (bytes > kPageBytesMax && page.items.size() > 1) {
      page.items.pop_back();
      break;
    }
    if (page.items.size() == 1) returning = events.CursorBefore();
    onward = events.CursorBehind();
  }
  if (!events.status().ok()) return events.status();
  if (!events.Valid()) onward.reset();
  // Without a cursor the page begins where everything begins.
  if (request.scan.cursor.empty()) returning.reset();
  if (returning.has_value()) {
    scan.direction = Opposite(scan.direction);
    const absl::StatusOr<bool> leads = LeadsAnywhere(store, scan, *returning);
    if (!leads.ok()) return leads.status();
    if (!*leads) returning.reset();
  }
  page.after = std::move(onward);
  page.before = std::move(returning);
  if (request.backwards) {
    std::reverse(page.items.begin(), page.items.end());
    std::swap(page.after, page.before);
  }
  return page;
}

void AppendCursor(std::string_view name, const std::optional<std::string>& cursor, std::string* json) {
  json->append("\"").append(name).append("\":");
  // Cursors need no escapes.
  json->append(cursor.has_value() ? '"' + *cursor + '"' : "null");
}

}  // namespace

Response ListEvents(const Store& store, const Request& request) {
  PageRequest asked;
  if (std::optional<Response> refusal = ReadRequest(request, &asked)) return *std::move(refusal);
  absl::StatusOr<Page> page = ReadPage(store, asked);
  if (!page.ok()) return ErrorResponse(page.status(), asked.backwards ? "before" : "after");
  Response answer{.body = "{\"items\":["};
  for (std::size_t i = 0; i < page->items.size(); ++i) {
    if (i > 0) answer.body += ',';
    answer.body += page->items[i];
    page->items[i] = {};
  }
  answer.body += "],\"pagination\":{";
  AppendCursor("after", page->after, &answer.body);
  answer.body += ',';
  AppendCursor("before", page->before, &answer.body);
  answer.body += "}}";
  return answer;
}

}  // namespace tallystick::tools
