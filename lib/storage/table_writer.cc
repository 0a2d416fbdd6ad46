#include "lib/storage/table_writer.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "lib/storage/database_impl.h"
#include "lib/storage/status.h"
#include "rocksdb/sst_file_writer.h"
#include "rocksdb/write_batch.h"

namespace tallystick::storage {

struct TableWriter::Impl {
  Impl(const rocksdb::EnvOptions& env_options, const rocksdb::Options& options, rocksdb::ColumnFamilyHandle* handle)
      : writer(env_options, options, handle, /*invalidate_page_cache=*/false, rocksdb::Env::IOPriority::IO_TOTAL,
               // Whose look-ups find what they look for has no filters at the last level, for which most files are.
               /*skip_filters=*/options.optimize_filters_for_hits) {}
  rocksdb::SstFileWriter writer;
};

TableWriter::TableWriter(const Database& database, Family family, std::string path, bool merged_soon)
    : database_(database), family_(family), path_(std::move(path)), merged_soon_(merged_soon) {}

TableWriter::~TableWriter() = default;

bool TableWriter::Open() {
  if (impl_ != nullptr) return status_.ok();
  const Database::Impl& database = *database_.impl_;
  rocksdb::Options options = database.db->GetOptions(database.handle(family_));
  // Otherwise a file is compressed as those of the last level are.
  if (merged_soon_) options.bottommost_compression = rocksdb::kDisableCompressionOption;
  impl_ = std::make_unique<Impl>(rocksdb::EnvOptions(database.db->GetDBOptions()), options, database.handle(family_));
  status_ = FromRocksDb(impl_->writer.Open(path_), path_ + ": cannot make the file");
  return status_.ok();
}

void TableWriter::Put(std::string_view key, std::string_view value) {
  ++rows_;
  if (!Open()) return;
  if (const rocksdb::Status added = impl_->writer.Put(ToSlice(key), ToSlice(value)); !added.ok()) {
    status_ = FromRocksDb(added, path_ + ": cannot write");
  }
}

void TableWriter::Delete(std::string_view key) {
  ++rows_;
  if (!Open()) return;
  if (const rocksdb::Status added = impl_->writer.Delete(ToSlice(key)); !added.ok()) {
    status_ = FromRocksDb(added, path_ + ": cannot write");
  }
}

namespace {

struct Row {
  std::string_view key;
  std::optional<std::string_view> value;  // absent: deleted
};

// Collects the rows of one family, as views into the batch.
class RowCollector : public rocksdb::WriteBatch::Handler {
 public:
  explicit RowCollector(std::uint32_t family) : family_(family) {}

  rocksdb::Status PutCF(std::uint32_t family, const rocksdb::Slice& key, const rocksdb::Slice& value) override {
    if (family == family_) rows.push_back({ToView(key), ToView(value)});
    return rocksdb::Status::OK();
  }
  rocksdb::Status DeleteCF(std::uint32_t family, const rocksdb::Slice& key) override {
    if (family == family_) rows.push_back({ToView(key), std::nullopt});
    return rocksdb::Status::OK();
  }

  std::vector<Row> rows;

 private:
  const std::uint32_t family_;
};

}  // namespace

void TableWriter::Add(const Batch& batch) {
  RowCollector collector(database_.impl_->handle(family_)->GetID());
  if (const rocksdb::Status read = batch.batch_->Iterate(&collector); !read.ok()) {
    status_ = FromRocksDb(read, path_ + ": cannot read a batch");
    return;
  }
  std::vector<Row>& rows = collector.rows;
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.key < b.key; });
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i + 1 < rows.size() && rows[i].key == rows[i + 1].key) continue;  // the last one stands
    if (rows[i].value.has_value()) {
      Put(rows[i].key, *rows[i].value);
    } else {
      Delete(rows[i].key);
    }
  }
}

std::uint64_t TableWriter::bytes() const { return impl_ == nullptr ? 0 : impl_->writer.FileSize(); }

absl::Status TableWriter::Finish() {
  if (impl_ == nullptr || !status_.ok()) return status_;
  return FromRocksDb(impl_->writer.Finish(), path_ + ": cannot finish the file");
}

}  // namespace tallystick::storage
