#include "lib/storage/status.h"

#include <string>

namespace tallystick::storage {
namespace {

absl::StatusCode CodeOf(const rocksdb::Status& status) {
  using Code = rocksdb::Status::Code;
  using SubCode = rocksdb::Status::SubCode;
  switch (status.code()) {
    case Code::kOk:
      return absl::StatusCode::kOk;
    case Code::kNotFound:
      return absl::StatusCode::kNotFound;
    case Code::kCorruption:
      return absl::StatusCode::kDataLoss;
    case Code::kIOError:
      if (IsOutOfSpace(status)) return absl::StatusCode::kResourceExhausted;
      // A file that the database names is not there.
      if (status.subcode() == SubCode::kPathNotFound) return absl::StatusCode::kDataLoss;
      return absl::StatusCode::kUnknown;
    case Code::kMergeInProgress:
    case Code::kIncomplete:
    case Code::kTimedOut:
    case Code::kBusy:
    case Code::kExpired:
    case Code::kTryAgain:
    case Code::kCompactionTooLarge:
      return absl::StatusCode::kUnavailable;
    case Code::kShutdownInProgress:
    case Code::kColumnFamilyDropped:
      return absl::StatusCode::kFailedPrecondition;
    case Code::kAborted:
      return status.subcode() == SubCode::kMemoryLimit ? absl::StatusCode::kResourceExhausted
                                                       : absl::StatusCode::kUnknown;
    case Code::kNotSupported:
    case Code::kInvalidArgument:
    case Code::kMaxCode:
      return absl::StatusCode::kInternal;
  }
  return absl::StatusCode::kUnknown;
}

}  // namespace

bool IsOutOfSpace(const rocksdb::Status& status) {
  return status.IsIOError() && (status.subcode() == rocksdb::Status::SubCode::kNoSpace ||
                                status.subcode() == rocksdb::Status::SubCode::kSpaceLimit);
}

absl::Status FromRocksDb(const rocksdb::Status& status, std::string_view what) {
  if (status.ok()) return absl::OkStatus();
  return absl::Status(CodeOf(status), std::string(what) + ": " + status.ToString());
}

}  // namespace tallystick::storage
