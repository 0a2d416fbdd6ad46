// A batch of events: a JSON array, or a JSON document a line.

#ifndef TALLYSTICK_TOOLS_SERVE_BATCH_H_
#define TALLYSTICK_TOOLS_SERVE_BATCH_H_

#include "serve/message.h"
#include "tallystick/store.h"

namespace tallystick::tools {

inline constexpr char kNdjson[] = "application/x-ndjson";

// Stores the body's events, and answers with the outcome of each, in their order. With `?atomic=true`, an event that is
// rejected keeps the others out (400).
Response StoreBatch(Store* store, const Request& request);

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TOOLS_SERVE_BATCH_H_
