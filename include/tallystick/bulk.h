// What a bulk write takes and answers: loading many events at once, faster than by batches.
//
//   std::ifstream file("events.ndjson");
//   const auto next = [&]() -> absl::StatusOr<std::optional<tallystick::BulkInput>> {
//     auto lines = std::make_shared<std::vector<std::string>>();
//     for (std::string line; lines->size() < 10'000 && std::getline(file, line);) lines->push_back(std::move(line));
//     if (lines->empty()) return std::nullopt;  // the end
//     tallystick::BulkInput input{.owner = lines};
//     for (const std::string& line : *lines) input.documents.push_back({.text = line});
//     return input;
//   };
//   const absl::StatusOr<tallystick::BulkResult> loaded = store->WriteBulk(account, next);
//
// Thread safety: plain values (thread-compatible).

#ifndef TALLYSTICK_BULK_H_
#define TALLYSTICK_BULK_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tallystick/write.h"

namespace tallystick {

// An event in JSON.
struct BulkDocument {
  std::string_view text{};
  std::uint64_t number = 0;  // the caller's own, given back with a rejection; a line's number, for instance
  // The text is only the beginning of one that is longer than `kEventJsonBytesMax`: it is rejected as too large.
  bool cut = false;
};

// Some events, in their order. Ten thousand or so at a time keep all threads busy; at most 16,777,216 with 1 GiB of
// text.
struct BulkInput {
  std::vector<BulkDocument> documents{};
  std::shared_ptr<const void> owner{};  // keeps the text, until the store is done with it
};

// Gives the next events; absent when there are no more. It is called by one thread at a time, not always by the same,
// and may take its time: what it waits for, the bulk write waits for. An error ends the bulk write.
using BulkSource = std::function<absl::StatusOr<std::optional<BulkInput>>()>;

struct BulkResult {
  std::uint64_t created = 0;
  std::uint64_t superseded = 0;
  std::uint64_t unchanged = 0;
  std::uint64_t rejected = 0;
  // Of all these: events without a customerEventId, which are stored again each time they are sent.
  std::uint64_t identities_assigned = 0;
  bool stopped = false;  // `on_rejected` asked for it

  std::uint64_t read() const { return created + superseded + unchanged + rejected; }
};

struct BulkOptions {
  // Told of each rejected event, in their order, from the caller's thread, before what surrounds it is stored;
  // `document` lives until it returns. False: the bulk write stores what came before and ends. Absent: they are passed
  // over.
  std::function<bool(const BulkDocument& document, const Rejection& rejection)> on_rejected{};

  // Told, from the caller's thread, after each chunk: what has been stored so far is on stable storage.
  std::function<void(const BulkResult& so_far)> on_stored{};

  // About how much of the events' text, as it is stored, a chunk has at most: 64 KiB to 1 GiB. Memory grows to about
  // 1.7 times that, beside what the store takes anyhow. A larger chunk leaves fewer files to be merged later. Absent:
  // 256 MiB, on the edge 8 MiB. Where the account has declared meters, a chunk has fewer events: each takes up to a
  // kilobyte for each meter.
  std::optional<std::size_t> chunk_bytes{};

  // A chunk is stored at the latest when the source is next asked after this time has passed since the chunk's first
  // event: a slow source is stored as it comes.
  absl::Duration chunk_time = absl::Seconds(10);

  // How many threads work at it, the caller's included, from 1. Absent: as many as the machine runs at once.
  std::optional<int> threads{};
};

}  // namespace tallystick

#endif  // TALLYSTICK_BULK_H_
