// The made-up events must stay what they are: figures of different versions are compared.

#include "bench/events.h"

#include <string>

#include "bench/workload.h"
#include "gtest/gtest.h"

namespace tallystick::bench {
namespace {

std::string TextOf(const UsageOptions& options) {
  UsageEvents usage(options);
  std::string text;
  for (Batch batch; usage.Next(7, &batch);) {
    for (const std::string_view document : batch.documents) text.append(document).push_back('\n');
  }
  return text;
}

// FNV-1a of 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/
std::uint64_t Hash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

TEST(UsageEvents, AreTheSameOnEveryMachine) {
  EXPECT_EQ(TextOf({.events = 1, .corrections_per_mille = 0}),
            R"({"customerEventId":"01a0f4c2-c400-7437-9b34-615396fb4170","customerAlias":"customer-0002",)"
            R"("eventType":"file-stored","eventTimestamp":"2026-10-01T00:00:07.596Z","eventProperties":)"
            R"({"user":"user-22216","region":"ap-south","channel":"web","amount":95.65,"bytes":43868,"status":200}})"
            "\n");
  EXPECT_EQ(Hash(TextOf({.events = 1000, .corrections_per_mille = 100, .ids = IdForm::kRandom})), 7762764587641500734U);
  EXPECT_EQ(Hash(TextOf({.events = 1000, .ids = IdForm::kSequential, .order = TimeOrder::kRandom})),
            6473878791928702308U);
}

TEST(UsageEvents, AreAsLongAsTheTargetsSay) {
  constexpr std::uint64_t kEvents = 10'000;
  const std::string text = TextOf({.events = kEvents, .corrections_per_mille = 0, .ids = IdForm::kRandom});
  EXPECT_NEAR(static_cast<double>(text.size()) / kEvents, 280, 10);
}

// A store that keeps the last event of each id has what the answers say.
TEST(UsageEvents, AnswersAreThoseOfTheLastVersions) {
  UsageEvents usage({.events = 5000, .corrections_per_mille = 300});
  absl::flat_hash_map<std::string, std::int64_t> amounts;
  std::uint64_t sent = 0;
  for (Batch batch; usage.Next(64, &batch);) {
    for (const std::string_view document : batch.documents) {
      amounts[std::string(IdOf(document))] = AmountOf(PropertiesOf(document));
      ++sent;
    }
  }
  Holdings last{.events = amounts.size()};
  for (const auto& [id, amount] : amounts) last.hundredths += amount;
  EXPECT_EQ(HoldingsOf(usage.answers()), last);
  EXPECT_EQ(usage.answers().created() + usage.answers().superseded(), sent);
  EXPECT_EQ(usage.answers().created(), 5000U);
}

TEST(Workload, WritersTogetherSendEachEventOnce) {
  const UsageOptions options{.events = 1001, .corrections_per_mille = CorrectionsPerMille(50)};
  const std::vector<Work> works = Divide(3, 10, options);
  absl::flat_hash_map<std::string, std::size_t> writer_of;
  std::uint64_t sent = 0;
  for (std::size_t writer = 0; writer < works.size(); ++writer) {
    for (const Batch& batch : works[writer].batches) {
      for (const std::string_view document : batch.documents) {
        ++sent;
        EXPECT_EQ(writer_of.try_emplace(std::string(IdOf(document)), writer).first->second, writer);
      }
    }
  }
  EXPECT_EQ(writer_of.size(), 1001U);
  EXPECT_EQ(SumOf(works).holdings.events, 1001U);
  EXPECT_EQ(SumOf(works).sent, sent);
  EXPECT_NEAR(static_cast<double>(sent), 2002, 2);
}

}  // namespace
}  // namespace tallystick::bench
