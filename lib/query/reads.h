// The reads of a store, each at one snapshot.

#ifndef TALLYSTICK_LIB_QUERY_READS_H_
#define TALLYSTICK_LIB_QUERY_READS_H_

#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/storage/database.h"
#include "lib/storage/meta.h"
#include "tallystick/meter.h"
#include "tallystick/read.h"
#include "tallystick/report.h"
#include "tallystick/store.h"

namespace tallystick::query {

// What every read needs. Reads keep a copy for as long as they go on.
struct View {
  std::shared_ptr<const storage::Snapshot> snapshot{};
  std::shared_ptr<const storage::Identity> identity{};
};

// See the functions of the same names in tallystick/store.h.
absl::StatusOr<OwnedEvent> Get(const View& view, const Uuid& account, std::string_view customer_event_id);
EventIterator Scan(const View& view, const ScanOptions& options);
absl::StatusOr<std::vector<EventIterator>> SplitScan(const View& view, const ScanOptions& options, int parts);
// All that `view` shows must be on stable storage.
ChangeIterator Changes(const View& view, const ChangesOptions& options);
absl::StatusOr<Usage> Query(const View& view, const QueryOptions& options);
// INVALID_ARGUMENT for options that Query would refuse, whatever the store holds.
absl::Status CheckQuery(const QueryOptions& options);
absl::StatusOr<std::vector<DeclaredMeter>> Meters(const View& view, const Uuid& account);
absl::StatusOr<StoreStats> Stats(const View& view, const Uuid& account);
absl::StatusOr<VerifyReport> Verify(const View& view, const VerifyOptions& options);

}  // namespace tallystick::query

#endif  // TALLYSTICK_LIB_QUERY_READS_H_
