// The column families of a store. All are made with it; none is ever added or dropped. On disk they are found by name.

#ifndef TALLYSTICK_LIB_STORAGE_FAMILIES_H_
#define TALLYSTICK_LIB_STORAGE_FAMILIES_H_

#include <array>
#include <cstddef>
#include <string_view>

namespace tallystick::storage {

enum class Family : std::size_t { kMeta, kEventIds, kEvents, kCustomers, kChanges, kRollups, kConsumers };

inline constexpr std::size_t kFamilyCount = 7;

inline constexpr std::array<Family, kFamilyCount> kAllFamilies = {
    Family::kMeta,    Family::kEventIds, Family::kEvents,   Family::kCustomers,
    Family::kChanges, Family::kRollups,  Family::kConsumers};

constexpr std::string_view FamilyName(Family family) {
  constexpr std::array<std::string_view, kFamilyCount> kNames = {"default", "event_ids", "events",   "customers",
                                                                 "changes", "rollups",   "consumers"};
  return kNames[static_cast<std::size_t>(family)];
}

}  // namespace tallystick::storage

#endif  // TALLYSTICK_LIB_STORAGE_FAMILIES_H_
