// The fixture of the scenarios: tidemark.so loaded with dlopen, a recording host, archives in directories.
//
// One archiver at a time; the test's thread is the one for [control]. When a test ends, the archiver is
// stopped and destroyed and everything the host saw must have been within the contract.
#ifndef TIDEMARK_TESTS_INTEGRATION_HARNESS_H
#define TIDEMARK_TESTS_INTEGRATION_HARNESS_H

#include <gtest/gtest.h>
#include <tidemark/archiver.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "test_host.h"
#include "valve.h"

namespace tidemark::integration {

using Options = std::map<std::string, std::string>;
using Metrics = std::map<std::string, double>;  // by name with labels

inline tidemark_str str(std::string_view text) { return {text.data(), text.size()}; }
// As the ABI takes them; they borrow from the map.
std::vector<tidemark_option> abi_options(const Options& options);
uint64_t resident_bytes();  // of this process
std::string percent_encoded(std::string_view text);

struct ErrorOut : tidemark_error {
  ErrorOut() : tidemark_error{} { struct_size = sizeof(tidemark_error); }
};

struct ListedArchive {
  Lsn first = 0, last = 0;
  uint64_t size_bytes = 0;
  std::string key;
};

const tidemark_archiver_api* plugin_api();

class Scenario : public ::testing::Test {
 protected:
  Scenario();
  ~Scenario() override;
  void TearDown() override;

  // ---- The archiver's run. Options go on top of short delays.
  void create(const Options& options = {});
  void destroy();
  tidemark_status set_sink(const std::string& url, const Options& options = {}, ErrorOut* error = nullptr);
  void start();
  void stop(uint32_t drain_ms = 60'000);
  // create, the file sink on archive_, start.
  void begin(const Options& options = {});
  // create, the file sink behind valve_ on archive_, start.
  void begin_with_valve(const Options& options = {});
  Options valve_options();
  // From now on what is created compresses, encrypts, or both: by what the keys of its archives end in,
  // ".zst", ".age" or ".zst.age"; nothing for neither.
  void code_archives(const std::string& suffix);
  std::string key_of(const Partition& partition, Lsn lsn) { return archive_key(partition, lsn) + suffix_; }
  // A new archiver as if the process had been started again.
  void begin_again(const Options& options = {});

  void notify(const Partition& partition, Lsn low, Lsn high);

  // ---- What came of it.
  static std::string file_url(const test::TempDir& archive) { return "file://" + archive.path().string(); }
  // Everything notified is done and the archiver stopped; fails if that takes too long.
  void drain() { stop(60'000); }
  std::string metrics_text();
  Metrics metrics();
  std::vector<std::string> objects(const test::TempDir& archive);  // keys, sorted; nothing hidden among them
  std::vector<std::string> objects() { return objects(archive_); }
  // Inode, size and time of change of every object: equal means that nothing was written.
  std::vector<std::string> prints(const test::TempDir& archive);
  // The entries are archived, and what is restored equals what the host still has, byte for byte.
  void expect_archived(const Partition& partition, Lsn low, Lsn high);
  std::vector<std::string> keys(const Partition& partition, Lsn low, Lsn high);

  const tidemark_readback_api& readback();
  std::vector<ListedArchive> list(const Partition& partition, Lsn from = 1);
  tidemark_status fetch(const std::string& key, std::string* bytes, ErrorOut* error);
  tidemark_status restore(const Partition& partition, Lsn lsn, const std::string& directory, ErrorOut* error);

  const tidemark_archiver_api* const api_ = plugin_api();
  const Partition p_{};
  std::string suffix_;
  Options coding_;
  test::TempDir keys_;
  test::TempDir archive_;
  Valve valve_;
  TestHost host_;
  tidemark_archiver* archiver_ = nullptr;
};

}  // namespace tidemark::integration

#endif  // TIDEMARK_TESTS_INTEGRATION_HARNESS_H
