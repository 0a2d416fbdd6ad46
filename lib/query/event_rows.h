// The rows of a scan in its order, before type filters and limits: from the time index, or merged from those of some
// customers.

#ifndef TALLYSTICK_LIB_QUERY_EVENT_ROWS_H_
#define TALLYSTICK_LIB_QUERY_EVENT_ROWS_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "lib/base/instant.h"
#include "lib/encoding/cursor.h"
#include "lib/query/reads.h"
#include "tallystick/read.h"
#include "tallystick/uuid.h"

namespace tallystick::query {

// What is read of each row is asked of this class itself, not through a virtual function: a scan reads millions a
// second.
class EventRows {
 public:
  virtual ~EventRows() = default;
  bool Valid() const { return valid_; }
  virtual void Next() = 0;                           // only while Valid
  std::string_view key() const { return key_; }      // of `events`; until Next
  std::string_view value() const { return value_; }  // likewise
  virtual absl::Status status() const = 0;

 protected:
  void Show(std::string_view key, std::string_view value) {
    valid_ = true;
    key_ = key;
    value_ = value;
  }
  void ShowEnd() { valid_ = false; }

 private:
  bool valid_ = false;
  std::string_view key_;
  std::string_view value_;
};

// Which rows.
struct RowSelection {
  Uuid account{};
  Instant from{};
  Instant to{};
  Direction direction = Direction::kAscending;
  std::optional<CursorPosition> behind{};  // only what comes behind this one in the scan's direction
  storage::ReadLength length = storage::ReadLength::kLong;
};

// Everybody's.
std::unique_ptr<EventRows> RowsByTime(const View& view, const RowSelection& selection);

// Those of some customers, each named once. Costs a seek for each of them, and a look-up for each row, in batches.
std::unique_ptr<EventRows> RowsOfCustomers(const View& view, const RowSelection& selection,
                                           const std::vector<std::string>& customer_aliases);

// Those of some customers, however often named, or everybody's when none is.
std::unique_ptr<EventRows> RowsOf(const View& view, const RowSelection& selection,
                                  std::vector<std::string> customer_aliases);

}  // namespace tallystick::query

#endif  // TALLYSTICK_LIB_QUERY_EVENT_ROWS_H_
