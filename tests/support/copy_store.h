// A copy of a store that is open for writing, as it would be found if its process died.

#ifndef TALLYSTICK_TESTS_SUPPORT_COPY_STORE_H_
#define TALLYSTICK_TESTS_SUPPORT_COPY_STORE_H_

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <system_error>
#include <utility>

namespace tallystick::testing {

// Nobody may be writing to the store. What RocksDB does in the background may change files while they are copied: then
// they are copied again.
inline void CopyStore(const std::string& from, const std::string& to) {
  namespace fs = std::filesystem;
  const auto state = [&from] {
    std::map<std::string, std::uintmax_t> sizes;
    std::error_code gone;
    for (fs::recursive_directory_iterator entry(from, gone), end; !gone && entry != end; entry.increment(gone)) {
      if (entry->is_regular_file(gone)) sizes[entry->path().string()] = entry->file_size(gone);
    }
    std::ifstream guard(from + "/data/SYNCED", std::ios::binary);
    return std::pair(sizes, std::string(std::istreambuf_iterator<char>(guard), {}));
  };
  while (true) {
    const auto before = state();
    fs::remove_all(to);
    std::error_code error;
    fs::copy(from, to, fs::copy_options::recursive, error);
    if (!error && state() == before) return;
  }
}

}  // namespace tallystick::testing

#endif  // TALLYSTICK_TESTS_SUPPORT_COPY_STORE_H_
