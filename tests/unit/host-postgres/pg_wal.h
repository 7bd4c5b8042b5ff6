// A pg_wal of a test's own: segments with a first page as PostgreSQL writes it, and their status files.
#ifndef TIDEMARK_TESTS_UNIT_HOST_POSTGRES_PG_WAL_H
#define TIDEMARK_TESTS_UNIT_HOST_POSTGRES_PG_WAL_H

#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "bridge/first_page.h"
#include "bridge/wal_names.h"
#include "temp_dir.h"

namespace tidemark::postgres {

inline constexpr uint16_t kMagic15 = 0xD110;
inline const Cluster kCluster{7412345678901234567U, 1 << 20};
inline const Cluster kUsualCluster{7412345678901234567U, 16 << 20};  // of segments as initdb makes them

inline std::array<uint8_t, kFirstPageBytes> first_page(uint32_t timeline, uint64_t segment,
                                                       const Cluster& cluster = kCluster) {
  std::array<uint8_t, kFirstPageBytes> page{};
  const auto put = [&page](size_t at, auto value) { std::memcpy(page.data() + at, &value, sizeof(value)); };
  put(0, kMagic15);
  put(2, uint16_t{0x0002});
  put(4, timeline);
  put(8, segment * cluster.segment_bytes);
  put(24, cluster.system_identifier);
  put(32, cluster.segment_bytes);
  put(36, uint32_t{8192});
  return page;
}

class PgWal {
 public:
  PgWal() { std::filesystem::create_directories(status()); }

  const std::filesystem::path& data() const { return dir_.path(); }
  std::string wal() const { return dir_ / "pg_wal"; }
  std::string status() const { return dir_ / "pg_wal/archive_status"; }
  void segment(uint64_t number, char fill = 'x', uint32_t timeline = 1) {
    std::string content(kCluster.segment_bytes, fill);
    const auto page = first_page(timeline, number);
    std::memcpy(content.data(), page.data(), page.size());
    write(segment_name(timeline, number, kCluster), content);
  }
  void write(const std::string& name, const std::string& content) {
    std::ofstream(wal() + "/" + name, std::ios::binary) << content;
  }
  void ready(const std::string& name) {
    std::filesystem::remove(status() + "/" + name + ".done");
    std::ofstream(status() + "/" + name + ".ready");
  }
  void done(const std::string& name) {
    std::filesystem::remove(status() + "/" + name + ".ready");
    std::ofstream(status() + "/" + name + ".done");
  }

 private:
  test::TempDir dir_;
};

}  // namespace tidemark::postgres

#endif  // TIDEMARK_TESTS_UNIT_HOST_POSTGRES_PG_WAL_H
