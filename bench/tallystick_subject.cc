#include <stdexcept>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "bench/subject.h"
#include "tallystick/store.h"

namespace tallystick::bench {
namespace {

void Check(const absl::Status& status) {
  if (!status.ok()) throw std::runtime_error("tallystick: " + status.ToString());
}

template <typename T>
T Value(absl::StatusOr<T> value) {
  Check(value.status());
  return *std::move(value);
}

Row RowOf(const StoredEvent& event) {
  return {.id = event.customer_event_id,
          .customer = event.customer_alias,
          .type = event.event_type,
          .properties = event.event_properties,
          .time_ns = absl::ToUnixNanos(event.event_timestamp)};
}

class TallystickSubject : public Subject {
 public:
  TallystickSubject(const std::string& path, Durability durability)
      : store_(Value(Store::Open(path, {.durability = durability}))) {}

  std::uint64_t Write(absl::Span<const std::string_view> documents) override {
    std::uint64_t changed = 0;
    for (const WriteResult& result : Value(store_->WriteJson(Uuid{}, documents))) {
      if (result.rejection.has_value()) throw std::runtime_error("rejected: " + result.rejection->ToString());
      if (result.outcome != Outcome::kUnchanged) ++changed;
    }
    return changed;
  }

  void Sync() override { Check(store_->Sync()); }

  bool Get(std::string_view id, Visitor visit) override {
    const absl::StatusOr<OwnedEvent> event = store_->Get(Uuid{}, id);
    if (absl::IsNotFound(event.status())) return false;
    Check(event.status());
    visit(RowOf(**event));
    return true;
  }

  void Scan(const Range& range, Visitor visit) override {
    ScanOptions options{.from = range.from, .to = range.to};
    if (!range.customer.empty()) options.customer_aliases = {range.customer};
    EventIterator events = store_->Scan(options);
    for (; events.Valid(); events.Next()) visit(RowOf(events.event()));
    Check(events.status());
  }

 private:
  std::unique_ptr<Store> store_;
};

}  // namespace

std::unique_ptr<Subject> OpenTallystick(const std::string& path, Durability durability) {
  return std::make_unique<TallystickSubject>(path, durability);
}

}  // namespace tallystick::bench
