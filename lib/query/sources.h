// What the public iterators walk.

#ifndef TALLYSTICK_LIB_QUERY_SOURCES_H_
#define TALLYSTICK_LIB_QUERY_SOURCES_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "tallystick/read.h"

namespace tallystick::internal {

// See EventIterator for what the functions mean. What is asked of each event is no virtual function.
class EventSource {
 public:
  virtual ~EventSource() = default;
  bool Valid() const { return valid_; }
  virtual void Next() = 0;  // only while Valid
  const StoredEvent& event() const { return event_; }
  virtual absl::Status status() const = 0;
  virtual std::optional<std::string> cursor() const = 0;
  virtual std::string CursorAt(bool reversed) const = 0;  // only while Valid

 protected:
  bool valid_ = false;
  StoredEvent event_;
};

// See ChangeIterator.
class ChangeSource {
 public:
  virtual ~ChangeSource() = default;
  virtual bool Valid() const = 0;
  virtual void Next() = 0;  // only while Valid
  virtual const Change& change() const = 0;
  virtual absl::Status status() const = 0;
  virtual std::uint64_t position() const = 0;
};

}  // namespace tallystick::internal

#endif  // TALLYSTICK_LIB_QUERY_SOURCES_H_
