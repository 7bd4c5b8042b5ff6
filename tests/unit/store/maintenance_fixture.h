// A partition db/7 in a strict fake sink, for the tests of what looks after an archive.
//
// One thread. Owns the sink and a directory.
#ifndef TIDEMARK_TESTS_UNIT_STORE_MAINTENANCE_FIXTURE_H
#define TIDEMARK_TESTS_UNIT_STORE_MAINTENANCE_FIXTURE_H

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/sha256.h"
#include "format/epoch_record.h"
#include "store/epochs.h"
#include "store/fake_sink.h"
#include "store/maintenance.h"
#include "store/record.h"
#include "store/store.h"
#include "tar/raw_tar.h"
#include "tar/source_tools.h"

namespace tidemark::store {

inline constexpr uint64_t kMiB = uint64_t{1} << 20;

inline std::string lsn_string(Lsn lsn) {
  const auto text = lsn_text(lsn);
  return {text.data(), text.size()};
}

// File entries, each with its own number as content.
inline test::RawTar tar_of(Range range) {
  test::RawTar tar;
  for (Lsn lsn = range.first; lsn <= range.last; ++lsn) {
    tar.member('0', lsn_string(lsn), "entry " + std::to_string(lsn));
  }
  return tar;
}

class MaintenanceTest : public testing::Test {
 protected:
  static constexpr int64_t kNow = 1'700'000'000'123'456;

  std::string add(Range range) {
    const std::string key = object_key("db", 7, range, ObjectKind::kArchive);
    fake_.objects[key] = tar_of(range).object(range);
    return key;
  }
  std::string add(Range range, ObjectKind kind, const std::string& reason = "") {
    const std::string key = object_key("db", 7, range, kind);
    fake_.objects[key] = *format_record({kind, kNow, reason}, "db", 7, range);
    return key;
  }
  // The same of another epoch.
  std::string add_of(uint64_t epoch, Range range) {
    const ParsedName name = {range, ObjectKind::kArchive, epoch};
    const std::string key = object_key("db", 7, name);
    fake_.objects[key] = tar_of(range).object({"db", 7, name});
    return key;
  }
  std::string add_of(uint64_t epoch, Range range, ObjectKind kind, const std::string& reason = "") {
    const ParsedKey of = {"db", 7, {range, kind, epoch}};
    const std::string key = object_key(of.storage, of.partition, of.name);
    fake_.objects[key] = *format_record({kind, kNow, reason}, of);
    return key;
  }
  // That an epoch was begun, after another.
  std::string add_epoch(uint64_t epoch, uint64_t parent, uint8_t owner = 1) {
    const Claim how = parent == 0 ? Claim::kFirst : Claim::kRestart;
    const EpochRecord record = {kNow, {owner}, {static_cast<uint8_t>(epoch)}, parent, how, "node-1", {}};
    const std::string key = epoch_key("db", epoch);
    fake_.objects[key] = *format_epoch_record(record, "db", epoch);
    return key;
  }
  std::vector<std::string> keys() const {
    std::vector<std::string> result;
    for (const auto& [key, bytes] : fake_.objects) result.push_back(key);
    return result;
  }
  template <typename T>
  void expect_error(const T& result, tidemark_status code, const std::string& part) {
    ASSERT_FALSE(result) << part;
    EXPECT_EQ(result.error().status, code) << result.error().message;
    EXPECT_NE(result.error().message.find(part), std::string::npos) << result.error().message;
  }

  test::FakeSink fake_;
  test::TempDir dir_;
};

}  // namespace tidemark::store

#endif  // TIDEMARK_TESTS_UNIT_STORE_MAINTENANCE_FIXTURE_H
