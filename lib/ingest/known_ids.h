// The identities that a bulk write has stored itself: while nobody else stores any, an event that has none of them is
// new, and nothing need be read to tell.

#ifndef TALLYSTICK_LIB_INGEST_KNOWN_IDS_H_
#define TALLYSTICK_LIB_INGEST_KNOWN_IDS_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "lib/base/bloom_filter.h"
#include "lib/storage/database.h"
#include "tallystick/uuid.h"

namespace tallystick::ingest {

// Not thread-safe.
class KnownIds {
 public:
  // To begin with, that the account has none at all, if that is so: `committed` is a sequence whose commit is visible
  // already. Takes up to `bytes` of memory; none for 0, which knows nothing.
  static absl::StatusOr<KnownIds> Begin(const storage::Database& database, const Uuid& account, std::uint64_t committed,
                                        std::size_t bytes);

  // All of the account's identities that were stored up to `committed`, and perhaps others; null when it does not know.
  // What is added to it had better be stored next.
  BloomFilter* UpTo(std::uint64_t committed);

  // The events that were added last have the sequences behind `before` up to `last`.
  void Stored(std::uint64_t before, std::uint64_t last);

  // From now on it knows nothing.
  void Forget() { ids_.reset(); }

 private:
  explicit KnownIds(std::uint64_t last) : last_(last) {}

  std::optional<BloomFilter> ids_;
  std::uint64_t last_;
};

}  // namespace tallystick::ingest

#endif  // TALLYSTICK_LIB_INGEST_KNOWN_IDS_H_
