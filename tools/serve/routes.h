// Everything that the server answers.

#ifndef TALLYSTICK_TOOLS_SERVE_ROUTES_H_
#define TALLYSTICK_TOOLS_SERVE_ROUTES_H_

#include <vector>

#include "serve/events.h"
#include "serve/router.h"

namespace tallystick::tools {

std::vector<Route> AllRoutes(const EventServices& services);

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TOOLS_SERVE_ROUTES_H_
