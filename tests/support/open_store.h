// A store in a folder of its own, on a clock that the test sets, with the verbs that most tests need.

#ifndef TALLYSTICK_TESTS_SUPPORT_OPEN_STORE_H_
#define TALLYSTICK_TESTS_SUPPORT_OPEN_STORE_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tallystick/store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/stored.h"
#include "tests/support/temp_folder.h"

namespace tallystick::testing {

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() : path_(folder_.path("store")) {
    options_.clock = clock_.function();
    options_.durability = Durability::kBuffered;  // most tests are not about the disk
  }

  Store& store() {
    if (store_ == nullptr) Reopen();
    return *store_;
  }

  void Reopen() {
    store_.reset();
    absl::StatusOr<std::unique_ptr<Store>> opened = Store::Open(path_, options_);
    ASSERT_THAT(opened, IsOk());
    store_ = *std::move(opened);
  }

  void Close() {
    if (store_ != nullptr) {
      EXPECT_THAT(store_->Close(), IsOk());
    }
    store_.reset();
  }

  // An event at `second` of an arbitrary minute.
  static absl::Time At(double second) { return absl::FromUnixSeconds(1'760'000'400) + absl::Seconds(second); }
  static Event MakeEvent(std::string_view id, double second, std::string_view alias = "acme",
                         std::string_view type = "message-sent", std::string_view properties = "{}") {
    return {.customer_event_id = id,
            .customer_alias = alias,
            .event_type = type,
            .event_timestamp = At(second),
            .event_properties = properties};
  }

  WriteResult Put(const Event& event, const WriteOptions& options = {}) {
    absl::StatusOr<WriteResult> result = store().Put(account_, event, options);
    EXPECT_THAT(result, IsOk());
    return result.ok() ? *std::move(result) : WriteResult();
  }

  std::vector<std::string> ScanIds(ScanOptions options = {}) {
    options.account = account_;
    absl::StatusOr<std::vector<std::string>> ids = Ids(store().Scan(options));
    EXPECT_THAT(ids, IsOk());
    return ids.value_or(std::vector<std::string>());
  }

  const Uuid account_ = Account(1);
  TempFolder folder_;
  std::string path_;
  FakeClock clock_;
  Options options_;

 private:
  std::unique_ptr<Store> store_;
};

}  // namespace tallystick::testing

#endif  // TALLYSTICK_TESTS_SUPPORT_OPEN_STORE_H_
