// The fields of an event's JSON text, for peers that have columns.

#ifndef TALLYSTICK_BENCH_EVENT_FIELDS_H_
#define TALLYSTICK_BENCH_EVENT_FIELDS_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "bench/subject.h"

namespace tallystick::bench {

// Reads batches of events. The memory is kept from one batch to the next. Thread safety: thread-compatible.
class FieldReader {
 public:
  FieldReader();
  ~FieldReader();

  // An event's fields for each document, valid until the next call. Takes what a made-up event can be, and throws for
  // what is not one.
  absl::Span<const Row> Read(absl::Span<const std::string_view> documents);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tallystick::bench

#endif  // TALLYSTICK_BENCH_EVENT_FIELDS_H_
