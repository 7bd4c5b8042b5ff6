#include "harness.h"

#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "option_flags.h"

namespace tidemark::integration {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPlugin = TIDEMARK_TEST_MODULES "/tidemark.so";

}  // namespace

std::vector<tidemark_option> abi_options(const Options& options) {
  std::vector<tidemark_option> result;
  for (const auto& [key, value] : options) result.push_back({str(key), str(value), test::flags_of(key), 0});
  return result;
}

uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  uint64_t size = 0, resident = 0;
  statm >> size >> resident;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.') {
      out += c;
      continue;
    }
    char hex[4];
    std::snprintf(hex, sizeof hex, "%%%02X", static_cast<unsigned char>(c));
    out += hex;
  }
  return out;
}

const tidemark_archiver_api* plugin_api() {
  static void* const library = dlopen(kPlugin, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error(dlerror());
  void* const symbol = dlsym(library, TIDEMARK_ARCHIVER_ENTRY_NAME);
  if (symbol == nullptr) throw std::runtime_error(dlerror());
  const auto* api = reinterpret_cast<tidemark_archiver_entry_fn>(symbol)(TIDEMARK_ARCHIVER_ABI_MAJOR);
  if (api == nullptr) throw std::runtime_error("the plugin does not speak this major");
  return api;
}

Scenario::Scenario() = default;

// A test that failed half-way left its archiver behind.
Scenario::~Scenario() { api_->destroy(archiver_); }

void Scenario::TearDown() {
  destroy();
  EXPECT_EQ(valve_.open_sinks, 0);
  for (const std::string& violation : host_.violations()) ADD_FAILURE() << "contract: " << violation;
  if (HasFailure()) {
    for (const std::string& line : host_.log_lines()) GTEST_LOG_(INFO) << line;
  }
}

// ---- The archiver's run ------------------------------------------------------------------------

void Scenario::create(const Options& options) {
  ASSERT_EQ(archiver_, nullptr);
  Options all = {{"retry_min_ms", "5"}, {"retry_max_ms", "40"}, {"log_level", "debug"}};
  for (const auto& [key, value] : coding_) all[key] = value;
  for (const auto& [key, value] : options) all[key] = value;
  const std::vector<tidemark_option> list = abi_options(all);
  ErrorOut error;
  ASSERT_EQ(api_->create(&host_.table(), list.data(), static_cast<uint32_t>(list.size()), &archiver_, &error),
            TIDEMARK_OK)
      << error.message;
}

// The keys are those of tests/golden, which everybody knows.
void Scenario::code_archives(const std::string& suffix) {
  suffix_ = suffix;
  host_.expect_suffix(suffix);
  coding_.clear();
  if (suffix.starts_with(".zst")) coding_["compress"] = "zstd";
  if (!suffix.ends_with(".age")) return;
  test::write_file(keys_ / "recipients", "age1rdkdjxg5ap5psly07t9axqdyk4k9tkg8rdnu87hym96v6sy6ugcqcek4rq\n");
  test::write_file(keys_ / "identity",
                   "AGE-SECRET-KEY-10X36K9DAGDLRCTGAEUZLT8J7CNN7HHLDZ943MKEN7Z0AEEK92X6SHM5QK8\n");
  test::write_file(keys_ / "tag", "0d0cdafa0fc88854340804458dc2bafbb1042bfa5af803b4736a681a5f8bcd29\n");
  for (const char* const name : {"identity", "tag"})
    std::filesystem::permissions(keys_ / name, std::filesystem::perms(0600));
  coding_["encrypt_recipients_file"] = keys_ / "recipients";
  coding_["encrypt_tag_key_file"] = keys_ / "tag";
  coding_["identity_file"] = keys_ / "identity";
}

void Scenario::destroy() {
  if (archiver_ == nullptr) return;
  stop(0);
  api_->destroy(archiver_);
  archiver_ = nullptr;
}

tidemark_status Scenario::set_sink(const std::string& url, const Options& options, ErrorOut* error) {
  const std::vector<tidemark_option> list = abi_options(options);
  ErrorOut ignored;
  return api_->set_sink(archiver_, str(url), list.data(), static_cast<uint32_t>(list.size()), nullptr,
                        error == nullptr ? &ignored : error);
}

void Scenario::start() {
  host_.begin_run();
  ErrorOut error;
  ASSERT_EQ(api_->start(archiver_, &error), TIDEMARK_OK) << error.message;
}

void Scenario::stop(uint32_t drain_ms) {
  ErrorOut error;
  ASSERT_EQ(api_->stop(archiver_, drain_ms, &error), TIDEMARK_OK) << error.message;
  host_.end_run();
}

void Scenario::begin(const Options& options) {
  create(options);
  ErrorOut error;
  ASSERT_EQ(set_sink(file_url(archive_), {}, &error), TIDEMARK_OK) << error.message;
  host_.safe_in(archive_.path().string());
  start();
}

Options Scenario::valve_options() {
  return {{"library", TIDEMARK_TEST_VALVE},
          {"valve", std::to_string(reinterpret_cast<uintptr_t>(&valve_))},
          {"of_library", TIDEMARK_TEST_MODULES "/tidemark-sink-file.so"}};
}

void Scenario::begin_with_valve(const Options& options) {
  create(options);
  ErrorOut error;
  ASSERT_EQ(set_sink(file_url(archive_), valve_options(), &error), TIDEMARK_OK) << error.message;
  if (valve_.stores) host_.safe_in(archive_.path().string());
  start();
}

void Scenario::begin_again(const Options& options) {
  destroy();
  begin(options);
}

void Scenario::notify(const Partition& p, Lsn low, Lsn high) {
  const tidemark_partition partition = {str(p.storage), p.id};
  ErrorOut error;
  EXPECT_EQ(api_->notify(archiver_, &partition, low, high, &error), TIDEMARK_OK) << error.message;
}

// ---- What came of it ----------------------------------------------------------------------------

std::string Scenario::metrics_text() {
  std::string text;
  const tidemark_writer writer = {&text, [](void* ctx, const void* data, size_t size) -> tidemark_status {
                                    static_cast<std::string*>(ctx)->append(static_cast<const char*>(data),
                                                                           size);
                                    return TIDEMARK_OK;
                                  }};
  ErrorOut error;
  EXPECT_EQ(api_->write_metrics(archiver_, &writer, &error), TIDEMARK_OK) << error.message;
  return text;
}

Metrics Scenario::metrics() {
  Metrics result;
  std::istringstream lines(metrics_text());
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == '#') continue;
    const size_t space = line.rfind(' ');
    result[line.substr(0, space)] = std::stod(line.substr(space + 1));
  }
  return result;
}

std::vector<std::string> Scenario::objects(const test::TempDir& archive) {
  std::vector<std::string> result;
  for (const auto& found : fs::recursive_directory_iterator(archive.path())) {
    const std::string key = found.path().lexically_relative(archive.path()).string();
    if (!found.is_directory() && key.front() != '.') result.push_back(key);
  }
  std::sort(result.begin(), result.end());
  return result;
}

std::vector<std::string> Scenario::prints(const test::TempDir& archive) {
  std::vector<std::string> result;
  for (const std::string& key : objects(archive)) {
    struct stat info;
    EXPECT_EQ(lstat((archive / key).c_str(), &info), 0) << key;
    result.push_back(key + " " + std::to_string(info.st_ino) + " " + std::to_string(info.st_size) + " " +
                     std::to_string(info.st_mtim.tv_sec) + "." + std::to_string(info.st_mtim.tv_nsec));
  }
  return result;
}

std::vector<std::string> Scenario::keys(const Partition& p, Lsn low, Lsn high) {
  std::vector<std::string> result;
  for (Lsn lsn = low; lsn <= high; ++lsn) result.push_back(key_of(p, lsn));
  return result;
}

void Scenario::expect_archived(const Partition& p, Lsn low, Lsn high) {
  const test::TempDir restored;
  for (Lsn lsn = low; lsn <= high; ++lsn) {
    ErrorOut error;
    ASSERT_EQ(restore(p, lsn, restored.path().string(), &error), TIDEMARK_OK) << error.message;
    struct stat info;
    if (lstat(host_.path(p, lsn).c_str(), &info) != 0) continue;
    EXPECT_EQ(test::describe_tree(restored / lsn_text(lsn)), test::describe_tree(host_.path(p, lsn)))
        << "entry " << lsn;
  }
}

const tidemark_readback_api& Scenario::readback() {
  const void* const table = api_->get_extension(archiver_, TIDEMARK_EXT_READBACK);
  if (table == nullptr) throw std::runtime_error("no extension " TIDEMARK_EXT_READBACK);
  return *static_cast<const tidemark_readback_api*>(table);
}

std::vector<ListedArchive> Scenario::list(const Partition& p, Lsn from) {
  std::vector<ListedArchive> result;
  const tidemark_partition partition = {str(p.storage), p.id};
  const auto visit = [](void* ctx, const tidemark_archive* archive) -> int32_t {
    static_cast<std::vector<ListedArchive>*>(ctx)->push_back(
        {archive->first, archive->last, archive->size_bytes,
         std::string(archive->key.data, archive->key.size)});
    return 0;
  };
  ErrorOut error;
  EXPECT_EQ(readback().list(archiver_, &partition, from, visit, &result, nullptr, &error), TIDEMARK_OK)
      << error.message;
  return result;
}

tidemark_status Scenario::fetch(const std::string& key, std::string* bytes, ErrorOut* error) {
  const tidemark_writer writer = {bytes, [](void* ctx, const void* data, size_t size) -> tidemark_status {
                                    static_cast<std::string*>(ctx)->append(static_cast<const char*>(data),
                                                                           size);
                                    return TIDEMARK_OK;
                                  }};
  return readback().fetch(archiver_, str(key), &writer, nullptr, error);
}

tidemark_status Scenario::restore(const Partition& p, Lsn lsn, const std::string& directory,
                                  ErrorOut* error) {
  const tidemark_partition partition = {str(p.storage), p.id};
  return readback().restore(archiver_, &partition, lsn, str(directory), nullptr, error);
}

}  // namespace tidemark::integration
