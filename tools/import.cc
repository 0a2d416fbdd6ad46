#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "command.h"
#include "line_reader.h"
#include "output.h"
#include "progress.h"
#include "rejects.h"
#include "tallystick/event.h"

namespace tallystick::tools {
namespace {

constexpr std::size_t kBatchBytesMax = 8 * 1024 * 1024;

// What a bulk write is handed at a time.
constexpr std::size_t kBulkLines = 10'000;

struct ImportOptions {
  Target target;
  std::optional<std::size_t> batch;  // absent: in bulk
  std::string on_error = "skip";
  std::string rejects;
  std::string file = "-";
};

struct Counts {
  std::uint64_t read = 0;
  std::uint64_t created = 0;
  std::uint64_t superseded = 0;
  std::uint64_t unchanged = 0;
  std::uint64_t rejected = 0;
  std::uint64_t without_id = 0;
};

class Import {
 public:
  explicit Import(const ImportOptions& options) : options_(options), stop_on_error_(options.on_error == "stop") {}
  Import(const Import&) = delete;
  Import& operator=(const Import&) = delete;
  ~Import() {
    if (file_ > STDIN_FILENO) ::close(file_);
  }

  int Run();

 private:
  absl::Status OpenInput();
  bool RejectsWouldReplaceInput() const;
  // Store all that the stream has, or what comes before the first rejected line. Each sets `*stopped` at such a line.
  absl::Status WriteInBulk(BatchStream* stream, bool* stopped);
  absl::Status WriteInBatches(BatchStream* stream, bool* stopped);
  // False when the import is to stop here.
  absl::StatusOr<bool> WriteBatch(const LineBatch& batch);
  absl::StatusOr<bool> Store(const LineBatch& batch, const std::vector<const LineBatch::Line*>& lines);
  void Count(const LineBatch& batch, const LineBatch::Line& line, const WriteResult& result);
  void Reject(const LineBatch& batch, const LineBatch::Line& line, const Rejection& rejection);
  void ShowProgress(std::uint64_t events, const LineBatch& batch);
  absl::Status PrintSummary(std::chrono::duration<double> elapsed) const;

  const ImportOptions& options_;
  const bool stop_on_error_;
  int file_ = -1;
  std::optional<std::uint64_t> file_bytes_;  // of a regular file
  std::unique_ptr<tallystick::Store> store_;
  Rejects rejects_;
  Progress progress_{"events"};
  Counts counts_;
};

absl::Status Import::OpenInput() {
  file_ = options_.file == "-" ? STDIN_FILENO : ::open(options_.file.c_str(), O_RDONLY | O_CLOEXEC);
  if (file_ < 0) {
    return absl::NotFoundError(options_.file + ": cannot open: " + std::generic_category().message(errno));
  }
  struct stat status {};
  if (::fstat(file_, &status) == 0 && S_ISREG(status.st_mode)) file_bytes_ = static_cast<std::uint64_t>(status.st_size);
  return absl::OkStatus();
}

bool Import::RejectsWouldReplaceInput() const {
  struct stat input {};
  struct stat rejects {};
  return !options_.rejects.empty() && ::fstat(file_, &input) == 0 && S_ISREG(input.st_mode) &&
         ::stat(options_.rejects.c_str(), &rejects) == 0 && input.st_dev == rejects.st_dev &&
         input.st_ino == rejects.st_ino;
}

int Import::Run() {
  const auto began = std::chrono::steady_clock::now();
  if (absl::Status status = OpenInput(); !status.ok()) return Fail(status);
  if (RejectsWouldReplaceInput()) {
    Tell(options_.rejects + ": is the file to import; the rejected lines would replace it");
    return kWrongUsage;
  }
  if (absl::Status status = rejects_.Open(options_.file, options_.rejects); !status.ok()) return Fail(status);
  absl::StatusOr<std::unique_ptr<tallystick::Store>> store = OpenToWrite(options_.target);
  if (!store.ok()) return Fail(store.status());
  store_ = *std::move(store);
  // Not before: where another import holds the store, the rejects file is that one's, or an earlier one's.
  if (absl::Status status = rejects_.Empty(); !status.ok()) return Fail(status);

  BatchStream stream(LineReader(file_, options_.batch.value_or(kBulkLines), kBatchBytesMax));
  bool stopped = false;
  const absl::Status written =
      options_.batch.has_value() ? WriteInBatches(&stream, &stopped) : WriteInBulk(&stream, &stopped);
  progress_.Clear();
  if (!written.ok()) return Fail(written);
  if (absl::Status status = store_->Sync(); !status.ok()) return Fail(status);
  if (absl::Status status = rejects_.Close(); !status.ok()) return Fail(status);
  if (counts_.without_id > 0) {
    Tell("warning: events without a customerEventId: " + std::to_string(counts_.without_id) +
         "; importing them again would store them again");
  }
  if (absl::Status status = PrintSummary(std::chrono::steady_clock::now() - began); !status.ok()) return Fail(status);
  if (!stopped && !stream.status().ok()) {
    Tell(options_.file + ": cannot read on: " + std::string(stream.status().message()));
    return kFailed;
  }
  if (stopped) return kFailed;
  return counts_.rejected > 0 ? kDoneWithRejections : kDone;
}

void Import::ShowProgress(std::uint64_t events, const LineBatch& batch) {
  std::optional<double> fraction;
  if (file_bytes_.has_value() && *file_bytes_ > 0) {
    fraction = static_cast<double>(batch.file_offset) / static_cast<double>(*file_bytes_);
  }
  progress_.Update(events, fraction);
}

absl::Status Import::WriteInBulk(BatchStream* stream, bool* stopped) {
  std::uint64_t handed = 0;
  const BulkSource source = [&]() -> absl::StatusOr<std::optional<BulkInput>> {
    std::unique_ptr<LineBatch> next = stream->Next();
    if (next == nullptr) return std::nullopt;
    const std::shared_ptr<const LineBatch> batch(
        next.release(), [stream](LineBatch* done) { stream->GiveBack(std::unique_ptr<LineBatch>(done)); });
    BulkInput input{.documents = {}, .owner = batch};
    input.documents.reserve(batch->lines.size());
    for (const LineBatch::Line& line : batch->lines) {
      input.documents.push_back({.text = batch->TextOf(line), .number = line.number, .cut = line.cut});
    }
    ShowProgress(handed += batch->lines.size(), *batch);
    return input;
  };
  BulkOptions bulk;
  bulk.on_rejected = [this](const BulkDocument& document, const Rejection& rejection) {
    progress_.Clear();
    rejects_.Add(document.number, rejection, document.text, document.cut);
    return !stop_on_error_;
  };
  const absl::StatusOr<BulkResult> result = store_->WriteBulk(options_.target.account, source, bulk);
  if (!result.ok()) return result.status();
  counts_ = {.read = result->read(),
             .created = result->created,
             .superseded = result->superseded,
             .unchanged = result->unchanged,
             .rejected = result->rejected,
             .without_id = result->identities_assigned};
  *stopped = result->stopped;
  return absl::OkStatus();
}

absl::Status Import::WriteInBatches(BatchStream* stream, bool* stopped) {
  while (const std::unique_ptr<LineBatch> batch = *stopped ? nullptr : stream->Next()) {
    const absl::StatusOr<bool> go_on = WriteBatch(*batch);
    if (!go_on.ok()) return go_on.status();
    *stopped = !*go_on;
    ShowProgress(counts_.read, *batch);
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> Import::WriteBatch(const LineBatch& batch) {
  // A line that was cut has no text to write; it stands among the others all the same, so it divides them.
  std::vector<const LineBatch::Line*> lines;
  lines.reserve(batch.lines.size());
  for (const LineBatch::Line& line : batch.lines) {
    if (!line.cut) {
      lines.push_back(&line);
      continue;
    }
    absl::StatusOr<bool> go_on = Store(batch, std::exchange(lines, {}));
    if (!go_on.ok() || !*go_on) return go_on;
    ++counts_.read;
    Reject(batch, line,
           {.reason = RejectReason::kTooLarge,
            .message = "is longer than " + std::to_string(kEventJsonBytesMax) + " bytes"});
    if (stop_on_error_) return false;
  }
  return Store(batch, lines);
}

absl::StatusOr<bool> Import::Store(const LineBatch& batch, const std::vector<const LineBatch::Line*>& lines) {
  std::vector<std::string_view> documents;
  documents.reserve(lines.size());
  for (const LineBatch::Line* line : lines) documents.push_back(batch.TextOf(*line));

  // What is buffered is synced once, at the end.
  WriteOptions write{.durability = Durability::kBuffered,
                     .mode = stop_on_error_ ? BatchMode::kAtomic : BatchMode::kPartial};
  absl::StatusOr<std::vector<WriteResult>> results = store_->WriteJson(options_.target.account, documents, write);
  if (!results.ok()) return results.status();

  // Stopping at an error: nothing of the batch was stored; what stands before the bad line is stored now.
  bool go_on = true;
  if (stop_on_error_) {
    for (std::size_t i = 0; i < results->size(); ++i) {
      if ((*results)[i].outcome != Outcome::kRejected) continue;
      const WriteResult rejected = std::move((*results)[i]);
      documents.resize(i);
      results = store_->WriteJson(options_.target.account, documents, write);
      if (!results.ok()) return results.status();
      results->push_back(rejected);
      go_on = false;
      break;
    }
  }
  for (std::size_t i = 0; i < results->size(); ++i) Count(batch, *lines[i], (*results)[i]);
  return go_on;
}

void Import::Count(const LineBatch& batch, const LineBatch::Line& line, const WriteResult& result) {
  ++counts_.read;
  if (result.identity_assigned) ++counts_.without_id;
  switch (result.outcome) {
    case Outcome::kCreated:
      ++counts_.created;
      break;
    case Outcome::kSuperseded:
      ++counts_.superseded;
      break;
    case Outcome::kUnchanged:
      ++counts_.unchanged;
      break;
    case Outcome::kRejected:
    case Outcome::kNotStored:
      Reject(batch, line, result.rejection.value_or(Rejection()));
      break;
  }
}

void Import::Reject(const LineBatch& batch, const LineBatch::Line& line, const Rejection& rejection) {
  ++counts_.rejected;
  progress_.Clear();
  rejects_.Add(line.number, rejection, batch.TextOf(line), line.cut);
}

absl::Status Import::PrintSummary(std::chrono::duration<double> elapsed) const {
  std::array<char, 256> summary;
  std::snprintf(summary.data(), summary.size(),
                R"({"read":%llu,"created":%llu,"superseded":%llu,"unchanged":%llu,"rejected":%llu,"seconds":%.3f})",
                static_cast<unsigned long long>(counts_.read), static_cast<unsigned long long>(counts_.created),
                static_cast<unsigned long long>(counts_.superseded), static_cast<unsigned long long>(counts_.unchanged),
                static_cast<unsigned long long>(counts_.rejected), elapsed.count());
  Output output;
  output.WriteLine(summary.data());
  return output.Flush();
}

}  // namespace

void AddImport(CLI::App* program, int* exit_status) {
  CLI::App* command = program->add_subcommand(
      "import", "Stores events from NDJSON, one event a line; a line that is not a valid event costs only itself");
  const auto options = std::make_shared<ImportOptions>();
  AddTarget(command, &options->target);
  AddReserve(command, &options->target);
  AddNumber(
      command, "--batch", 1, 100'000, [batch = &options->batch](std::uint64_t number) { *batch = number; },
      "Write so many events at a time, 1 to 100000, as a service would; without it they are loaded in bulk");
  command
      ->add_option("--on-error", options->on_error, "At a rejected line: 'skip' it, or 'stop' behind what came before")
      ->check(CLI::IsMember({"skip", "stop"}))
      ->capture_default_str();
  command->add_option("--rejects", options->rejects, "Write each rejected line to this file, as a JSON object a line");
  command->add_option("FILE", options->file, "The file to read; '-' is standard input")->capture_default_str();
  command->footer("Example: tallystick import --db usage.db --rejects bad.ndjson events.ndjson");
  command->callback([options, exit_status] { *exit_status = Import(*options).Run(); });
}

}  // namespace tallystick::tools
