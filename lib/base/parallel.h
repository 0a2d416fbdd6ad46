// A few tasks, done by a few threads.

#ifndef TALLYSTICK_LIB_BASE_PARALLEL_H_
#define TALLYSTICK_LIB_BASE_PARALLEL_H_

#include <functional>
#include <vector>

#include "absl/status/status.h"

namespace tallystick {

// As many threads as the machine runs at once.
int HardwareThreads();

// Does all tasks, by at most `threads` threads, of which the caller's is one; they are begun in their order. Returns
// when all that were begun have ended: OK, or the failure of the first of them in the order of the list. After a
// failure, no further task is begun.
absl::Status RunTasks(int threads, const std::vector<std::function<absl::Status()>>& tasks);

}  // namespace tallystick

#endif  // TALLYSTICK_LIB_BASE_PARALLEL_H_
