#include "lib/encoding/fingerprint.h"

namespace tallystick {

std::uint64_t Fingerprint(const HashKey& key, std::string_view customer_alias, std::string_view event_type,
                          std::string_view event_properties, std::string* scratch) {
  // The lengths keep apart what would read the same run together: ("ab", "c") and ("a", "bc").
  scratch->clear();
  scratch->push_back(static_cast<char>(customer_alias.size()));
  scratch->append(customer_alias);
  scratch->push_back(static_cast<char>(event_type.size()));
  scratch->append(event_type);
  scratch->append(event_properties);
  return FingerprintOfContent(key, *scratch);
}

}  // namespace tallystick
