#include "serve/routes.h"

#include <utility>

#include "serve/health.h"
#include "serve/meters.h"
#include "serve/openapi.h"

namespace tallystick::tools {

std::vector<Route> AllRoutes(const EventServices& services) {
  std::vector<Route> routes = EventRoutes(services);
  const auto add = [&routes](std::vector<Route> more) {
    for (Route& route : more) routes.push_back(std::move(route));
  };
  add(MeterRoutes(services.store, services.readers, services.writers));
  add(HealthRoutes(services.store));
  add(OpenApiRoutes());
  return routes;
}

}  // namespace tallystick::tools
