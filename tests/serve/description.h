// The API's description, as something to hold the server's answers against.

#ifndef TALLYSTICK_TESTS_SERVE_DESCRIPTION_H_
#define TALLYSTICK_TESTS_SERVE_DESCRIPTION_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "serve/router.h"
#include "simdjson.h"
#include "tests/serve/client.h"

namespace tallystick::serve {

class Description {
 public:
  // The one in the program. Made at the first call; must be OpenAPI 3.1.
  static const Description& Get();

  // As the description has them; without handlers.
  const std::vector<tools::Route>& routes() const { return router_.routes(); }

  // The names of a route's parameters in the query.
  std::vector<std::string> QueryParametersOf(const tools::Route& route) const;

  // In what an answer, or a request that was answered well, is not as described. A keyword of a schema that is not
  // known here is a fault as well: nothing is described that is not held.
  std::vector<std::string> FaultsOf(const Ask& ask, const Reply& reply) const;

 private:
  using Element = simdjson::dom::element;
  using Faults = std::vector<std::string>;

  explicit Description(std::string_view text);

  std::vector<tools::Route> ReadRoutes(std::string_view text);
  Element OperationOf(const tools::Route& route) const;
  Element Resolve(Element element) const;  // what it refers to, or itself
  void HoldRequest(Element operation, const Ask& ask, Faults* faults) const;
  void HoldHeaders(Element response, const Reply& reply, Faults* faults) const;
  void HoldBody(Element content, const std::string& type, const std::string& body, Faults* faults) const;
  void Hold(Element schema, Element value, const std::string& at, Faults* faults) const;
  void HoldKeyword(std::string_view keyword, Element rule, Element schema, Element value, const std::string& at,
                   Faults* faults) const;

  simdjson::dom::parser parser_;
  Element document_;
  const tools::Router router_;
};

}  // namespace tallystick::serve

#endif  // TALLYSTICK_TESTS_SERVE_DESCRIPTION_H_
