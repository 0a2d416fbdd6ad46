// What a bulk write asks of its caller and answers: options, sources, rejections, failures.

#include "tallystick/bulk.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/bulk.h"
#include "tests/support/file_calls.h"
#include "tests/support/open_store.h"

namespace tallystick::testing {
namespace {

namespace fs = std::filesystem;
using absl::StatusCode;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using Texts = std::vector<std::string>;

constexpr std::size_t kChunkBytesMin = 64 * 1024;
constexpr std::size_t kChunkBytesMax = 1024 * 1024 * 1024;

// An event of about `bytes` bytes; those of one second are in the order of storing.
std::string Document(const std::string& id, std::size_t bytes = 0) {
  return R"({"customerEventId":")" + id +
         R"(","customerAlias":"acme","eventType":"t","eventTimestamp":"2025-10-10T00:00:00Z","eventProperties":{"text":")" +
         std::string(bytes, 'x') + R"("}})";
}

Texts Documents(int count, std::size_t bytes = 0) {
  Texts documents;
  for (int i = 0; i < count; ++i) documents.push_back(Document("event-" + std::to_string(100 + i), bytes));
  return documents;
}

class BulkTest : public StoreTest {
 protected:
  ~BulkTest() override { WatchFileCalls(nullptr); }

  absl::StatusOr<BulkResult> Load(const BulkSource& source, const BulkOptions& options = {}) {
    return store().WriteBulk(account_, source, options);
  }

  // The store is in order, and does what it is there for.
  void ExpectInOrder() {
    ASSERT_OK_AND_ASSIGN(const VerifyReport report, store().Verify());
    EXPECT_TRUE(report.ok()) << report.differences.front().problem;
    EXPECT_FALSE(fs::exists(loading_));
    clock_.Advance(absl::Seconds(1));
    EXPECT_EQ(Put(MakeEvent("in-order", absl::ToDoubleSeconds(clock_.Now() - At(0)))).outcome,
              ++puts_ == 1 ? Outcome::kCreated : Outcome::kSuperseded);
    EXPECT_THAT(Load(SourceOf({Document("loaded")})), IsOk());
  }

  const std::string loading_ = path_ + "/data.loading";

 private:
  int puts_ = 0;
};

// --- Options and sources ---

TEST_F(BulkTest, OptionsOutOfRangeAreNamedAndNothingIsAskedFor) {
  const std::vector<std::pair<BulkOptions, std::string>> cases = {
      {{.chunk_bytes = kChunkBytesMin - 1}, "BulkOptions::chunk_bytes"},
      {{.chunk_bytes = kChunkBytesMax + 1}, "BulkOptions::chunk_bytes"},
      {{.chunk_time = absl::ZeroDuration()}, "BulkOptions::chunk_time"},
      {{.chunk_time = -absl::Seconds(1)}, "BulkOptions::chunk_time"},
      {{.threads = 0}, "BulkOptions::threads"},
      {{.threads = 65}, "BulkOptions::threads"}};
  int calls = 0;
  const BulkSource source = [&calls]() -> absl::StatusOr<std::optional<BulkInput>> {
    ++calls;
    return std::nullopt;
  };
  for (const auto& [options, name] : cases) {
    EXPECT_THAT(Load(source, options), StatusIs(StatusCode::kInvalidArgument, name));
  }
  EXPECT_THAT(Load(nullptr), StatusIs(StatusCode::kInvalidArgument, "source"));
  EXPECT_EQ(calls, 0);
  for (const BulkOptions& options :
       {BulkOptions{.chunk_bytes = kChunkBytesMin}, BulkOptions{.chunk_bytes = kChunkBytesMax},
        BulkOptions{.chunk_time = absl::InfiniteDuration()}, BulkOptions{.chunk_time = absl::Nanoseconds(1)},
        BulkOptions{.threads = 64}}) {
    EXPECT_THAT(Load(SourceOf(Documents(3)), options), IsOk());
  }
  EXPECT_THAT(ScanIds(), SizeIs(3));
}

TEST_F(BulkTest, AReadOnlyAndAClosedStoreRefuseIt) {
  ASSERT_THAT(Load(SourceOf(Documents(3))), IsOk());
  ASSERT_OK_AND_ASSIGN(const auto reader, Store::Open(path_, {.read_only = true}));
  EXPECT_THAT(reader->WriteBulk(account_, SourceOf(Documents(3))), StatusIs(StatusCode::kFailedPrecondition));
  ASSERT_THAT(store().Close(), IsOk());
  EXPECT_THAT(Load(SourceOf(Documents(3))), StatusIs(StatusCode::kFailedPrecondition));
}

TEST_F(BulkTest, ASourceWithoutEventsWritesNothing) {
  const auto result = Load(SourceOf({}));
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->read(), 0u);
  int calls = 0;
  const BulkSource of_empty_inputs = [&calls]() -> absl::StatusOr<std::optional<BulkInput>> {
    if (++calls > 3) return std::nullopt;
    return BulkInput();
  };
  EXPECT_THAT(Load(of_empty_inputs, {.threads = 1}), IsOk());
  EXPECT_EQ(calls, 4);
  EXPECT_EQ(store().Verify()->last_sequence, 0u);
  EXPECT_FALSE(fs::exists(loading_));
}

TEST_F(BulkTest, AFailureOfTheSourceComesBackAndWhatCameBeforeIsStored) {
  for (const int threads : {1, 3}) {
    for (const int inputs : {0, 3}) {
      const std::string name = std::to_string(threads) + "-" + std::to_string(inputs);
      SCOPED_TRACE(name);
      std::atomic<int> calls = 0;
      std::atomic<int> beside = 0;
      const BulkSource source = [&,
                                 whole = SourceOf(Documents(100), 10)]() -> absl::StatusOr<std::optional<BulkInput>> {
        EXPECT_EQ(++beside, 1) << "one thread at a time";
        absl::StatusOr<std::optional<BulkInput>> input = whole();
        if (++calls == inputs + 1) input = absl::DataLossError("the tape is torn");
        --beside;
        return input;
      };
      Uuid account = Account(static_cast<std::uint8_t>(10 * threads + inputs));
      EXPECT_THAT(store().WriteBulk(account, source, {.threads = threads}),
                  StatusIs(StatusCode::kDataLoss, "the tape is torn"));
      EXPECT_EQ(calls, inputs + 1) << "it is not asked again";
      EXPECT_THAT(Ids(store().Scan({.account = account})), IsOkAndHolds(SizeIs(static_cast<std::size_t>(10 * inputs))));
    }
  }
  ExpectInOrder();
}

TEST_F(BulkTest, AnInputIsLetGoOnceItIsRead) {
  std::weak_ptr<const void> last;
  int inputs = 0;
  const BulkSource source = [&, whole = SourceOf(Documents(50), 10)]() {
    EXPECT_TRUE(last.expired()) << "by the one thread that reads";
    auto input = whole();
    if (input->has_value()) last = (*input)->owner;
    ++inputs;
    return input;
  };
  ASSERT_THAT(Load(source, {.threads = 1}), IsOk());
  EXPECT_EQ(inputs, 6);
  EXPECT_TRUE(last.expired());
}

// A part's offsets are of 32 bits.
TEST_F(BulkTest, AnInputOfTooMuchTextIsRefused) {
  const auto text = std::make_shared<std::string>(Document("a", (1 << 20) - 100));
  const BulkSource source = [&, calls = 0]() mutable -> absl::StatusOr<std::optional<BulkInput>> {
    if (++calls == 1) return BulkInput{.documents = {{.text = *text}}, .owner = text};
    return BulkInput{.documents = std::vector<BulkDocument>(1030, {.text = *text}), .owner = text};
  };
  EXPECT_THAT(Load(source, {.chunk_time = absl::Nanoseconds(1), .threads = 1}),
              StatusIs(StatusCode::kInvalidArgument, "1 GiB"));
  EXPECT_THAT(ScanIds(), ElementsAre("a")) << "the chunk before";
  ExpectInOrder();
}

// --- Chunks ---

TEST_F(BulkTest, AChunkEndsAfterItsTime) {
  for (const auto& [time, expected] : {std::pair(absl::Nanoseconds(1), 5), std::pair(absl::InfiniteDuration(), 1)}) {
    std::vector<std::uint64_t> read;
    BulkOptions options{.chunk_time = time, .threads = 1};
    options.on_stored = [&read](const BulkResult& so_far) { read.push_back(so_far.read()); };
    ASSERT_THAT(Load(SourceOf(Documents(50), 10), options), IsOk());
    EXPECT_THAT(read, SizeIs(static_cast<std::size_t>(expected)));
    EXPECT_EQ(read.back(), 50u);
  }
}

TEST_F(BulkTest, AChunkEndsAtItsSize) {
  std::vector<std::uint64_t> read;
  BulkOptions options{.chunk_bytes = kChunkBytesMin, .threads = 1};
  options.on_stored = [&read](const BulkResult& so_far) { read.push_back(so_far.created); };
  // Ten events of somewhat more than 10 KiB make up the first chunk, for the seventh passes the size.
  ASSERT_THAT(Load(SourceOf(Documents(20, 10 * 1024), 1), options), IsOk());
  EXPECT_THAT(read, ElementsAre(7, 14, 20));
  EXPECT_THAT(ScanIds(), SizeIs(20));
}

TEST_F(BulkTest, BothCallbacksAreCalledByTheCaller) {
  Texts documents = Documents(30);
  for (std::size_t i = 0; i < documents.size(); i += 3) documents[i] = "rubbish";
  int told = 0;
  int stored = 0;
  BulkOptions options{.chunk_time = absl::Nanoseconds(1), .threads = 4};
  options.on_rejected = [&, caller = std::this_thread::get_id()](const BulkDocument&, const Rejection&) {
    EXPECT_EQ(std::this_thread::get_id(), caller);
    ++told;
    // Not before it is told of.
    EXPECT_FALSE(store().Get(account_, "event-101").ok() && told == 1);
    return true;
  };
  options.on_stored = [&, caller = std::this_thread::get_id()](const BulkResult& so_far) {
    EXPECT_EQ(std::this_thread::get_id(), caller);
    // What it says is there, and what it does not say is not.
    EXPECT_EQ(so_far.created, ScanIds().size());
    EXPECT_LE(so_far.rejected, static_cast<std::uint64_t>(told));
    ++stored;
  };
  ASSERT_THAT(Load(SourceOf(documents, 3), options), IsOk());
  EXPECT_EQ(told, 10);
  EXPECT_GT(stored, 1);
}

// --- Rejected events ---

TEST_F(BulkTest, RejectedEventsAreToldInTheirOrderWithTheCallersNumbers) {
  const std::string whole = Document("cut");
  std::vector<std::string> expected;
  const auto source = [&, input = 0]() mutable -> absl::StatusOr<std::optional<BulkInput>> {
    if (++input > 40) return std::nullopt;
    const std::string number = std::to_string(input);
    const auto texts = std::make_shared<Texts>(
        Texts{Document("a-" + number), "rubbish " + number, Document("b-" + number), whole, ""});
    BulkInput bulk{.owner = texts};
    for (std::size_t i = 0; i < texts->size(); ++i) {
      // The number is the caller's own, in whatever order.
      bulk.documents.push_back(
          {.text = (*texts)[i], .number = static_cast<std::uint64_t>(1000 - 10 * input) + i, .cut = i == 3});
    }
    expected.push_back(std::to_string(1001 - 10 * input) + " rubbish " + number + ": invalid_json");
    expected.push_back(std::to_string(1003 - 10 * input) + " " + whole + ": too_large");
    expected.push_back(std::to_string(1004 - 10 * input) + " : invalid_json");
    return bulk;
  };
  Texts told;
  BulkOptions options{.chunk_bytes = kChunkBytesMin, .threads = 3};
  options.on_rejected = [&told](const BulkDocument& document, const Rejection& rejection) {
    EXPECT_EQ(document.cut, rejection.reason == RejectReason::kTooLarge);
    told.push_back(std::to_string(document.number) + " " + std::string(document.text) + ": " +
                   std::string(RejectReasonName(rejection.reason)));
    return true;
  };
  ASSERT_OK_AND_ASSIGN(const BulkResult result, Load(source, options));
  EXPECT_EQ(told, expected);
  EXPECT_EQ(result.created, 80u);
  EXPECT_EQ(result.rejected, 120u);
  EXPECT_FALSE(result.stopped);
  EXPECT_THAT(ScanIds(), SizeIs(80));
}

TEST_F(BulkTest, TextThatIsTooLongIsRejectedAndTheNextEventIsRead) {
  const Texts documents = {Document("a"), Document("b", kEventJsonBytesMax), Document("c")};
  std::vector<std::string> reasons;
  BulkOptions options;
  options.on_rejected = [&](const BulkDocument& document, const Rejection& rejection) {
    EXPECT_EQ(document.text, documents[1]);
    reasons.emplace_back(RejectReasonName(rejection.reason));
    return true;
  };
  ASSERT_THAT(Load(SourceOf(documents), options), IsOk());
  EXPECT_THAT(reasons, ElementsAre("too_large"));
  EXPECT_THAT(ScanIds(), ElementsAre("a", "c"));
}

TEST_F(BulkTest, OnlyRejectedEventsWriteNothing) {
  Texts told;
  BulkOptions options{.chunk_time = absl::Nanoseconds(1)};
  options.on_rejected = [&told](const BulkDocument& document, const Rejection&) {
    told.emplace_back(document.text);
    return true;
  };
  ASSERT_OK_AND_ASSIGN(const BulkResult result, Load(SourceOf({"1", "2", "3"}, 1), options));
  EXPECT_EQ(result.rejected, 3u);
  EXPECT_EQ(result.read(), 3u);
  EXPECT_THAT(told, ElementsAre("1", "2", "3"));
  ASSERT_OK_AND_ASSIGN(const BulkResult silent, Load(SourceOf({"1", Document("a"), "3"})));
  EXPECT_EQ(silent.rejected, 2u);
  EXPECT_EQ(silent.created, 1u);
  EXPECT_EQ(store().Verify()->last_sequence, 1u);
}

TEST_F(BulkTest, StoppingKeepsWhatCameBeforeAndNothingElse) {
  // Where the rejected one stands, and how the chunks are cut.
  for (const std::size_t bad : {0u, 1u, 17u, 29u}) {
    for (const absl::Duration time : {absl::Nanoseconds(1), absl::InfiniteDuration()}) {
      for (const int threads : {1, 3}) {
        SCOPED_TRACE(std::to_string(bad) + " " + absl::FormatDuration(time) + " " + std::to_string(threads));
        const Uuid account = Account(static_cast<std::uint8_t>(2 + bad * 4 + static_cast<unsigned>(threads) +
                                                               (time == absl::InfiniteDuration() ? 1 : 0)));
        Texts documents = Documents(30);
        documents[bad] = "rubbish";
        documents.insert(documents.begin() + static_cast<std::ptrdiff_t>(bad) + 1, "more rubbish");
        Texts told;
        BulkOptions options{.chunk_time = time, .threads = threads};
        options.on_rejected = [&told](const BulkDocument& document, const Rejection&) {
          told.emplace_back(document.text);
          return false;
        };
        ASSERT_OK_AND_ASSIGN(const BulkResult result, store().WriteBulk(account, SourceOf(documents, 5), options));
        EXPECT_TRUE(result.stopped);
        EXPECT_EQ(result.created, bad);
        EXPECT_EQ(result.rejected, 1u);
        EXPECT_EQ(result.read(), bad + 1);
        EXPECT_THAT(told, ElementsAre("rubbish"));
        EXPECT_THAT(Ids(store().Scan({.account = account})), IsOkAndHolds(SizeIs(bad)));
      }
    }
  }
  ExpectInOrder();
}

// Whether the source had been asked for more by then is chance.
TEST_F(BulkTest, AFailureBehindTheStopIsNobodysBusiness) {
  for (const absl::Duration time : {absl::Nanoseconds(1), absl::InfiniteDuration()}) {
    const BulkSource source = [whole = SourceOf({Document("a"), "rubbish", Document("b")}),
                               calls = 0]() mutable -> absl::StatusOr<std::optional<BulkInput>> {
      if (++calls == 2) return absl::DataLossError("the tape is torn");
      return whole();
    };
    BulkOptions options{.chunk_time = time, .threads = 1};
    options.on_rejected = [](const BulkDocument&, const Rejection&) { return false; };
    ASSERT_OK_AND_ASSIGN(const BulkResult result, Load(source, options));
    EXPECT_TRUE(result.stopped);
    EXPECT_EQ(result.read(), 2u);
  }
}

TEST_F(BulkTest, TheFutureIsRejectedAsByBatches) {
  options_.future_limit = absl::Hours(1);
  clock_.Set(ParseTimestamp("2025-10-09T22:59:59Z").value());
  ASSERT_OK_AND_ASSIGN(const BulkResult early, Load(SourceOf({Document("a")})));
  EXPECT_EQ(early.rejected, 1u);
  clock_.Advance(absl::Seconds(1));
  ASSERT_OK_AND_ASSIGN(const BulkResult in_time, Load(SourceOf({Document("a")})));
  EXPECT_EQ(in_time.created, 1u);
}

TEST_F(BulkTest, AClockThatReadsNoTimeFailsIt) {
  store();
  const absl::Time before = clock_.Now();
  clock_.Set(absl::InfiniteFuture());
  EXPECT_THAT(Load(SourceOf({Document("a")})), StatusIs(StatusCode::kFailedPrecondition, "clock"));
  clock_.Set(before);
  ExpectInOrder();
}

TEST_F(BulkTest, EventsWithoutATimeGetThatOfTheirChunk) {
  ASSERT_THAT(Load(SourceOf({R"({"customerEventId":"a","customerAlias":"acme","eventType":"t"})"})), IsOk());
  EXPECT_EQ((*store().Get(account_, "a"))->event_timestamp, clock_.Now());
}

// --- Failures of the disk ---

// Refuses some of the calls.
class Refusing : public FileCallWatcher {
 public:
  explicit Refusing(std::function<bool(const FileCall&)> refuses) : refuses_(std::move(refuses)) {}
  CallFate Begins(const FileCall& call) override {
    if (!refuses_(call)) return {};
    ++refused_;
    return CallFate::Fails();
  }
  int refused() const { return refused_; }

 private:
  const std::function<bool(const FileCall&)> refuses_;
  std::atomic<int> refused_ = 0;
};

TEST_F(BulkTest, ATableFileThatCannotBeWrittenFailsItAndTheStoreGoesOn) {
  const Meter meter{.event_type = "t", .aggregation = Aggregation::kCount};
  ASSERT_THAT(store().DefineMeter(account_, "count", meter), IsOk());
  ASSERT_THAT(store().AwaitMeter(account_, "count"), IsOk());
  ASSERT_THAT(Load(SourceOf(Documents(50))), IsOk());
  for (const std::string name : {"open", "write", "sync"}) {
    SCOPED_TRACE(name);
    const auto refusing = std::make_shared<Refusing>([&](const FileCall& call) {
      return call.name.ends_with(name) && call.path.find("data.loading") != std::string::npos;
    });
    WatchFileCalls(refusing);
    const auto result = Load(SourceOf(Documents(200, 500)));
    WatchFileCalls(nullptr);
    EXPECT_GT(refusing->refused(), 0);
    EXPECT_THAT(result, StatusIs(StatusCode::kUnknown, "data.loading/"));
    EXPECT_EQ(ScanIds({.customer_aliases = {"acme"}}).size(), ScanIds().size());
    ExpectInOrder();
    const auto usage = store().Query({.account = account_, .declared = "count"});
    ASSERT_THAT(usage, IsOk());
    EXPECT_EQ(usage->rows.front().value, "51") << "fifty and one that was loaded";
  }
  ASSERT_OK_AND_ASSIGN(const BulkResult result, Load(SourceOf(Documents(200, 500))));
  EXPECT_EQ(result.superseded, 50u);
  EXPECT_EQ(result.created, 150u);
  EXPECT_EQ(store().Query({.account = account_, .declared = "count"})->rows.front().value, "201");
  ExpectInOrder();
}

TEST_F(BulkTest, AFolderForTableFilesThatCannotBeMadeIsNamed) {
  store();
  WatchFileCalls(std::make_shared<Refusing>(
      [this](const FileCall& call) { return call.name == "mkdir" && call.path == loading_; }));
  EXPECT_THAT(Load(SourceOf(Documents(3))), StatusIs(StatusCode::kUnknown, "data.loading: cannot make the folder"));
  WatchFileCalls(nullptr);
  ExpectInOrder();
}

TEST_F(BulkTest, AFolderThatSomethingElseTookThePlaceOfFailsIt) {
  const BulkSource source = [&, whole = SourceOf(Documents(50))]() {
    fs::remove_all(loading_);
    std::ofstream(loading_) << "something else";
    return whole();
  };
  EXPECT_THAT(Load(source, {.threads = 1}), StatusIs(StatusCode::kUnknown, "data.loading/"));
  EXPECT_THAT(ScanIds(), IsEmpty());
  ExpectInOrder();
}

// What became of it is not known: the store stops, as for any write.
TEST_F(BulkTest, AFailureToTakeInTableFilesStopsTheStoreUntilItIsOpenedAgain) {
  const auto refuse = [](const std::string& name) {
    WatchFileCalls(std::make_shared<Refusing>([name](const FileCall& call) {
      return call.name == name && (name == "link" || call.path.find("/MANIFEST-") != std::string::npos);
    }));
  };
  ASSERT_THAT(Load(SourceOf(Documents(10))), IsOk());
  for (const std::string name : {"write", "link", "fdatasync"}) {
    SCOPED_TRACE(name);
    const BulkSource source = [&, whole = SourceOf(Documents(200, 500), 200)] {
      refuse(name);
      return whole();
    };
    const absl::Status failed = Load(source).status();
    // A compaction that the load before began may write to the manifest first: then the flush reports it.
    EXPECT_THAT(failed, AnyOf(StatusIs(StatusCode::kUnknown, "cannot take in table files"),
                              StatusIs(StatusCode::kUnknown, "cannot flush")));
    WatchFileCalls(nullptr);
    EXPECT_THAT(store().Put(account_, MakeEvent("x", 1)), StatusIs(StatusCode::kFailedPrecondition));
    int calls = 0;
    const BulkSource counting = [&]() -> absl::StatusOr<std::optional<BulkInput>> {
      ++calls;
      return std::nullopt;
    };
    EXPECT_THAT(Load(counting), StatusIs(StatusCode::kFailedPrecondition));
    EXPECT_EQ(calls, 0) << "what cannot be stored is not asked for";
    Reopen();
    EXPECT_THAT(ScanIds({.event_types = {"t"}}).size(), ::testing::AnyOf(10u, 11u, 201u));
    ExpectInOrder();
  }
  ASSERT_THAT(Load(SourceOf(Documents(200, 500))), IsOk());
  EXPECT_EQ(ScanIds({.event_types = {"t"}}).size(), 201u);
}

// RocksDB deleted the files then, though the manifest names them if what was written reaches the disk after all: the
// store could not be opened any more.
TEST_F(BulkTest, TableFilesStayWhenTheManifestThatNamesThemCannotBeSynced) {
  ASSERT_THAT(Load(SourceOf(Documents(10))), IsOk());
  const auto refusing =
      std::make_shared<Refusing>([linked = std::make_shared<std::atomic<bool>>()](const FileCall& call) {
        if (call.name == "link") *linked = true;
        return *linked && call.name == "fdatasync" && call.path.find("/MANIFEST-") != std::string::npos;
      });
  WatchFileCalls(refusing);
  EXPECT_THAT(Load(SourceOf(Documents(200, 500), 200)), StatusIs(StatusCode::kUnknown, "cannot take in table files"));
  EXPECT_EQ(refusing->refused(), 1);
  WatchFileCalls(nullptr);
  Reopen();
  EXPECT_THAT(ScanIds(), SizeIs(200)) << "the outcome was not known; here, what was written is there";
  ExpectInOrder();
}

// From the third chunk on compactions wait, which is an option, and options stand in the manifest too.
TEST_F(BulkTest, AFailureToChangeAnOptionStopsTheStoreUntilItIsOpenedAgain) {
  int stored = 0;
  BulkOptions options{.chunk_time = absl::Nanoseconds(1), .threads = 1};  // each input is a chunk
  options.on_stored = [&stored](const BulkResult&) {
    if (++stored < 2) return;
    WatchFileCalls(std::make_shared<Refusing>([](const FileCall& call) {
      return call.name == "write" && call.path.find("/MANIFEST-") != std::string::npos;
    }));
  };
  EXPECT_THAT(Load(SourceOf(Documents(50), 10), options), StatusIs(StatusCode::kUnknown, "cannot change an option"));
  WatchFileCalls(nullptr);
  EXPECT_EQ(stored, 2);
  EXPECT_THAT(store().Put(account_, MakeEvent("x", 1)), StatusIs(StatusCode::kFailedPrecondition));
  Reopen();
  EXPECT_THAT(ScanIds(), SizeIs(20)) << "the chunks before stay";
  ASSERT_THAT(Load(SourceOf(Documents(50), 10)), IsOk());
  EXPECT_THAT(ScanIds(), SizeIs(50));
  ExpectInOrder();
}

// A source may give more only once it has heard that what it gave is stored.
TEST_F(BulkTest, AChunkThatTookItsTimeIsStoredBeforeTheSourceIsAskedAgain) {
  int stored = 0;
  BulkOptions options{.chunk_time = absl::Nanoseconds(1), .threads = 1};
  options.on_stored = [&stored](const BulkResult&) { ++stored; };
  int calls = 0;
  const BulkSource source = [&, inputs = SourceOf(Documents(4), 1)] {
    EXPECT_EQ(stored, calls++);
    return inputs();
  };
  ASSERT_THAT(Load(source, options), IsOk());
  EXPECT_EQ(stored, 4);
}

TEST_F(BulkTest, TheFutureBeginsWhenAnInputComes) {
  options_.future_limit = absl::Seconds(1);
  const absl::Time later = clock_.Now() + absl::Minutes(1);
  int calls = 0;
  std::string text;
  const BulkSource source = [&]() -> absl::StatusOr<std::optional<BulkInput>> {
    if (++calls > 1) return std::nullopt;
    clock_.Advance(absl::Minutes(1));  // the source had to wait for it
    text = R"({"customerEventId":"a","customerAlias":"acme","eventType":"t","eventTimestamp":")" +
           FormatTimestamp(later) + R"("})";
    return BulkInput{.documents = {{.text = text}}};
  };
  ASSERT_OK_AND_ASSIGN(const BulkResult result, Load(source));
  EXPECT_EQ(result.created, 1u);
}

// --- What is stored already ---

// A load for an account that has nothing yet reads nothing to find its events new: until others store some as well.
TEST_F(BulkTest, EventsThatOthersStoreMeanwhileAreSuperseded) {
  const Texts documents = Documents(60);
  const BulkSource inputs = SourceOf(documents, 10);
  int calls = 0;
  const BulkSource source = [&]() -> absl::StatusOr<std::optional<BulkInput>> {
    // Of the chunk that is being read, and of one that comes later.
    if (++calls == 3) {
      Put(MakeEvent("event-125", 1));
      Put(MakeEvent("event-155", 1));
    }
    return inputs();
  };
  ASSERT_OK_AND_ASSIGN(const BulkResult result, Load(source, {.chunk_time = absl::Nanoseconds(1), .threads = 1}));
  EXPECT_EQ(result.created, 58u);
  EXPECT_EQ(result.superseded, 2u);
  EXPECT_THAT(ScanIds(), SizeIs(60));
  ExpectInOrder();
}

TEST_F(BulkTest, AnAssignedIdCanBeNamedLaterInTheSameInput) {
  std::string assigned;
  BulkOptions options{.chunk_time = absl::Nanoseconds(1), .threads = 1};
  options.on_stored = [&](const BulkResult&) {
    if (assigned.empty()) assigned = ScanIds({.event_types = {"t"}}).at(0);
  };
  int calls = 0;
  std::string text;
  const BulkSource source = [&]() -> absl::StatusOr<std::optional<BulkInput>> {
    switch (++calls) {
      case 1:
        text = R"({"customerAlias":"acme","eventType":"t","eventTimestamp":"2025-10-10T00:00:00Z"})";
        break;
      case 2:
        text = Document("between");
        break;
      case 3:
        text = Document(assigned);
        break;
      default:
        return std::nullopt;
    }
    return BulkInput{.documents = {{.text = text}}};
  };
  ASSERT_OK_AND_ASSIGN(const BulkResult result, Load(source, options));
  EXPECT_EQ(result.identities_assigned, 1u);
  EXPECT_EQ(result.created, 2u);
  EXPECT_EQ(result.superseded, 1u);
  ExpectInOrder();
}

TEST_F(BulkTest, EachAccountHasItsOwnIds) {
  ASSERT_THAT(Load(SourceOf(Documents(30), 10), {.chunk_time = absl::Nanoseconds(1)}), IsOk());
  const Uuid other = testing::Account(77);
  for (const bool again : {false, true}) {
    ASSERT_OK_AND_ASSIGN(const BulkResult result,
                         store().WriteBulk(other, SourceOf(Documents(40), 10), {.chunk_time = absl::Nanoseconds(1)}));
    EXPECT_EQ(result.created, again ? 0u : 40u);
    EXPECT_EQ(result.unchanged, again ? 40u : 0u);
  }
  ExpectInOrder();
}

// --- Beside other things ---

TEST_F(BulkTest, LeftoversAreGoneAfterAnOpeningAndBeforeTheNextBulkWrite) {
  store();
  Close();
  const auto leave = [this] {
    fs::create_directories(loading_ + "/folder");
    std::ofstream(loading_ + "/0.sst") << "half a table";
  };
  leave();
  {
    ASSERT_OK_AND_ASSIGN(const auto reader, Store::Open(path_, {.read_only = true}));
    EXPECT_TRUE(fs::exists(loading_ + "/0.sst")) << "a reader writes nothing";
  }
  store();
  EXPECT_FALSE(fs::exists(loading_));
  leave();
  ASSERT_THAT(Load(SourceOf(Documents(3))), IsOk());
  EXPECT_FALSE(fs::exists(loading_));
  EXPECT_THAT(ScanIds(), SizeIs(3));
}

TEST_F(BulkTest, AReaderThatOpensMeanwhileAndAfterwardsSeesWholeChunks) {
  BulkOptions options{.chunk_time = absl::Nanoseconds(1), .threads = 1};
  options.on_stored = [&](const BulkResult& so_far) {
    const auto reader = Store::Open(path_, {.read_only = true});
    ASSERT_THAT(reader, IsOk());
    const auto report = (*reader)->Verify();
    ASSERT_THAT(report, IsOk());
    EXPECT_TRUE(report->ok());
    EXPECT_EQ(report->events, so_far.created);
  };
  ASSERT_THAT(Load(SourceOf(Documents(30), 10), options), IsOk());
  EXPECT_THAT(ScanIds(), SizeIs(30));
}

TEST_F(BulkTest, AnIteratorThatLivesOnSeesNothingOfIt) {
  for (int i = 0; i < 10; ++i) Put(MakeEvent("event-" + std::to_string(100 + i), i));
  EventIterator events = store().Scan({.account = account_});
  ChangeIterator changes = store().Changes();
  ASSERT_THAT(Load(SourceOf(Documents(200), 10)), IsOk());
  std::size_t count = 0;
  for (; events.Valid(); events.Next()) {
    EXPECT_EQ(events.event().customer_alias, "acme");
    EXPECT_EQ(events.event().event_type, "message-sent");
    ++count;
  }
  EXPECT_EQ(count, 10u);
  EXPECT_THAT(ReadAll(std::move(changes)), IsOkAndHolds(SizeIs(10)));
  EXPECT_EQ(ScanIds().size(), 200u);
}

TEST_F(BulkTest, ItsCallbacksMayUseTheStore) {
  BulkOptions options{.chunk_time = absl::Nanoseconds(1), .threads = 2};
  options.on_rejected = [this](const BulkDocument& document, const Rejection&) {
    Put(MakeEvent("rejected-" + std::to_string(document.number), 1));
    return true;
  };
  options.on_stored = [this](const BulkResult& so_far) {
    Put(MakeEvent("stored-" + std::to_string(so_far.read()), 2));
  };
  const BulkSource source = [this, whole = SourceOf({Document("a"), "rubbish", "rubbish", Document("b")}, 1)] {
    Put(MakeEvent("asked", 3));
    return whole();
  };
  ASSERT_THAT(Load(source, options), IsOk());
  EXPECT_THAT(store().Get(account_, "rejected-2"), IsOk());
  EXPECT_THAT(store().Get(account_, "stored-4"), IsOk());
  ExpectInOrder();
}

}  // namespace
}  // namespace tallystick::testing
