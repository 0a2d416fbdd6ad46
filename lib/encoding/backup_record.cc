#include "lib/encoding/backup_record.h"

#include <charconv>
#include <limits>
#include <optional>
#include <system_error>

#include "absl/strings/escaping.h"
#include "lib/base/digest.h"
#include "tallystick/event.h"

namespace tallystick {
namespace {

constexpr std::string_view kTitle = "tallystick backup ";
constexpr std::uint64_t kVersion = 1;
constexpr std::string_view kDigest = "digest ";
constexpr std::size_t kDigestTextSize = 2 * kDigestSize;

std::string DigestText(std::string_view text) { return absl::BytesToHexString(Digest(text)); }

absl::Status Damaged() { return absl::DataLossError("the record of a backup does not decode"); }

// Takes the lines of a record, one after the other. Once one is not as it must be, `ok` is false.
class LineReader {
 public:
  explicit LineReader(std::string_view text) : rest_(text) {}

  // What follows `key` in the next line.
  std::string_view Text(std::string_view key) {
    const std::size_t end = rest_.find('\n');
    if (end == std::string_view::npos || !rest_.starts_with(key)) return Fail();
    const std::string_view text = rest_.substr(0, end).substr(key.size());
    rest_.remove_prefix(end + 1);
    return text;
  }

  std::uint64_t Number(std::string_view key, std::uint64_t most = std::numeric_limits<std::uint64_t>::max()) {
    return ToNumber(Text(key), most);
  }

  Uuid TakeUuid(std::string_view key) { return ToUuid(Text(key)); }

  absl::Time Time(std::string_view key) {
    const std::string_view text = Text(key);
    const absl::StatusOr<absl::Time> time = ParseTimestamp(text);
    if (!time.ok() || FormatTimestamp(*time) != text) Fail();
    return time.value_or(absl::Time());
  }

  History TakeHistory(std::string_view key) {
    const std::string_view text = Text(key);
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos) {
      Fail();
      return {};
    }
    return {.number =
                static_cast<std::uint16_t>(ToNumber(text.substr(0, space), std::numeric_limits<std::uint16_t>::max())),
            .id = ToUuid(text.substr(space + 1))};
  }

  std::string DigestBytes(std::string_view key) {
    const std::string_view text = Text(key);
    if (text.size() != kDigestTextSize) Fail();
    std::string bytes = absl::HexStringToBytes(std::string(text));
    if (absl::BytesToHexString(bytes) != text) Fail();
    return bytes;
  }

  bool at_end() const { return ok_ && rest_.empty(); }

 private:
  std::string_view Fail() {
    ok_ = false;
    rest_ = {};
    return {};
  }

  std::uint64_t ToNumber(std::string_view text, std::uint64_t most) {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [last, error] = std::from_chars(text.data(), end, number);
    if (text.empty() || error != std::errc() || last != end || number > most || std::to_string(number) != text) Fail();
    return number;
  }

  Uuid ToUuid(std::string_view text) {
    const std::optional<Uuid> uuid = Uuid::Parse(text);
    if (!uuid.has_value() || uuid->ToString() != text) Fail();
    return uuid.value_or(Uuid());
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace

std::string BackupRecord::Encode() const {
  std::string text = std::string(kTitle) + std::to_string(kVersion) + "\n";
  text += "id " + std::to_string(info.id) + "\n";
  text += "taken " + FormatTimestamp(info.taken) + "\n";
  text += "store " + info.store.ToString() + "\n";
  text += "format " + std::to_string(format_version) + "\n";
  text += "history " + std::to_string(info.history.number) + " " + info.history.id.ToString() + "\n";
  text += "sequence " + std::to_string(info.last_sequence) + "\n";
  text += "bytes " + std::to_string(info.bytes) + "\n";
  text += "copied " + std::to_string(info.copied_bytes) + "\n";
  text += "files " + absl::BytesToHexString(files_digest) + "\n";
  return text + std::string(kDigest) + DigestText(text) + "\n";
}

absl::StatusOr<BackupRecord> BackupRecord::Decode(std::string_view text) {
  // The last line is the same in every version, so that rot is not taken for a newer one.
  const std::size_t last = kDigest.size() + kDigestTextSize + 1;
  if (text.size() < last ||
      text.substr(text.size() - last) != std::string(kDigest) + DigestText(text.substr(0, text.size() - last)) + "\n") {
    return Damaged();
  }
  LineReader lines(text.substr(0, text.size() - last));
  const std::uint64_t version = lines.Number(kTitle);
  if (version > kVersion) {
    return absl::FailedPreconditionError("the record of the backup has version " + std::to_string(version) +
                                         "; this program reads version " + std::to_string(kVersion));
  }
  constexpr std::uint64_t kMost32 = std::numeric_limits<std::uint32_t>::max();
  BackupRecord record;
  record.info.id = static_cast<std::uint32_t>(lines.Number("id ", kMost32));
  record.info.taken = lines.Time("taken ");
  record.info.store = lines.TakeUuid("store ");
  record.format_version = static_cast<std::uint32_t>(lines.Number("format ", kMost32));
  record.info.history = lines.TakeHistory("history ");
  record.info.last_sequence = lines.Number("sequence ");
  record.info.bytes = lines.Number("bytes ");
  record.info.copied_bytes = lines.Number("copied ");
  record.files_digest = lines.DigestBytes("files ");
  if (!lines.at_end() || version != kVersion) return Damaged();
  return record;
}

}  // namespace tallystick
