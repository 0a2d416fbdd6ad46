// Who may use which account: the credentials of a store, as a server asks for them with each request.

#ifndef TALLYSTICK_TOOLS_CREDENTIALS_CREDENTIALS_H_
#define TALLYSTICK_TOOLS_CREDENTIALS_CREDENTIALS_H_

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "credentials/credential_file.h"
#include "tallystick/uuid.h"

namespace tallystick::tools {

// Thread-safe.
class Credentials {
 public:
  struct Surroundings {
    std::function<std::chrono::steady_clock::time_point()> clock = std::chrono::steady_clock::now;
    // Told when what the file holds can no longer be used, and of each other reason. Called during Find.
    std::function<void(const absl::Status& problem)> tell{};
  };

  // Reads the file in the store's folder, which need not be there yet. Errors are those of CredentialFile::Read.
  static absl::StatusOr<std::unique_ptr<Credentials>> Load(const std::string& store_folder);
  static absl::StatusOr<std::unique_ptr<Credentials>> Load(const std::string& store_folder, Surroundings surroundings);

  struct Known {
    Uuid account;
    std::string name;  // which credential it is: no secret, fit for a log
  };
  // `basic` is what stands behind `Basic ` in the header. Absent when no credential is shown by it, whatever it is.
  //
  // Sees a change of the file within kLookEvery. While the file cannot be used (it is damaged, or cannot be read),
  // nobody is known: it may be there to take somebody's right away. Costs a hash, and now and then a look at the file.
  std::optional<Known> Find(std::string_view basic) const;

  static constexpr std::chrono::milliseconds kLookEvery{250};

 private:
  struct Read;

  Credentials(std::string store_folder, Surroundings surroundings);
  std::shared_ptr<const Read> Newest() const;

  const std::string store_folder_;
  const Surroundings surroundings_;
  mutable std::mutex mutex_;
  mutable std::chrono::steady_clock::time_point looked_;  // guarded by mutex_
  mutable std::shared_ptr<const Read> read_;              // guarded by mutex_; null while the file cannot be used
  mutable std::string problem_;                           // guarded by mutex_; why that is so
};

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TOOLS_CREDENTIALS_CREDENTIALS_H_
