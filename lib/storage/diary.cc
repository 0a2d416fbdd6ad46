#include "lib/storage/diary.h"

#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

namespace tallystick::storage {

Diary::Diary(std::string folder, std::uint64_t bytes_max)
    : Logger(rocksdb::InfoLogLevel::INFO_LEVEL), path_(std::move(folder) + "/LOG"), bytes_max_(bytes_max) {
  const std::lock_guard lock(mutex_);
  Begin();
}

void Diary::Begin() {
  timeval now{};
  ::gettimeofday(&now, nullptr);
  const std::string old_path = path_ + ".old." + std::to_string(now.tv_sec * 1'000'000 + now.tv_usec);
  if (::access(path_.c_str(), F_OK) == 0) std::rename(path_.c_str(), old_path.c_str());
  file_.reset(std::fopen(path_.c_str(), "we"));
  bytes_ = 0;
  // A line is in the file when it has been written, so that the last ones before a crash are there.
  if (file_ != nullptr) std::setvbuf(file_.get(), nullptr, _IOLBF, BUFSIZ);
}

void Diary::Logv(const char* format, va_list arguments) {
  std::array<char, 8192> text;  // longer ones are cut
  timeval now{};
  ::gettimeofday(&now, nullptr);
  std::tm time{};
  ::localtime_r(&now.tv_sec, &time);
  const std::size_t stamp = std::strftime(text.data(), text.size(), "%Y/%m/%d-%H:%M:%S", &time);
  int size = std::snprintf(text.data() + stamp, text.size() - stamp, ".%06d %d ", static_cast<int>(now.tv_usec),
                           static_cast<int>(::gettid()));
  std::size_t end = stamp + static_cast<std::size_t>(std::max(size, 0));
  size = std::vsnprintf(text.data() + end, text.size() - end, format, arguments);
  if (size < 0) return;
  end = std::min(end + static_cast<std::size_t>(size), text.size() - 1);
  if (text[end - 1] != '\n') text[std::min(end++, text.size() - 1)] = '\n';
  end = std::min(end, text.size());

  const std::lock_guard lock(mutex_);
  if (bytes_ >= bytes_max_) Begin();
  if (file_ == nullptr) return;
  std::fwrite(text.data(), 1, end, file_.get());
  bytes_ += end;
}

}  // namespace tallystick::storage
