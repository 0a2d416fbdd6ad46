// The calls about usage events.

#ifndef TALLYSTICK_TOOLS_SERVE_EVENTS_H_
#define TALLYSTICK_TOOLS_SERVE_EVENTS_H_

#include <cstddef>
#include <vector>

#include "serve/gatherer.h"
#include "serve/router.h"
#include "serve/workers.h"
#include "tallystick/store.h"

namespace tallystick::tools {

// Limits of a batch.
inline constexpr std::size_t kBatchEventsMax = 10'000;
inline constexpr std::size_t kBatchBytesMax = 16 * 1024 * 1024;

// What the calls are carried out with. All of it outlives the routes.
struct EventServices {
  Store* store = nullptr;
  Gatherer* gatherer = nullptr;
  Workers* readers = nullptr;
  Workers* writers = nullptr;
};

// POST /api/usage-events, POST /api/usage-events/batch, GET /api/usage-events, GET /api/usage-events/{customerEventId}.
std::vector<Route> EventRoutes(const EventServices& services);

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TOOLS_SERVE_EVENTS_H_
