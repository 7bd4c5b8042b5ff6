#include "entry_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "format/lsn.h"
#include "history.h"

namespace tidemark::host {

namespace {

constexpr size_t kChunkBytes = size_t{1} << 20;
constexpr uint32_t kFileMode = 0644;
constexpr uint32_t kDirMode = 0755;

// splitmix64: every 64-bit state gives an independent-looking word, so streams need no warm-up.
uint64_t next_word(uint64_t& state) {
  uint64_t z = state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

uint64_t stream_start(const EntrySpec& spec, uint32_t file) {
  uint64_t state = spec.shape.seed ^ spec.history;
  for (uint64_t part : {spec.partition, spec.lsn, uint64_t{file}}) {
    state ^= part;
    state = next_word(state);
  }
  return state;
}

void fill(std::vector<char>& chunk, size_t size, uint64_t& state) {
  for (size_t i = 0; i < size; i += sizeof(uint64_t)) {
    const uint64_t word = next_word(state);
    std::memcpy(chunk.data() + i, &word, std::min(sizeof(word), size - i));
  }
}

Result<void> finish_file(int fd, const std::string& path, uint32_t mode, Durability durability) {
  if (::fchmod(fd, mode) != 0) return fail_errno(errno, "cannot set the mode of " + path);
  if (durability == Durability::kFsync && ::fsync(fd) != 0) return fail_errno(errno, "cannot fsync " + path);
  return {};
}

Result<UniqueFd> create(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd) return fail_errno(errno, "cannot create " + path);
  return fd;
}

Result<TreeMember> write_made_up(const std::string& path, const EntrySpec& spec, uint32_t file,
                                 Durability durability) {
  TM_ASSIGN(auto fd, create(path));
  TreeMember member{{}, 'f', kFileMode, spec.shape.file_size_bytes, {}};
  uint64_t state = stream_start(spec, file);
  std::vector<char> chunk(std::min<uint64_t>(kChunkBytes, member.size_bytes));
  Sha256 hash;
  for (uint64_t left = member.size_bytes; left > 0;) {
    const size_t size = std::min<uint64_t>(chunk.size(), left);
    fill(chunk, size, state);
    hash.add({chunk.data(), size});
    TM_TRY(write_all(fd.get(), {chunk.data(), size}, path));
    left -= size;
  }
  TM_ASSIGN(const auto content, hash.finish());
  member.content = content;
  TM_TRY(finish_file(fd.get(), path, member.mode, durability));
  return member;
}

Result<TreeMember> copy_origin(const std::string& path, const std::string& origin, Durability durability) {
  UniqueFd in(::open(origin.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!in && (errno == ELOOP || errno == ENOTDIR)) return fail_errno(ENOENT, "cannot open " + origin);
  if (!in) return fail_errno(errno, "cannot open " + origin);
  struct stat status {};
  if (::fstat(in.get(), &status) != 0) return fail_errno(errno, "cannot stat " + origin);
  // It was a regular file when it was listed; whatever has its name now is not that file.
  if (!S_ISREG(status.st_mode)) return fail_errno(ENOENT, origin + " is not a regular file any more");
  TM_ASSIGN(auto out, create(path));
  // The copy belongs to us: we must be able to read it even where group or others gave us the right before.
  TreeMember member{{}, 'f', (status.st_mode & 0777u) | 0400u, 0, {}};
  std::vector<char> chunk(std::clamp<size_t>(static_cast<size_t>(status.st_size), 4096, kChunkBytes));
  Sha256 hash;
  for (;;) {
    const ssize_t got = ::read(in.get(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, "cannot read " + origin);
    if (got == 0) break;
    const std::string_view data(chunk.data(), static_cast<size_t>(got));
    hash.add(data);
    TM_TRY(write_all(out.get(), data, path));
    member.size_bytes += data.size();
  }
  TM_ASSIGN(const auto content, hash.finish());
  member.content = content;
  TM_TRY(finish_file(out.get(), path, member.mode, durability));
  return member;
}

// The base name is kept, so that an archive shows what it holds.
std::string payload_name(const std::string& origin) {
  std::string name = origin.substr(origin.rfind('/') + 1);
  return name == kManifestName ? name + ".payload" : name;
}

std::string manifest_text(const EntrySpec& spec, const std::vector<TreeMember>& files) {
  std::string text = "tidemark-host-sim-manifest 1\nstorage " + spec.storage + "\npartition " +
                     std::to_string(spec.partition) + "\nlsn " + lsn_text(spec.lsn) + "\n";
  if (spec.history != 0) text += "history " + history_text(spec.history) + "\n";
  if (!spec.origin.empty()) text += "origin " + percent_encode(spec.origin) + "\n";
  for (const TreeMember& file : files) {
    text += "file " + std::to_string(file.size_bytes) + " " + digest_text(file.content) + " " +
            percent_encode(file.path) + "\n";
  }
  return text;
}

}  // namespace

Result<Digest> write_entry(const std::string& path, const EntrySpec& spec, Durability durability) {
  if (::mkdir(path.c_str(), 0700) != 0) return fail_errno(errno, "cannot create the directory " + path);
  std::vector<TreeMember> members;
  const uint32_t count = spec.origin.empty() ? spec.shape.files : 1;
  for (uint32_t i = 0; i < count; ++i) {
    const std::string name = spec.origin.empty() ? "payload-" + std::to_string(i) : payload_name(spec.origin);
    TM_ASSIGN(auto member, spec.origin.empty() ? write_made_up(path + "/" + name, spec, i, durability)
                                               : copy_origin(path + "/" + name, spec.origin, durability));
    member.path = name;
    members.push_back(std::move(member));
  }
  const std::string manifest = manifest_text(spec, members);
  TM_TRY(write_new_file(path + "/" + kManifestName, manifest, kFileMode, durability));
  TM_ASSIGN(const auto content, sha256(manifest));
  members.push_back({kManifestName, 'f', kFileMode, manifest.size(), content});
  members.push_back({"", 'd', kDirMode, 0, {}});
  if (::chmod(path.c_str(), kDirMode) != 0) return fail_errno(errno, "cannot set the mode of " + path);
  if (durability == Durability::kFsync) {
    TM_TRY(sync_dir(path));
  }
  return digest_members(std::move(members));
}

Result<std::string> manifest_origin(const std::string& manifest) {
  constexpr std::string_view kKey = "\norigin ";
  const size_t at = manifest.find(kKey);
  if (at == std::string::npos) return std::string();
  const size_t begin = at + kKey.size();
  return percent_decode(std::string_view(manifest).substr(begin, manifest.find('\n', begin) - begin));
}

}  // namespace tidemark::host
