#ifndef TALLYSTICK_LIB_BASE_SORTED_UNIQUE_H_
#define TALLYSTICK_LIB_BASE_SORTED_UNIQUE_H_

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace tallystick {

// The set of the values, as a sorted vector.
inline std::vector<std::string> SortedUnique(std::vector<std::string> values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

}  // namespace tallystick

#endif  // TALLYSTICK_LIB_BASE_SORTED_UNIQUE_H_
