// What is fuzzed: functions that take any bytes, hand them to a part of Tallystick, and know what must come of it.
//
// libFuzzer drives them (fuzz_main.cc, tools/fuzz.sh). corpus_test.cc runs them over the corpus and over changes of it,
// with any compiler: so what was once found stays found. The corpus of a target is the folder corpus/NAME, its words
// are in NAME.dict.

#ifndef TALLYSTICK_TESTS_FUZZ_TARGETS_H_
#define TALLYSTICK_TESTS_FUZZ_TARGETS_H_

#include <optional>
#include <string>
#include <string_view>

namespace tallystick::fuzz {

// What is wrong, for a person; absent when all is as it must be.
using Finding = std::optional<std::string>;

// The JSON text of an event: read as a slow reference reads it, and the same after it was stored and returned.
Finding FuzzEvent(std::string_view document);

// The JSON text of properties: the same, and values are found in it as in its tree.
Finding FuzzProperties(std::string_view object);

// A timestamp: read and written as a slow reference does it.
Finding FuzzTimestamp(std::string_view text);

// Numbers, one a line: read, ordered, added up and divided as long integers say.
Finding FuzzDecimal(std::string_view lines);

// A value of any family: no decoder takes it but in the one form that its encoder writes.
Finding FuzzRow(std::string_view value);

// Two keys of any family, the size of the first in the first byte: as for rows; and their bytes order, and lie in
// ranges, as what they mean does.
Finding FuzzKeys(std::string_view keys);

// The text of a cursor, or the position in one: only what was sealed for a scan is taken, by that scan alone.
Finding FuzzCursor(std::string_view bytes);

struct Target {
  std::string_view name;
  Finding (*run)(std::string_view bytes);
};

inline constexpr Target kTargets[] = {
    {"event", FuzzEvent},
    {"properties", FuzzProperties},
    {"timestamp", FuzzTimestamp},
    {"decimal", FuzzDecimal},
    {"row", FuzzRow},
    {"keys", FuzzKeys},
    {"cursor", FuzzCursor},
};

}  // namespace tallystick::fuzz

#endif  // TALLYSTICK_TESTS_FUZZ_TARGETS_H_
