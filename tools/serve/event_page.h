// Pages of events.

#ifndef TALLYSTICK_TOOLS_SERVE_EVENT_PAGE_H_
#define TALLYSTICK_TOOLS_SERVE_EVENT_PAGE_H_

#include "serve/message.h"
#include "tallystick/store.h"

namespace tallystick::tools {

// The events that the query asks for: one page, with cursors to the page behind it (`after`) and the one before it
// (`before`), null where there is none. A page ends early where its text would exceed 16 MiB.
Response ListEvents(const Store& store, const Request& request);

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TOOLS_SERVE_EVENT_PAGE_H_
