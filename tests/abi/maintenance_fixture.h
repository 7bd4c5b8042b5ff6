// An archive of four entries in a file sink, and the extensions that look after it. One thread.
#ifndef TIDEMARK_TESTS_ABI_MAINTENANCE_FIXTURE_H
#define TIDEMARK_TESTS_ABI_MAINTENANCE_FIXTURE_H

#include <tidemark/maintenance.h>

#include "peer.h"

namespace tidemark::abi_test {

class MaintenanceTest : public PluginTest {
 protected:
  // Entries 1 to 4, as archives of their own, and a stopped archiver.
  void archive_four() {
    start();
    for (tidemark_lsn lsn = 1; lsn <= 4; ++lsn) host_.commit(lsn, "payload " + std::to_string(lsn));
    ErrorOut error;
    ASSERT_EQ(notify("orders", 1, 4, &error), TIDEMARK_OK) << error.message;
    ASSERT_TRUE(host_.wait_for_acknowledge(4));
    ASSERT_EQ(api_->stop(archiver_, 1000, &error), TIDEMARK_OK) << error.message;
    find_extension();
  }
  void reopen_to_read() {
    api_->destroy(archiver_);
    archiver_ = nullptr;
    create({option("read_only", "true")});
    open_file_sink();
    find_extension();
  }
  virtual void find_extension() {
    maintenance_ = static_cast<const tidemark_maintenance_api*>(
        api_->get_extension(archiver_, TIDEMARK_EXT_MAINTENANCE));
    ASSERT_NE(maintenance_, nullptr);
    ASSERT_TRUE(TIDEMARK_HAS(maintenance_, tidemark_maintenance_api, unpack));
  }
  std::string scanned() {
    std::string text;
    ErrorOut error;
    EXPECT_EQ(maintenance_->scan(
                  archiver_, str(""), nullptr, 0,
                  [](void* ctx, const tidemark_stored* stored) -> int32_t {
                    EXPECT_GE(stored->struct_size, sizeof *stored);
                    EXPECT_GT(stored->modified_us, 1'600'000'000'000'000);
                    static_cast<std::string*>(ctx)->append(std::to_string(stored->kind) + ":" +
                                                           std::to_string(stored->first) + "-" +
                                                           std::to_string(stored->last) + " ");
                    return 0;
                  },
                  &text, nullptr, &error),
              TIDEMARK_OK)
        << error.message;
    return text;
  }
  static int32_t count_stored(void* ctx, const tidemark_stored*) { return ++*static_cast<int*>(ctx), 0; }

  const tidemark_maintenance_api* maintenance_ = nullptr;
  const tidemark_partition partition_ = {str("orders"), 7};
};

}  // namespace tidemark::abi_test

#endif  // TIDEMARK_TESTS_ABI_MAINTENANCE_FIXTURE_H
