#include "line_reader.h"

#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "tallystick/event.h"

namespace tallystick::tools {
namespace {

constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::size_t kBatchesAhead = 2;

// Of a line that is too long, enough to show what it was.
constexpr std::size_t kCutLineBytes = 80 * 1024;

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

}  // namespace

LineReader::LineReader(int file, std::size_t lines_max, std::size_t bytes_max)
    : file_(file), lines_max_(lines_max), bytes_max_(bytes_max) {}

absl::Status LineReader::Read(LineBatch* batch) {
  batch->lines.clear();
  batch->text.assign(carry_);
  carry_.clear();
  std::string& text = batch->text;
  std::size_t start = 0;    // of the line that is being read
  std::size_t scanned = 0;  // no line ends before this
  bool cut = false;         // whether that line is too long already
  absl::Status status;
  // A batch without a line means the end of the file, so blank lines alone never fill one.
  while (batch->lines.size() < lines_max_ && (start < bytes_max_ || cut || batch->lines.empty())) {
    const std::size_t end = text.find('\n', scanned);
    if (end != std::string::npos) {
      AddLine(start, cut ? start + kCutLineBytes : end, cut, batch);
      cut = false;
      start = scanned = end + 1;
      continue;
    }
    if (cut || text.size() - start > kEventJsonBytesMax + kByteOrderMark.size() + 1) {  // one more: it may be a CR
      cut = true;
      text.resize(start + kCutLineBytes);
    }
    scanned = text.size();
    if (at_end_) {
      if (start < text.size()) AddLine(start, text.size(), cut, batch);
      start = text.size();
      break;
    }
    if (batch->lines.empty()) {
      // Nothing points into the blank lines before this one: however many they are, they take no memory.
      text.erase(0, start);
      scanned -= start;
      start = 0;
    }
    status = ReadMore(&text);
    if (!status.ok()) break;
  }
  carry_.assign(text, start);
  batch->file_offset = file_offset_ - carry_.size();
  return status;
}

void LineReader::AddLine(std::size_t start, std::size_t end, bool cut, LineBatch* batch) {
  ++line_number_;
  std::string_view line = std::string_view(batch->text).substr(start, end - start);
  if (line_number_ == 1 && line.starts_with(kByteOrderMark)) {
    start += kByteOrderMark.size();
    line.remove_prefix(kByteOrderMark.size());
  }
  if (!cut && line.ends_with('\r')) line.remove_suffix(1);
  // A line that is too long is refused unread: what follows the spaces at its beginning may be an event.
  const bool too_long = cut || line.size() > kEventJsonBytesMax;
  if (!too_long && line.find_first_not_of(" \t") == std::string_view::npos) return;
  batch->lines.push_back({.number = line_number_, .offset = start, .size = line.size(), .cut = cut});
}

absl::Status LineReader::ReadMore(std::string* text) {
  const std::size_t size = text->size();
  text->resize(size + kReadBytes);
  ssize_t read = 0;
  do {
    read = ::read(file_, text->data() + size, kReadBytes);
  } while (read < 0 && errno == EINTR);
  const int error = errno;
  text->resize(size + static_cast<std::size_t>(read > 0 ? read : 0));
  if (read < 0) return absl::UnknownError(std::generic_category().message(error));
  file_offset_ += static_cast<std::uint64_t>(read);
  at_end_ = read == 0;
  return absl::OkStatus();
}

struct BatchStream::Channel {
  mutable std::mutex mutex;
  std::condition_variable changed;
  // Guarded by mutex:
  std::deque<std::unique_ptr<LineBatch>> batches;
  std::vector<std::unique_ptr<LineBatch>> spare;  // their memory is used again
  absl::Status status;
  bool ended = false;      // no further batch comes
  bool abandoned = false;  // nobody wants one

  std::unique_ptr<LineBatch> TakeSpare() {
    const std::lock_guard lock(mutex);
    if (spare.empty()) return nullptr;
    std::unique_ptr<LineBatch> batch = std::move(spare.back());
    spare.pop_back();
    return batch;
  }
};

BatchStream::BatchStream(const LineReader& reader) : channel_(std::make_shared<Channel>()) {
  std::thread([reader, channel = channel_] { Run(reader, channel); }).detach();
}

BatchStream::~BatchStream() {
  const std::lock_guard lock(channel_->mutex);
  channel_->abandoned = true;
  channel_->changed.notify_all();
}

void BatchStream::Run(LineReader reader, const std::shared_ptr<Channel>& channel) {
  while (true) {
    std::unique_ptr<LineBatch> batch = channel->TakeSpare();
    absl::Status status;
    try {
      if (batch == nullptr) batch = std::make_unique<LineBatch>();
      status = reader.Read(batch.get());
    } catch (const std::exception& error) {  // no memory; nobody catches it above a thread's function
      batch->lines.clear();
      status = absl::ResourceExhaustedError(error.what());
    }
    const bool last = !status.ok() || batch->lines.empty();

    std::unique_lock lock(channel->mutex);
    channel->changed.wait(lock, [&] { return channel->abandoned || channel->batches.size() < kBatchesAhead; });
    if (!batch->lines.empty()) channel->batches.push_back(std::move(batch));
    channel->status = status;
    channel->ended = last;
    channel->changed.notify_all();
    if (last || channel->abandoned) return;
  }
}

std::unique_ptr<LineBatch> BatchStream::Next() {
  std::unique_lock lock(channel_->mutex);
  channel_->changed.wait(lock, [this] { return channel_->ended || !channel_->batches.empty(); });
  if (channel_->batches.empty()) return nullptr;
  std::unique_ptr<LineBatch> batch = std::move(channel_->batches.front());
  channel_->batches.pop_front();
  channel_->changed.notify_all();
  return batch;
}

void BatchStream::GiveBack(std::unique_ptr<LineBatch> batch) {
  const std::lock_guard lock(channel_->mutex);
  if (channel_->spare.size() <= kBatchesAhead) channel_->spare.push_back(std::move(batch));
}

absl::Status BatchStream::status() const {
  const std::lock_guard lock(channel_->mutex);
  return channel_->status;
}

}  // namespace tallystick::tools
