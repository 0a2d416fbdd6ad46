#include "lib/json/properties.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <utility>

#include "absl/strings/str_split.h"
#include "lib/json/number.h"
#include "lib/json/strings.h"
#include "tallystick/event.h"

namespace tallystick {
namespace {

// The properties are level 2 of an event, and an object may be nested to the last level: no path has more steps. It
// also bounds the recursion, whatever the text.
constexpr std::size_t kPathStepsMax = kJsonDepthMax - 1;

bool IsString(std::string_view value) { return value.front() == '"'; }
std::string_view Inside(std::string_view string) { return string.substr(1, string.size() - 2); }

// Whether a value, whose end was found, is one. Of objects and arrays no more is asked.
bool IsSound(std::string_view value) {
  switch (value.front()) {
    case '{':
    case '[':
      return true;
    case '"':
      return !HasEscapes(Inside(value)) || !Unescape(Inside(value), nullptr).has_value();
    case 't':
      return value == "true";
    case 'f':
      return value == "false";
    case 'n':
      return value == "null";
    default:
      return IsJsonNumber(value);
  }
}

// Where the first of either stands, else `end`. Keys and strings are mostly so short that calling memchr() costs more
// than looking at them, eight bytes at a time: https://graphics.stanford.edu/~seander/bithacks.html#ZeroInWord
const char* FindQuoteOrBackslash(const char* at, const char* end) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  // The high bit of each byte that is zero; above the lowest of them, which alone is asked for, also of others.
  const auto zeros = [](std::uint64_t word) { return (word - kOnes) & ~word & kOnes * 0x80; };
  // On a big-endian machine the lowest would be the last: there, one byte at a time will do.
  while (std::endian::native == std::endian::little && end - at >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    const std::uint64_t hits = zeros(word ^ kOnes * '"') | zeros(word ^ kOnes * '\\');
    if (hits != 0) return at + std::countr_zero(hits) / 8;
    at += 8;
  }
  while (at != end && *at != '"' && *at != '\\') ++at;
  return at;
}

}  // namespace

// Passes over minified JSON. Every function that returns false has met damage or the end of the text.
class PropertyFinder::Scanner {
 public:
  explicit Scanner(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  bool IsAt(char c) const { return at_ != end_ && *at_ == c; }

  bool Take(char c) {
    if (!IsAt(c)) return false;
    ++at_;
    return true;
  }

  // `*inside` is what stands between the quotes.
  bool TakeString(std::string_view* inside) {
    if (!Take('"')) return false;
    const char* const start = at_;
    if (!SkipStringRest()) return false;
    *inside = {start, static_cast<std::size_t>(at_ - 1 - start)};
    return true;
  }

  bool SkipValue() {
    if (at_ == end_) return false;
    switch (*at_) {
      case '"':
        ++at_;
        return SkipStringRest();
      case '{':
      case '[':
        return SkipContainer();
      default:
        return SkipWord();
    }
  }

  const char* at() const { return at_; }

  // Whether the string that was passed last has escapes.
  bool has_escapes() const { return has_escapes_; }

 private:
  bool SkipStringRest() {
    has_escapes_ = false;
    while (true) {
      at_ = FindQuoteOrBackslash(at_, end_);
      if (at_ == end_) return false;
      if (*at_++ == '"') return true;
      has_escapes_ = true;
      if (at_ == end_) return false;
      ++at_;  // what is escaped may be a quote
    }
  }

  // To the bracket that closes the one here. Which kind of bracket it is has been checked when it was stored.
  bool SkipContainer() {
    std::size_t open = 0;
    while (at_ != end_) {
      switch (*at_++) {
        case '"':
          if (!SkipStringRest()) return false;
          break;
        case '{':
        case '[':
          ++open;
          break;
        case '}':
        case ']':
          if (--open == 0) return true;
          break;
        default:
          break;
      }
    }
    return false;
  }

  // A number, true, false or null.
  bool SkipWord() {
    const char* const start = at_;
    while (at_ != end_ && *at_ != ',' && *at_ != '}' && *at_ != ']') ++at_;
    return at_ != start;
  }

  const char* at_;
  const char* const end_;
  bool has_escapes_ = false;
};

PropertyFinder::PropertyFinder(const std::vector<std::string>& names) : places_(names.size()) {
  struct Way {
    std::vector<std::string> steps;
    std::size_t* end;
  };
  std::vector<Way> ways;
  for (std::size_t i = 0; i < names.size(); ++i) {
    ways.push_back({{names[i]}, &places_[i].key});
    std::vector<std::string> path = absl::StrSplit(names[i], '.');
    if (path.size() > kPathStepsMax) path = {names[i]};
    ways.push_back({std::move(path), &places_[i].path});
  }
  // In this order ways that begin alike are neighbours, and a way stands before those that go on from it.
  std::sort(ways.begin(), ways.end(), [](const Way& a, const Way& b) { return a.steps < b.steps; });

  std::vector<std::size_t> trail;  // the steps of the way before
  const auto go_back_to = [&](std::size_t length) {
    for (; trail.size() > length; trail.pop_back()) steps_[trail.back()].after = steps_.size();
  };
  for (const Way& way : ways) {
    std::size_t shared = 0;
    while (shared < trail.size() && steps_[trail[shared]].key == way.steps[shared]) ++shared;
    go_back_to(shared);
    for (; shared < way.steps.size(); ++shared) {
      if (shared == 0) ++first_level_;
      trail.push_back(steps_.size());
      steps_.push_back({.key = way.steps[shared], .value = {}});
    }
    *way.end = trail.back();
  }
  go_back_to(0);
}

bool PropertyFinder::Find(std::string_view properties) {
  for (Step& step : steps_) step.value.reset();
  unmet_ = first_level_;
  Scanner scanner(properties);
  return unmet_ == 0 || FindIn(0, steps_.size(), &scanner);
}

// Takes an object, in which the siblings of steps_[first, last) are looked for.
bool PropertyFinder::FindIn(std::size_t first, std::size_t last, Scanner* scanner) {
  if (!scanner->Take('{')) return false;
  if (scanner->Take('}')) return true;
  do {
    std::string_view key;
    if (!scanner->TakeString(&key) || !scanner->Take(':')) return false;
    if (scanner->has_escapes()) {
      key_.clear();
      if (Unescape(key, &key_).has_value()) return false;
      key = key_;
    }
    std::size_t found = first;
    while (found < last && steps_[found].key != key) found = steps_[found].after;
    if (found == last) {
      if (!scanner->SkipValue()) return false;
      continue;
    }
    Step& step = steps_[found];
    // A second value for this key takes the place of all that the first one gave.
    for (std::size_t i = found + 1; i < step.after; ++i) steps_[i].value.reset();
    const char* const start = scanner->at();
    const bool goes_on = step.after > found + 1 && scanner->IsAt('{');
    if (!(goes_on ? FindIn(found + 1, step.after, scanner) : scanner->SkipValue())) return false;
    step.value.emplace(start, static_cast<std::size_t>(scanner->at() - start));
    if (!IsSound(*step.value)) return false;
    if (first == 0 && --unmet_ == 0) return true;  // no key stands twice in the first level
  } while (scanner->Take(','));
  return scanner->Take('}');
}

void AppendStringForm(std::string_view value, std::string* out) {
  if (IsString(value)) {
    Unescape(Inside(value), out);
  } else {
    out->append(value);
  }
}

std::string_view StringForm(std::string_view value, std::string* scratch) {
  if (!IsString(value)) return value;
  if (!HasEscapes(Inside(value))) return Inside(value);
  scratch->clear();
  AppendStringForm(value, scratch);
  return *scratch;
}

std::optional<std::string_view> NumericText(std::string_view value, std::string* scratch) {
  if (IsString(value)) {
    const std::string_view form = StringForm(value, scratch);
    return IsJsonNumber(form) ? std::optional(form) : std::nullopt;
  }
  const bool is_number = value.front() == '-' || (value.front() >= '0' && value.front() <= '9');
  return is_number ? std::optional(value) : std::nullopt;
}

}  // namespace tallystick
