// Texts that are a UUID in its canonical form, and texts that are nearly that: all different ids.

#ifndef TALLYSTICK_TESTS_SUPPORT_CUSTOMER_EVENT_IDS_H_
#define TALLYSTICK_TESTS_SUPPORT_CUSTOMER_EVENT_IDS_H_

#include <string>
#include <vector>

namespace tallystick::testing {

inline std::vector<std::string> UuidsAndNearMisses() {
  return {
      "9d47c1a5-266c-4437-9b34-615396fb4170",
      "00000000-0000-0000-0000-000000000000",
      "ffffffff-ffff-ffff-ffff-ffffffffffff",
      "01844320-fc10-7000-8f73-e3554b6cac18",
      // In upper case, wholly or in one digit.
      "9D47C1A5-266C-4437-9B34-615396FB4170",
      "9d47c1a5-266c-4437-9b34-615396fB4170",
      "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
      // Without hyphens, or one of them; with others, or elsewhere.
      "9d47c1a5266c44379b34615396fb4170",
      "9d47c1a5266c-4437-9b34-615396fb4170",
      "9d47c1a5-266c-4437-9b34_615396fb4170",
      "9d47c1a-5266c-4437-9b34-615396fb4170",
      "9d47c1a5-266c-4437-9b3-4615396fb4170",
      "9d47c1a5-266c-4437-9b34-6153-6fb4170",
      // 36 characters, of which one is no digit.
      "9d47c1a5-266c-4437-9b34-615396fb417g",
      "/d47c1a5-266c-4437-9b34-615396fb4170",
      "9d47c1a5-266c-4437-9b34-615396fb417:",
      "9d47c1a5-266c-4437-9b34-615396fb41\xc3\xa9",
      "9d47c1a5-266c-4437-9b34-615396fb417 ",
      // Wrapped, or cut off.
      "{9d47c1a5-266c-4437-9b34-615396fb4170}",
      "urn:uuid:9d47c1a5-266c-4437-9b34-615396fb4170",
      " 9d47c1a5-266c-4437-9b34-615396fb4170",
      "9d47c1a5-266c-4437-9b34-615396fb41700",
      "9d47c1a5-266c-4437-9b34-615396fb417",
      // As long as the bytes that stand for a UUID, or as long with what is before them.
      "9d47c1a5266c4437",
      "9d47c1a5266c44379",
  };
}

}  // namespace tallystick::testing

#endif  // TALLYSTICK_TESTS_SUPPORT_CUSTOMER_EVENT_IDS_H_
