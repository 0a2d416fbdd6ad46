// Reads a file line by line, in batches, ahead of whoever uses them and in bounded memory.

#ifndef TALLYSTICK_TOOLS_LINE_READER_H_
#define TALLYSTICK_TOOLS_LINE_READER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace tallystick::tools {

// Lines that are not blank, in order, without their ends (LF or CR LF).
struct LineBatch {
  struct Line {
    std::uint64_t number = 0;  // counts every line of the file, from 1
    std::size_t offset = 0;    // in `text`
    std::size_t size = 0;
    bool cut = false;  // longer than any event can be: only its beginning was kept
  };

  std::string text;
  std::vector<Line> lines;
  std::uint64_t file_offset = 0;  // how far the file has been read

  std::string_view TextOf(const Line& line) const { return std::string_view(text).substr(line.offset, line.size); }
};

class LineReader {
 public:
  // Reads from `file`, a descriptor that stays open. A batch ends at `lines_max` lines or at about `bytes_max` bytes.
  LineReader(int file, std::size_t lines_max, std::size_t bytes_max);

  // Fills `*batch`; without a line at the end of the file. UNKNOWN when the file cannot be read: what came before the
  // failure is in the batch.
  absl::Status Read(LineBatch* batch);

 private:
  void AddLine(std::size_t start, std::size_t end, bool cut, LineBatch* batch);
  absl::Status ReadMore(std::string* text);

  const int file_;
  const std::size_t lines_max_;
  const std::size_t bytes_max_;
  std::string carry_;  // read already, but of the next batch
  std::uint64_t line_number_ = 0;
  std::uint64_t file_offset_ = 0;
  bool at_end_ = false;
};

// Runs a LineReader in a thread of its own, up to two batches ahead.
class BatchStream {
 public:
  explicit BatchStream(const LineReader& reader);
  // Does not wait for a read that is under way: it may be one from a terminal or pipe that nobody ends.
  ~BatchStream();
  BatchStream(const BatchStream&) = delete;
  BatchStream& operator=(const BatchStream&) = delete;

  // The next batch; null at the end of the file, and after a failure to read it, which `status()` tells.
  std::unique_ptr<LineBatch> Next();
  // A batch that is done with, so that its memory can be used again. Thread-safe, as Next() is.
  void GiveBack(std::unique_ptr<LineBatch> batch);
  absl::Status status() const;

 private:
  struct Channel;
  static void Run(LineReader reader, const std::shared_ptr<Channel>& channel);
  std::shared_ptr<Channel> channel_;
};

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TOOLS_LINE_READER_H_
