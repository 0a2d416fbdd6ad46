#include "serve/gatherer.h"

#include <algorithm>
#include <exception>
#include <iterator>
#include <string_view>
#include <utility>

#include "absl/status/status.h"

namespace tallystick::tools {
namespace {

// Written but not yet synced: the group is synced as a whole.
absl::StatusOr<std::vector<WriteResult>> WriteBuffered(Store* store, const Uuid& account,
                                                       const std::vector<std::string_view>& documents) {
  try {
    return store->WriteJson(account, documents, {.durability = Durability::kBuffered, .return_events = true});
  } catch (const std::exception& error) {
    return absl::ResourceExhaustedError(error.what());
  }
}

}  // namespace

Gatherer::Gatherer(Store* store, const Options& options)
    : store_(store), options_(options), thread_([this] { Run(); }) {}

Gatherer::~Gatherer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Gatherer::Add(const Uuid& account, std::string document, Done done) {
  {
    std::unique_lock lock(mutex_);
    if (waiting_.size() >= options_.waiting_events_max ||
        waiting_bytes_ + document.size() > options_.waiting_bytes_max) {
      lock.unlock();
      done(absl::UnavailableError("too many events wait to be stored"));
      return;
    }
    waiting_bytes_ += document.size();
    waiting_.push_back({.account = account, .document = std::move(document), .done = std::move(done)});
  }
  changed_.notify_one();
}

void Gatherer::Run() {
  while (true) {
    std::vector<Post> group = TakeGroup();
    if (group.empty()) return;
    Commit(std::move(group));
  }
}

std::vector<Gatherer::Post> Gatherer::TakeGroup() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
  std::size_t events = 0;
  std::size_t bytes = 0;
  while (events < waiting_.size() && events < options_.group_events_max && bytes < options_.group_bytes_max) {
    bytes += waiting_[events].document.size();
    ++events;
  }
  waiting_bytes_ -= bytes;
  if (events == waiting_.size()) return std::exchange(waiting_, {});
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(events);
  std::vector<Post> group(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  return group;
}

// Each account's events are one write, in the order in which they came; one sync serves them all.
void Gatherer::Commit(std::vector<Post> group) {
  std::stable_sort(group.begin(), group.end(), [](const Post& a, const Post& b) { return a.account < b.account; });
  std::vector<absl::StatusOr<WriteResult>> results;
  results.reserve(group.size());
  std::vector<std::string_view> documents;
  while (results.size() < group.size()) {
    const Uuid account = group[results.size()].account;
    documents.clear();
    for (std::size_t i = results.size(); i < group.size() && group[i].account == account; ++i) {
      documents.push_back(group[i].document);
    }
    absl::StatusOr<std::vector<WriteResult>> written = WriteBuffered(store_, account, documents);
    if (!written.ok()) {
      results.insert(results.end(), documents.size(), written.status());
    } else {
      results.insert(results.end(), std::make_move_iterator(written->begin()), std::make_move_iterator(written->end()));
    }
  }
  const absl::Status synced = store_->Sync();
  if (options_.observe_group) options_.observe_group(group.size());
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (!synced.ok() && results[i].ok() && results[i]->outcome != Outcome::kRejected) results[i] = synced;
    group[i].done(std::move(results[i]));
  }
}

}  // namespace tallystick::tools
