// What a handler is given and what it gives back: requests and answers, without a connection.

#ifndef TALLYSTICK_TOOLS_SERVE_MESSAGE_H_
#define TALLYSTICK_TOOLS_SERVE_MESSAGE_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "serve/url.h"
#include "tallystick/uuid.h"
#include "tallystick/write.h"

namespace tallystick::tools {

// A request that was let in: its route is known, and its client where the route asks for one.
struct Request {
  std::vector<std::string> path_values;  // what stands in the place of each `{name}` of the route, decoded
  Query query;
  std::string media_type;  // of the body, in lower case and without parameters
  std::string body;
  Uuid account{};
};

struct Response {
  int status = 200;
  std::string body{};
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers{};
  // For the log alone: why the server could not do what it should.
  std::string cause{};
};

// Takes the answer, from any thread and at any time. One that is dropped without an answer ends the connection.
using Respond = absl::AnyInvocable<void(Response)>;

// `{"type":...,"message":...,"pointer":...}`. `pointer` names what is wrong: a JSON pointer into the body ("" is all of
// it), or the name of a query parameter or header, neither of which begins with a slash.
std::string ErrorObject(std::string_view type, std::string_view message, std::string_view pointer);
std::string ErrorObject(const Rejection& rejection);

// `{"error":...}`
Response ErrorResponse(int status, std::string_view type, std::string_view message, std::string_view pointer = "");

// What the store's refusal is to a client. A client's fault keeps the store's words; anything else keeps them for the
// log, since they may name files.
Response ErrorResponse(const absl::Status& status, std::string_view pointer = "");

// What a client is told when the server has more to do than it can: try again soon.
Response Overloaded();

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TOOLS_SERVE_MESSAGE_H_
