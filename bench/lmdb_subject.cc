// LMDB with three trees, kept in step by one write transaction a batch:
//
//   ids        customerEventId -> time, sequence
//   events     time, sequence -> the event
//   customers  customerAlias, 0, time, sequence -> nothing
//
// A sequence tells events of one time apart. Synced is LMDB's default. Buffered is MDB_NOSYNC, with which a crash of
// the machine may damage the file: less than Tallystick's buffered writes promise, and the nearest that LMDB has.

#include <lmdb.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>

#include "bench/event_fields.h"
#include "bench/subject.h"

namespace tallystick::bench {
namespace {

constexpr std::size_t kMapBytes = std::size_t{64} << 30;  // of address space; the file grows as it is written

void Check(int code) {
  if (code != MDB_SUCCESS) throw std::runtime_error(std::string("lmdb: ") + mdb_strerror(code));
}

MDB_val ToVal(std::string_view text) { return {text.size(), const_cast<char*>(text.data())}; }
std::string_view FromVal(const MDB_val& val) { return {static_cast<const char*>(val.mv_data), val.mv_size}; }

// Big-endian, so that the order of bytes is that of numbers; times of the year 1970 and later.
void AppendNumber(std::uint64_t number, std::string* out) {
  for (int shift = 56; shift >= 0; shift -= 8) out->push_back(static_cast<char>(number >> shift));
}

std::uint64_t NumberAt(std::string_view bytes, std::size_t at) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 8; ++i) number = number << 8 | static_cast<unsigned char>(bytes.at(at + i));
  return number;
}

void AppendText(std::string_view text, std::string* out) {
  out->push_back(static_cast<char>(text.size()));
  out->append(text);
}

void EncodeRecord(const Row& row, std::string* out) {
  out->clear();
  AppendText(row.id, out);
  AppendText(row.customer, out);
  AppendText(row.type, out);
  out->append(row.properties);
}

std::string_view TakeText(std::string_view* record) {
  const auto size = static_cast<unsigned char>(record->at(0));
  const std::string_view text = record->substr(1, size);
  record->remove_prefix(std::size_t{1} + size);
  return text;
}

Row DecodeRecord(std::string_view position, std::string_view record) {
  Row row;
  row.time_ns = static_cast<std::int64_t>(NumberAt(position, 0));
  row.id = TakeText(&record);
  row.customer = TakeText(&record);
  row.type = TakeText(&record);
  row.properties = record;
  return row;
}

void CustomerKey(std::string_view customer, std::string_view position, std::string* out) {
  out->assign(customer).push_back('\0');
  out->append(position);
}

// A transaction that is given up unless it is committed.
class Transaction {
 public:
  Transaction(MDB_env* environment, unsigned flags) { Check(mdb_txn_begin(environment, nullptr, flags, &txn_)); }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction() {
    if (txn_ != nullptr) mdb_txn_abort(txn_);
  }

  void Commit() { Check(mdb_txn_commit(std::exchange(txn_, nullptr))); }
  MDB_txn* get() const { return txn_; }

 private:
  MDB_txn* txn_ = nullptr;
};

class Cursor {
 public:
  Cursor(const Transaction& transaction, MDB_dbi tree) { Check(mdb_cursor_open(transaction.get(), tree, &cursor_)); }
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;
  ~Cursor() { mdb_cursor_close(cursor_); }

  MDB_cursor* get() const { return cursor_; }

 private:
  MDB_cursor* cursor_ = nullptr;
};

class LmdbSubject : public Subject {
 public:
  LmdbSubject(const std::string& path, Durability durability) {
    std::filesystem::create_directory(path);
    Check(mdb_env_create(&environment_));
    Check(mdb_env_set_mapsize(environment_, kMapBytes));
    Check(mdb_env_set_maxdbs(environment_, 3));
    Check(mdb_env_open(environment_, path.c_str(), durability == Durability::kSynced ? 0 : MDB_NOSYNC, 0644));
    Transaction transaction(environment_, 0);
    Check(mdb_dbi_open(transaction.get(), "ids", MDB_CREATE, &ids_));
    Check(mdb_dbi_open(transaction.get(), "events", MDB_CREATE, &events_));
    Check(mdb_dbi_open(transaction.get(), "customers", MDB_CREATE, &customers_));
    transaction.Commit();
    // Transactions are numbered for ever, so that no sequence comes again.
    MDB_envinfo info;
    Check(mdb_env_info(environment_, &info));
    sequence_ = std::uint64_t{info.me_last_txnid} << 32;
  }

  ~LmdbSubject() override { mdb_env_close(environment_); }

  std::uint64_t Write(absl::Span<const std::string_view> documents) override {
    thread_local FieldReader reader;
    const absl::Span<const Row> rows = reader.Read(documents);
    std::uint64_t changed = 0;
    Transaction transaction(environment_, 0);  // one writer at a time: waits for the others
    {
      const Cursor ids(transaction, ids_);
      const Cursor events(transaction, events_);
      const Cursor customers(transaction, customers_);
      for (const Row& row : rows) changed += Upsert(row, ids.get(), events.get(), customers.get()) ? 1 : 0;
    }
    transaction.Commit();
    return changed;
  }

  void Sync() override { Check(mdb_env_sync(environment_, 1)); }

  bool Get(std::string_view id, Visitor visit) override {
    const Transaction transaction(environment_, MDB_RDONLY);
    MDB_val key = ToVal(id);
    MDB_val position;
    const int code = mdb_get(transaction.get(), ids_, &key, &position);
    if (code == MDB_NOTFOUND) return false;
    Check(code);
    MDB_val record;
    Check(mdb_get(transaction.get(), events_, &position, &record));
    visit(DecodeRecord(FromVal(position), FromVal(record)));
    return true;
  }

  void Scan(const Range& range, Visitor visit) override {
    const Transaction transaction(environment_, MDB_RDONLY);
    const bool all = range.customer.empty();
    const std::string prefix = all ? std::string() : range.customer + '\0';
    std::string from = prefix;
    AppendNumber(static_cast<std::uint64_t>(absl::ToUnixNanos(range.from)), &from);
    std::string to = prefix;
    AppendNumber(static_cast<std::uint64_t>(absl::ToUnixNanos(range.to)), &to);

    const Cursor cursor(transaction, all ? events_ : customers_);
    MDB_val key = ToVal(from);
    MDB_val value;
    int code = mdb_cursor_get(cursor.get(), &key, &value, MDB_SET_RANGE);
    while (code == MDB_SUCCESS && FromVal(key) < to) {
      const std::string_view position = FromVal(key).substr(prefix.size());
      if (!all) {
        MDB_val at = ToVal(position);
        Check(mdb_get(transaction.get(), events_, &at, &value));
      }
      visit(DecodeRecord(position, FromVal(value)));
      code = mdb_cursor_get(cursor.get(), &key, &value, MDB_NEXT);
    }
    if (code != MDB_NOTFOUND) Check(code);
  }

 private:
  // False when the same event is there already. Within the write transaction, which guards the members it uses.
  bool Upsert(const Row& row, MDB_cursor* ids, MDB_cursor* events, MDB_cursor* customers) {
    EncodeRecord(row, &record_);
    MDB_val id = ToVal(row.id);
    MDB_val found;
    const int code = mdb_cursor_get(ids, &id, &found, MDB_SET);
    if (code != MDB_NOTFOUND) {
      Check(code);
      position_ = FromVal(found);
      MDB_val old_position = ToVal(position_);
      MDB_val old_record;
      Check(mdb_cursor_get(events, &old_position, &old_record, MDB_SET));
      const Row old = DecodeRecord(position_, FromVal(old_record));
      if (old.time_ns == row.time_ns && FromVal(old_record) == record_) return false;
      CustomerKey(old.customer, position_, &customer_key_);
      Check(mdb_cursor_del(events, 0));
      MDB_val old_customer = ToVal(customer_key_);
      MDB_val nothing;
      Check(mdb_cursor_get(customers, &old_customer, &nothing, MDB_SET));
      Check(mdb_cursor_del(customers, 0));
    }
    position_.clear();
    AppendNumber(static_cast<std::uint64_t>(row.time_ns), &position_);
    AppendNumber(++sequence_, &position_);
    id = ToVal(row.id);
    MDB_val position = ToVal(position_);
    Check(mdb_cursor_put(ids, &id, &position, 0));
    position = ToVal(position_);
    MDB_val record = ToVal(record_);
    Check(mdb_cursor_put(events, &position, &record, MDB_NOOVERWRITE));
    CustomerKey(row.customer, position_, &customer_key_);
    MDB_val customer = ToVal(customer_key_);
    MDB_val nothing = ToVal("");
    Check(mdb_cursor_put(customers, &customer, &nothing, MDB_NOOVERWRITE));
    return true;
  }

  MDB_env* environment_ = nullptr;
  MDB_dbi ids_ = 0;
  MDB_dbi events_ = 0;
  MDB_dbi customers_ = 0;
  std::uint64_t sequence_ = 0;
  std::string record_;
  std::string position_;
  std::string customer_key_;
};

}  // namespace

std::unique_ptr<Subject> OpenLmdb(const std::string& path, Durability durability) {
  return std::make_unique<LmdbSubject>(path, durability);
}

}  // namespace tallystick::bench
