// What RocksDB reports of its own accord: background errors and log lines.

#ifndef TALLYSTICK_LIB_STORAGE_ROCKSDB_EVENTS_H_
#define TALLYSTICK_LIB_STORAGE_ROCKSDB_EVENTS_H_

#include <cstdarg>
#include <utility>

#include "lib/storage/database.h"
#include "rocksdb/env.h"
#include "rocksdb/listener.h"

namespace tallystick::storage {

// Hands background errors on, but for a merge that runs out of space, and refuses RocksDB's attempts to recover from
// them by itself.
class BackgroundErrorListener : public rocksdb::EventListener {
 public:
  explicit BackgroundErrorListener(DatabaseEvents events) : events_(std::move(events)) {}

  const char* Name() const override { return "tallystick.BackgroundErrorListener"; }
  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) override;
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason reason, rocksdb::Status error, bool* auto_recovery) override;

 private:
  DatabaseEvents events_;
};

// Hands warnings and errors on and keeps no file: a reader must leave the writer's folder as it is.
class ForwardingLogger : public rocksdb::Logger {
 public:
  explicit ForwardingLogger(DatabaseEvents events)
      : Logger(rocksdb::InfoLogLevel::WARN_LEVEL), events_(std::move(events)) {}

  using Logger::Logv;
  void Logv(const char* format, va_list arguments) override;
  void Logv(rocksdb::InfoLogLevel level, const char* format, va_list arguments) override;

 private:
  DatabaseEvents events_;
};

}  // namespace tallystick::storage

#endif  // TALLYSTICK_LIB_STORAGE_ROCKSDB_EVENTS_H_
