#include "lib/query/event_rows.h"

#include "lib/base/sorted_unique.h"
#include "tallystick/event.h"

namespace tallystick::query {

std::unique_ptr<EventRows> RowsOf(const View& view, const RowSelection& selection,
                                  std::vector<std::string> customer_aliases) {
  if (customer_aliases.empty()) return RowsByTime(view, selection);
  customer_aliases = SortedUnique(std::move(customer_aliases));
  // No event has a name of another length, and no key could hold one.
  std::erase_if(customer_aliases,
                [](const std::string& alias) { return alias.empty() || alias.size() > kNameBytesMax; });
  return RowsOfCustomers(view, selection, customer_aliases);
}

}  // namespace tallystick::query
