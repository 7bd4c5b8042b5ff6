#include "file/config.h"

#include "file/file_sink.h"
#include "fixture.h"

namespace tidemark::sinks::file {
namespace {

TEST(FileConfig, BadOnes) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"file://host/a", "host"},
      {"file:a", "absolute"},
      {"file://", "absolute"},
      {"file:///", "root directory"},
      {"file:////./", "root"},
      {"file:///tmp/../x", ".."},
      {"http:///a", "http"},
      {"file:///tmp/x?staging=x", "auto, unnamed, named"},
      {"file:///tmp/x?colour=1", "staging"}};
  for (const auto& [url, part] : cases) {
    const auto sink = open_sink<FileSink>(url);
    ASSERT_EQ(status_of(sink), TIDEMARK_E_INVALID) << url;
    EXPECT_NE(sink.error().message.find(part), std::string::npos) << sink.error().message;
  }
}

}  // namespace
}  // namespace tidemark::sinks::file
