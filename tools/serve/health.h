// Whether the server lives, and whether it can do its work.

#ifndef TALLYSTICK_TOOLS_SERVE_HEALTH_H_
#define TALLYSTICK_TOOLS_SERVE_HEALTH_H_

#include <vector>

#include "serve/router.h"
#include "tallystick/store.h"

namespace tallystick::tools {

// GET /healthz: 200. GET /readyz: 200 while the store takes writes, 503 otherwise. Both ask the disk nothing. The store
// outlives the routes.
std::vector<Route> HealthRoutes(const Store* store);

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TOOLS_SERVE_HEALTH_H_
