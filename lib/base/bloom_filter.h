// A set that may say yes to what is not in it, and never no to what is.

#ifndef TALLYSTICK_LIB_BASE_BLOOM_FILTER_H_
#define TALLYSTICK_LIB_BASE_BLOOM_FILTER_H_

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

namespace tallystick {

// A Bloom filter whose bits for one element lie in one line of the processor's cache (Putze, Sanders and Singler,
// "Cache-, Hash- and Space-Efficient Bloom Filters", 2007: "blocked"). At 16 bits for each element it says yes to about
// one in 500 that it does not have, at 8 bits to about one in 30, and it never runs full: only more and more is taken
// to be there. Elements are 64-bit hashes, all of whose bits must be good. Not thread-safe.
class BloomFilter {
 public:
  // Takes up to `bytes`, at least a line, as they come to be touched.
  explicit BloomFilter(std::size_t bytes);

  void Prefetch(std::uint64_t hash) const { __builtin_prefetch(LineOf(hash), 1); }
  bool MayContain(std::uint64_t hash) const;
  // Adds it, and returns whether it may have been there before.
  bool TestAndAdd(std::uint64_t hash);

 private:
  static constexpr std::size_t kWords = 8;  // in a line

  // The line by the hash's upper half, the bits in it by the lower one.
  std::uint64_t* LineOf(std::uint64_t hash) const {
    return words_ + kWords * static_cast<std::size_t>((hash >> 32) * lines_ >> 32);
  }

  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };

  std::uint64_t lines_;  // fewer than 2^32
  std::unique_ptr<void, Free> memory_;
  std::uint64_t* words_ = nullptr;  // in it, from a line's begin
};

}  // namespace tallystick

#endif  // TALLYSTICK_LIB_BASE_BLOOM_FILTER_H_
