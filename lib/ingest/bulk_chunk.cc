#include "lib/ingest/bulk_chunk.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "lib/base/page_arena.h"
#include "lib/base/parallel.h"
#include "lib/base/status_macros.h"
#include "lib/encoding/keys.h"
#include "lib/encoding/rows.h"
#include "lib/ingest/prefix_sort.h"

namespace tallystick::ingest {

using storage::Family;
using Place = BulkChunk::Place;

namespace {

constexpr std::size_t kLookUpsAtOnce = 4096;

// So many places ahead, memory is asked for.
constexpr std::size_t kAhead = 16;

// In line order.
std::uint64_t Pack(Place place) { return std::uint64_t{place.part} << 32 | place.event; }
Place Unpack(std::uint64_t packed) {
  return {static_cast<std::uint32_t>(packed >> 32), static_cast<std::uint32_t>(packed)};
}

void TakePlaces(const std::vector<SortKey>& keys, std::vector<Place>* order) {
  order->clear();
  ReserveLarge(keys.size(), order);
  for (const SortKey key : keys) order->push_back(Unpack(PlaceOf(key)));
}

}  // namespace

std::size_t BulkChunk::size() const {
  std::size_t size = 0;
  for (const auto& part : parts_) size += part->events().size();
  return size;
}

std::size_t BulkChunk::bytes() const {
  std::size_t bytes = 0;
  for (const auto& part : parts_) bytes += part->bytes();
  return bytes;
}

void BulkChunk::Cut(std::size_t part, std::size_t i) {
  parts_.resize(part + 1);
  parts_.back()->Cut(i);
}

absl::Status BulkChunk::Sort(Instant now, int threads) {
  for (const auto& part : parts_) {
    for (BulkEvent& event : part->events()) {
      if (!event.has_time) event.time = now;
    }
  }
  return RunTasks(threads, {[this] {
                              SortById();
                              return absl::OkStatus();
                            },
                            [this] {
                              SortByTimeAndCustomer();
                              return absl::OkStatus();
                            }});
}

void BulkChunk::SortById() {
  std::vector<SortKey> keys;
  ReserveLarge(size(), &keys);
  without_id_.clear();
  for (std::uint32_t part = 0; part < parts_.size(); ++part) {
    const absl::Span<const BulkEvent> events = std::as_const(*parts_[part]).events();
    for (std::uint32_t i = 0; i < events.size(); ++i) {
      if (events[i].id_key_size == 0) {
        without_id_.push_back({part, i});
      } else {
        keys.push_back(MakeSortKey(0, Pack({part, i})));
      }
    }
  }
  const auto id_of = [this](std::uint64_t packed) { return IdKey(Unpack(packed)); };
  // What all have in common, the account at least, tells nothing.
  if (!keys.empty()) {
    const std::string_view first = id_of(PlaceOf(keys.front()));
    std::size_t common = first.size();
    for (const SortKey key : keys) common = std::min(common, CommonPrefix(first, id_of(PlaceOf(key))));
    for (SortKey& key : keys) key = MakeSortKey(PrefixOf(id_of(PlaceOf(key)).substr(common)), PlaceOf(key));
  }
  SortByPrefix(&keys, [&](std::uint64_t a, std::uint64_t b) { return id_of(a) < id_of(b); });
  groups_.clear();
  ReserveLarge(keys.size() + 1, &groups_);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const bool again =
        i > 0 && PrefixOf(keys[i]) == PrefixOf(keys[i - 1]) && id_of(PlaceOf(keys[i])) == id_of(PlaceOf(keys[i - 1]));
    if (!again) groups_.push_back(static_cast<std::uint32_t>(i));
  }
  groups_.push_back(static_cast<std::uint32_t>(keys.size()));
  TakePlaces(keys, &by_id_);
}

void BulkChunk::SortByTimeAndCustomer() {
  std::vector<SortKey> keys;
  ReserveLarge(size(), &keys);
  for (std::uint32_t part = 0; part < parts_.size(); ++part) {
    const absl::Span<const BulkEvent> events = std::as_const(*parts_[part]).events();
    for (std::uint32_t i = 0; i < events.size(); ++i) {
      keys.push_back(MakeSortKey(PrefixOf(events[i].time), Pack({part, i})));
    }
  }
  const auto nanos_of = [this](std::uint64_t packed) { return At(Unpack(packed)).time.nanos; };
  SortByPrefix(&keys, [&](std::uint64_t a, std::uint64_t b) { return nanos_of(a) < nanos_of(b); });
  TakePlaces(keys, &by_time_);

  // Keys in `customers` begin with the alias's length, and order by time within one customer. There are far fewer
  // customers than events: they alone are sorted, and the events dealt out to them in the order of time. Events of one
  // time and customer stay in line order, which is that of their sequences.
  absl::flat_hash_map<absl::string_view, std::uint32_t> numbers;
  std::vector<std::string_view> aliases;               // by number
  std::vector<std::vector<std::uint32_t>> numbers_of;  // by part and the alias's number there
  for (const auto& part : parts_) {
    std::vector<std::uint32_t>& numbers_of_part = numbers_of.emplace_back();
    for (const std::string_view alias : part->aliases()) {
      const auto [found, added] = numbers.try_emplace(absl::string_view(alias.data(), alias.size()),
                                                      static_cast<std::uint32_t>(aliases.size()));
      if (added) aliases.push_back(alias);
      numbers_of_part.push_back(found->second);
    }
  }
  std::vector<std::uint32_t> number_of;  // of the events of by_time_
  ReserveLarge(by_time_.size(), &number_of);
  for (std::size_t i = 0; i < by_time_.size(); ++i) {
    if (i + kAhead < by_time_.size()) Prefetch(by_time_[i + kAhead]);
    number_of.push_back(numbers_of[by_time_[i].part][At(by_time_[i]).alias]);
  }
  std::vector<std::uint32_t> order(aliases.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&aliases](std::uint32_t a, std::uint32_t b) {
    return aliases[a].size() != aliases[b].size() ? aliases[a].size() < aliases[b].size() : aliases[a] < aliases[b];
  });
  std::vector<std::uint32_t> next(aliases.size());  // by number: where the customer's next event goes
  for (const std::uint32_t number : number_of) ++next[number];
  std::uint32_t start = 0;
  customers_.clear();
  for (const std::uint32_t number : order) {
    start += std::exchange(next[number], start);
    customers_.push_back({.alias = aliases[number], .end = start});
  }
  by_customer_.clear();
  ReserveLarge(by_time_.size(), &by_customer_);
  by_customer_.resize(by_time_.size());
  for (std::size_t i = 0; i < by_time_.size(); ++i) by_customer_[next[number_of[i]]++] = by_time_[i];
}

absl::Status BulkChunk::Measure(const std::shared_ptr<const metering::KeptMeters>& meters, int threads) {
  meters_ = meters;
  std::vector<std::function<absl::Status()>> tasks;
  for (const auto& part : parts_) {
    if (part->contributions() != nullptr && part->contributions()->meters() == meters) continue;
    tasks.push_back([&part, &meters] { return part->Measure(meters); });
  }
  return RunTasks(threads, tasks);
}

// --- What is stored ---

absl::Status BulkChunk::LookUp(const storage::Database& database, std::uint64_t committed, BloomFilter* known,
                               int threads) {
  looked_up_at_ = committed;
  found_.clear();
  found_contributions_.clear();
  std::vector<std::uint32_t> groups;
  if (known != nullptr) {
    groups = AddTo(known);
  } else {
    groups.resize(group_count());
    std::iota(groups.begin(), groups.end(), std::uint32_t{0});
  }
  return LookUpGroups(database, groups, false, threads);
}

std::vector<std::uint32_t> BulkChunk::AddTo(BloomFilter* known) const {
  const auto first = [this](std::size_t group) { return by_id_[groups_[group]]; };
  std::vector<std::uint32_t> there;
  for (std::uint32_t group = 0; group < group_count(); ++group) {
    if (group + 2 * kAhead < group_count()) Prefetch(first(group + 2 * kAhead));
    if (group + kAhead < group_count()) known->Prefetch(At(first(group + kAhead)).identity_hash);
    if (known->TestAndAdd(At(first(group)).identity_hash)) there.push_back(group);
  }
  return there;
}

absl::Status BulkChunk::Refresh(
    const storage::Database& database, std::uint64_t decided,
    const std::function<bool(std::uint64_t identity_hash, std::uint64_t sequence)>& decided_since, int threads) {
  const bool any_unread = std::any_of(found_.begin(), found_.end(), [](const Found& found) { return found.unread; });
  if (decided == looked_up_at_ && !any_unread) return absl::OkStatus();
  std::vector<std::uint32_t> again;
  std::size_t at = 0;
  for (std::uint32_t group = 0; group < group_count(); ++group) {
    while (at < found_.size() && found_[at].group < group) ++at;
    const bool unread = at < found_.size() && found_[at].group == group && found_[at].unread;
    if (unread || decided_since(At(by_id_[groups_[group]]).identity_hash, looked_up_at_)) again.push_back(group);
  }
  if (again.empty()) return absl::OkStatus();
  std::erase_if(found_,
                [&again](const Found& found) { return std::binary_search(again.begin(), again.end(), found.group); });
  return LookUpGroups(database, again, true, threads);
}

namespace {

// Calls `look_up` with the bounds of slices of `count` things, side by side, and its result for each.
template <typename Result, typename LookUp>
absl::Status InSlices(std::size_t count, int threads, std::vector<Result>* results, LookUp look_up) {
  results->clear();
  results->resize((count + kLookUpsAtOnce - 1) / kLookUpsAtOnce);
  std::vector<std::function<absl::Status()>> tasks;
  for (std::size_t i = 0; i < results->size(); ++i) {
    tasks.push_back([=, &look_up] {
      return look_up(i * kLookUpsAtOnce, std::min((i + 1) * kLookUpsAtOnce, count), &(*results)[i]);
    });
  }
  return RunTasks(threads, tasks);
}

template <typename T>
std::vector<T> Joined(std::vector<std::vector<T>> slices) {
  std::vector<T> all;
  for (std::vector<T>& slice : slices) {
    all.insert(all.end(), std::make_move_iterator(slice.begin()), std::make_move_iterator(slice.end()));
  }
  return all;
}

// Keys, one behind the other, for one look-up.
class Keys {
 public:
  void Add(std::string_view key) {
    ends_.push_back(text_.size() + key.size());
    text_.append(key);
  }
  std::vector<std::string_view> views() const {
    std::vector<std::string_view> views;
    views.reserve(ends_.size());
    std::size_t start = 0;
    for (const std::size_t end : ends_) {
      views.push_back(std::string_view(text_).substr(start, end - start));
      start = end;
    }
    return views;
  }

 private:
  std::string text_;
  std::vector<std::size_t> ends_;
};

// What `event_ids` has for a group.
struct Hit {
  std::uint32_t group = 0;
  EventIdRow row{};
};

}  // namespace

// From one family to the next, each in the order of its keys: so that a block of rows is read once.
absl::Status BulkChunk::LookUpGroups(const storage::Database& database, const std::vector<std::uint32_t>& groups,
                                     bool strict, int threads) {
  const auto multi_get = [&database](Family family, const std::vector<std::string_view>& keys,
                                     storage::LookUps* values) {
    return database.MultiGet(family, keys, nullptr, values, storage::Caching::kLeave);
  };

  std::vector<std::vector<Hit>> hit_slices;
  TALLYSTICK_RETURN_IF_ERROR(
      InSlices(groups.size(), threads, &hit_slices, [&](std::size_t begin, std::size_t end, std::vector<Hit>* hits) {
        const auto place = [&](std::size_t i) { return by_id_[groups_[groups[i]]]; };
        Keys keys;
        for (std::size_t i = begin; i < end; ++i) {
          if (i + 2 * kAhead < end) Prefetch(place(i + 2 * kAhead));
          if (i + kAhead < end) PrefetchIdKey(place(i + kAhead));
          keys.Add(IdKey(place(i)));
        }
        storage::LookUps values;
        TALLYSTICK_RETURN_IF_ERROR(multi_get(Family::kEventIds, keys.views(), &values));
        for (std::size_t i = begin; i < end; ++i) {
          const std::optional<std::string_view> value = values.value(i - begin);
          if (!value.has_value()) continue;
          TALLYSTICK_ASSIGN_OR_RETURN(const EventIdRow row, EventIdRow::Decode(*value));
          hits->push_back({.group = groups[i], .row = row});
        }
        return absl::OkStatus();
      }));
  std::vector<Hit> hits = Joined(std::move(hit_slices));
  std::sort(hits.begin(), hits.end(), [](const Hit& a, const Hit& b) { return a.row.sequence < b.row.sequence; });

  // A row that is missing was superseded since the one that led to it was read, or is lost: Refresh(), in its turn,
  // tells which.
  std::vector<std::vector<Found>> found_slices;
  TALLYSTICK_RETURN_IF_ERROR(
      InSlices(hits.size(), threads, &found_slices, [&](std::size_t begin, std::size_t end, std::vector<Found>* found) {
        Keys keys;
        for (std::size_t i = begin; i < end; ++i) keys.Add(ChangeKey{hits[i].row.sequence}.Encode());
        storage::LookUps values;
        TALLYSTICK_RETURN_IF_ERROR(multi_get(Family::kChanges, keys.views(), &values));
        for (std::size_t i = begin; i < end; ++i) {
          Found& one = found->emplace_back();
          one.group = hits[i].group;
          const std::optional<std::string_view> value = values.value(i - begin);
          one.unread = !value.has_value();
          if (one.unread && strict) {
            return absl::DataLossError("changes: the row is missing that 'event_ids' points to: " +
                                       DescribeChangeKey(ChangeKey{hits[i].row.sequence}.Encode()));
          }
          if (one.unread) continue;
          TALLYSTICK_ASSIGN_OR_RETURN(one.stored.row, StoredRow::Join(account_, hits[i].row, *value));
        }
        return absl::OkStatus();
      }));
  std::vector<Found> found = Joined(std::move(found_slices));

  // Those that will leave: their records are needed.
  std::vector<Found*> leaving;
  for (Found& one : found) {
    if (!one.unread && DiffersFrom(one.group, one.stored.row)) leaving.push_back(&one);
  }
  std::sort(leaving.begin(), leaving.end(), [](const Found* a, const Found* b) {
    const StoredRow& one = a->stored.row;
    const StoredRow& other = b->stored.row;
    return one.time != other.time ? one.time < other.time : one.sequence < other.sequence;
  });
  std::vector<std::unique_ptr<metering::Contributions>> contributions;
  TALLYSTICK_RETURN_IF_ERROR(InSlices(
      leaving.size(), threads, &contributions,
      [&](std::size_t begin, std::size_t end, std::unique_ptr<metering::Contributions>* own) {
        *own = std::make_unique<metering::Contributions>(meters_, account_);
        return ReadLeaving(database, absl::MakeConstSpan(leaving).subspan(begin, end - begin), strict, own->get());
      }));
  std::move(contributions.begin(), contributions.end(), std::back_inserter(found_contributions_));

  found_.insert(found_.end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
  std::sort(found_.begin(), found_.end(), [](const Found& a, const Found& b) { return a.group < b.group; });
  return absl::OkStatus();
}

absl::Status BulkChunk::ReadLeaving(const storage::Database& database, absl::Span<Found* const> leaving, bool strict,
                                    metering::Contributions* contributions) const {
  Keys keys;
  for (const Found* const found : leaving) {
    const StoredRow& row = found->stored.row;
    keys.Add(EventKey{.account = account_, .time = row.time, .sequence = row.sequence}.Encode());
  }
  const std::vector<std::string_view> views = keys.views();
  storage::LookUps values;
  TALLYSTICK_RETURN_IF_ERROR(database.MultiGet(Family::kEvents, views, nullptr, &values, storage::Caching::kLeave));
  for (std::size_t i = 0; i < leaving.size(); ++i) {
    Found& found = *leaving[i];
    const std::optional<std::string_view> value = values.value(i);
    if (!value.has_value()) {
      if (strict) return absl::DataLossError("events: no row for " + DescribeEventKey(views[i]));
      found.unread = true;
      continue;
    }
    TALLYSTICK_ASSIGN_OR_RETURN(const EventRow event, EventRow::Decode(*value));
    TALLYSTICK_ASSIGN_OR_RETURN(found.stored.metering, contributions->Add(event));
    found.stored.customer_alias = event.customer_alias;
    found.contributions = contributions;
  }
  return absl::OkStatus();
}

bool BulkChunk::DiffersFrom(std::uint32_t group, const StoredRow& row) const {
  for (std::uint32_t i = groups_[group]; i < groups_[group + 1]; ++i) {
    if (!At(by_id_[i]).SameAs(row)) return true;
  }
  return false;
}

// --- Decisions ---

absl::Status BulkChunk::Decide(int threads) {
  // No two groups have an event in common.
  const std::size_t slices = static_cast<std::size_t>(std::max(threads, 1));
  std::vector<Counts> counts(slices);
  std::vector<std::function<absl::Status()>> tasks;
  for (std::size_t i = 0; i < slices; ++i) {
    tasks.push_back([this, i, slices, &counts] {
      counts[i] = DecideGroups(static_cast<std::uint32_t>(group_count() * i / slices),
                               static_cast<std::uint32_t>(group_count() * (i + 1) / slices));
      return absl::OkStatus();
    });
  }
  TALLYSTICK_RETURN_IF_ERROR(RunTasks(threads, tasks));
  for (const Counts& of_slice : counts) {
    counts_.created += of_slice.created;
    counts_.superseded += of_slice.superseded;
    counts_.unchanged += of_slice.unchanged;
  }
  for (const Place place : without_id_) {
    BulkEvent& event = At(place);
    event.rank = 0;
    event.live = true;
    ++counts_.created;
  }
  GiveRanks();
  return absl::OkStatus();
}

void BulkChunk::GiveRanks() {
  std::uint32_t rank = 0;
  for (const auto& part : parts_) {
    for (BulkEvent& event : part->events()) {
      if (event.rank != BulkEvent::kNone) event.rank = rank++;
    }
  }
}

BulkChunk::Counts BulkChunk::DecideGroups(std::uint32_t begin, std::uint32_t end) {
  Counts counts;
  auto found = std::lower_bound(found_.begin(), found_.end(), begin,
                                [](const Found& one, std::uint32_t group) { return one.group < group; });
  for (std::uint32_t group = begin; group < end; ++group) {
    if (groups_[group] + kAhead < by_id_.size()) Prefetch(by_id_[groups_[group] + kAhead]);
    Found* const own = found != found_.end() && found->group == group ? &*found : nullptr;
    DecideGroup(group, own, static_cast<std::uint32_t>(found - found_.begin()), &counts);
    if (own != nullptr) ++found;
  }
  return counts;
}

void BulkChunk::DecideGroup(std::uint32_t group, Found* found, std::uint32_t found_index, Counts* counts) {
  BulkEvent* newest = nullptr;  // of this chunk
  Place newest_place{};
  for (std::uint32_t i = groups_[group]; i < groups_[group + 1]; ++i) {
    BulkEvent& event = At(by_id_[i]);
    const bool same = newest != nullptr
                          ? event.fingerprint == newest->fingerprint && (!event.has_time || event.time == newest->time)
                          : found != nullptr && event.SameAs(found->stored.row);
    if (same) {
      ++counts->unchanged;
      continue;
    }
    event.rank = 0;  // one that GiveRanks() gives it
    event.live = true;
    if (newest == nullptr && found == nullptr) {
      ++counts->created;
    } else if (newest != nullptr) {
      ++counts->superseded;
      newest->live = false;
      event.replaced = newest_place;
    } else {
      ++counts->superseded;
      found->leaves = true;
      event.replaced = {kStored, found_index};
    }
    newest = &event;
    newest_place = by_id_[i];
  }
}

}  // namespace tallystick::ingest
