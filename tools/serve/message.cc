#include "serve/message.h"

#include "tallystick/event.h"

namespace tallystick::tools {
namespace {

std::string_view Message(const absl::Status& status) { return {status.message().data(), status.message().size()}; }

}  // namespace

std::string ErrorObject(std::string_view type, std::string_view message, std::string_view pointer) {
  std::string json = "{\"type\":";
  AppendJsonString(type, &json);
  json += ",\"message\":";
  AppendJsonString(message, &json);
  json += ",\"pointer\":";
  AppendJsonString(pointer, &json);
  json += '}';
  return json;
}

std::string ErrorObject(const Rejection& rejection) {
  std::string message = rejection.message;
  if (rejection.offset.has_value()) message += " (byte " + std::to_string(*rejection.offset) + ")";
  return ErrorObject(RejectReasonName(rejection.reason), message, rejection.pointer);
}

Response ErrorResponse(int status, std::string_view type, std::string_view message, std::string_view pointer) {
  return {.status = status, .body = "{\"error\":" + ErrorObject(type, message, pointer) + "}"};
}

Response ErrorResponse(const absl::Status& status, std::string_view pointer) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return ErrorResponse(400, "invalid_request", Message(status), pointer);
    case absl::StatusCode::kNotFound:
      return ErrorResponse(404, "not_found", Message(status), pointer);
    case absl::StatusCode::kAlreadyExists:
      return ErrorResponse(409, "already_exists", Message(status), pointer);
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kInternal: {
      Response answer = ErrorResponse(500, "data_loss", "stored data cannot be read; the server's log says more");
      answer.cause = status.ToString();
      return answer;
    }
    default: {  // the store is closed, refuses writes or is full, or its disk fails
      Response answer = ErrorResponse(503, "unavailable", "the store cannot do this now; the server's log says more");
      answer.cause = status.ToString();
      return answer;
    }
  }
}

Response Overloaded() {
  Response answer = ErrorResponse(503, "overloaded", "the server has too much to do; try again");
  answer.headers.emplace_back("Retry-After", "1");
  return answer;
}

}  // namespace tallystick::tools
