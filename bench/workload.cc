#include "bench/workload.h"

#include <stdexcept>
#include <utility>

namespace tallystick::bench {
namespace {

// The text between `begin` and the next `end`.
std::string_view Between(std::string_view text, std::string_view begin, std::string_view end) {
  const std::size_t start = text.find(begin);
  const std::size_t stop = start == text.npos ? text.npos : text.find(end, start + begin.size());
  if (stop == text.npos) throw std::runtime_error("not a made-up event: " + std::string(text));
  return text.substr(start + begin.size(), stop - start - begin.size());
}

}  // namespace

Holdings HoldingsOf(const Answers& answers) {
  Holdings holdings;
  for (std::size_t type = 0; type < kEventTypes.size(); ++type) {
    holdings.events += answers.total(type).events;
    holdings.hundredths += answers.total(type).hundredths;
  }
  return holdings;
}

std::int64_t AmountOf(std::string_view properties) {
  std::int64_t hundredths = 0;
  for (const char c : Between(properties, R"("amount":)", ",")) {
    if (c != '.') hundredths = hundredths * 10 + (c - '0');  // always two digits behind the point
  }
  return hundredths;
}

std::vector<Work> Divide(std::uint64_t writers, std::size_t batch_events, const UsageOptions& options) {
  std::vector<Work> works(writers);
  for (std::uint64_t i = 0; i < writers; ++i) {
    UsageOptions part = options;
    part.first = options.first + options.events * i / writers;
    part.events = options.first + options.events * (i + 1) / writers - part.first;
    UsageEvents usage(part);
    for (Batch batch; usage.Next(batch_events, &batch); batch = Batch()) {
      works[i].json_bytes += batch.text.size();
      works[i].batches.push_back(std::move(batch));
    }
    works[i].created = usage.answers().created();
    works[i].superseded = usage.answers().superseded();
    works[i].holdings = HoldingsOf(usage.answers());
  }
  return works;
}

Sum SumOf(const std::vector<Work>& works) {
  Sum sum;
  for (const Work& work : works) {
    sum.sent += work.created + work.superseded;
    sum.json_bytes += work.json_bytes;
    sum.holdings.events += work.holdings.events;
    sum.holdings.hundredths += work.holdings.hundredths;
  }
  return sum;
}

std::uint32_t CorrectionsPerMille(std::uint32_t superseding_percent) {
  // Of 100 events sent, p supersede and 100 - p are different ones, which are what the generator counts.
  return 1000 * superseding_percent / (100 - superseding_percent);
}

std::string_view IdOf(std::string_view document) { return Between(document, R"("customerEventId":")", "\""); }

std::string_view PropertiesOf(std::string_view document) {
  constexpr std::string_view kName = R"("eventProperties":)";
  const std::size_t start = document.find(kName);
  if (start == document.npos) throw std::runtime_error("not a made-up event: " + std::string(document));
  return document.substr(start + kName.size(), document.size() - start - kName.size() - 1);
}

}  // namespace tallystick::bench
