#include "credentials/credentials.h"

#include <utility>

namespace tallystick::tools {

struct Credentials::Read {
  explicit Read(CredentialFile read) : file(std::move(read)) {
    for (const Credential& credential : file.credentials()) by_id.emplace(credential.id, &credential);
  }
  const CredentialFile file;
  std::map<std::string_view, const Credential*> by_id;
};

Credentials::Credentials(std::string store_folder, Surroundings surroundings)
    : store_folder_(std::move(store_folder)), surroundings_(std::move(surroundings)), looked_(surroundings_.clock()) {}

absl::StatusOr<std::unique_ptr<Credentials>> Credentials::Load(const std::string& store_folder) {
  return Load(store_folder, Surroundings());
}

absl::StatusOr<std::unique_ptr<Credentials>> Credentials::Load(const std::string& store_folder,
                                                               Surroundings surroundings) {
  std::unique_ptr<Credentials> credentials(new Credentials(store_folder, std::move(surroundings)));
  absl::StatusOr<CredentialFile> file = CredentialFile::Read(store_folder);
  if (!file.ok()) return file.status();
  credentials->read_ = std::make_shared<const Read>(*std::move(file));
  return credentials;
}

// Whoever comes while the file is read waits for that: it takes a moment, and is as of now then.
std::shared_ptr<const Credentials::Read> Credentials::Newest() const {
  absl::Status problem;
  std::shared_ptr<const Read> newest;
  {
    const std::lock_guard lock(mutex_);
    const auto now = surroundings_.clock();
    if (now - looked_ < kLookEvery) return read_;
    looked_ = now;
    if (read_ != nullptr && !read_->file.IsOutdated()) return read_;
    absl::StatusOr<CredentialFile> file = CredentialFile::Read(store_folder_);
    if (file.ok()) {
      read_ = std::make_shared<const Read>(*std::move(file));
      problem_.clear();
    } else {
      read_ = nullptr;
      if (problem_ != file.status().message()) {
        problem = file.status();
        problem_ = std::string(problem.message());
      }
    }
    newest = read_;
  }
  if (!problem.ok() && surroundings_.tell) surroundings_.tell(problem);
  return newest;
}

std::optional<Credentials::Known> Credentials::Find(std::string_view basic) const {
  const std::optional<ShownCredential> shown = ShownCredential::Parse(basic);
  if (!shown.has_value()) return std::nullopt;
  const std::shared_ptr<const Read> read = Newest();
  if (read == nullptr) return std::nullopt;
  // That an id is known may show in the time that this takes: ids are no secrets.
  const auto found = read->by_id.find(shown->id());
  if (found == read->by_id.end() || !shown->Is(*found->second)) return std::nullopt;
  return Known{.account = found->second->account, .name = found->second->id};
}

}  // namespace tallystick::tools
