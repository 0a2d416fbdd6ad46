// Commits in a turn of their own: of declared meters, of what is kept of them, and of bulk writes.

#ifndef TALLYSTICK_LIB_INGEST_LONE_REQUEST_H_
#define TALLYSTICK_LIB_INGEST_LONE_REQUEST_H_

#include <cstddef>

#include "absl/status/status.h"
#include "lib/storage/commit_queue.h"
#include "lib/storage/database.h"

namespace tallystick::ingest {

// A commit that is decided by itself, so the newest state that it reads is that of all commits before it. Writers wait
// meanwhile: it has to be short, or worth it.
class LoneRequest : public storage::CommitRequest {
 public:
  std::size_t bytes() const final { return 0; }
  bool alone() const final { return true; }

  // Adds its rows to `batch`. After an error none of them is written.
  virtual absl::Status Decide(storage::Batch* batch) = 0;
};

}  // namespace tallystick::ingest

#endif  // TALLYSTICK_LIB_INGEST_LONE_REQUEST_H_
