#include "tests/crash/told_ledger.h"

#include <unistd.h>

#include <algorithm>
#include <cstdint>

#include "tests/support/stored.h"

namespace tallystick::testing {
namespace {

// A line of fields, which hold no tabs and no line ends: the kind of entry, and what belongs to it.
class Line {
 public:
  explicit Line(std::string_view kind) : text_(kind) {}

  Line& Add(std::string_view field) {
    text_.append("\t").append(field);
    return *this;
  }
  Line& Add(std::uint64_t number) { return Add(std::to_string(number)); }
  Line& Add(const std::vector<SentEvent>& events) {
    for (const SentEvent& event : events) {
      Add(event.account.bytes[15]).Add(event.id).Add(event.alias).Add(event.type);
      Add(static_cast<std::uint64_t>(absl::ToUnixSeconds(event.time))).Add(event.properties);
    }
    return *this;
  }

  // Not by a stream: what has been printed is with the system when this returns.
  void Print() {
    text_ += "\n";
    for (std::string_view rest = text_; !rest.empty();) {
      const ssize_t written = ::write(STDOUT_FILENO, rest.data(), rest.size());
      if (written < 0) return;  // nobody listens any more
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
  }

 private:
  std::string text_;
};

// The fields of a line.
class Fields {
 public:
  explicit Fields(std::string_view line) : rest_(line) {}

  bool empty() const { return rest_.empty(); }
  std::string Next() {
    const std::size_t end = std::min(rest_.find('\t'), rest_.size());
    const std::string field(rest_.substr(0, end));
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return field;
  }
  std::uint64_t NextNumber() { return std::stoull(Next()); }
  std::vector<SentEvent> RestAsEvents() {
    std::vector<SentEvent> events;
    while (!empty()) {
      SentEvent event;
      event.account = Account(static_cast<std::uint8_t>(NextNumber()));
      event.id = Next();
      event.alias = Next();
      event.type = Next();
      event.time = absl::FromUnixSeconds(static_cast<std::int64_t>(NextNumber()));
      event.properties = Next();
      events.push_back(std::move(event));
    }
    return events;
  }

 private:
  std::string_view rest_;
};

}  // namespace

std::size_t ToldLedger::Begins(std::vector<SentEvent> events) {
  const std::lock_guard lock(mutex_);
  Line("begins").Add(events).Print();
  return Ledger::Begins(std::move(events));
}

void ToldLedger::Acknowledged(std::size_t write, const std::vector<Told>& told, bool synced) {
  const std::lock_guard lock(mutex_);
  Line line("acknowledged");
  line.Add(write).Add(synced ? 1 : 0);
  for (const Told& event : told) line.Add(event.sequence).Add(event.unchanged ? 1 : 0);
  line.Print();
  Ledger::Acknowledged(write, told, synced);
}

std::size_t ToldLedger::BulkBegins(std::vector<SentEvent> events, std::size_t input) {
  const std::lock_guard lock(mutex_);
  Line("bulk_begins").Add(input).Add(events).Print();
  return Ledger::BulkBegins(std::move(events), input);
}

void ToldLedger::BulkStored(std::size_t bulk, std::size_t events) {
  const std::lock_guard lock(mutex_);
  Line("bulk_stored").Add(bulk).Add(events).Print();
  Ledger::BulkStored(bulk, events);
}

void ToldLedger::Synced(std::uint64_t sequence) {
  const std::lock_guard lock(mutex_);
  Line("synced").Add(sequence).Print();
  Ledger::Synced(sequence);
}

void ToldLedger::SetMeter(const Uuid& account, const std::string& name, MeterState state) {
  const std::lock_guard lock(mutex_);
  Line("meter").Add(account.bytes[15]).Add(name).Add(static_cast<std::uint64_t>(state)).Print();
  Ledger::SetMeter(account, name, state);
}

bool TakeDown(std::string_view lines, Ledger* ledger) {
  for (std::size_t end = lines.find('\n'); end != std::string_view::npos; end = lines.find('\n')) {
    Fields fields(lines.substr(0, end));
    lines.remove_prefix(end + 1);
    const std::string kind = fields.Next();
    if (kind == "begins") {
      ledger->Begins(fields.RestAsEvents());
    } else if (kind == "acknowledged") {
      const std::size_t write = fields.NextNumber();
      const bool synced = fields.NextNumber() == 1;
      std::vector<Ledger::Told> told;
      while (!fields.empty()) {
        const std::uint64_t sequence = fields.NextNumber();
        told.push_back({.sequence = sequence, .unchanged = fields.NextNumber() == 1});
      }
      ledger->Acknowledged(write, told, synced);
    } else if (kind == "bulk_begins") {
      const std::size_t input = fields.NextNumber();
      ledger->BulkBegins(fields.RestAsEvents(), input);
    } else if (kind == "bulk_stored") {
      const std::size_t bulk = fields.NextNumber();
      ledger->BulkStored(bulk, fields.NextNumber());
    } else if (kind == "synced") {
      ledger->Synced(fields.NextNumber());
    } else if (kind == "meter") {
      const Uuid account = Account(static_cast<std::uint8_t>(fields.NextNumber()));
      const std::string name = fields.Next();
      ledger->SetMeter(account, name, static_cast<Ledger::MeterState>(fields.NextNumber()));
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace tallystick::testing
