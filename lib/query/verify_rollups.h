// The part of Store::Verify that checks declared meters and what is kept of them.

#ifndef TALLYSTICK_LIB_QUERY_VERIFY_ROLLUPS_H_
#define TALLYSTICK_LIB_QUERY_VERIFY_ROLLUPS_H_

#include "absl/status/status.h"
#include "lib/query/verification.h"

namespace tallystick::query {

// Checks every row of `rollups`, those of dropped meters only for their form; all others make sure that each meter has
// exactly the cells, values and stale marks that its events make. Reads the events of each account with meters once
// more, and once again after a surplus of rows was found.
absl::Status VerifyRollups(Verification* verification);

}  // namespace tallystick::query

#endif  // TALLYSTICK_LIB_QUERY_VERIFY_ROLLUPS_H_
