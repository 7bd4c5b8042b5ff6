// A host for the tests of the ABI: the plugin loaded with dlopen and nothing else of it linked, a folder of
// entries, and callbacks that record. Tests are compiled with the headers of today and with each frozen
// release, so only what all of them have is used here.
#ifndef TIDEMARK_TESTS_ABI_PEER_H
#define TIDEMARK_TESTS_ABI_PEER_H

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <tidemark/archiver.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "../unit/option_flags.h"

namespace tidemark::abi_test {

inline tidemark_str str(std::string_view text) { return {text.data(), text.size()}; }
inline tidemark_option option(std::string_view key, std::string_view value) {
  return {str(key), str(value), test::flags_of(key), 0};
}

#ifndef TIDEMARK_TEST_DLOPEN_FLAGS
#define TIDEMARK_TEST_DLOPEN_FLAGS (RTLD_NOW | RTLD_LOCAL)
#endif

inline const tidemark_archiver_api* load_plugin(uint32_t major = TIDEMARK_ARCHIVER_ABI_MAJOR) {
  static void* const library = dlopen(TIDEMARK_TEST_PLUGIN, TIDEMARK_TEST_DLOPEN_FLAGS);
  if (library == nullptr) throw std::runtime_error(dlerror());
  void* const symbol = dlsym(library, TIDEMARK_ARCHIVER_ENTRY_NAME);
  if (symbol == nullptr) throw std::runtime_error(dlerror());
  return reinterpret_cast<tidemark_archiver_entry_fn>(symbol)(major);
}

struct ErrorOut : tidemark_error {
  ErrorOut() : tidemark_error{} {
    struct_size = sizeof(tidemark_error);
    std::memset(message, '?', sizeof message);  // whoever fails must write one
    message[sizeof message - 1] = '\0';
  }
};

// The status, with a message of one line that names the culprit.
inline void expect_status(tidemark_status expected, tidemark_status status, const tidemark_error& error,
                          std::string_view culprit) {
  const std::string message(error.message, strnlen(error.message, sizeof error.message));
  EXPECT_EQ(status, expected) << message;
  EXPECT_NE(message.find(culprit), std::string::npos)
      << "'" << message << "' does not name '" << culprit << "'";
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  EXPECT_LT(message.size(), sizeof error.message) << "not NUL-terminated";
}
inline void expect_invalid(tidemark_status status, const tidemark_error& error, std::string_view culprit) {
  expect_status(TIDEMARK_E_INVALID, status, error, culprit);
}

class TempDir {
 public:
  TempDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tidemark-abi-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = pattern;
  }
  ~TempDir() { std::filesystem::remove_all(path_); }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Callbacks of one partition's engine; entry <LSN> is the file <dir>/<LSN>.
class Host {
 public:
  Host() {
    table_.struct_size = sizeof table_;
    table_.abi_minor = TIDEMARK_ARCHIVER_ABI_MINOR;
    table_.ctx = this;
    table_.acquire_entry = acquire_entry;
    table_.release_entry = [](void*, const tidemark_partition*, tidemark_entry* entry) {
      delete static_cast<std::string*>(entry->lease);
    };
    table_.acknowledge = acknowledge;
  }
  tidemark_host& table() { return table_; }
  const std::string& dir() const { return dir_.path(); }

  void commit(tidemark_lsn lsn, std::string_view payload) {
    std::ofstream(dir() + "/" + std::to_string(lsn), std::ios::binary) << payload;
  }
  bool wait_for_acknowledge(tidemark_lsn lsn) {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [&] { return acknowledged_ >= lsn; });
  }

 private:
  static tidemark_status acquire_entry(void* ctx, const tidemark_partition*, tidemark_lsn lsn,
                                       tidemark_entry* out, tidemark_error*) {
    auto path = static_cast<Host*>(ctx)->dir() + "/" + std::to_string(lsn);
    if (access(path.c_str(), F_OK) != 0) return TIDEMARK_E_NOT_FOUND;
    auto* lease = new std::string(std::move(path));
    out->path = str(*lease);
    out->lease = lease;
    return TIDEMARK_OK;
  }
  static tidemark_status acknowledge(void* ctx, const tidemark_partition*, tidemark_lsn lsn,
                                     tidemark_error*) {
    auto* self = static_cast<Host*>(ctx);
    const std::lock_guard<std::mutex> lock(self->mutex_);
    self->acknowledged_ = lsn;
    self->changed_.notify_all();
    return TIDEMARK_OK;
  }

  TempDir dir_;
  tidemark_host table_{};
  std::mutex mutex_;
  std::condition_variable changed_;
  tidemark_lsn acknowledged_ = 0;  // guarded by mutex_
};

// An archiver that is destroyed at the end of the test.
class PluginTest : public ::testing::Test {
 protected:
  ~PluginTest() override { api_->destroy(archiver_); }

  void create(const std::vector<tidemark_option>& options = {}) {
    ErrorOut error;
    ASSERT_EQ(api_->create(&host_.table(), options.data(), static_cast<uint32_t>(options.size()), &archiver_,
                           &error),
              TIDEMARK_OK)
        << error.message;
    ASSERT_NE(archiver_, nullptr);
  }
  tidemark_status set_sink(std::string_view url, tidemark_error* error) {
    return api_->set_sink(archiver_, str(url), nullptr, 0, nullptr, error);
  }
  void open_file_sink() {
    ErrorOut error;
    ASSERT_EQ(set_sink("file://" + sink_dir_.path(), &error), TIDEMARK_OK) << error.message;
  }
  void start() {
    create();
    open_file_sink();
    ErrorOut error;
    ASSERT_EQ(api_->start(archiver_, &error), TIDEMARK_OK) << error.message;
  }
  tidemark_status notify(std::string_view storage, tidemark_lsn low, tidemark_lsn high,
                         tidemark_error* error) {
    const tidemark_partition partition = {str(storage), 7};
    return api_->notify(archiver_, &partition, low, high, error);
  }

  const tidemark_archiver_api* api_ = load_plugin();
  Host host_;
  TempDir sink_dir_;
  tidemark_archiver* archiver_ = nullptr;
};

}  // namespace tidemark::abi_test

#endif  // TIDEMARK_TESTS_ABI_PEER_H
