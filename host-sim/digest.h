// Digests: of bytes, and of an entry as a tree on disk. Any thread.
#ifndef TIDEMARK_HOST_SIM_DIGEST_H
#define TIDEMARK_HOST_SIM_DIGEST_H

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

struct evp_md_ctx_st;

namespace tidemark::host {

using Digest = std::array<uint8_t, 32>;

std::string digest_text(const Digest& digest);  // 64 lower-case hex digits
Result<Digest> parse_digest(std::string_view text);

// Of one text. Each call of OpenSSL is checked: finish() reports any that failed.
class Sha256 {
 public:
  Sha256();
  void add(std::string_view data);
  Result<Digest> finish();  // once

 private:
  std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st*)> context_;
  bool is_good_ = false;
};

Result<Digest> sha256(std::string_view data);

// One member of an entry. `content` is the SHA-256 of a file's bytes or of a link's target.
struct TreeMember {
  std::string path;   // relative; empty for the entry itself
  char type = 'f';    // f file, d directory, l symbolic link
  uint32_t mode = 0;  // permission bits; 0 for a link
  uint64_t size_bytes = 0;
  Digest content{};
};

// The digest of an entry: over type, mode, size, path and content digest of every member in byte order of the
// paths. It can be made from the members while they are written and again from what was restored.
Result<Digest> digest_members(std::vector<TreeMember> members);

// Reads the tree. Anything but files, directories and links is an error.
Result<Digest> digest_tree(const std::string& path);

}  // namespace tidemark::host

#endif  // TIDEMARK_HOST_SIM_DIGEST_H
