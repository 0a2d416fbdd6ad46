#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "lib/base/instant.h"
#include "lib/encoding/bytes.h"
#include "lib/encoding/instant_bytes.h"
#include "tests/fuzz/targets.h"
#include "tests/support/timestamp_reference.h"

namespace tallystick::fuzz {

Finding FuzzTimestamp(std::string_view text) {
  const std::optional<Instant> expected = testing::ReferenceInstant(text);
  const absl::StatusOr<Instant> instant = ParseInstant(text);
  if (instant.ok() != expected.has_value()) {
    return instant.ok() ? "is accepted" : "is refused: " + std::string(instant.status().message());
  }
  if (!instant.ok()) {
    if (instant.status().code() != absl::StatusCode::kInvalidArgument || instant.status().message().empty()) {
      return "is refused without a reason";
    }
    return std::nullopt;
  }
  if (*instant != *expected) return "is another instant: " + testing::ReferenceTimestamp(*expected);

  std::string written;
  AppendInstant(*instant, &written);
  if (written != testing::ReferenceTimestamp(*expected)) return "is written as " + written;
  const absl::StatusOr<Instant> again = ParseInstant(written);
  if (!again.ok() || *again != *instant) return "is not read back from " + written;
  if (Instant::FromTime(instant->ToTime()) != *instant) return "is not the same by way of absl::Time";
  if (Instant::CeilFromTime(instant->ToTime()) != *instant) return "is not the first nanosecond at its own time";
  std::string bytes;
  AppendInstantBytes(*instant, &bytes);
  Instant read;
  if (!ReadInstant(bytes, &read) || read != *instant) return "is not the same by way of its bytes";
  return std::nullopt;
}

}  // namespace tallystick::fuzz
