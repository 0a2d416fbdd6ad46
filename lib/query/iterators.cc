#include <utility>

#include "lib/query/sources.h"
#include "tallystick/read.h"

namespace tallystick {

EventIterator::EventIterator(std::unique_ptr<internal::EventSource> source) : source_(std::move(source)) {}
EventIterator::EventIterator(absl::Status status) : status_(std::move(status)) {}
EventIterator::EventIterator(EventIterator&&) noexcept = default;
EventIterator& EventIterator::operator=(EventIterator&&) noexcept = default;
EventIterator::~EventIterator() = default;

bool EventIterator::Valid() const { return source_ != nullptr && source_->Valid(); }
void EventIterator::Next() {
  if (Valid()) source_->Next();
}
const StoredEvent& EventIterator::event() const { return source_->event(); }
absl::Status EventIterator::status() const { return source_ != nullptr ? source_->status() : status_; }
std::optional<std::string> EventIterator::cursor() const {
  return source_ != nullptr ? source_->cursor() : std::nullopt;
}
std::string EventIterator::CursorBehind() const { return source_->CursorAt(/*reversed=*/false); }
std::string EventIterator::CursorBefore() const { return source_->CursorAt(/*reversed=*/true); }

ChangeIterator::ChangeIterator(std::unique_ptr<internal::ChangeSource> source) : source_(std::move(source)) {}
ChangeIterator::ChangeIterator(absl::Status status, std::uint64_t position)
    : status_(std::move(status)), position_(position) {}
ChangeIterator::ChangeIterator(ChangeIterator&&) noexcept = default;
ChangeIterator& ChangeIterator::operator=(ChangeIterator&&) noexcept = default;
ChangeIterator::~ChangeIterator() = default;

bool ChangeIterator::Valid() const { return source_ != nullptr && source_->Valid(); }
void ChangeIterator::Next() {
  if (Valid()) source_->Next();
}
const Change& ChangeIterator::change() const { return source_->change(); }
absl::Status ChangeIterator::status() const { return source_ != nullptr ? source_->status() : status_; }
std::uint64_t ChangeIterator::position() const { return source_ != nullptr ? source_->position() : position_; }

}  // namespace tallystick
