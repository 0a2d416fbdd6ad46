// A store beside its model, for random tests: what is written goes to both, and the store is closed, compacted and
// killed in between.

#ifndef TALLYSTICK_TESTS_SUPPORT_MODELLED_STORE_H_
#define TALLYSTICK_TESTS_SUPPORT_MODELLED_STORE_H_

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "tallystick/store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/model.h"
#include "tests/support/random.h"
#include "tests/support/raw_rows.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace tallystick::testing {

// The parameter is the number of a part; parts can run side by side.
class ModelledStoreTest : public ::testing::TestWithParam<int> {
 protected:
  ModelledStoreTest() : random_(TestSeed() + static_cast<std::uint64_t>(GetParam())), path_(folder_.path("store-0")) {}

  void Open() {
    Options options;
    options.clock = clock_.function();
    options.profile = random_.OneIn(2) ? Profile::kEdge : Profile::kServer;
    options.durability = Durability::kBuffered;
    ASSERT_OK_AND_ASSIGN(store_, Store::Open(path_, options));
  }

  // In one of the ways below.
  void Reopen() {
    switch (random_.Below(4)) {
      case 0:
        return CloseAndReopen();
      case 1:
        return CompactAndReopen();
      default:
        return CrashAndReopen();
    }
  }

  // As single events or as JSON, at a time of its own.
  void Write(const Uuid& account, const std::vector<NewEvent>& batch) {
    const WriteOptions options{
        .durability = random_.OneIn(100) ? Durability::kSynced : Durability::kBuffered,
        .mode = random_.OneIn(3) ? BatchMode::kAtomic : BatchMode::kPartial,
        .timeout = random_.OneIn(100) ? std::optional(absl::Hours(1)) : std::nullopt,
    };
    if (random_.OneIn(3)) clock_.Advance(absl::Milliseconds(static_cast<int>(random_.Below(2000)) - 900));
    if (random_.OneIn(2)) {
      std::vector<std::string> texts;
      for (const NewEvent& event : batch) texts.push_back(event.ToJson());
      const std::vector<std::string_view> documents(texts.begin(), texts.end());
      ASSERT_OK_AND_ASSIGN(const auto results, store_->WriteJson(account, documents, options));
      model_.Apply(account, batch, options.mode, clock_.Now(), results);
    } else {
      std::vector<Event> events;
      for (const NewEvent& event : batch) events.push_back(event.ToEvent());
      ASSERT_OK_AND_ASSIGN(const auto results, store_->Write(account, events, options));
      model_.Apply(account, batch, options.mode, clock_.Now(), results);
    }
  }

  // Closing leaves nothing in memory: all rows go to table files.
  void CloseAndReopen() {
    ASSERT_THAT(store_->Close(), IsOk());
    store_.reset();
    Open();
  }

  void CompactAndReopen() {
    ASSERT_THAT(store_->Close(), IsOk());
    store_.reset();
    RawRows(path_).Compact();
    Open();
  }

  // What a killed process leaves is what its files hold now. The log has to be replayed, and every write that has
  // returned must be there, buffered or not.
  void CrashAndReopen() {
    const std::string survivor = folder_.path("store-" + std::to_string(++crashes_));
    while (!CopyAsOfNow(survivor)) std::filesystem::remove_all(survivor);
    store_.reset();
    std::filesystem::remove_all(path_);
    path_ = survivor;
    Open();
  }

  // False when the files changed meanwhile: no crash leaves some of them older than others. RocksDB may still be busy,
  // deleting what it has no more use for.
  bool CopyAsOfNow(const std::string& copy) const {
    try {
      const auto before = Files();
      std::filesystem::copy(path_, copy, std::filesystem::copy_options::recursive);
      return Files() == before;
    } catch (const std::filesystem::filesystem_error&) {
      return false;  // a file that was listed has gone
    }
  }

  std::map<std::string, std::pair<std::uintmax_t, std::filesystem::file_time_type>> Files() const {
    std::map<std::string, std::pair<std::uintmax_t, std::filesystem::file_time_type>> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path_)) {
      if (entry.is_regular_file()) files[entry.path()] = {entry.file_size(), entry.last_write_time()};
    }
    return files;
  }

  TempFolder folder_;
  FakeClock clock_;
  Random random_;
  Model model_;
  std::string path_;
  int crashes_ = 0;
  std::unique_ptr<Store> store_;
};

}  // namespace tallystick::testing

#endif  // TALLYSTICK_TESTS_SUPPORT_MODELLED_STORE_H_
