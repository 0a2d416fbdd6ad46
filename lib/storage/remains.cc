#include "lib/storage/remains.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/storage/database_impl.h"
#include "lib/storage/file_names.h"
#include "lib/storage/files.h"
#include "lib/storage/log_reader.h"
#include "rocksdb/options.h"
#include "rocksdb/sst_file_reader.h"
#include "rocksdb/table_properties.h"
#include "rocksdb/write_batch.h"

namespace tallystick::storage {
namespace {

namespace fs = std::filesystem;

// The longest key has 287 bytes.
constexpr std::size_t kKeyWidth = 288;

// Keys as numbers, so that one can look between two of them.
std::string NumberOf(std::string_view key) {
  std::string number(key.substr(0, kKeyWidth));
  number.resize(kKeyWidth, '\0');
  return number;
}

// The least key of this number.
std::string KeyOf(std::string number) {
  number.resize(number.find_last_not_of('\0') + 1);
  return number;
}

// number + 2^bit; false where that is no number any more.
bool AddPowerOfTwo(std::size_t bit, std::string* number) {
  unsigned carry = 1u << (bit % 8);
  for (std::size_t i = kKeyWidth - bit / 8; carry != 0; carry >>= 8) {
    if (i-- == 0) return false;
    carry += static_cast<unsigned char>((*number)[i]);
    (*number)[i] = static_cast<char>(carry & 0xff);
  }
  return true;
}

// Halfway between two numbers.
std::string Middle(const std::string& a, const std::string& b) {
  std::string sum(kKeyWidth, '\0');
  unsigned carry = 0;
  for (std::size_t i = kKeyWidth; i-- > 0; carry >>= 8) {
    carry += static_cast<unsigned>(static_cast<unsigned char>(a[i])) + static_cast<unsigned char>(b[i]);
    sum[i] = static_cast<char>(carry & 0xff);
  }
  for (char& digit : sum) {
    const unsigned value = carry << 8 | static_cast<unsigned char>(digit);
    digit = static_cast<char>(value / 2);
    carry = value % 2;
  }
  return sum;
}

std::optional<Family> FamilyOf(std::string_view name) {
  for (const Family family : kAllFamilies) {
    if (FamilyName(family) == name) return family;
  }
  return std::nullopt;
}

// The rows that a commit puts.
class PutRows : public rocksdb::WriteBatch::Handler {
 public:
  explicit PutRows(const Remains::Take& take) : take_(take) {}

  rocksdb::Status PutCF(std::uint32_t id, const rocksdb::Slice& key, const rocksdb::Slice& value) override {
    // Families have the numbers of their order, in which they are made.
    if (id >= kFamilyCount) return rocksdb::Status::OK();
    status_ = take_({.family = static_cast<Family>(id), .key = ToView(key), .value = ToView(value)});
    return status_.ok() ? rocksdb::Status::OK() : rocksdb::Status::Aborted();
  }
  rocksdb::Status DeleteCF(std::uint32_t /*id*/, const rocksdb::Slice& /*key*/) override {
    return rocksdb::Status::OK();
  }

  const absl::Status& status() const { return status_; }

 private:
  const Remains::Take& take_;
  absl::Status status_;
};

rocksdb::ReadOptions ReadsOnce() {
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  options.fill_cache = false;
  return options;
}

}  // namespace

struct Remains::Table {
  Table() : reader(rocksdb::Options()) {}

  std::optional<Family> family;
  rocksdb::SstFileReader reader;
};

Remains::Remains(std::string folder) : folder_(std::move(folder)) {}
Remains::~Remains() = default;

absl::Status Remains::Read(const Take& take) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(folder_, error), end; !error && entry != end; entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  if (error) return FileError(folder_, "cannot list", error);
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    if (name.ends_with(".sst")) TALLYSTICK_RETURN_IF_ERROR(ReadTable(name, take));
    if (LogNumber(name).has_value()) TALLYSTICK_RETURN_IF_ERROR(ReadLog(name, take));
  }
  return absl::OkStatus();
}

// --- Tables ---

namespace {

// Moves an iterator that has met damage behind it: to a row that can be read, or to the end. False where that cannot
// be found. `last` is a key before the damage.
//
// The damaged block is known by its error alone, and so is its end: the least key from which reading succeeds.
bool SkipDamage(std::string_view last, rocksdb::Iterator* row) {
  const auto succeeds = [row](const std::string& number) {
    row->Seek(KeyOf(number));
    return row->status().ok();
  };
  const std::string begin = NumberOf(last);
  std::string fails = begin;
  std::string good;
  // By ever larger steps, so as not to leap over what is good between two damaged blocks.
  for (std::size_t bit = 0; good.empty(); ++bit) {
    std::string further = begin;
    if (bit >= 8 * kKeyWidth || !AddPowerOfTwo(bit, &further)) return false;
    if (succeeds(further)) {
      good = further;
    } else {
      fails = further;
    }
  }
  while (true) {
    const std::string middle = Middle(fails, good);
    if (middle == fails) break;
    (succeeds(middle) ? good : fails) = middle;
  }
  return succeeds(good);
}

}  // namespace

absl::Status Remains::ReadTable(const std::string& name, const Take& take) {
  auto table = std::make_unique<Table>();
  if (const rocksdb::Status opened = table->reader.Open(folder_ + "/" + name); !opened.ok()) {
    unreadable_.push_back({.file = name, .family = {}, .problem = "all of it: " + opened.ToString()});
    return absl::OkStatus();
  }
  const std::shared_ptr<const rocksdb::TableProperties> properties = table->reader.GetTableProperties();
  if (properties != nullptr) table->family = FamilyOf(properties->column_family_name);
  if (!table->family.has_value()) {
    unreadable_.push_back({.file = name, .family = {}, .problem = "all of it: its family is not known"});
    return absl::OkStatus();
  }
  const std::unique_ptr<rocksdb::Iterator> row(table->reader.NewIterator(ReadsOnce()));
  std::string last;
  std::uint64_t blocks = 0;
  std::string problem;
  row->SeekToFirst();
  while (true) {
    for (; row->Valid(); row->Next()) {
      last.assign(row->key().data(), row->key().size());
      TALLYSTICK_RETURN_IF_ERROR(take({.family = *table->family, .key = last, .value = ToView(row->value())}));
    }
    if (row->status().ok()) break;
    if (++blocks == 1) problem = row->status().ToString();
    if (SkipDamage(last, row.get())) continue;
    problem += "; nothing behind it can be read";
    break;
  }
  if (blocks == 0) return absl::OkStatus();
  unreadable_.push_back(
      {.file = name,
       .family = table->family,
       .problem = std::to_string(blocks) + (blocks == 1 ? " place: " : " places, the first: ") + problem});
  damaged_.push_back(std::move(table));
  return absl::OkStatus();
}

std::optional<std::string> Remains::Find(Family family, std::string_view key) const {
  for (const std::unique_ptr<Table>& table : damaged_) {
    if (table->family != family) continue;
    const std::unique_ptr<rocksdb::Iterator> row(table->reader.NewIterator(ReadsOnce()));
    row->Seek(ToSlice(key));
    if (row->Valid() && ToView(row->key()) == key) return row->value().ToString();
  }
  return std::nullopt;
}

// --- Logs ---

absl::Status Remains::ReadLog(const std::string& name, const Take& take) {
  const std::string path = folder_ + "/" + name;
  const auto report = [&](std::string problem) {
    unreadable_.push_back({.file = name, .family = {}, .problem = std::move(problem)});
  };
  const std::shared_ptr<rocksdb::FileSystem> disk = rocksdb::FileSystem::Default();
  std::uint64_t bytes = 0;
  std::unique_ptr<rocksdb::FSRandomAccessFile> file;
  rocksdb::IOStatus opened = disk->GetFileSize(path, rocksdb::IOOptions(), &bytes, nullptr);
  if (opened.ok()) opened = disk->NewRandomAccessFile(path, rocksdb::FileOptions(), &file, nullptr);
  if (!opened.ok()) {
    report("all of it: " + opened.ToString());
    return absl::OkStatus();
  }
  LogReader reader(file.get(), bytes, *LogNumber(name));
  std::uint64_t end = 0;
  bool damaged = false;
  const auto report_until = [&](std::uint64_t begin) {
    report("bytes " + std::to_string(end) + " to " + std::to_string(begin) +
           (damaged ? "" : ": " + reader.damage()->problem));
    damaged = true;
  };
  while (true) {
    std::optional<LogReader::Record> record;
    if (const rocksdb::IOStatus read = reader.Next(&record); !read.ok()) {
      report("bytes " + std::to_string(end) + " to " + std::to_string(bytes) + ": " + read.ToString());
      return absl::OkStatus();
    }
    // A block's last bytes, too few for a record, are none.
    constexpr std::uint64_t kHeader = 7;
    const std::uint64_t begin = record.has_value() ? record->begin : bytes;
    if (reader.damage().has_value() && begin >= end + (record.has_value() ? kHeader : 1)) report_until(begin);
    if (!record.has_value()) return absl::OkStatus();
    end = record->end;
    PutRows rows(take);
    const rocksdb::Status applied = rocksdb::WriteBatch(std::string(record->payload)).Iterate(&rows);
    TALLYSTICK_RETURN_IF_ERROR(rows.status());
    if (!applied.ok())
      report("bytes " + std::to_string(begin) + " to " + std::to_string(end) + ": " + applied.ToString());
  }
}

}  // namespace tallystick::storage
