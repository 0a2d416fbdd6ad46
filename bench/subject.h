// What is compared: Tallystick, and what a user would pick instead, each behind one interface and used as a skilled
// user of it would. All of them keep one event for each customerEventId, the last one received, and find events by id,
// by time, and by customer and time.
//
//   std::unique_ptr<Subject> subject = OpenSubject("sqlite", path, Durability::kBuffered);
//   subject->Write(batch.documents);
//
// Failures are thrown as std::runtime_error. Thread safety: thread-safe.

#ifndef TALLYSTICK_BENCH_SUBJECT_H_
#define TALLYSTICK_BENCH_SUBJECT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "bench/workload.h"
#include "tallystick/write.h"

namespace tallystick::bench {

// A stored event, as far as it is compared. The text is valid during the visit.
struct Row {
  std::string_view id{};
  std::string_view customer{};
  std::string_view type{};
  std::string_view properties{};
  std::int64_t time_ns = 0;  // since the Unix epoch
};

using Visitor = absl::FunctionRef<void(const Row&)>;

// Which events to read: [from, to), of one customer or, where it is empty, of all.
struct Range {
  absl::Time from = MonthStart();
  absl::Time to = MonthStart() + absl::Hours(24 * kDays);
  std::string customer{};
};

class Subject {
 public:
  virtual ~Subject() = default;

  // Stores events, JSON text, in one transaction that is as durable as the subject was opened for when this returns.
  // Returns how many of them changed something.
  virtual std::uint64_t Write(absl::Span<const std::string_view> documents) = 0;
  // Puts all that was written on stable storage.
  virtual void Sync() = 0;

  // Visits the event with this id; false when there is none.
  virtual bool Get(std::string_view id, Visitor visit) = 0;
  // Visits events in the order of time.
  virtual void Scan(const Range& range, Visitor visit) = 0;
};

// "tallystick", and the peers that this program was built with: "sqlite", "lmdb".
std::vector<std::string> SubjectNames();

// Opens the subject in this file or folder, making it when there is none. There is also "sqlite_indexes_last".
std::unique_ptr<Subject> OpenSubject(const std::string& name, const std::string& path, Durability durability);

std::unique_ptr<Subject> OpenTallystick(const std::string& path, Durability durability);
// With `indexes_last`, the indexes by time and customer are made by the first `Sync`.
std::unique_ptr<Subject> OpenSqlite(const std::string& path, Durability durability, bool indexes_last = false);
std::unique_ptr<Subject> OpenLmdb(const std::string& path, Durability durability);

// What the subject holds, by reading every event in the order of time; throws when that is not their order.
Holdings CountByScan(Subject& subject, const Range& range = {});

// Throws unless the subject holds exactly this.
void ExpectHoldings(Subject& subject, const Holdings& expected);

}  // namespace tallystick::bench

#endif  // TALLYSTICK_BENCH_SUBJECT_H_
