#include "digest.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <climits>

#include "base/fd.h"
#include "fs.h"

namespace tidemark::host {

namespace {

Result<TreeMember> read_regular(const std::string& path, TreeMember member) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd) return fail_errno(errno, "cannot open " + path);
  Sha256 hash;
  std::vector<char> buffer(std::clamp<size_t>(member.size_bytes + 1, 4096, size_t{1} << 20));
  member.size_bytes = 0;
  for (;;) {
    const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, "cannot read " + path);
    if (got == 0) break;
    hash.add({buffer.data(), static_cast<size_t>(got)});
    member.size_bytes += static_cast<uint64_t>(got);
  }
  TM_ASSIGN(const auto content, hash.finish());
  member.content = content;
  return member;
}

Result<void> read_members(const std::string& root, const std::string& relative,
                          std::vector<TreeMember>& out) {
  const std::string path = relative.empty() ? root : root + "/" + relative;
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return fail_errno(errno, "cannot stat " + path);
  TreeMember member{relative, 'f', status.st_mode & 0777u, static_cast<uint64_t>(status.st_size), {}};
  if (S_ISREG(status.st_mode)) {
    TM_ASSIGN(auto read, read_regular(path, std::move(member)));
    out.push_back(std::move(read));
    return {};
  }
  if (S_ISLNK(status.st_mode)) {
    char target[PATH_MAX];
    const ssize_t size = ::readlink(path.c_str(), target, sizeof(target));
    if (size < 0) return fail_errno(errno, "cannot read the link " + path);
    const std::string_view text(target, static_cast<size_t>(size));
    TM_ASSIGN(const auto content, sha256(text));
    out.push_back({relative, 'l', 0, text.size(), content});
    return {};
  }
  if (!S_ISDIR(status.st_mode)) return fail(path + " is neither a file, a directory nor a symbolic link");
  member.type = 'd';
  member.size_bytes = 0;
  out.push_back(std::move(member));
  TM_ASSIGN(auto names, list_names(path));
  for (const std::string& name : names) {
    auto read = read_members(root, relative.empty() ? name : relative + "/" + name, out);
    if (!read) return read;
  }
  return {};
}

}  // namespace

std::string digest_text(const Digest& digest) {
  std::string text;
  text.reserve(digest.size() * 2);
  for (uint8_t byte : digest) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

Result<Digest> parse_digest(std::string_view text) {
  Digest digest{};
  if (text.size() != digest.size() * 2) return fail("a digest has 64 hexadecimal digits");
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    unsigned digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<unsigned>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      digit = static_cast<unsigned>(c - 'a') + 10;
    } else {
      return fail("a digest has 64 hexadecimal digits");
    }
    digest[i / 2] = static_cast<uint8_t>(digest[i / 2] << 4 | digit);
  }
  return digest;
}

Sha256::Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
  is_good_ = context_ != nullptr && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1;
}

void Sha256::add(std::string_view data) {
  is_good_ = is_good_ && EVP_DigestUpdate(context_.get(), data.data(), data.size()) == 1;
}

Result<Digest> Sha256::finish() {
  Digest digest{};
  unsigned size = 0;
  is_good_ =
      is_good_ && EVP_DigestFinal_ex(context_.get(), digest.data(), &size) == 1 && size == digest.size();
  if (!is_good_) return fail("libcrypto could not compute a SHA-256");
  return digest;
}

Result<Digest> sha256(std::string_view data) {
  Sha256 hash;
  hash.add(data);
  return hash.finish();
}

Result<Digest> digest_members(std::vector<TreeMember> members) {
  std::sort(members.begin(), members.end(),
            [](const TreeMember& a, const TreeMember& b) { return a.path < b.path; });
  std::string text;
  for (const TreeMember& member : members) {
    text += member.type;
    text += ' ' + std::to_string(member.mode) + ' ' + std::to_string(member.size_bytes) + ' ' +
            digest_text(member.content) + ' ';
    text.append(member.path).push_back('\0');  // the one byte no path holds: no two trees give the same text
  }
  return sha256(text);
}

Result<Digest> digest_tree(const std::string& path) {
  std::vector<TreeMember> members;
  TM_TRY(read_members(path, "", members));
  return digest_members(std::move(members));
}

}  // namespace tidemark::host
