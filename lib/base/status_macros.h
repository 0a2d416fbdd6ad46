// Return-if-error, which the packaged Abseil does not have yet.

#ifndef TALLYSTICK_LIB_BASE_STATUS_MACROS_H_
#define TALLYSTICK_LIB_BASE_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns the status of `expression` from the enclosing function unless it is OK.
#define TALLYSTICK_RETURN_IF_ERROR(expression)                                    \
  do {                                                                            \
    if (absl::Status tallystick_status = (expression); !tallystick_status.ok()) { \
      return tallystick_status;                                                   \
    }                                                                             \
  } while (false)

#define TALLYSTICK_STATUS_CONCAT_INNER(a, b) a##b
#define TALLYSTICK_STATUS_CONCAT(a, b) TALLYSTICK_STATUS_CONCAT_INNER(a, b)

// `TALLYSTICK_ASSIGN_OR_RETURN(auto row, Decode(bytes));`
#define TALLYSTICK_ASSIGN_OR_RETURN(target, expression) \
  TALLYSTICK_ASSIGN_OR_RETURN_INNER(TALLYSTICK_STATUS_CONCAT(tallystick_or_, __LINE__), target, expression)
#define TALLYSTICK_ASSIGN_OR_RETURN_INNER(holder, target, expression) \
  auto holder = (expression);                                         \
  if (!holder.ok()) return std::move(holder).status();                \
  target = *std::move(holder)

#endif  // TALLYSTICK_LIB_BASE_STATUS_MACROS_H_
