// Commands beside a server: this process has the store open and its control socket, and the program finds it.

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "control/control_socket.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tallystick/store.h"
#include "task.h"
#include "tests/cli/fixture.h"
#include "tests/support/status_matchers.h"

namespace tallystick::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::PrintToString;
using Arguments = std::vector<std::string>;

constexpr char kAccount[] = "0184421e-a9cc-711b-af93-bf0511d4d833";

class ControlTest : public CliTest {
 protected:
  ControlTest() {
    Import(Line({.id = "a", .properties = R"({"length":1})"}) + "\n" + Line({.id = "b"}) + "\n");
    std::filesystem::copy(Path("store"), Path("alone"), std::filesystem::copy_options::recursive);
    absl::StatusOr<std::unique_ptr<Store>> opened = Store::Open(Path("store"));
    EXPECT_THAT(opened, testing::IsOk());
    store_ = *std::move(opened);
    Serve();
  }

  void Serve() {
    absl::StatusOr<std::unique_ptr<tools::ControlSocket>> control = tools::ControlSocket::Start(
        Path("store"),
        [this](const Arguments& words, tools::Console& console) { return tools::CarryOut(words, *store_, console); });
    EXPECT_THAT(control, testing::IsOk());
    control_ = *std::move(control);
  }

  // What a command does beside the server; with a copy of the store, alone, it must do the same.
  Finished BothWays(const Arguments& arguments, Surroundings here) const {
    Finished beside = RunProgram(arguments, "", here);
    here.environment["TALLYSTICK_DB"] = Path("alone");
    const Finished alone = RunProgram(arguments, "", here);
    EXPECT_EQ(beside.status, alone.status);
    EXPECT_EQ(beside.out, alone.out);
    EXPECT_EQ(beside.err, alone.err);
    return beside;
  }

  std::unique_ptr<Store> store_;
  std::unique_ptr<tools::ControlSocket> control_;
};

TEST_F(ControlTest, MetersAreTheSameByteForByte) {
  const std::vector<Arguments> kCases = {
      {"meter", "list"},
      {"meter",      "define", "m",          "--type",   "message-sent",   "--aggregation", "SUM",
       "--property", "length", "--group-by", "customer", "--group-by=a b", "--filter",      "k=v",
       "--filter",   "k=",     "--filter",   "-x=y=z",   "--filter",       "q=\xff"},
      {"meter", "define", "m", "--type", "message-sent", "--aggregation", "count"},  // another one
      {"meter", "define", "--type", "-t", "--aggregation", "count", "--", "-dashed"},
      {"meter", "define", "[x]", "--type", "t", "--aggregation", "count"},  // wrong usage
      {"meter", "define", "brackets", "--type", "[[t]]", "--aggregation", "count", "--group-by", "[[a,b]]"},
      {"meter", "define", "quotes", "--type", "\"t\"", "--aggregation", "max", "--property", "'p'"},
      {"meter", "define", "lines", "--type", "a\n\x1b", "--aggregation", "unique_count", "--property", " "},
      {"meter", "define", "other", "--type", "t", "--aggregation", "count", "--account", kAccount},
      {"meter", "define", "nothing", "--type", "t", "--aggregation", "sum"},  // wrong usage
      {"meter", "define", "deep", "--type", "t", "--aggregation", "sum", "--property", "a..b"},
      {"meter", "list"},
      {"meter", "list", "--account", kAccount},
      {"meter", "drop", "absent"},
      {"meter", "drop", "--", "-dashed"},
      {"meter", "list"},
  };
  for (const Arguments& arguments : kCases) {
    SCOPED_TRACE(PrintToString(arguments));
    BothWays(arguments, Here());
  }
  EXPECT_EQ(store_->Meters(Uuid())->size(), 5U) << "they are in the server's store";
  Surroundings full = Here();
  full.out_path = "/dev/full";
  EXPECT_EQ(BothWays({"meter", "list"}, full).status, 1);
}

// Neither the server's environment counts nor its folder, but the client's.
TEST_F(ControlTest, TheAccountIsTheClients) {
  const Arguments define = {"meter", "define", "m", "--type", "t", "--aggregation", "count"};
  ::setenv("TALLYSTICK_ACCOUNT", kAccount, 1);
  ::setenv("TALLYSTICK_DB", "elsewhere", 1);
  const Finished nil = Tallystick(define);
  ::setenv("TALLYSTICK_ACCOUNT", "rubbish", 1);
  Surroundings here = Here();
  here.environment["TALLYSTICK_ACCOUNT"] = kAccount;
  const Finished named = RunProgram({"meter", "define", "n", "--type", "t", "--aggregation", "count"}, "", here);
  ::unsetenv("TALLYSTICK_ACCOUNT");
  ::unsetenv("TALLYSTICK_DB");
  EXPECT_EQ(nil.status, 0) << nil.err;
  EXPECT_EQ(named.status, 0) << named.err;
  ASSERT_EQ(store_->Meters(Uuid())->size(), 1U);
  EXPECT_EQ(store_->Meters(Uuid())->front().name, "m");
  ASSERT_EQ(store_->Meters(*Uuid::Parse(kAccount))->size(), 1U);
  EXPECT_EQ(store_->Meters(*Uuid::Parse(kAccount))->front().name, "n");
}

TEST_F(ControlTest, ABackupIsMadeInTheClientsFolder) {
  EXPECT_THAT(store_->Put(Uuid(), {.customer_event_id = "c", .customer_alias = "acme", .event_type = "t"}),
              testing::IsOk());
  const std::string made = DataOf({"backup", "backups"});
  EXPECT_THAT(made, HasSubstr(R"({"id":1,)"));
  EXPECT_THAT(made, HasSubstr(R"("lastSequence":3,)"));
  EXPECT_EQ(DataOf({"backup", "./backups", "--keep", "1", "--verify"}).substr(0, 8), R"({"id":2,)");
  const std::string listed = DataOf({"backups", "backups"});
  EXPECT_EQ(LinesOf(listed).size(), 1U);
  EXPECT_EQ(Tallystick({"restore", "--db", Path("restored"), "backups"}).status, 0);
  EXPECT_EQ(LinesOf(RunProgram({"scan", "--db", Path("restored")}, "", Here()).out).size(), 3U);

  const Finished within = Tallystick({"backup", "store/backups"});
  EXPECT_EQ(within.status, 1);
  EXPECT_EQ(within.err, "tallystick: " + Path("store/backups") +
                            ": lies in the store's own folder, which it is to be a backup of\n");
  EXPECT_EQ(Tallystick({"backup", "absent/backups"}).status, 1);
  EXPECT_THAT(store_->Get(Uuid(), "a"), testing::IsOk()) << "the server goes on";
}

TEST_F(ControlTest, OtherCommandsFindTheLock) {
  const Finished finished = Tallystick({"import"}, Line({.id = "c"}));
  EXPECT_EQ(finished.status, 1);
  EXPECT_THAT(finished.err, HasSubstr("the store is open for writing in process "));
  EXPECT_EQ(LinesOf(DataOf({"scan"})).size(), 2U);
}

TEST_F(ControlTest, WithoutTheSocketTheyFindTheLock) {
  control_->Stop();
  for (const Arguments& arguments : {Arguments{"backup", "backups"}, Arguments{"meter", "drop", "m"},
                                     Arguments{"meter", "define", "m", "--type", "t", "--aggregation", "count"}}) {
    const Finished finished = Tallystick(arguments);
    EXPECT_EQ(finished.status, 1);
    EXPECT_THAT(finished.err, HasSubstr("the store is open for writing in process "));
  }
  EXPECT_EQ(DataOf({"meter", "list"}), "") << "it only reads";
  store_ = nullptr;
  EXPECT_THAT(DataOf({"backup", "backups"}), HasSubstr(R"({"id":1,)"));
}

// Words that no client of this version sends.
TEST_F(ControlTest, OnlyWhatIsMeantForItIsCarriedOut) {
  for (const Arguments& words :
       {Arguments{}, Arguments{"scan"}, Arguments{"--help"}, Arguments{"backup"}, Arguments{"backup", "--help"},
        Arguments{"meter"}, Arguments{"import", "file"}, Arguments{"credentials", "list"}}) {
    struct : tools::Console {
      absl::Status Print(const std::vector<std::string>&) override { return absl::InternalError("it prints"); }
      void Tell(const std::string& text) override { told = text; }
      bool ShowProgress(std::string_view, std::uint64_t, std::optional<double>) override { return true; }
      std::string told;
    } console;
    EXPECT_EQ(tools::CarryOut(words, *store_, console), 2);
    EXPECT_THAT(console.told, HasSubstr("does not understand"));
  }
}

}  // namespace
}  // namespace tallystick::cli
