#include "lib/storage/rocksdb_events.h"

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace tallystick::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(BackgroundErrorListenerTest, HandsErrorsOnAndRefusesRecovery) {
  std::vector<absl::Status> errors;
  BackgroundErrorListener listener({.background_error = [&errors](const auto& error) { errors.push_back(error); }});
  rocksdb::Status error = rocksdb::Status::NoSpace("flush");
  listener.OnBackgroundError(rocksdb::BackgroundErrorReason::kFlush, &error);
  EXPECT_THAT(errors, ElementsAre(testing::StatusIs(absl::StatusCode::kResourceExhausted, "flush")));
  EXPECT_TRUE(error.IsNoSpace()) << "the error must stay as it is";

  bool recover = true;
  listener.OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason::kFlush, error, &recover);
  EXPECT_FALSE(recover);
}

// It harms nothing, and RocksDB tries it again.
TEST(BackgroundErrorListenerTest, AMergeThatRunsOutOfSpaceIsNoError) {
  std::vector<absl::Status> errors;
  BackgroundErrorListener listener({.background_error = [&errors](const auto& error) { errors.push_back(error); }});
  rocksdb::Status error = rocksdb::Status::NoSpace("merge");
  listener.OnBackgroundError(rocksdb::BackgroundErrorReason::kCompaction, &error);
  EXPECT_TRUE(error.ok());
  EXPECT_THAT(errors, ::testing::IsEmpty());
  rocksdb::Status other = rocksdb::Status::IOError("merge");
  listener.OnBackgroundError(rocksdb::BackgroundErrorReason::kCompaction, &other);
  rocksdb::Status manifest = rocksdb::Status::NoSpace("manifest");
  listener.OnBackgroundError(rocksdb::BackgroundErrorReason::kManifestWrite, &manifest);
  EXPECT_EQ(errors.size(), 2U);
  EXPECT_FALSE(other.ok() || manifest.ok());
}

TEST(BackgroundErrorListenerTest, NobodyNeedListen) {
  BackgroundErrorListener listener{DatabaseEvents()};
  rocksdb::Status error = rocksdb::Status::IOError("flush");
  listener.OnBackgroundError(rocksdb::BackgroundErrorReason::kFlush, &error);
}

TEST(ForwardingLoggerTest, HandsWarningsAndErrorsOn) {
  std::vector<std::pair<Severity, std::string>> lines;
  ForwardingLogger logger(
      {.log = [&lines](Severity severity, std::string_view text) { lines.emplace_back(severity, std::string(text)); }});
  rocksdb::Log(rocksdb::InfoLogLevel::DEBUG_LEVEL, &logger, "debug");
  rocksdb::Log(rocksdb::InfoLogLevel::INFO_LEVEL, &logger, "info");
  rocksdb::Log(rocksdb::InfoLogLevel::HEADER_LEVEL, &logger, "header");
  rocksdb::Log(&logger, "without a level");
  rocksdb::Log(rocksdb::InfoLogLevel::WARN_LEVEL, &logger, "warning %d", 1);
  rocksdb::Log(rocksdb::InfoLogLevel::ERROR_LEVEL, &logger, "error %s", "two");
  rocksdb::Log(rocksdb::InfoLogLevel::FATAL_LEVEL, &logger, "fatal");
  EXPECT_THAT(lines, ElementsAre(Pair(Severity::kWarning, "warning 1"), Pair(Severity::kError, "error two"),
                                 Pair(Severity::kError, "fatal")));
}

TEST(ForwardingLoggerTest, CutsALongLine) {
  std::string line;
  ForwardingLogger logger({.log = [&line](Severity, std::string_view text) { line = text; }});
  rocksdb::Error(&logger, "%s", std::string(5000, 'x').c_str());
  EXPECT_EQ(line, std::string(1023, 'x'));
}

}  // namespace
}  // namespace tallystick::storage
