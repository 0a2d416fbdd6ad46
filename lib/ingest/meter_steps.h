// The steps of what is done for declared meters in the background. Each is a commit of its own, so that a crash leaves
// a smaller rest of the work and never half a step.

#ifndef TALLYSTICK_LIB_INGEST_METER_STEPS_H_
#define TALLYSTICK_LIB_INGEST_METER_STEPS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "lib/encoding/keys.h"
#include "lib/encoding/rollup_rows.h"
#include "lib/ingest/lone_request.h"
#include "lib/ingest/meter_book.h"
#include "lib/ingest/rollups.h"
#include "lib/storage/database.h"

namespace tallystick::ingest {

// What steps work on; all of it outlives them.
struct StepParts {
  storage::Database* database = nullptr;
  MeterBook* meters = nullptr;
  Rollups* rollups = nullptr;
};

// Adds the next events, in order of time, to a meter that is being built. Writes of events that lie before where it
// stands change its cells as those of any other meter; those behind it leave it alone.
class BuildStep : public LoneRequest {
 public:
  BuildStep(const StepParts& parts, MeterBook::Meter meter, std::size_t events_max)
      : parts_(parts), meter_(std::move(meter)), events_max_(events_max) {}

  absl::Status Decide(storage::Batch* batch) override;

  bool done() const { return done_; }
  std::chrono::steady_clock::duration took() const { return took_; }  // of the time that writers wait

 private:
  absl::Status Add(storage::Batch* batch);

  const StepParts parts_;
  const MeterBook::Meter meter_;
  const std::size_t events_max_;
  bool done_ = false;
  std::chrono::steady_clock::duration took_{};
};

// Deletes some of the rows in a range that nothing else writes to.
class DeleteStep : public LoneRequest {
 public:
  DeleteStep(const StepParts& parts, KeyRange range) : parts_(parts), range_(std::move(range)) {}

  absl::Status Decide(storage::Batch* batch) override;

  // What is left of the range: it does not begin with what was deleted, which takes a while to pass over.
  const KeyRange& left() const { return range_; }
  bool done() const { return done_; }

 private:
  const StepParts parts_;
  KeyRange range_;
  bool done_ = false;
};

// Forgets a dropped meter of which nothing is left.
class ForgetStep : public LoneRequest {
 public:
  ForgetStep(const StepParts& parts, std::uint32_t meter) : parts_(parts), meter_(meter) {}

  absl::Status Decide(storage::Batch* batch) override;

 private:
  const StepParts parts_;
  const std::uint32_t meter_;
};

// Begins to find the value of a stale cell: see Rollups::Watch().
class WatchStep : public LoneRequest {
 public:
  WatchStep(const StepParts& parts, std::string cell_key) : parts_(parts), cell_key_(std::move(cell_key)) {}

  absl::Status Decide(storage::Batch* batch) override;

 private:
  const StepParts parts_;
  const std::string cell_key_;
};

// Gives the cell that is watched what was found for it.
class HealStep : public LoneRequest {
 public:
  HealStep(const StepParts& parts, MeterBook::Meter meter, CellRow found)
      : parts_(parts), meter_(std::move(meter)), found_(std::move(found)) {}

  absl::Status Decide(storage::Batch* batch) override;

  bool changed() const { return changed_; }  // it was left as it is, since what was found may be out of date

 private:
  const StepParts parts_;
  const MeterBook::Meter meter_;
  const CellRow found_;
  bool changed_ = false;
};

}  // namespace tallystick::ingest

#endif  // TALLYSTICK_LIB_INGEST_METER_STEPS_H_
