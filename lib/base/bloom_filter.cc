#include "lib/base/bloom_filter.h"

#include <algorithm>
#include <cstdlib>
#include <new>

#include "lib/base/page_arena.h"

namespace tallystick {
namespace {

constexpr std::size_t kLineBytes = 64;

// Bits of an element: six numbers of nine bits each fit into the hash's lower half twice over, so a product spreads it
// first. Six are best where there are about nine bits for each element, and do well with more.
constexpr int kBits = 6;
constexpr std::uint64_t kSpread = 0x9e37'79b9'7f4a'7c15;  // 2^64 divided by the golden ratio: Knuth, TAOCP 3, 6.4

}  // namespace

BloomFilter::BloomFilter(std::size_t bytes) : lines_(std::max<std::size_t>(bytes / kLineBytes, 1)) {
  const std::size_t size = static_cast<std::size_t>(lines_) * kLineBytes;
  // calloc() takes large memory from the system as it comes: zero, and not there until it is touched.
  void* const memory = std::calloc(size + kLineBytes, 1);
  if (memory == nullptr) throw std::bad_alloc();
  AdviseLargePages(memory, size);
  memory_.reset(memory);
  void* start = memory;
  std::size_t space = size + kLineBytes;
  words_ = static_cast<std::uint64_t*>(std::align(kLineBytes, size, start, space));
}

bool BloomFilter::MayContain(std::uint64_t hash) const {
  const std::uint64_t* const line = LineOf(hash);
  std::uint64_t bits = (hash & 0xffff'ffff) * kSpread;
  for (int i = 0; i < kBits; ++i, bits <<= 9) {
    if ((line[bits >> 61] >> (bits >> 55 & 63) & 1) == 0) return false;
  }
  return true;
}

bool BloomFilter::TestAndAdd(std::uint64_t hash) {
  std::uint64_t* const line = LineOf(hash);
  std::uint64_t bits = (hash & 0xffff'ffff) * kSpread;
  bool all = true;
  for (int i = 0; i < kBits; ++i, bits <<= 9) {
    std::uint64_t& word = line[bits >> 61];
    const std::uint64_t bit = std::uint64_t{1} << (bits >> 55 & 63);
    all = all && (word & bit) != 0;
    word |= bit;
  }
  return all;
}

}  // namespace tallystick
