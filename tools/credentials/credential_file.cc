#include "credentials/credential_file.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "tallystick/event.h"

namespace tallystick::tools {
namespace {

constexpr char kName[] = "credentials";
constexpr char kMadeName[] = "credentials.new";
constexpr std::string_view kFirstLine = "tallystick credentials 1";

constexpr std::size_t kAccountBytes = 36;
constexpr std::size_t kHashBytes = 2 * sizeof(Credential::hash);

// ID ACCOUNT CREATED HASH
void AppendLine(const Credential& credential, std::string* text) {
  std::array<char, kHashBytes + 1> hash;
  sodium_bin2hex(hash.data(), hash.size(), credential.hash.data(), credential.hash.size());
  text->append(credential.id).append(" ").append(credential.account.ToString()).append(" ");
  text->append(FormatTimestamp(credential.created)).append(" ").append(hash.data()).append("\n");
}

std::optional<Credential> ParseLine(std::string_view line) {
  // What stands before and behind the time has a fixed size.
  constexpr std::size_t kAccountAt = Credential::kIdBytes + 1;
  constexpr std::size_t kTimeAt = kAccountAt + kAccountBytes + 1;
  if (line.size() < kTimeAt + 1 + kHashBytes) return std::nullopt;
  const std::size_t hash_at = line.size() - kHashBytes;
  if (line[kAccountAt - 1] != ' ' || line[kTimeAt - 1] != ' ' || line[hash_at - 1] != ' ') return std::nullopt;

  Credential credential;
  credential.id = line.substr(0, Credential::kIdBytes);
  const std::optional<Uuid> account = Uuid::Parse(line.substr(kAccountAt, kAccountBytes));
  const absl::StatusOr<absl::Time> created = ParseTimestamp(line.substr(kTimeAt, hash_at - 1 - kTimeAt));
  std::size_t hash_size = 0;
  const int hash_read = sodium_hex2bin(credential.hash.data(), credential.hash.size(), line.data() + hash_at,
                                       kHashBytes, nullptr, &hash_size, nullptr);
  if (!IsCredentialId(credential.id) || !account.has_value() || !created.ok() || hash_read != 0 ||
      hash_size != credential.hash.size()) {
    return std::nullopt;
  }
  credential.account = *account;
  credential.created = *created;
  return credential;
}

absl::StatusOr<std::vector<Credential>> ParseFile(const std::string& path, std::string_view text) {
  std::vector<Credential> credentials;
  std::set<std::string> ids;
  std::size_t number = 0;
  const auto damaged = [&](const std::string& problem) {
    return absl::DataLossError(path + ":" + std::to_string(number) + ": " + problem);
  };
  while (!text.empty() || number == 0) {
    ++number;
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return damaged("the line does not end");
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (number == 1) {
      if (line != kFirstLine) return damaged("is not '" + std::string(kFirstLine) + "'");
      continue;
    }
    std::optional<Credential> credential = ParseLine(line);
    if (!credential.has_value()) return damaged("is no credential");
    if (!ids.insert(credential->id).second) return damaged("the credential " + credential->id + " is there already");
    credentials.push_back(*std::move(credential));
  }
  return credentials;
}

absl::StatusOr<std::string> ReadAll(const Descriptor& file, const std::string& path) {
  std::string text;
  std::array<char, 16384> piece;
  ssize_t size = 0;
  while ((size = ::read(file.get(), piece.data(), piece.size())) > 0 || (size < 0 && errno == EINTR)) {
    if (size > 0) text.append(piece.data(), static_cast<std::size_t>(size));
  }
  if (size < 0) return LastFileError(path, "cannot read");
  return text;
}

absl::Status WriteAll(const Descriptor& file, const std::string& path, std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = ::write(file.get(), text.data(), text.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return LastFileError(path, "cannot write");
    text.remove_prefix(static_cast<std::size_t>(size));
  }
  return absl::OkStatus();
}

absl::StatusOr<Descriptor> OpenFolder(const std::string& path) {
  Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder) return folder;
  if (errno == ENOENT) return absl::NotFoundError(path + ": there is no store");
  return LastFileError(path, "cannot open");
}

absl::Status Replace(const Descriptor& folder, const std::string& store_folder, std::string_view text) {
  const std::string made = store_folder + "/" + kMadeName;
  ::unlinkat(folder.get(), kMadeName, 0);  // of a change that was cut short
  const Descriptor file(
      ::openat(folder.get(), kMadeName, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!file) return LastFileError(made, "cannot make");
  absl::Status written = [&]() -> absl::Status {
    // The umask may have taken a right away; and what root makes must be readable to whom the store belongs.
    struct stat owner {};
    if (::fstat(folder.get(), &owner) != 0 || ::fchmod(file.get(), S_IRUSR | S_IWUSR) != 0 ||
        (::geteuid() == 0 && ::fchown(file.get(), owner.st_uid, owner.st_gid) != 0)) {
      return LastFileError(made, "cannot give it to the folder's owner alone");
    }
    if (absl::Status status = WriteAll(file, made, text); !status.ok()) return status;
    if (::fsync(file.get()) != 0) return LastFileError(made, "cannot sync");
    if (::renameat(folder.get(), kMadeName, folder.get(), kName) != 0) return LastFileError(made, "cannot rename");
    return absl::OkStatus();
  }();
  if (!written.ok()) {
    ::unlinkat(folder.get(), kMadeName, 0);
    return written;
  }
  if (::fsync(folder.get()) != 0) return LastFileError(store_folder, "cannot sync");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<CredentialFile> CredentialFile::Read(const std::string& store_folder) {
  CredentialFile read(store_folder + "/" + kName);
  read.file_ = Descriptor(::open(read.path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!read.file_) {
    if (errno != ENOENT) return LastFileError(read.path_, "cannot open");
    if (absl::StatusOr<Descriptor> folder = OpenFolder(store_folder); !folder.ok()) return folder.status();
    return read;
  }
  // Before the text: what comes in between makes it outdated.
  if (::fstat(read.file_.get(), &read.state_) != 0) return LastFileError(read.path_, "cannot look");
  if (!S_ISREG(read.state_.st_mode)) return absl::FailedPreconditionError(read.path_ + ": is no file");
  if ((read.state_.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return absl::FailedPreconditionError(read.path_ + ": others than its owner may use it; 'chmod 600' it");
  }
  const absl::StatusOr<std::string> text = ReadAll(read.file_, read.path_);
  if (!text.ok()) return text.status();
  absl::StatusOr<std::vector<Credential>> credentials = ParseFile(read.path_, *text);
  if (!credentials.ok()) return credentials.status();
  read.credentials_ = *std::move(credentials);
  return read;
}

bool CredentialFile::IsOutdated() const {
  struct stat now {};
  if (::stat(path_.c_str(), &now) != 0) return file_ || errno != ENOENT;
  const auto same = [](const timespec& a, const timespec& b) { return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec; };
  // The times are for a file that somebody has edited in place.
  return !file_ || now.st_dev != state_.st_dev || now.st_ino != state_.st_ino || now.st_size != state_.st_size ||
         !same(now.st_mtim, state_.st_mtim) || !same(now.st_ctim, state_.st_ctim);
}

absl::Status ChangeCredentials(const std::string& store_folder,
                               const std::function<absl::Status(std::vector<Credential>*)>& change) {
  const absl::StatusOr<Descriptor> folder = OpenFolder(store_folder);
  if (!folder.ok()) return folder.status();
  // The folder itself is locked: the file is replaced, and `LOCK` is held by whoever has the store open.
  while (::flock(folder->get(), LOCK_EX) != 0) {
    if (errno != EINTR) return LastFileError(store_folder, "cannot lock");
  }
  const absl::StatusOr<CredentialFile> before = CredentialFile::Read(store_folder);
  if (!before.ok()) return before.status();
  std::vector<Credential> credentials = before->credentials();
  if (absl::Status changed = change(&credentials); !changed.ok()) return changed;
  std::string text = std::string(kFirstLine) + "\n";
  for (const Credential& credential : credentials) AppendLine(credential, &text);
  return Replace(*folder, store_folder, text);
}

}  // namespace tallystick::tools
