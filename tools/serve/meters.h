// The calls about meters.

#ifndef TALLYSTICK_TOOLS_SERVE_METERS_H_
#define TALLYSTICK_TOOLS_SERVE_METERS_H_

#include <vector>

#include "serve/router.h"
#include "serve/workers.h"
#include "tallystick/store.h"

namespace tallystick::tools {

// GET and POST /api/usage-metrics, GET and DELETE /api/usage-metrics/{name}, GET /api/usage-metrics/{name}/calculate,
// POST /api/usage-metrics/calculate. The store and the workers outlive the routes.
std::vector<Route> MeterRoutes(Store* store, Workers* readers, Workers* writers);

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TOOLS_SERVE_METERS_H_
