#include "bench/subject.h"

#include <limits>
#include <stdexcept>

namespace tallystick::bench {

std::vector<std::string> SubjectNames() {
  return {
      "tallystick",
#ifdef TALLYSTICK_BENCH_SQLITE
      "sqlite",
#endif
#ifdef TALLYSTICK_BENCH_LMDB
      "lmdb",
#endif
  };
}

std::unique_ptr<Subject> OpenSubject(const std::string& name, const std::string& path, Durability durability) {
  if (name == "tallystick") return OpenTallystick(path, durability);
#ifdef TALLYSTICK_BENCH_SQLITE
  if (name == "sqlite") return OpenSqlite(path, durability);
  if (name == "sqlite_indexes_last") return OpenSqlite(path, durability, true);
#endif
#ifdef TALLYSTICK_BENCH_LMDB
  if (name == "lmdb") return OpenLmdb(path, durability);
#endif
  throw std::runtime_error("no such subject: " + name);
}

Holdings CountByScan(Subject& subject, const Range& range) {
  Holdings holdings;
  std::int64_t last_ns = std::numeric_limits<std::int64_t>::min();
  subject.Scan(range, [&](const Row& row) {
    if (row.time_ns < last_ns) throw std::runtime_error("a scan is not in the order of time");
    last_ns = row.time_ns;
    ++holdings.events;
    holdings.hundredths += AmountOf(row.properties);
  });
  return holdings;
}

void ExpectHoldings(Subject& subject, const Holdings& expected) {
  const Holdings found = CountByScan(subject);
  if (found == expected) return;
  throw std::runtime_error("a scan finds " + std::to_string(found.events) + " events of " +
                           std::to_string(found.hundredths) + " hundredths, not " + std::to_string(expected.events) +
                           " of " + std::to_string(expected.hundredths));
}

}  // namespace tallystick::bench
