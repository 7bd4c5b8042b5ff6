#include "hammer_archive.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <optional>

namespace tidemark::integration {
namespace {

namespace fs = std::filesystem;

constexpr size_t kBlock = 512;
constexpr size_t kLsnDigits = 13;

std::string folder_of(const std::string& root, const Partition& p) {
  return root + "/" + p.storage + "/" + std::to_string(p.id);
}

// 0: no LSN.
Lsn lsn_of(std::string_view text) {
  if (text.size() != kLsnDigits) return 0;
  Lsn lsn = 0;
  for (const char c : text) {
    const size_t digit = std::string_view("0123456789abcdefghijklmnopqrstuvwxyz").find(c);
    if (digit == std::string_view::npos) return 0;
    lsn = lsn * 36 + digit;
  }
  return lsn;
}

std::string text_at(std::string_view block, size_t begin, size_t size) {
  const std::string_view field = block.substr(begin, size);
  return std::string(field.substr(0, std::min(field.find('\0'), field.size())));
}

// All but the time, which each footer has of its own.
std::string footer_of(std::string_view content, const Partition& p, Lsn first, Lsn last) {
  std::string footer = "TIDEMARK1 sha256=" + sha256_hex(content) + " storage=" + p.storage +
                       " partition=" + std::to_string(p.id) + " first=" + std::to_string(first) +
                       " last=" + std::to_string(last) + " made_us=";
  return footer;
}

bool is_footer(std::string_view block, const std::string& expected) {
  if (!block.starts_with(expected)) return false;
  const std::string_view time = block.substr(expected.size());
  const size_t digits = std::min(time.find_first_not_of("0123456789"), time.size());
  return digits > 0 && time.find_first_not_of('\0', digits) == std::string_view::npos;
}

// Empty, or why the tar is none that the host's entries can make.
std::string take_apart(std::string_view tar, std::map<Lsn, std::string>* entries) {
  std::map<Lsn, Fingerprint> prints;
  size_t at = 0;
  for (; at + kBlock <= tar.size() && tar[at] != '\0';) {
    const std::string_view header = tar.substr(at, kBlock);
    std::string name = text_at(header, 345, 155);
    name += (name.empty() ? "" : "/") + text_at(header, 0, 100);
    const size_t size = std::strtoull(text_at(header, 124, 12).c_str(), nullptr, 8);
    const char type = header[156];
    const Lsn lsn = lsn_of(std::string_view(name).substr(0, kLsnDigits));
    at += kBlock;
    if (lsn == 0 || (type != '0' && type != '5') || at + size > tar.size()) return "odd member " + name;
    const std::string path = name.substr(kLsnDigits);
    if (type == '5') {
      prints[lsn].directory(path);
    } else {
      prints[lsn].file(path, tar.substr(at, size));
    }
    at += (size + kBlock - 1) / kBlock * kBlock;
  }
  if (at + 2 * kBlock != tar.size()) return "does not end with one end mark";
  for (const auto& [lsn, print] : prints) (*entries)[lsn] = print.finish();
  return {};
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
  std::array<uint8_t, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), digest.data());
  std::string hex;
  for (const uint8_t byte : digest) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  return hex;
}

std::vector<NamedRange> ranges_in(const std::string& root, const Partition& p, std::string_view ending) {
  std::vector<NamedRange> result;
  std::error_code none;
  for (const auto& file : fs::directory_iterator(folder_of(root, p), none)) {
    NamedRange range;
    range.name = file.path().filename().string();
    if (!range.name.ends_with(ending)) continue;
    const std::string_view stem = std::string_view(range.name).substr(0, range.name.size() - ending.size());
    const bool is_batch = stem.size() == 2 * kLsnDigits + 1 && stem[kLsnDigits] == '-';
    range.last = lsn_of(stem.substr(0, is_batch ? kLsnDigits : stem.size()));
    range.first = is_batch ? lsn_of(stem.substr(kLsnDigits + 1)) : range.last;
    if (range.first > 0 && range.first <= range.last) result.push_back(std::move(range));
  }
  return result;
}

const ArchiveReader::Object& ArchiveReader::read(const std::string& path, const Partition& p, Lsn first,
                                                 Lsn last) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto known = objects_.find(path);
    if (known != objects_.end()) return known->second;
  }
  Object object;
  const std::string bytes = test::read_file(path);
  const size_t content = bytes.size() < kBlock ? 0 : bytes.size() - kBlock;
  const std::string_view view(bytes);
  if (!is_footer(view.substr(content), footer_of(view.substr(0, content), p, first, last))) {
    object.problem = path + " is not what its footer says";
  } else if (std::string problem = take_apart(view.substr(0, content), &object.entries); !problem.empty()) {
    object.problem = path + ": " + problem;
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  return objects_.emplace(path, std::move(object)).first->second;
}

std::string ArchiveReader::find(const std::vector<std::string>& roots, const Partition& p, Lsn lsn,
                                const std::string& fingerprint,
                                const std::function<bool(const std::string&)>& counts) {
  std::string problem = "no object holds it";
  const auto looked_at = [&](const std::string& root, const std::string& key, Lsn first, Lsn last) {
    const std::string path = root + "/" + key;
    const Object& object = read(path, p, first, last);
    if (!object.problem.empty()) {
      problem = object.problem;
      return false;
    }
    const auto entry = object.entries.find(lsn);
    const bool same = entry != object.entries.end() && entry->second == fingerprint;
    if (!same) problem = path + " holds other content";
    if (same && counts && !counts(key)) {
      problem = "nobody asked whether " + path + " is durable";
      return false;
    }
    return same;
  };
  for (const std::string& root : roots) {
    const std::string single = archive_key(p, lsn);
    std::error_code none;
    if (fs::exists(root + "/" + single, none) && looked_at(root, single, lsn, lsn)) return {};
    for (const NamedRange& batch : ranges_in(root, p, ".tar")) {
      if (batch.first == batch.last || lsn < batch.first || lsn > batch.last) continue;
      if (looked_at(root, folder_of("", p).substr(1) + "/" + batch.name, batch.first, batch.last)) return {};
    }
  }
  return problem;
}

}  // namespace tidemark::integration
