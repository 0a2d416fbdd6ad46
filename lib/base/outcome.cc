#include "tallystick/write.h"

namespace tallystick {

std::string_view OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kCreated:
      return "created";
    case Outcome::kUnchanged:
      return "unchanged";
    case Outcome::kSuperseded:
      return "superseded";
    case Outcome::kRejected:
      return "rejected";
    case Outcome::kNotStored:
      return "not_stored";
  }
  return "unknown";
}

std::string_view RejectReasonName(RejectReason reason) {
  switch (reason) {
    case RejectReason::kInvalidJson:
      return "invalid_json";
    case RejectReason::kTooDeep:
      return "too_deep";
    case RejectReason::kTooLarge:
      return "too_large";
    case RejectReason::kMissingField:
      return "missing_field";
    case RejectReason::kWrongType:
      return "wrong_type";
    case RejectReason::kInvalidValue:
      return "invalid_value";
    case RejectReason::kUnknownField:
      return "unknown_field";
    case RejectReason::kDuplicateKey:
      return "duplicate_key";
    case RejectReason::kInFuture:
      return "in_future";
  }
  return "unknown";
}

std::string Rejection::ToString() const {
  std::string text;
  if (!pointer.empty()) text += pointer + ": ";
  text += message;
  if (offset.has_value()) text += " (byte " + std::to_string(*offset) + ")";
  return text;
}

}  // namespace tallystick
