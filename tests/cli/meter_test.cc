#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "simdjson.h"
#include "tests/cli/fixture.h"

namespace tallystick::cli {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::PrintToString;
using ::testing::StartsWith;

using Arguments = std::vector<std::string>;

Arguments operator+(Arguments first, const Arguments& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

class MeterTest : public CliTest {
 protected:
  // A process that has the store open for writing, and goes on when it gets more input.
  std::unique_ptr<Process> OpenWriter() const {
    Surroundings here = Here();
    here.unfinished_input = true;
    return std::make_unique<Process>(ProgramPath(), Arguments{"import", "--batch", "1"}, "rubbish\n", here);
  }

  // A query of a declared meter says how it was answered; returns its rows.
  std::string RowsOf(const Arguments& arguments, const std::string& told) const {
    const Finished finished = Tallystick(Arguments{"query"} + arguments);
    EXPECT_EQ(finished.status, 0);
    EXPECT_THAT(finished.err, HasSubstr(told));
    return finished.out;
  }
};

TEST_F(MeterTest, IsDefinedListedAndDropped) {
  const Arguments define = {"meter", "define", "messages", "--type", "message-sent"};
  const Arguments sum = {"--aggregation", "SUM", "--property", "length", "--group-by", "region", "--group-by", "a\"b"};
  const std::string definition = R"("eventType":"message-sent","aggregation":"sum","property":"length",)"
                                 R"("groupBy":["region","a\"b"],"filter":{"a":["=b","c"],"channel":["sms"]})";
  EXPECT_EQ(DataOf({"meter", "define", "--type", "t\xc3\xa4\"", "--aggregation", "count", "all"}),
            "{\"name\":\"all\",\"outcome\":\"created\",\"eventType\":\"t\xc3\xa4\\\"\",\"aggregation\":\"count\","
            "\"property\":null,\"groupBy\":[],\"filter\":{}}\n");
  EXPECT_EQ(DataOf(define + sum + Arguments{"--filter", "a==b", "--filter", "channel=sms", "--filter", "a=c"}),
            R"({"name":"messages","outcome":"created",)" + definition + "}\n");

  // The same again; the order in which a filter names its values does not matter.
  EXPECT_THAT(DataOf(define + sum + Arguments{"--filter", "a=c", "--filter", "a==b", "--filter", "channel=sms"}),
              StartsWith(R"({"name":"messages","outcome":"unchanged","eventType":"message-sent",)"));
  const std::string list = DataOf({"meter", "list"});
  EXPECT_EQ(list,
            "{\"name\":\"all\",\"eventType\":\"t\xc3\xa4\\\"\",\"aggregation\":\"count\",\"property\":null,"
            "\"groupBy\":[],\"filter\":{},\"complete\":true}\n"
            R"({"name":"messages",)" +
                definition + ",\"complete\":true}\n");
  simdjson::dom::parser parser;
  for (const std::string& line : LinesOf(list)) EXPECT_EQ(parser.parse(line).error(), simdjson::SUCCESS) << line;

  const Finished other = Tallystick(define + Arguments{"--aggregation", "count"});
  EXPECT_EQ(other.status, 1);
  EXPECT_EQ(other.out, "");
  EXPECT_EQ(other.err, "tallystick: another meter has the name 'messages'\n");
  EXPECT_EQ(DataOf({"meter", "list"}), list);
  EXPECT_EQ(DataOf({"meter", "list", "--account", AccountOf(1)}), "");

  EXPECT_EQ(DataOf({"meter", "drop", "messages"}), "{\"name\":\"messages\",\"outcome\":\"dropped\"}\n");
  EXPECT_EQ(LinesOf(DataOf({"meter", "list"})).size(), 1U);
  for (const Arguments& arguments : {Arguments{"meter", "drop", "messages"}, {"query", "--meter", "messages"}}) {
    const Finished absent = Tallystick(arguments);
    EXPECT_EQ(absent.status, 1);
    EXPECT_EQ(absent.out, "");
    EXPECT_EQ(absent.err, "tallystick: there is no meter 'messages'\n");
  }
  EXPECT_THAT(DataOf(define + Arguments{"--aggregation", "count"}), HasSubstr(R"("outcome":"created")"));
}

// What is no name of a command stands for itself.
TEST_F(MeterTest, MayHaveTheNameOfACommand) {
  for (const std::string name : {"list", "import", "-", "--", "..."}) {
    DataOf({"meter", "define", "--type", "t", "--aggregation", "count", "--", name});
    EXPECT_THAT(DataOf({"meter", "list"}), HasSubstr("{\"name\":\"" + name + "\","));
    RowsOf({"--meter=" + name}, "answered from rollups; 0 events read");
    DataOf({"meter", "drop", "--", name});
  }
}

TEST_F(MeterTest, DroppingNeverMakesAStore) {
  EXPECT_EQ(Tallystick({"meter", "drop", "messages"}).status, 1);
  EXPECT_FALSE(std::filesystem::exists(Path("store")));
  std::filesystem::create_directory(Path("store"));
  const Finished finished = Tallystick({"meter", "drop", "messages"});
  EXPECT_EQ(finished.status, 1);
  EXPECT_EQ(finished.err, "tallystick: " + Path("store") + ": there is no store\n");
  EXPECT_TRUE(std::filesystem::is_empty(Path("store")));
}

class DeclaredQueryTest : public MeterTest {
 protected:
  void ImportDays() const {
    Import(Line({.id = "a", .time = "2026-10-01T00:00:00Z", .properties = R"({"v":0.1,"g":"x","h":1})"}) + "\n" +
           Line({.id = "b", .time = "2026-10-01T10:20:00Z", .properties = R"({"v":"0.2","g":"y","h":1})"}) + "\n" +
           Line({.id = "c", .customer = "globex", .time = "2026-10-01T10:20:01Z", .properties = R"({"v":5})"}) + "\n" +
           Line({.id = "d", .customer = "globex", .time = "2026-10-02T18:15:00Z", .properties = R"({"g":"x"})"}) +
           "\n" + Line({.id = "e", .time = "2026-11-02T18:14:59Z", .properties = R"({"v":-7,"g":"x","h":2})"}) + "\n" +
           Line({.id = "f", .type = "other", .properties = R"({"v":9,"g":"x","h":1})"}) + "\n");
  }

  static Arguments MeterOf(const std::string& aggregation) {
    Arguments meter = {"--type", "message-sent", "--aggregation", aggregation};
    return aggregation == "count" ? meter : meter + Arguments{"--property", "v"};
  }
  void Define(const std::string& aggregation) const {
    DataOf(Arguments{"meter", "define", aggregation, "--group-by", "g", "--group-by", "h"} + MeterOf(aggregation));
  }

  static inline const Arguments kAggregations = {"count", "sum", "min", "max", "avg", "unique_count", "latest"};
};

TEST_F(DeclaredQueryTest, PrintsWhatTheSameMeterOverTheEventsPrints) {
  // Some are declared before the events come, and some after.
  for (std::size_t i = 0; i < 4; ++i) Define(kAggregations[i]);
  ImportDays();
  for (std::size_t i = 4; i < kAggregations.size(); ++i) Define(kAggregations[i]);

  const std::pair<Arguments, Arguments> kGroups[] = {
      // Of the declared meter, and of the other.
      {{}, {"--group-by", "g", "--group-by", "h"}},
      {{"--group-by", "h"}, {"--group-by", "h"}},
      {{"--group-by", "h", "--group-by", "g"}, {"--group-by", "h", "--group-by", "g"}},
      {{"--total"}, {}},
  };
  const Arguments kRanges[] = {
      {},
      {"--window", "minute", "--from", "2026-10-01T10:20:00.5Z"},
      {"--window", "hour", "--customer", "acme"},
      {"--window", "day", "--timezone", "Asia/Kathmandu"},
      {"--window", "month", "--timezone", "Europe/Berlin", "--to", "2026-11-02T18:15:00Z"},
  };
  std::size_t turn = 0;
  for (const std::string& aggregation : kAggregations) {
    for (const Arguments& range : kRanges) {
      // All groupings are met with every aggregation, and with every range.
      const auto& [declared_groups, groups] = kGroups[turn++ % std::size(kGroups)];
      SCOPED_TRACE(aggregation + PrintToString(declared_groups) + PrintToString(range));
      const Finished events = Tallystick(Arguments{"query"} + MeterOf(aggregation) + groups + range);
      EXPECT_EQ(events.status, 0);
      EXPECT_NE(events.out, "");
      EXPECT_EQ(RowsOf(Arguments{"--meter", aggregation} + declared_groups + range, "answered from rollups; "),
                events.out);
    }
  }
}

TEST_F(DeclaredQueryTest, TellsHowItWasAnswered) {
  ImportDays();
  Define("sum");
  const Arguments query = {"query", "--meter", "sum", "--total"};
  const Finished whole = Tallystick(query);
  EXPECT_EQ(whole.out, R"({"from":null,"to":null,"group":{},"value":"-1.7","count":4})"
                       "\n");
  EXPECT_EQ(whole.err,
            "tallystick: 1 event was skipped, without a value to go by\n"
            "tallystick: answered from rollups; 0 events read\n");
  // What is less than a quarter of an hour is read.
  EXPECT_EQ(Tallystick(query + Arguments{"--to", "2026-10-01T10:20:01Z"}).err,
            "tallystick: answered from rollups; 1 event read\n");
  EXPECT_EQ(Tallystick(query + Arguments{"--to", "2026-10-01T10:20:02Z"}).err,
            "tallystick: answered from rollups; 2 events read\n");
  EXPECT_EQ(DataOf({"query", "--type", "message-sent", "--aggregation", "count", "--to", "2026-01-01T00:00:00Z"}), "");
}

TEST_F(DeclaredQueryTest, IsGroupedByItsOwnProperties) {
  Define("count");
  const Finished query = Tallystick({"query", "--meter", "count", "--group-by", "region"});
  EXPECT_EQ(query.status, 2);
  EXPECT_EQ(query.out, "");
  EXPECT_EQ(query.err, "tallystick: the meter is not grouped by 'region'\n");
}

TEST_F(DeclaredQueryTest, WorksBesideAWriter) {
  Define("sum");
  ImportDays();
  const auto writer = OpenWriter();
  ASSERT_TRUE(writer->WaitForErr("-:1: "));
  EXPECT_THAT(DataOf({"meter", "list"}), StartsWith(R"({"name":"sum",)"));
  const Arguments total = {"--meter", "sum", "--total"};
  EXPECT_THAT(RowsOf(total, "answered from rollups; "), HasSubstr(R"("value":"-1.7","count":4)"));

  const std::string held = "tallystick: " + Path("store") + ": the store is open for writing in process " +
                           std::to_string(writer->id()) + "\n";
  for (const Arguments& arguments :
       {Arguments{"meter", "define", "other"} + MeterOf("count"),
        Arguments{"meter", "define", "sum", "--group-by", "g", "--group-by", "h"} + MeterOf("sum"),
        Arguments{"meter", "drop", "sum"}}) {
    const Finished finished = Tallystick(arguments);
    EXPECT_EQ(finished.status, 1) << PrintToString(arguments);
    EXPECT_EQ(finished.out, "");
    EXPECT_EQ(finished.err, held);
  }

  // In the commit of the events: a correction, and one more.
  writer->Send(Line({.id = "e", .time = "2026-10-02T00:00:00Z", .properties = R"({"v":7,"g":"y"})"}) + "\n" +
               Line({.id = "g", .properties = R"({"v":100})"}) + "\nrubbish\n");
  ASSERT_TRUE(writer->WaitForErr("-:4: "));
  EXPECT_THAT(RowsOf(total, "answered from rollups; "), HasSubstr(R"("value":"112.3","count":5)"));
  writer->FinishInput();
  EXPECT_EQ(writer->Wait().status, 3);
}

class InterruptedDefineTest : public MeterTest {
 protected:
  static constexpr int kEvents = 160'000;

  void SetUp() override {
    std::string lines;
    for (int i = 0; i < kEvents; ++i) {
      const std::string day = std::to_string(10 + i % 20);
      const std::string minute = std::to_string(10 + i / 20 % 50);
      lines += Line({.id = std::to_string(i),
                     .customer = "c" + std::to_string(i % 7),
                     .time = "2026-10-" + day + "T08:" + minute + ":00Z",
                     .properties = "{\"v\":" + std::to_string(i) + ",\"g\":\"" + std::to_string(i % 3) + "\"}"});
      lines += "\n";
    }
    Import(lines);
  }

  static inline const Arguments kMeter = {"--type", "message-sent", "--aggregation", "sum", "--property", "v"};
  static inline const Arguments kGroups = {"--group-by", "g"};
  static inline const Arguments kRange = {"--window", "day", "--timezone", "Asia/Tokyo"};

  // The meter gives the events' answer, in the way that is told.
  void ExpectRightAnswers(const std::string& told) const {
    EXPECT_EQ(RowsOf(Arguments{"--meter", "m"} + kRange, told), DataOf(Arguments{"query"} + kMeter + kGroups + kRange));
    EXPECT_EQ(RowsOf(Arguments{"--meter", "m", "--customer", "c1"}, told),
              DataOf(Arguments{"query", "--customer", "c1"} + kMeter + kGroups));
  }
};

TEST_F(InterruptedDefineTest, IsFinishedByTheNextWriterAndAnswersAreRightMeanwhile) {
  const Arguments define = Arguments{"meter", "define", "m"} + kMeter + kGroups;
  {
    Surroundings here = Here();
    here.terminal_columns = 80;
    Process process(ProgramPath(), define, "", here);
    // A second bar: for a tenth of a second, events have been read.
    ASSERT_TRUE(process.WaitForErr("\x1b[K\r["));
    process.Kill();
    const Finished killed = process.Wait();
    EXPECT_EQ(killed.status, -9);
    EXPECT_EQ(killed.out, "");
    EXPECT_THAT(killed.err, ContainsRegex("^\r\\[[# ]{24}\\] [0-9]+ %  [0-9,]+ events  "));
  }
  const std::string complete = R"("complete":true})";
  const auto events_read = [this] {
    simdjson::dom::parser parser;
    simdjson::dom::object meter;
    EXPECT_EQ(parser.parse(DataOf({"meter", "list"})).get(meter), simdjson::SUCCESS);
    EXPECT_FALSE(bool{meter["complete"]});
    return std::uint64_t{meter["eventsRead"]};
  };
  const std::uint64_t read_before = events_read();
  EXPECT_GT(read_before, 0U);
  EXPECT_LT(read_before, std::uint64_t{kEvents});
  const std::string from_events = "the meter is not complete: answered from the events; ";
  ExpectRightAnswers(from_events);

  // Any writer goes on, with what it writes itself before and behind the place where the building stands.
  const auto writer = OpenWriter();
  writer->Send(Line({.id = "0", .customer = "c1", .time = "2026-10-30T08:00:00Z", .properties = R"({"v":0.5})"}) +
               "\n" + Line({.id = std::to_string(kEvents - 1), .customer = "c1", .properties = R"({"v":0.25})"}) +
               "\n" + Line({.id = "new", .customer = "c1", .properties = R"({"v":1e30,"g":"0"})"}) + "\nrubbish\n");
  ASSERT_TRUE(writer->WaitForErr("-:5: "));
  for (int asked = 0; DataOf({"meter", "list"}).find(complete) == std::string::npos; ++asked) {
    ASSERT_LT(asked, 10'000);
  }
  ExpectRightAnswers("answered from rollups; ");
  writer->FinishInput();
  EXPECT_EQ(writer->Wait().status, 3);

  ExpectRightAnswers("answered from rollups; ");
  EXPECT_THAT(DataOf(define), StartsWith(R"({"name":"m","outcome":"unchanged",)"));
}

}  // namespace
}  // namespace tallystick::cli
