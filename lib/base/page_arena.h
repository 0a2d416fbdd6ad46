// Memory that is taken piece by piece, given back all at once, and used again.
//
// The first touch of a page costs about as much as filling it does, a microsecond and more on a virtual machine; pages
// of 2 MiB make that rare where the system has them to give (Linux: madvise(2), MADV_HUGEPAGE).

#ifndef TALLYSTICK_LIB_BASE_PAGE_ARENA_H_
#define TALLYSTICK_LIB_BASE_PAGE_ARENA_H_

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <vector>

namespace tallystick {

// Asks for large pages in as much of the memory as is aligned. Only a hint.
void AdviseLargePages(void* memory, std::size_t bytes);

// Room for `size` elements, in large pages.
template <typename T>
void ReserveLarge(std::size_t size, std::vector<T>* elements) {
  if (elements->capacity() >= size) return;
  elements->reserve(size);
  AdviseLargePages(elements->data(), elements->capacity() * sizeof(T));
}

// Not thread-safe: one for each thread.
class PageArena {
 public:
  // Memory comes in blocks of this size, or larger where one piece is.
  explicit PageArena(std::size_t block_bytes) : block_bytes_(block_bytes) {}

  // Room for a piece, aligned to a line of the cache. What of it is used is said next, by Take(); until then, another
  // call gives the same room.
  char* Room(std::size_t bytes);
  void Take(std::size_t bytes);

  // All that was taken means nothing any more.
  void Reset();

 private:
  struct Free {
    void operator()(char* memory) const { std::free(memory); }
  };
  struct Block {
    std::unique_ptr<char, Free> memory;
    std::size_t size = 0;
  };

  const std::size_t block_bytes_;
  std::vector<Block> blocks_;
  std::size_t block_ = 0;  // the one in use
  std::size_t used_ = 0;   // of it
};

}  // namespace tallystick

#endif  // TALLYSTICK_LIB_BASE_PAGE_ARENA_H_
