// Takes values out of stored `eventProperties` by name, in one pass over the text and without building a document.
//
// The text is as ingest stores it: one valid JSON object, minified, no key twice in its first level.

#ifndef TALLYSTICK_LIB_JSON_PROPERTIES_H_
#define TALLYSTICK_LIB_JSON_PROPERTIES_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallystick {

// Finds the values of a query's names. A name is a key of the first level; where there is no such key, it is a path
// whose steps, between its dots, are keys of nested objects: "a.b" is `{"a.b":1}`, else `{"a":{"b":1}}`. Each step is
// one whole key, so "a.b.c" never meets `{"a":{"b.c":1}}`, and "a..b" goes through an empty key. Paths do not go
// through arrays. Keys compare by what they mean, their escapes undone; of a key given twice the last one counts.
//
// One for each thread; copies are independent. Its memory grows with the names alone.
class PropertyFinder {
 public:
  // Names may repeat, and may be anything.
  explicit PropertyFinder(const std::vector<std::string>& names);

  // Looks for every name. Reads no further than it must: to the last of the keys that names begin with, or to the end.
  // False when the text is damaged as far as it was read, after which `value()` means nothing. Not every damage is
  // seen, but what `value()` then gives is sound: a string's escapes, numbers, and the three words are checked.
  [[nodiscard]] bool Find(std::string_view properties);

  // What the last Find() found for the i-th name: the JSON text of its value, as stored, within `properties`. Absent
  // when it is missing; a JSON null is there, as `null`.
  std::optional<std::string_view> value(std::size_t i) const {
    const std::optional<std::string_view>& exact = steps_[places_[i].key].value;
    return exact.has_value() ? exact : steps_[places_[i].path].value;
  }

 private:
  class Scanner;

  // A key that is looked for in one object.
  struct Step {
    std::string key;
    std::size_t after = 0;                  // in steps_, just behind the steps that go on from here
    std::optional<std::string_view> value;  // in the text at hand
  };

  // Where in steps_ a name ends, read as a key and as a path.
  struct Place {
    std::size_t key = 0;
    std::size_t path = 0;
  };

  bool FindIn(std::size_t first, std::size_t last, Scanner* scanner);

  // A tree: each step is followed by those that go on from it, and then by its next sibling.
  std::vector<Step> steps_;
  std::vector<Place> places_;    // one for each name
  std::size_t first_level_ = 0;  // how many steps have no step before them
  std::size_t unmet_ = 0;        // those of them that have not been met in the text at hand
  std::string key_;              // one with its escapes undone
};

// The functions below take a value that a PropertyFinder gave.

inline bool IsNull(std::string_view value) { return value == "null"; }

// Appends the string form: what a string means; the text of anything else. A null has none, but for "null" here.
void AppendStringForm(std::string_view value, std::string* out);

// The same without a copy, unless the value has escapes: then it is put into `*scratch`, which is otherwise not
// touched. The result lives as long as both.
std::string_view StringForm(std::string_view value, std::string* scratch);

// The numeral, when the value is a number or a string that is wholly a JSON number. `*scratch` is as above.
std::optional<std::string_view> NumericText(std::string_view value, std::string* scratch);

}  // namespace tallystick

#endif  // TALLYSTICK_LIB_JSON_PROPERTIES_H_
