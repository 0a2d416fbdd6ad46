// What the parts of a verification share: the snapshot, the report that they fill, and how far they are.

#ifndef TALLYSTICK_LIB_QUERY_VERIFICATION_H_
#define TALLYSTICK_LIB_QUERY_VERIFICATION_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "lib/query/reads.h"
#include "lib/storage/families.h"
#include "tallystick/report.h"

namespace tallystick::query {

class Verification {
 public:
  // A row of the family that is being walked.
  struct Row {
    std::string key;
    std::string value;
  };
  using Chunk = absl::Span<const Row>;

  // Both outlive it.
  Verification(const View& view, const VerifyOptions& options) : view_(view), options_(options) {}

  const View& view() const { return view_; }
  VerifyReport& report() { return report_; }

  // Adds a difference; only the first of many are kept, and all are counted.
  void Report(storage::Family family, std::string key, std::string problem);

  // About so many rows more are going to be read; so many more were.
  void Expect(std::uint64_t rows) { rows_total_ += rows; }
  void AddRead(std::uint64_t rows);

  // Hands every row of the family to `check`, in order and in chunks that are small, and counts them.
  absl::Status Walk(storage::Family family, std::uint64_t* count, const std::function<absl::Status(Chunk)>& check);

 private:
  const View& view_;
  const VerifyOptions& options_;
  VerifyReport report_;
  std::uint64_t rows_read_ = 0;
  std::uint64_t rows_total_ = 0;
};

}  // namespace tallystick::query

#endif  // TALLYSTICK_LIB_QUERY_VERIFICATION_H_
