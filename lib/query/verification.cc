#include "lib/query/verification.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "lib/base/status_macros.h"
#include "lib/storage/database.h"

namespace tallystick::query {
namespace {

// Rows checked together: so many, or as soon as they hold so many bytes.
constexpr std::size_t kChunkRows = 1024;
constexpr std::size_t kChunkBytes = 1024 * 1024;
constexpr std::size_t kDifferencesKept = 100;

}  // namespace

void Verification::Report(storage::Family family, std::string key, std::string problem) {
  ++report_.difference_count;
  if (report_.differences.size() == kDifferencesKept) return;
  report_.differences.push_back(
      {.family = std::string(storage::FamilyName(family)), .key = std::move(key), .problem = std::move(problem)});
}

void Verification::AddRead(std::uint64_t rows) {
  rows_read_ += rows;
  if (options_.progress) options_.progress(rows_read_, std::max(rows_read_, rows_total_));
}

absl::Status Verification::Walk(storage::Family family, std::uint64_t* count,
                                const std::function<absl::Status(Chunk)>& check) {
  std::vector<Row> chunk;
  storage::RowIterator rows =
      view_.snapshot->database().NewIterator(family, {}, view_.snapshot, storage::ReadLength::kLong);
  rows.SeekToFirst();
  while (rows.Valid()) {
    chunk.clear();
    std::size_t bytes = 0;
    for (; rows.Valid() && chunk.size() < kChunkRows && bytes < kChunkBytes; rows.Next()) {
      chunk.push_back({.key = std::string(rows.key()), .value = std::string(rows.value())});
      bytes += chunk.back().key.size() + chunk.back().value.size();
    }
    TALLYSTICK_RETURN_IF_ERROR(check(chunk));
    *count += chunk.size();
    AddRead(chunk.size());
  }
  return rows.status();
}

}  // namespace tallystick::query
