// Events name files and say what to do.
#include "bridge/events.h"

#include <gtest/gtest.h>

#include <cstdio>

#include "base/result.h"
#include "host-postgres/pg_wal.h"

namespace tidemark::postgres {
namespace {

std::string text_of(int32_t kind, const std::string& storage, uint64_t id, uint64_t first, uint64_t last,
                    tidemark_status status = TIDEMARK_OK) {
  tidemark_error error = empty_abi_error();
  std::snprintf(error.message, sizeof(error.message), "%s", "the reason");
  tidemark_event event{};
  event.struct_size = sizeof(event);
  event.kind = kind;
  event.partition = {abi_str(storage), id};
  event.first = first;
  event.last = last;
  event.status = status;
  event.error = status == TIDEMARK_OK ? nullptr : &error;
  return event_message(event, kCluster).text;
}

TEST(Events, NameFiles) {
  const std::string segments = segment_storage(kCluster);
  EXPECT_EQ(text_of(TIDEMARK_EVENT_CONFLICT, segments, 2, 14, 14, TIDEMARK_E_EXISTS)
                .find("two servers write timeline 2: 00000002000000000000000E differs"),
            0U);
  EXPECT_EQ(text_of(TIDEMARK_EVENT_GAP, segments, 1, 5, 7)
                .find("000000010000000000000005 to 000000010000000000000007 can no longer be archived"),
            0U);
  EXPECT_EQ(text_of(TIDEMARK_EVENT_FAILING, history_storage(kCluster.system_identifier), 3, 1, 1,
                    TIDEMARK_E_RETRYABLE),
            "00000003.history cannot be archived now: the reason");
  EXPECT_EQ(
      text_of(TIDEMARK_EVENT_CONFLICT, std::to_string(kCluster.system_identifier) + ".partial.1", 5, 1, 1,
              TIDEMARK_E_EXISTS)
          .find("another server that was promoted has archived another 000000010000000000000005.partial"),
      0U);
  EXPECT_EQ(text_of(TIDEMARK_EVENT_CONFLICT, segments, 2, 14, 14, TIDEMARK_E_CORRUPT),
            "the archive of 00000002000000000000000E is damaged: the reason")
      << "only the archiver knows whether it can be archived again";
  EXPECT_NE(text_of(TIDEMARK_EVENT_SINK_DOWN, "", 0, 0, 0, TIDEMARK_E_NO_SPACE).find("the reason"),
            std::string::npos);
  EXPECT_EQ(text_of(77, "foreign", 4, 1, 1), "event 77 of foreign/4");
}

}  // namespace
}  // namespace tidemark::postgres
