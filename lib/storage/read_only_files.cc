#include "lib/storage/read_only_files.h"

#include <algorithm>
#include <utility>

namespace tallystick::storage {
namespace {

void KeepLogs(std::vector<std::string>* names) {
  std::erase_if(*names, [](const std::string& name) { return !name.ends_with(".log"); });
  std::sort(names->begin(), names->end());
}

}  // namespace

rocksdb::Status ListLogs(rocksdb::FileSystem* files, const std::string& folder, std::vector<std::string>* logs) {
  rocksdb::IOStatus status = files->GetChildren(folder, rocksdb::IOOptions(), logs, nullptr);
  if (status.ok()) KeepLogs(logs);
  return status;
}

LogWatch::LogWatch(const std::shared_ptr<rocksdb::FileSystem>& files, std::string folder)
    : FileSystemWrapper(files), folder_(std::move(folder)) {
  // When this listing fails, so do RocksDB's own, which report it.
  ListLogs(target(), folder_, &logs_).PermitUncheckedError();
}

rocksdb::IOStatus LogWatch::GetChildren(const std::string& folder, const rocksdb::IOOptions& options,
                                        std::vector<std::string>* names, rocksdb::IODebugContext* context) {
  rocksdb::IOStatus status = target()->GetChildren(folder, options, names, context);
  if (status.ok() && folder == folder_) {
    std::vector<std::string> present = *names;
    KeepLogs(&present);
    if (!std::includes(present.begin(), present.end(), logs_.begin(), logs_.end())) missed_ = true;
  }
  return status;
}

}  // namespace tallystick::storage
