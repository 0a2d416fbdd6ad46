#include "tests/support/faulty_disk.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

namespace tallystick::testing {
namespace {

namespace fs = std::filesystem;

// What is written at once or not at all.
constexpr std::size_t kSector = 512;

// What the file at `path` holds from byte `start` on.
std::string ReadFile(const std::string& path, std::size_t start = 0) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return "";
  const auto end = static_cast<std::size_t>(file.tellg());
  std::string content(end - std::min(start, end), '\0');
  file.seekg(static_cast<std::streamoff>(end - content.size()));
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  return content;
}

// A file or folder below `root` that this process has open; empty when there is none.
std::string OpenBelow(const std::string& root) {
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code closed;  // meanwhile
    const std::string path = fs::read_symlink(entry.path(), closed).string();
    if (!closed && path.starts_with(root + "/")) return path;
  }
  return "";
}

bool TakesSpace(DiskCall kind) { return kind == DiskCall::kWrite || kind == DiskCall::kCreate; }

bool IsSync(const FileCall& call) { return call.name == "fsync" || call.name == "fdatasync"; }

}  // namespace

// A step from the entries that are on stable storage to those of now.
struct FaultyDisk::Change {
  std::string removed;  // empty: none
  std::string added;    // likewise
  std::shared_ptr<Node> node;

  void Apply(std::map<std::string, std::shared_ptr<Node>>* entries) const {
    if (!removed.empty()) entries->erase(removed);
    if (!added.empty()) (*entries)[added] = node;
  }
};

// A file or a folder.
struct FaultyDisk::Node {
  explicit Node(bool is_folder) : folder(is_folder) {}

  void Apply(Change change) {
    change.Apply(&entries);
    pending.push_back(std::move(change));
  }

  const bool folder;

  // Of a folder.
  std::map<std::string, std::shared_ptr<Node>> entries;  // now
  std::map<std::string, std::shared_ptr<Node>> synced_entries;
  std::vector<Change> pending;

  // Of a file.
  std::string synced;
  bool only_grows = true;  // since the last sync
  bool in_place = false;   // has been written at places, so that any write may be over something older
  bool sync_failed = false;
  std::optional<std::string> now;  // while survivors are saved: what the file holds, unless it is gone
};

std::shared_ptr<FaultyDisk::Node> FaultyDisk::Place::node() const {
  if (name.empty()) return folder;  // the root
  const auto entry = folder->entries.find(name);
  return entry == folder->entries.end() ? nullptr : entry->second;
}

FaultyDisk::FaultyDisk(const std::string& root, std::uint64_t seed)
    : root_(fs::canonical(root)), random_(seed), tree_(std::make_shared<Node>(true)) {
  const std::lock_guard lock(mutex_);
  for (const auto& entry : fs::recursive_directory_iterator(root_)) {
    const Place place = *Find(entry.path().string());
    const auto node = std::make_shared<Node>(entry.is_directory());
    if (!node->folder) node->synced = ReadFile(entry.path());
    place.folder->entries[place.name] = node;
    place.folder->synced_entries[place.name] = node;
  }
}

FaultyDisk::~FaultyDisk() = default;

// --- What is to go wrong ---

void FaultyDisk::CutPowerAt(std::uint64_t nth) {
  const std::lock_guard lock(mutex_);
  cut_at_ = calls_ + nth;
}

void FaultyDisk::CutPower() {
  const std::lock_guard lock(mutex_);
  off_ = failed_ = true;
}

void FaultyDisk::FailAt(DiskCall kind, std::uint64_t nth) {
  const std::lock_guard lock(mutex_);
  plan_ = {.kind = kind, .left = nth, .error = EIO};
}

void FaultyDisk::FillAt(DiskCall kind, std::uint64_t nth) {
  const std::lock_guard lock(mutex_);
  plan_ = {.kind = kind, .left = nth, .error = ENOSPC};
}

void FaultyDisk::Heal() {
  const std::lock_guard lock(mutex_);
  plan_ = {};
  cut_at_ = 0;
  full_ = false;
  failed_ = off_;
}

void FaultyDisk::TellFree(std::optional<std::uint64_t> bytes) {
  const std::lock_guard lock(mutex_);
  told_free_ = bytes;
}

void FaultyDisk::LieAboutSyncs() {
  const std::lock_guard lock(mutex_);
  lies_ = true;
}

std::uint64_t FaultyDisk::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

bool FaultyDisk::power_is_off() const {
  const std::lock_guard lock(mutex_);
  return off_;
}

bool FaultyDisk::has_failed() const {
  const std::lock_guard lock(mutex_);
  return failed_;
}

std::optional<std::uint64_t> FaultyDisk::FreeBytes(const std::string& path) {
  const std::lock_guard lock(mutex_);
  return path == root_ || path.starts_with(root_ + "/") ? told_free_ : std::nullopt;
}

bool FaultyDisk::is_full() const {
  const std::lock_guard lock(mutex_);
  return full_;
}

// --- Calls ---

std::optional<FaultyDisk::Place> FaultyDisk::Find(std::string_view path) const {
  while (path.ends_with('/')) path.remove_suffix(1);  // a folder may be named so
  if (path == root_) return Place{.folder = tree_, .name = ""};
  if (!path.starts_with(root_ + "/")) return std::nullopt;
  path.remove_prefix(root_.size() + 1);
  Place place{.folder = tree_, .name = ""};
  for (;;) {
    const std::size_t end = std::min(path.find('/'), path.size());
    place.name = path.substr(0, end);
    if (end == path.size()) return place;
    path.remove_prefix(end + 1);
    std::shared_ptr<Node> next = place.node();
    if (next == nullptr || !next->folder) return std::nullopt;
    place.folder = std::move(next);
  }
}

DiskCall FaultyDisk::KindOf(const FileCall& call, const Place& place) const {
  if (call.name == "write" || call.name == "pwrite") return DiskCall::kWrite;
  if (call.name == "open" || call.name == "mkdir" || call.name == "link") return DiskCall::kCreate;
  if (call.name == "rename") return DiskCall::kRename;
  if (!IsSync(call)) return DiskCall::kAny;
  const std::shared_ptr<Node> node = place.node();
  return node != nullptr && node->folder ? DiskCall::kSyncFolder : DiskCall::kSync;
}

bool FaultyDisk::IsDue(DiskCall kind) {
  const bool is_meant =
      plan_.kind == DiskCall::kAny || plan_.kind == kind || (plan_.kind == DiskCall::kTakeSpace && TakesSpace(kind));
  return plan_.left > 0 && is_meant && --plan_.left == 0;
}

CallFate FaultyDisk::Fail(const FileCall& call, DiskCall kind, const Place& place, int error) {
  failed_ = true;
  if (kind == DiskCall::kSync && place.node() != nullptr) place.node()->sync_failed = true;
  // Whoever wrote less than was asked for asks again, and then it fails.
  if (kind == DiskCall::kWrite && call.bytes > 1 && random_.OneIn(2)) {
    plan_ = {.kind = kind, .left = 1, .error = error};
    return {.bytes_max = 1 + random_.Below(call.bytes - 1)};
  }
  return CallFate::Fails(error);
}

CallFate FaultyDisk::Begins(const FileCall& call) {
  if (call.path != root_ && !call.path.starts_with(root_ + "/")) return {};  // this disk's own, perhaps: without lock
  const std::lock_guard lock(mutex_);
  if (!off_ && ++calls_ == cut_at_) off_ = failed_ = true;
  const std::optional<Place> place = Find(call.path);
  if (off_) {
    const bool is_write = place.has_value() && KindOf(call, *place) == DiskCall::kWrite;
    return is_write ? CallFate::Pretended(call.bytes) : CallFate::Fails(EIO);
  }
  if (!place.has_value()) return IsSync(call) ? CallFate::Pretended() : CallFate();  // of a file that is removed
  const DiskCall kind = KindOf(call, *place);
  if (IsDue(kind)) {
    full_ = plan_.error == ENOSPC;
    return Fail(call, kind, *place, plan_.error);
  }
  if (full_ && TakesSpace(kind)) return Fail(call, kind, *place, ENOSPC);
  if (!IsSync(call)) return {};
  if (place->node() != nullptr && !lies_) SyncNode(place->node().get(), call.path);
  return CallFate::Pretended();
}

void FaultyDisk::SyncNode(Node* node, const std::string& path) const {
  if (node->folder) {
    node->synced_entries = node->entries;
    node->pending.clear();
    return;
  }
  if (node->sync_failed) return;
  if (!node->only_grows) node->synced.clear();
  node->synced += ReadFile(path, node->synced.size());
  node->only_grows = !node->in_place;
}

void FaultyDisk::Succeeded(const FileCall& call) {
  if (!call.path.starts_with(root_ + "/")) return;
  const std::lock_guard lock(mutex_);
  if (off_) return;
  const std::optional<Place> place = Find(call.path);
  if (!place.has_value()) return;
  const std::shared_ptr<Node> node = place->node();
  const auto add = [&place](std::shared_ptr<Node> added) {
    place->folder->Apply({.removed = "", .added = place->name, .node = std::move(added)});
  };
  if (call.name == "mkdir") {
    add(std::make_shared<Node>(true));
  } else if (call.name == "open" || call.name == "write" || call.name == "pwrite" || call.name == "ftruncate") {
    if (node == nullptr) {
      add(std::make_shared<Node>(false));  // was made by a call that is not watched, unless by this one
    } else if (call.name != "write") {
      node->only_grows = false;
      node->in_place = node->in_place || call.name == "pwrite";
      // What a sync failed to write is not in the file any more.
      if (call.empties) node->sync_failed = false;
    }
  } else if (call.name == "unlink" || call.name == "unlinkat" || call.name == "remove" || call.name == "rmdir") {
    if (node != nullptr) place->folder->Apply({.removed = place->name, .added = "", .node = nullptr});
  } else if (const std::optional<Place> other = Find(call.other_path); other.has_value()) {
    if (call.name == "link" && other->node() != nullptr) add(other->node());
    if (call.name == "rename" && node != nullptr) {
      if (other->folder == place->folder) {
        place->folder->Apply({.removed = place->name, .added = other->name, .node = node});
      } else {
        other->folder->Apply({.removed = "", .added = other->name, .node = node});
        place->folder->Apply({.removed = place->name, .added = "", .node = nullptr});
      }
    }
  }
}

// --- After the cut ---

void FaultyDisk::SaveSurvivors(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (!off_) throw std::logic_error("the power is on");
  if (const std::string open = OpenBelow(root_); !open.empty()) throw std::logic_error(open + " is open");
  ReadNow(tree_.get(), root_);
  const std::array survivals = {Survival::kNothing, Survival::kEverything, Survival::kSome, Survival::kSome};
  survival_ = random_.PickFrom(survivals);
  SaveFolder(*tree_, path);
}

void FaultyDisk::ReadNow(Node* node, const std::string& path) const {
  if (!node->folder) node->now = ReadFile(path);
  for (const auto& [name, entry] : node->entries) ReadNow(entry.get(), path + "/" + name);
}

std::uint64_t FaultyDisk::HowMany(std::uint64_t of) {
  if (survival_ == Survival::kNothing) return 0;
  if (survival_ == Survival::kEverything) return of;
  return random_.Below(of + 1);
}

void FaultyDisk::SaveFolder(const Node& folder, const std::string& path) {
  fs::create_directory(path);
  std::map<std::string, std::shared_ptr<Node>> entries = folder.synced_entries;
  const std::uint64_t kept = HowMany(folder.pending.size());
  const bool in_order = !random_.OneIn(3);
  for (std::uint64_t i = 0; i < folder.pending.size(); ++i) {
    const bool takes_place = in_order || survival_ != Survival::kSome ? i < kept : random_.OneIn(2);
    if (takes_place) folder.pending[i].Apply(&entries);
  }
  for (const auto& [name, node] : entries) {
    if (node->folder) {
      SaveFolder(*node, path + "/" + name);
    } else {
      SaveFile(*node, path + "/" + name);
    }
  }
}

void FaultyDisk::SaveFile(const Node& file, const std::string& path) {
  std::string content = file.synced;
  if (file.now.has_value()) {
    const std::string& now = *file.now;
    MixSectors(now, std::min(now.size(), content.size()), &content);
    if (const std::size_t start = content.size(); now.size() > start) {
      content.append(now, start, HowMany(now.size() - start));
      if (survival_ == Survival::kSome && random_.OneIn(2)) SpoilSectors(start, content.size(), &content);
    } else if (now.size() < start && HowMany(1) == 1) {
      content.resize(now.size());
    }
  }
  std::ofstream(path, std::ios::binary) << content;
}

void FaultyDisk::MixSectors(const std::string& now, std::size_t size, std::string* content) {
  for (std::size_t start = 0; start < size; start += kSector) {
    const std::size_t end = std::min(start + kSector, size);
    std::size_t first = start;
    while (first < end && now[first] == (*content)[first]) ++first;
    if (first == end) continue;
    std::size_t last = end;
    while (now[last - 1] == (*content)[last - 1]) --last;
    if (HowMany(1) == 1) content->replace(first, last - first, now, first, last - first);
    if (survival_ == Survival::kSome && random_.OneIn(2)) SpoilSectors(first, last, content);
  }
}

void FaultyDisk::SpoilSectors(std::size_t start, std::size_t end, std::string* content) {
  const bool with_zeroes = random_.OneIn(2);
  while (start < end) {
    const std::size_t sector_end = std::min((start / kSector + 1) * kSector, end);
    if (random_.OneIn(4)) {
      for (std::size_t i = start; i < sector_end; ++i) {
        (*content)[i] = static_cast<char>(with_zeroes ? 0 : random_.Below(256));
      }
    }
    start = sector_end;
  }
}

}  // namespace tallystick::testing
