// A directory that goes away with the test, and short ways to use a sink's class. One thread.
#ifndef TIDEMARK_TESTS_UNIT_SINKS_FIXTURE_H
#define TIDEMARK_TESTS_UNIT_SINKS_FIXTURE_H

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "common/table.h"

namespace tidemark::sinks {

class TempDir {
 public:
  TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "tidemark-unit-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = name;
  }
  ~TempDir() {
    for (const std::string& mount : mounts_) umount2(mount.c_str(), MNT_DETACH);
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

  // A tmpfs of its own; false if we may not mount.
  bool mount(const std::string& name, const char* options, unsigned long flags = 0) {
    const std::string where = path_ + "/" + name;
    std::filesystem::create_directories(where);
    if (::mount("tmpfs", where.c_str(), "tmpfs", flags, options) != 0) return false;
    mounts_.push_back(where);
    return true;
  }

 private:
  std::string path_;
  std::vector<std::string> mounts_;
};

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

// Readable by its owner alone: it may be one of secrets.
inline void write_file(const std::string& path, std::string_view text) {
  const bool is_new = !std::filesystem::exists(path);
  std::ofstream out(path, std::ios::binary);
  if (is_new) ::chmod(path.c_str(), 0600);
  out << text;
}

// A body that is read; `on_read` may do anything before each piece.
struct TestSource {
  std::string bytes;
  size_t piece_size = SIZE_MAX;
  std::function<void(uint64_t)> on_read = {};
  tidemark_source raw = {};

  const tidemark_source* get() {
    raw = {sizeof raw, 0, bytes.size(), nullptr, this, read, nullptr, nullptr};
    return &raw;
  }
  static tidemark_status read(void* ctx, uint64_t offset, void* buffer, size_t size, size_t* out,
                              tidemark_error*) {
    auto& self = *static_cast<TestSource*>(ctx);
    if (self.on_read) self.on_read(offset);
    *out = std::min({size, self.piece_size, self.bytes.size() - static_cast<size_t>(offset)});
    self.bytes.copy(static_cast<char*>(buffer), *out, offset);
    return TIDEMARK_OK;
  }
};

template <typename S>
Result<std::unique_ptr<S>> open_sink(const std::string& url,
                                     const std::vector<tidemark_option>& options = {}) {
  const Result<Url> parsed = parse_url(url);
  if (!parsed) return parsed.error();
  return S::open({HostLog(nullptr), *parsed, options.data(), static_cast<uint32_t>(options.size())},
                 Call(nullptr, nullptr));
}

template <typename S>
Status put(S& sink, std::string_view key, const std::string& bytes, uint32_t flags = 0) {
  TestSource source{bytes};
  const Call call(nullptr, nullptr);
  return sink.put(key, Source(source.get(), call), flags, call);
}

// The objects; what is irregular is none.
template <typename S>
std::vector<std::string> list(S& sink, std::string_view prefix = {}, std::string_view after = {}) {
  std::vector<std::string> keys;
  const Visitor visit(
      [](void* ctx, tidemark_str key, const tidemark_object* object) -> int32_t {
        if ((object->flags & TIDEMARK_OBJECT_IRREGULAR) == 0)
          static_cast<std::vector<std::string>*>(ctx)->emplace_back(view(key));
        return 0;
      },
      &keys);
  const Status ok = sink.list(prefix, after, visit, Call(nullptr, nullptr));
  if (!ok) ADD_FAILURE() << ok.error().message;
  return keys;
}

template <typename S>
Status get(S& sink, std::string_view key, std::string* out, Range range = {0, UINT64_MAX}) {
  const tidemark_writer raw = {out, [](void* ctx, const void* data, size_t size) -> tidemark_status {
                                 static_cast<std::string*>(ctx)->append(static_cast<const char*>(data), size);
                                 return TIDEMARK_OK;
                               }};
  return sink.get(key, range, Writer(&raw), Call(nullptr, nullptr));
}

inline tidemark_status status_of(const Status& result) {
  return result ? TIDEMARK_OK : result.error().status;
}
template <typename T>
tidemark_status status_of(const Result<T>& result) {
  return result ? TIDEMARK_OK : result.error().status;
}

}  // namespace tidemark::sinks

#endif  // TIDEMARK_TESTS_UNIT_SINKS_FIXTURE_H
