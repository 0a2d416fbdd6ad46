#include "serve/router.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "serve/url.h"

namespace tallystick::tools {
namespace {

// The next step of a path that begins with a slash, which is taken away.
std::string_view TakeStep(std::string_view* path) {
  path->remove_prefix(1);
  const std::string_view step = path->substr(0, path->find('/'));
  path->remove_prefix(step.size());
  return step;
}

// The values of the pattern's names in `path`; absent when it does not match.
std::optional<std::vector<std::string>> Values(std::string_view pattern, std::string_view path) {
  std::vector<std::string> values;
  while (!pattern.empty() && !path.empty()) {
    const std::string_view expected = TakeStep(&pattern);
    std::optional<std::string> step = PercentDecode(TakeStep(&path));
    if (!step.has_value()) return std::nullopt;
    if (expected.starts_with('{')) {
      if (step->empty()) return std::nullopt;
      values.push_back(*std::move(step));
    } else if (*step != expected) {
      return std::nullopt;
    }
  }
  if (!pattern.empty() || !path.empty()) return std::nullopt;
  return values;
}

}  // namespace

RouteMatch Router::Match(std::string_view method, std::string_view path) const {
  if (method == "HEAD") method = "GET";
  RouteMatch match;
  for (const Route& route : routes_) {
    std::optional<std::vector<std::string>> values = Values(route.path, path);
    if (!values.has_value()) continue;
    if (route.method == method) return {.route = &route, .path_values = *std::move(values), .allowed = {}};
    match.allowed.push_back(route.method);
    if (route.method == "GET") match.allowed.emplace_back("HEAD");
  }
  return match;
}

}  // namespace tallystick::tools
