// What can still be read of a database, whatever is damaged: every table file and every log by itself, without the
// manifest, block by block and record by record.
//
// So it gives more rows than the database has: of a row that was overwritten or deleted, earlier versions may turn up.

#ifndef TALLYSTICK_LIB_STORAGE_REMAINS_H_
#define TALLYSTICK_LIB_STORAGE_REMAINS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "lib/storage/families.h"

namespace rocksdb {
class SstFileReader;
}  // namespace rocksdb

namespace tallystick::storage {

class Remains {
 public:
  // Of the database in `folder`, which nobody may be writing to.
  explicit Remains(std::string folder);
  ~Remains();

  struct Row {
    Family family = Family::kMeta;
    std::string_view key{};
    std::string_view value{};
  };
  // Called with each row, once or several times, in no order. What it returns, unless OK, ends the reading.
  using Take = std::function<absl::Status(const Row& row)>;
  // Reads all there is. Costs a read of the folder, and some milliseconds for each damaged block. An error is one of
  // the folder or of `take`; what is damaged is among unreadable().
  absl::Status Read(const Take& take);

  // After Read(): a row by its key, which it may have missed beside damage.
  std::optional<std::string> Find(Family family, std::string_view key) const;

  // A part of a file, or all of it.
  struct Unreadable {
    std::string file{};              // its name
    std::optional<Family> family{};  // of a table file, where that could be read
    std::string problem{};
  };
  const std::vector<Unreadable>& unreadable() const { return unreadable_; }

 private:
  struct Table;
  absl::Status ReadTable(const std::string& name, const Take& take);
  absl::Status ReadLog(const std::string& name, const Take& take);

  const std::string folder_;
  std::vector<std::unique_ptr<Table>> damaged_;
  std::vector<Unreadable> unreadable_;
};

}  // namespace tallystick::storage

#endif  // TALLYSTICK_LIB_STORAGE_REMAINS_H_
