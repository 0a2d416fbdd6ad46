// Bytes of one key, held in place: a key is at most 287 bytes, so none needs the heap.

#ifndef TALLYSTICK_LIB_ENCODING_KEY_BUFFER_H_
#define TALLYSTICK_LIB_ENCODING_KEY_BUFFER_H_

#include <cassert>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace tallystick {

class KeyBuffer {
 public:
  // Account 16, alias length 1, alias 255, instant 9, sequence 6.
  static constexpr std::size_t kCapacity = 16 + 1 + 255 + 9 + 6;

  KeyBuffer() {}  // leaves the bytes as they are: `size_` says how many of them mean something

  void Append(std::string_view bytes) {
    assert(size_ + bytes.size() <= kCapacity);
    std::memcpy(bytes_ + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }

  // The lowest `bytes` bytes of `value`, most significant first, so that byte order is number order.
  void AppendBigEndian(unsigned long long value, int bytes) {
    assert(size_ + static_cast<std::size_t>(bytes) <= kCapacity);
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) bytes_[size_++] = static_cast<char>(value >> shift);
  }

  std::string_view view() const { return {bytes_, size_}; }
  operator std::string_view() const { return view(); }  // NOLINT(google-explicit-constructor): it is a key's bytes

 private:
  std::size_t size_ = 0;
  char bytes_[kCapacity];
};

}  // namespace tallystick

#endif  // TALLYSTICK_LIB_ENCODING_KEY_BUFFER_H_
