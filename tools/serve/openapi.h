// The description of the API, for programs that make clients of it.

#ifndef TALLYSTICK_TOOLS_SERVE_OPENAPI_H_
#define TALLYSTICK_TOOLS_SERVE_OPENAPI_H_

#include <string_view>
#include <vector>

#include "serve/router.h"

namespace tallystick::tools {

// The text of openapi.json, which the build puts into the program.
std::string_view OpenApiText();

// GET /openapi.json.
std::vector<Route> OpenApiRoutes();

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TOOLS_SERVE_OPENAPI_H_
