#include "lib/base/page_arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <new>
#include <utility>

namespace tallystick {
namespace {

constexpr std::size_t kLargePage = 2 * 1024 * 1024;
constexpr std::size_t kAlignment = 64;  // a line of the cache

constexpr std::size_t RoundUp(std::size_t bytes, std::size_t to) { return (bytes + to - 1) / to * to; }

}  // namespace

void AdviseLargePages([[maybe_unused]] void* memory, [[maybe_unused]] std::size_t bytes) {
#ifdef MADV_HUGEPAGE
  const std::uintptr_t begin = RoundUp(reinterpret_cast<std::uintptr_t>(memory), kLargePage);
  const std::uintptr_t end = (reinterpret_cast<std::uintptr_t>(memory) + bytes) / kLargePage * kLargePage;
  // Where it is refused, small pages do as well.
  if (begin < end) static_cast<void>(::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE));
#endif
}

char* PageArena::Room(std::size_t bytes) {
  while (block_ < blocks_.size() && blocks_[block_].size - used_ < bytes) {
    ++block_;
    used_ = 0;
  }
  if (block_ == blocks_.size()) {
    Block block;
    block.size = RoundUp(std::max(bytes, block_bytes_), kLargePage);
    block.memory.reset(static_cast<char*>(std::aligned_alloc(kLargePage, block.size)));
    if (block.memory == nullptr) throw std::bad_alloc();
    AdviseLargePages(block.memory.get(), block.size);
    blocks_.push_back(std::move(block));
  }
  return blocks_[block_].memory.get() + used_;
}

void PageArena::Take(std::size_t bytes) { used_ = std::min(RoundUp(used_ + bytes, kAlignment), blocks_[block_].size); }

void PageArena::Reset() {
  block_ = 0;
  used_ = 0;
}

}  // namespace tallystick
