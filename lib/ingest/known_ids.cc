#include "lib/ingest/known_ids.h"

#include "lib/base/status_macros.h"
#include "lib/encoding/keys.h"

namespace tallystick::ingest {

absl::StatusOr<KnownIds> KnownIds::Begin(const storage::Database& database, const Uuid& account,
                                         std::uint64_t committed, std::size_t bytes) {
  KnownIds known(committed);
  if (bytes == 0) return known;
  storage::RowIterator rows = database.NewIterator(storage::Family::kEventIds, EventIdRange(account),
                                                   database.TakeSnapshot(), storage::ReadLength::kShort);
  rows.SeekToFirst();
  TALLYSTICK_RETURN_IF_ERROR(rows.status());
  if (!rows.Valid()) known.ids_.emplace(bytes);
  return known;
}

BloomFilter* KnownIds::UpTo(std::uint64_t committed) {
  if (committed != last_) Forget();  // somebody else stored something
  return ids_.has_value() ? &*ids_ : nullptr;
}

void KnownIds::Stored(std::uint64_t before, std::uint64_t last) {
  if (before != last_) Forget();
  last_ = last;
}

}  // namespace tallystick::ingest
