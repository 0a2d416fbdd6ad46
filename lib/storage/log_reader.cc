#include "lib/storage/log_reader.h"

#include <algorithm>
#include <memory>

#include "rocksdb/file_checksum.h"

namespace tallystick::storage {
namespace {

using rocksdb::IOStatus;

constexpr std::size_t kBlock = 32 * 1024;
constexpr std::size_t kBlocksRead = 32;  // at once

// checksum:4 length:2 type:1, and of the types that end with "recyclable" log:4; all little-endian.
constexpr std::size_t kHeader = 7;
constexpr std::size_t kRecyclableHeader = 11;

enum Type : unsigned { kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };
constexpr unsigned kRecyclable = 4;  // plus one of these

std::uint32_t LittleEndian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

// The only way to RocksDB's CRC-32C that it declares; it gives the four bytes with the highest first.
std::uint32_t Crc32c(std::string_view bytes) {
  static const std::shared_ptr<rocksdb::FileChecksumGenFactory> factory = rocksdb::GetFileChecksumGenCrc32cFactory();
  const std::unique_ptr<rocksdb::FileChecksumGenerator> generator = factory->CreateFileChecksumGenerator({});
  generator->Update(bytes.data(), bytes.size());
  generator->Finalize();
  std::uint32_t value = 0;
  for (const char byte : generator->GetChecksum()) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

// A checksum of bytes that have checksums in them is stored rotated and with this added.
std::uint32_t Unmasked(std::uint32_t stored) {
  const std::uint32_t rotated = stored - 0xa282ead8;
  return rotated >> 17 | rotated << 15;
}

}  // namespace

struct LogReader::Fragment {
  Type type = kFull;
  std::size_t header = kHeader;
  std::string_view payload{};
};

LogReader::LogReader(rocksdb::FSRandomAccessFile* file, std::uint64_t bytes, std::uint64_t number)
    : file_(file), bytes_(bytes), number_(number) {}

IOStatus LogReader::LoadBlock() {
  loaded_ = true;
  at_ = 0;
  if (block_at_ >= buffer_at_ + buffer_.size()) {
    buffer_at_ = block_at_;
    buffer_.resize(std::min<std::uint64_t>(kBlock * kBlocksRead, bytes_ - block_at_));
    std::size_t read = 0;
    while (read < buffer_.size()) {
      rocksdb::Slice got;
      IOStatus status = file_->Read(buffer_at_ + read, buffer_.size() - read, rocksdb::IOOptions(), &got,
                                    buffer_.data() + read, nullptr);
      if (!status.ok()) return status;
      if (got.empty()) break;  // shorter than it was
      if (got.data() != buffer_.data() + read) std::copy_n(got.data(), got.size(), buffer_.data() + read);
      read += got.size();
    }
    buffer_.resize(read);
  }
  const std::size_t offset = block_at_ - buffer_at_;
  block_ = std::string_view(buffer_).substr(std::min(offset, buffer_.size()), kBlock);
  return IOStatus::OK();
}

std::optional<std::string> LogReader::Parse(Fragment* fragment) const {
  const std::string_view rest = block_.substr(at_);
  if (rest.size() < kHeader) return "the file ends in a record's header";
  const std::size_t length = LittleEndian(rest.substr(4, 2));
  unsigned type = static_cast<unsigned char>(rest[6]);
  if (type > kRecyclable && type <= kRecyclable + kLast) {
    fragment->header = kRecyclableHeader;
    type -= kRecyclable;
  }
  if (type < kFull || type > kLast) return "no record begins there";
  fragment->type = static_cast<Type>(type);
  if (fragment->header + length > rest.size()) {
    return block_.size() < kBlock ? "the file ends in a record" : "a record's length is wrong";
  }
  if (Unmasked(LittleEndian(rest.substr(0, 4))) != Crc32c(rest.substr(6, fragment->header - 6 + length))) {
    return "a record's checksum is wrong";
  }
  if (fragment->header == kRecyclableHeader &&
      LittleEndian(rest.substr(kHeader, 4)) != static_cast<std::uint32_t>(number_)) {
    return "the record is another log's";
  }
  fragment->payload = rest.substr(fragment->header, length);
  return std::nullopt;
}

// What is too little for a header at the end of a block is left empty.
bool LogReader::IsFilling(std::string_view rest) const {
  if (block_.size() < kBlock) return false;
  return rest.size() < kHeader || (rest.size() < kRecyclableHeader && rest.find_first_not_of('\0') == rest.npos);
}

void LogReader::Skip(std::size_t bytes, std::string_view problem) {
  if (!damage_.has_value()) damage_ = Damage{.begin = whole_end_, .problem = std::string(problem)};
  in_record_ = false;
  at_ += bytes;
}

IOStatus LogReader::Next(std::optional<Record>* record) {
  record->reset();
  while (true) {
    if (loaded_ && at_ < block_.size() && !IsFilling(block_.substr(at_))) {
      if (!in_record_ && !damage_.has_value()) {
        if (block_.find_first_not_of('\0', at_) == block_.npos) {
          zeroed_ = true;
          at_ = block_.size();
          continue;
        }
        if (zeroed_) Skip(0, "zeroes stand before a record");
      }
      const std::uint64_t begin = block_at_ + at_;
      Fragment fragment;
      if (const std::optional<std::string> problem = Parse(&fragment); problem.has_value()) {
        Skip(1, *problem);
        continue;
      }
      const std::size_t size = fragment.header + fragment.payload.size();
      const bool first = fragment.type == kFull || fragment.type == kFirst;
      if (first == in_record_) {
        // A first fragment is whole by itself, whatever was cut off before it.
        Skip(first ? 0 : size, first ? "a record has no end" : "a record has no beginning");
        continue;
      }
      at_ += size;
      if (first) {
        record_begin_ = begin;
        record_.clear();
      }
      in_record_ = fragment.type == kFirst || fragment.type == kMiddle;
      if (fragment.type != kFull) record_ += fragment.payload;
      if (in_record_) continue;
      *record = Record{.begin = record_begin_,
                       .end = block_at_ + at_,
                       .payload = fragment.type == kFull ? fragment.payload : std::string_view(record_)};
      if (!damage_.has_value()) whole_end_ = (*record)->end;
      return IOStatus::OK();
    }
    if (loaded_) block_at_ += kBlock;
    if (block_at_ >= bytes_ || (loaded_ && block_.size() < kBlock)) {
      if (in_record_) Skip(0, "the file ends in a record");
      return IOStatus::OK();
    }
    if (IOStatus status = LoadBlock(); !status.ok()) return status;
  }
}

}  // namespace tallystick::storage
