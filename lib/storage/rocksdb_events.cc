#include "lib/storage/rocksdb_events.h"

#include <array>
#include <cstdio>

#include "lib/storage/status.h"

namespace tallystick::storage {

void BackgroundErrorListener::OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) {
  // RocksDB deletes what a merge has made, keeps what it was to merge, and tries again by itself (merge_files.h). Were
  // the manifest the trouble, it would say so.
  if (reason == rocksdb::BackgroundErrorReason::kCompaction && IsOutOfSpace(*error)) {
    *error = rocksdb::Status::OK();
    return;
  }
  if (events_.background_error) events_.background_error(FromRocksDb(*error, "background work"));
}

void BackgroundErrorListener::OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason /*reason*/, rocksdb::Status /*error*/,
                                                   bool* auto_recovery) {
  *auto_recovery = false;
}

void ForwardingLogger::Logv(const char* format, va_list arguments) {
  Logv(rocksdb::InfoLogLevel::INFO_LEVEL, format, arguments);
}

void ForwardingLogger::Logv(rocksdb::InfoLogLevel level, const char* format, va_list arguments) {
  if (level < GetInfoLogLevel() || level == rocksdb::InfoLogLevel::HEADER_LEVEL || !events_.log) return;
  std::array<char, 1024> text;
  const int length = std::vsnprintf(text.data(), text.size(), format, arguments);
  if (length < 0) return;
  const Severity severity = level == rocksdb::InfoLogLevel::WARN_LEVEL ? Severity::kWarning : Severity::kError;
  events_.log(severity, text.data());
}

}  // namespace tallystick::storage
