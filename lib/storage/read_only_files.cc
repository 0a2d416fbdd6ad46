#include "lib/storage/read_only_files.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "lib/storage/file_names.h"
#include "lib/storage/status.h"

namespace tallystick::storage {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;
using rocksdb::Status;

constexpr std::string_view kCurrent = "CURRENT";

// A text as a file.
class TextFile : public rocksdb::FSSequentialFile {
 public:
  explicit TextFile(std::string text) : text_(std::move(text)) {}

  IOStatus Read(std::size_t n, const IOOptions& /*options*/, Slice* result, char* scratch,
                IODebugContext* /*context*/) override {
    n = std::min(n, text_.size() - position_);
    std::memcpy(scratch, text_.data() + position_, n);
    *result = Slice(scratch, n);
    position_ += n;
    return IOStatus::OK();
  }
  IOStatus Skip(std::uint64_t n) override {
    position_ += std::min<std::uint64_t>(n, text_.size() - position_);
    return IOStatus::OK();
  }

 private:
  const std::string text_;
  std::size_t position_ = 0;
};

// One of several holders of an open file.
class SharedFile : public rocksdb::FSRandomAccessFileWrapper {
 public:
  explicit SharedFile(std::shared_ptr<rocksdb::FSRandomAccessFile> file)
      : FSRandomAccessFileWrapper(file.get()), file_(std::move(file)) {}

 private:
  const std::shared_ptr<rocksdb::FSRandomAccessFile> file_;
};

// A file that shows zeroes behind its first `written` bytes, whatever is written there later.
class ZeroesBehind : public rocksdb::FSRandomAccessFile {
 public:
  ZeroesBehind(std::shared_ptr<rocksdb::FSRandomAccessFile> file, std::uint64_t written)
      : file_(std::move(file)), written_(written) {}

  IOStatus Read(std::uint64_t offset, std::size_t n, const IOOptions& options, Slice* result, char* scratch,
                IODebugContext* context) const override {
    IOStatus status = file_->Read(offset, n, options, result, scratch, context);
    if (!status.ok() || offset + result->size() <= written_) return status;
    const std::size_t shown = written_ > offset ? written_ - offset : 0;
    if (result->data() != scratch) std::memcpy(scratch, result->data(), shown);
    std::memset(scratch + shown, 0, result->size() - shown);
    *result = Slice(scratch, result->size());
    return status;
  }

 private:
  const std::shared_ptr<rocksdb::FSRandomAccessFile> file_;
  const std::uint64_t written_;
};

// How many of a log's first `bytes` have been written, all but the zeroes at the end. They were written in this order.
IOStatus MeasureWritten(rocksdb::FSRandomAccessFile* file, std::uint64_t bytes, std::uint64_t* written) {
  constexpr std::uint64_t kPiece = 64 * 1024;
  std::string scratch(kPiece, '\0');
  for (*written = 0; bytes > 0; bytes -= std::min(bytes, kPiece)) {
    const std::uint64_t begin = bytes - std::min(bytes, kPiece);
    Slice piece;
    IOStatus status = file->Read(begin, bytes - begin, IOOptions(), &piece, scratch.data(), nullptr);
    if (!status.ok()) return status;
    const std::size_t last = std::string_view(piece.data(), piece.size()).find_last_not_of('\0');
    if (last == std::string_view::npos) continue;
    *written = begin + last + 1;
    break;
  }
  return IOStatus::OK();
}

}  // namespace

Status ListAppended(rocksdb::FileSystem* files, const std::string& folder, std::vector<std::string>* names) {
  IOStatus status = files->GetChildren(folder, IOOptions(), names, nullptr);
  if (!status.ok()) return status;
  std::erase_if(*names, [](const std::string& name) {
    return !LogNumber(name).has_value() && !ManifestNumber(name).has_value();
  });
  std::sort(names->begin(), names->end());
  return status;
}

FrozenFiles::FrozenFiles(const std::shared_ptr<rocksdb::FileSystem>& files, std::string folder)
    : FileSystemWrapper(files), folder_(std::move(folder)) {}

// --- Freezing ---

absl::Status FrozenFiles::Freeze() {
  Status status = TryToFreeze();
  for (int attempt = 1; status.IsTryAgain() && attempt < kAttempts; ++attempt) status = TryToFreeze();
  if (status.IsTryAgain()) {
    return absl::UnavailableError(folder_ + ": the writer replaces files faster than they can be opened; try again");
  }
  return FromRocksDb(status, folder_ + ": cannot open for reading");
}

// A writer deletes a file only after the manifest says that it is not needed. So while the manifest stays the same,
// everything that it names is there, and so is every log with rows that are in no table.
Status FrozenFiles::TryToFreeze() {
  files_.clear();
  frozen_ = false;
  Status status = ReadVersion(&version_);
  if (status.ok()) status = OpenFiles();
  Version after;
  if (status.ok()) status = ReadVersion(&after);
  if (status.ok() && after == version_) {
    frozen_ = true;
    return status;
  }
  files_.clear();
  return status.ok() ? Status::TryAgain("the manifest changed") : status;
}

Status FrozenFiles::ReadVersion(Version* version) {
  std::string text;
  Status status = rocksdb::ReadFileToString(target(), PathOf(std::string(kCurrent)), &text);
  if (!status.ok()) return status;
  version->current = text;
  version->manifest = text.substr(0, text.find('\n'));
  status = target()->GetFileSize(PathOf(version->manifest), IOOptions(), &version->bytes, nullptr);
  if (status.ok()) return status;
  // Deleted since: CURRENT names another by now. Or it is lost.
  std::string again;
  if (rocksdb::ReadFileToString(target(), PathOf(std::string(kCurrent)), &again).ok() && again != text) {
    return Status::TryAgain("the manifest was replaced");
  }
  return status;
}

Status FrozenFiles::OpenFiles() {
  std::vector<std::string> names;
  Status status = target()->GetChildren(folder_, IOOptions(), &names, nullptr);
  for (const std::string& name : names) {
    if (name != version_.manifest && !LogNumber(name).has_value() && !name.ends_with(".sst")) continue;
    std::unique_ptr<rocksdb::FSRandomAccessFile> file;
    status = target()->NewRandomAccessFile(PathOf(name), FileOptions(), &file, nullptr);
    if (status.IsPathNotFound()) continue;  // Deleted since it was listed: the manifest tells whether that matters.
    if (!status.ok()) return status;
    files_.emplace(name, File{.bytes = 0, .file = std::move(file)});
  }
  const auto measure = [this](const std::string& name, File* opened) -> Status {
    const IOStatus measured = target()->GetFileSize(PathOf(name), IOOptions(), &opened->bytes, nullptr);
    return measured.IsPathNotFound() ? Status::TryAgain("a file was deleted") : Status(measured);
  };
  std::map<std::uint64_t, std::string> logs;
  for (auto& [name, opened] : files_) {
    if (const std::optional<std::uint64_t> log = LogNumber(name); log.has_value()) {
      logs.emplace(*log, name);
    } else if (name == version_.manifest) {
      opened.bytes = version_.bytes;
    } else if (status = measure(name, &opened); !status.ok()) {
      return status;
    }
  }
  // The newest log first: what the others have then is what they had when it began.
  for (auto log = logs.rbegin(); log != logs.rend(); ++log) {
    File& opened = files_.at(log->second);
    if (status = measure(log->second, &opened); !status.ok()) return status;
    // What is zeroed ahead (log_files.h) belongs to the file, and the writer fills it while it is read here.
    std::uint64_t written = 0;
    if (status = MeasureWritten(opened.file.get(), opened.bytes, &written); !status.ok()) return status;
    opened.file = std::make_shared<ZeroesBehind>(std::move(opened.file), written);
  }
  return Status::OK();
}

void FrozenFiles::SetLogEnds(const LogEnds& ends) {
  const std::lock_guard lock(mutex_);
  for (auto& [name, file] : files_) {
    const std::optional<std::uint64_t> log = LogNumber(name);
    const auto end = log.has_value() ? ends.find(*log) : ends.end();
    if (end != ends.end()) file.bytes = end->second;
  }
}

void FrozenFiles::Thaw() {
  const std::lock_guard lock(mutex_);
  std::erase_if(files_, [](const auto& file) { return !file.first.ends_with(".sst"); });
  frozen_ = false;
}

// --- Showing ---

IOStatus FrozenFiles::NewSequentialFile(const std::string& path, const FileOptions& options,
                                        std::unique_ptr<rocksdb::FSSequentialFile>* file, IODebugContext* context) {
  const std::string name(FileName(path));
  const std::lock_guard lock(mutex_);
  if (frozen_ && name == kCurrent) {
    *file = std::make_unique<TextFile>(version_.current);
    return IOStatus::OK();
  }
  const auto frozen = files_.find(name);
  if (frozen == files_.end()) return target()->NewSequentialFile(path, options, file, context);
  *file = std::make_unique<SequentialPart>(frozen->second.file, frozen->second.bytes);
  return IOStatus::OK();
}

IOStatus FrozenFiles::NewRandomAccessFile(const std::string& path, const FileOptions& options,
                                          std::unique_ptr<rocksdb::FSRandomAccessFile>* file, IODebugContext* context) {
  const std::lock_guard lock(mutex_);
  const auto frozen = files_.find(std::string(FileName(path)));
  if (frozen == files_.end()) return target()->NewRandomAccessFile(path, options, file, context);
  *file = std::make_unique<SharedFile>(frozen->second.file);
  return IOStatus::OK();
}

IOStatus FrozenFiles::FileExists(const std::string& path, const IOOptions& options, IODebugContext* context) {
  const std::lock_guard lock(mutex_);
  if (files_.contains(std::string(FileName(path)))) return IOStatus::OK();
  return target()->FileExists(path, options, context);
}

IOStatus FrozenFiles::GetFileSize(const std::string& path, const IOOptions& options, std::uint64_t* bytes,
                                  IODebugContext* context) {
  const std::lock_guard lock(mutex_);
  const auto frozen = files_.find(std::string(FileName(path)));
  if (frozen == files_.end()) return target()->GetFileSize(path, options, bytes, context);
  *bytes = frozen->second.bytes;
  return IOStatus::OK();
}

IOStatus FrozenFiles::GetChildren(const std::string& folder, const IOOptions& options, std::vector<std::string>* names,
                                  IODebugContext* context) {
  const std::lock_guard lock(mutex_);
  if (!frozen_) return target()->GetChildren(folder, options, names, context);
  names->clear();
  for (const auto& [name, file] : files_) names->push_back(name);
  return IOStatus::OK();
}

}  // namespace tallystick::storage
