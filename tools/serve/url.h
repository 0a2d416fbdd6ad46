// The target of a request: its path, its query, and the percent-encoding of both (RFC 3986).

#ifndef TALLYSTICK_TOOLS_SERVE_URL_H_
#define TALLYSTICK_TOOLS_SERVE_URL_H_

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tallystick::tools {

// `text` with each `%XX` as the byte that it is. Absent where a percent sign stands before anything else.
std::optional<std::string> PercentDecode(std::string_view text);

// As one step of a path, or one value of a query: all but letters, digits and `-._~` are encoded.
std::string PercentEncode(std::string_view text);

// The parameters of a query, decoded, in the order in which they stand there. `+` is a space, as HTML forms and the
// clients that follow them write one; a plus sign is `%2B`.
class Query {
 public:
  // Absent where the encoding is none. Nothing between two `&` is no parameter.
  static std::optional<Query> Parse(std::string_view text);

  struct Parameter {
    std::string name;
    std::string value;
  };
  const std::vector<Parameter>& parameters() const { return parameters_; }

 private:
  std::vector<Parameter> parameters_;
};

struct RequestTarget {
  std::string_view path;   // begins with a slash
  std::string_view query;  // behind the question mark; empty without one
};

// The path and query of a request's target, which is either they or an absolute URL. Absent for anything else.
std::optional<RequestTarget> ParseTarget(std::string_view target);

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TOOLS_SERVE_URL_H_
