// Sorting keys by a number first: it compares mostly eight bytes, and only on a tie goes to the text itself. That
// spares the text's cache misses, and almost all branches that a processor would have to guess.

#ifndef TALLYSTICK_LIB_INGEST_PREFIX_SORT_H_
#define TALLYSTICK_LIB_INGEST_PREFIX_SORT_H_

#include <algorithm>
#include <bit>
#include <boost/sort/pdqsort/pdqsort.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "absl/numeric/int128.h"
#include "lib/base/instant.h"

namespace tallystick::ingest {

// The first eight bytes as a number that orders as they do; what a shorter text lacks counts as zeros.
inline std::uint64_t PrefixOf(std::string_view text) {
  std::uint64_t prefix = 0;
  if (!text.empty()) std::memcpy(&prefix, text.data(), std::min(text.size(), sizeof prefix));
  if constexpr (std::endian::native == std::endian::little) prefix = __builtin_bswap64(prefix);
  return prefix;
}

// How many bytes the two begin with alike.
inline std::size_t CommonPrefix(std::string_view a, std::string_view b) {
  const std::size_t size = std::min(a.size(), b.size());
  return static_cast<std::size_t>(
      std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(size), b.begin()).first - a.begin());
}

// The same of an instant: seconds take 39 bits and nanoseconds 30, of which all but the lowest five fit. So of equal
// prefixes, the nanoseconds tell which is first.
constexpr std::uint64_t PrefixOf(Instant time) { return time.seconds << 25 | time.nanos >> 5; }

// What is sorted: above, a prefix of the key; below, where the key is, which puts equal prefixes in order, too.
using SortKey = absl::uint128;

inline SortKey MakeSortKey(std::uint64_t prefix, std::uint64_t place) { return absl::MakeUint128(prefix, place); }
inline std::uint64_t PrefixOf(SortKey key) { return absl::Uint128High64(key); }
inline std::uint64_t PlaceOf(SortKey key) { return absl::Uint128Low64(key); }

// Sorts by prefix; where prefixes are equal by `before`, which says of two places whether what is behind the prefix
// puts one before the other; and then by place.
template <typename Before>
void SortByPrefix(std::vector<SortKey>* keys, Before before) {
  boost::sort::pdqsort_branchless(keys->begin(), keys->end());
  const auto key_before = [&before](SortKey a, SortKey b) { return before(PlaceOf(a), PlaceOf(b)); };
  for (auto first = keys->begin(); first != keys->end();) {
    auto last = first + 1;
    while (last != keys->end() && PrefixOf(*last) == PrefixOf(*first)) ++last;
    // Mostly what is behind the prefix is equal as well.
    if (!std::is_sorted(first, last, key_before)) std::stable_sort(first, last, key_before);
    first = last;
  }
}

}  // namespace tallystick::ingest

#endif  // TALLYSTICK_LIB_INGEST_PREFIX_SORT_H_
