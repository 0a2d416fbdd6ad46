#include "bench/captured_rows.h"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>

#include "bench/subject.h"
#include "rocksdb/iterator.h"
#include "rocksdb/transaction_log.h"

namespace tallystick::bench {
namespace {

using storage::Family;

// Written before they are read from the log: few enough that no write buffer fills, so that the log is still there.
constexpr std::uint64_t kChunkJsonBytes = 16 << 20;

// What a batch does, in its order.
class Operations : public rocksdb::WriteBatch::Handler {
 public:
  rocksdb::Status PutCF(std::uint32_t family, const rocksdb::Slice& key, const rocksdb::Slice& value) override {
    operations_.push_back({family, key, value});
    return rocksdb::Status::OK();
  }
  rocksdb::Status DeleteCF(std::uint32_t family, const rocksdb::Slice& key) override {
    operations_.push_back({family, key, std::nullopt});
    return rocksdb::Status::OK();
  }
  void LogData(const rocksdb::Slice& /*blob*/) override {}

  // Whether they only change what the store knows of itself, which opening may do.
  bool OfStoreItself(const RocksDbFolder& database) const {
    const std::uint32_t meta = database.family(Family::kMeta)->GetID();
    return std::all_of(operations_.begin(), operations_.end(),
                       [&](const Operation& operation) { return operation.family == meta; });
  }

  // The same, sorted; what is done to one key keeps its order. Slices are of the batch that was read.
  rocksdb::WriteBatch Sorted(const RocksDbFolder& database, bool position) {
    std::stable_sort(operations_.begin(), operations_.end(), [](const Operation& a, const Operation& b) {
      return std::make_pair(a.family, a.key.ToStringView()) < std::make_pair(b.family, b.key.ToStringView());
    });
    rocksdb::WriteBatch sorted;
    for (const Operation& operation : operations_) {
      rocksdb::ColumnFamilyHandle* const handle = database.families().at(operation.family);
      if (handle->GetID() != operation.family) throw std::runtime_error("families are not in the order of their ids");
      if (operation.family == database.family(Family::kMeta)->GetID() && !position) continue;
      Check(operation.value.has_value() ? sorted.Put(handle, operation.key, *operation.value)
                                        : sorted.Delete(handle, operation.key));
    }
    return sorted;
  }

 private:
  struct Operation {
    std::uint32_t family;
    rocksdb::Slice key;
    std::optional<rocksdb::Slice> value;
  };
  std::vector<Operation> operations_;
};

// Opens the database to read while the store is open: when a compaction takes files away meanwhile, again.
std::unique_ptr<RocksDbFolder> OpenBeside(const std::string& store) {
  constexpr int kAttempts = 100;
  for (int attempt = 1;; ++attempt) {
    try {
      return std::make_unique<RocksDbFolder>(DataFolder(store), RocksDbFolder::Mode::kReadOnly);
    } catch (const std::runtime_error&) {
      if (attempt == kAttempts) throw;
    }
  }
}

// The batches that were written after this RocksDB sequence number.
void ReadLog(const std::string& store, rocksdb::SequenceNumber after, bool position,
             std::vector<rocksdb::WriteBatch>* out) {
  const std::unique_ptr<RocksDbFolder> database = OpenBeside(store);
  std::unique_ptr<rocksdb::TransactionLogIterator> log;
  Check(database->db().GetUpdatesSince(after + 1, &log));
  for (; log->Valid(); log->Next()) {
    const rocksdb::BatchResult result = log->GetBatch();
    if (result.sequence <= after) continue;
    Operations operations;
    Check(result.writeBatchPtr->Iterate(&operations));
    if (operations.OfStoreItself(*database)) continue;
    out->push_back(operations.Sorted(*database, position));
  }
  Check(log->status());
}

}  // namespace

CapturedRows::CapturedRows(const std::string& path, const std::vector<absl::Span<const std::string_view>>& batches,
                           bool position)
    : path_(path) {
  batches_.reserve(batches.size());
  for (std::size_t next = 0; next < batches.size();) {
    // Opened anew for each chunk: what was in the log is then in table files.
    const std::unique_ptr<Subject> store = OpenTallystick(path_, Durability::kBuffered);
    const rocksdb::SequenceNumber before = OpenBeside(path_)->db().GetLatestSequenceNumber();
    std::uint64_t json_bytes = 0;
    while (next < batches.size() && json_bytes < kChunkJsonBytes) {
      for (const std::string_view document : batches[next]) json_bytes += document.size();
      store->Write(batches[next++]);
    }
    store->Sync();
    ReadLog(path_, before, position, &batches_);
    if (batches_.size() != next) {
      throw std::runtime_error("the log has " + std::to_string(batches_.size()) + " batches, not " +
                               std::to_string(next));
    }
  }
  for (const rocksdb::WriteBatch& batch : batches_) bytes_ += batch.GetDataSize();
}

void CapturedRows::ExpectSame(RocksDbFolder& database) const {
  RocksDbFolder store(DataFolder(path_), RocksDbFolder::Mode::kReadOnly);
  for (const Family family : storage::kAllFamilies) {
    if (family == Family::kMeta) continue;
    const std::string name(storage::FamilyName(family));
    const std::unique_ptr<rocksdb::Iterator> ours(
        database.db().NewIterator(rocksdb::ReadOptions(), database.family(family)));
    const std::unique_ptr<rocksdb::Iterator> theirs(
        store.db().NewIterator(rocksdb::ReadOptions(), store.family(family)));
    ours->SeekToFirst();
    for (theirs->SeekToFirst(); theirs->Valid(); theirs->Next(), ours->Next()) {
      if (!ours->Valid() || ours->key() != theirs->key() || ours->value() != theirs->value()) {
        throw std::runtime_error("the ceiling's rows are not the store's: " + name);
      }
    }
    if (ours->Valid()) throw std::runtime_error("the ceiling has rows that the store has not: " + name);
    Check(ours->status());
    Check(theirs->status());
  }
}

}  // namespace tallystick::bench
