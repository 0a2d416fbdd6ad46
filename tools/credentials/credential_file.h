// The file `credentials` in a store's folder (docs/FORMAT.md section 9): a line for each credential.
//
// It is replaced as a whole, never changed in place, so who reads it sees all of a change or nothing of it.

#ifndef TALLYSTICK_TOOLS_CREDENTIALS_CREDENTIAL_FILE_H_
#define TALLYSTICK_TOOLS_CREDENTIALS_CREDENTIAL_FILE_H_

#include <sys/stat.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "credentials/credential.h"
#include "files.h"

namespace tallystick::tools {

// The file as it was when it was read. Not thread-safe.
class CredentialFile {
 public:
  // An absent file holds no credentials.
  //
  //   NOT_FOUND            there is no such folder
  //   DATA_LOSS            a line is damaged; the message names the file and the line
  //   FAILED_PRECONDITION  others than its owner may read or change it
  //   PERMISSION_DENIED, UNKNOWN   it cannot be read
  static absl::StatusOr<CredentialFile> Read(const std::string& store_folder);

  const std::vector<Credential>& credentials() const { return credentials_; }

  // Whether there is another file now, or other text in it. Costs a look at it, and no reading.
  bool IsOutdated() const;

 private:
  explicit CredentialFile(std::string path) : path_(std::move(path)) {}

  std::string path_;
  Descriptor file_;  // stays open: no other file gets its inode meanwhile
  struct stat state_ {};
  std::vector<Credential> credentials_;
};

// Replaces what the file holds by what `change` makes of it, unless `change` fails. It is on stable storage then, and
// only its owner may read it: whoever owns the folder, where root changes it. Waits for another change that is under
// way. Errors are those of Read, and RESOURCE_EXHAUSTED when the disk is full; what the file holds stays as it was.
absl::Status ChangeCredentials(const std::string& store_folder,
                               const std::function<absl::Status(std::vector<Credential>*)>& change);

}  // namespace tallystick::tools

#endif  // TALLYSTICK_TOOLS_CREDENTIALS_CREDENTIAL_FILE_H_
