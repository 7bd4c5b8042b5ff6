// A directory, and the file sink on it in either way of staging. One thread.
#ifndef TIDEMARK_TESTS_UNIT_SINKS_FILE_FILE_SINK_FIXTURE_H
#define TIDEMARK_TESTS_UNIT_SINKS_FILE_FILE_SINK_FIXTURE_H

#include <memory>
#include <stdexcept>
#include <string>

#include "file/file_sink.h"
#include "fixture.h"

namespace tidemark::sinks::file {

class FileSinkTest : public ::testing::TestWithParam<const char*> {
 protected:
  std::string url(const std::string& name = "root") const {
    return "file://" + (dir_ / name) + "?staging=" + GetParam();
  }
  Result<std::unique_ptr<FileSink>> try_open(const std::string& name = "root") {
    return open_sink<FileSink>(url(name));
  }
  std::unique_ptr<FileSink> open(const std::string& name = "root") {
    Result<std::unique_ptr<FileSink>> sink = try_open(name);
    if (!sink) throw std::runtime_error(sink.error().message);
    return std::move(*sink);
  }
  TempDir dir_;
};

// Each test of such a class runs with both.
#define INSTANTIATE_FOR_BOTH_STAGINGS(name)                               \
  INSTANTIATE_TEST_SUITE_P(, name, ::testing::Values("unnamed", "named"), \
                           [](const auto& with) { return std::string(with.param); })

}  // namespace tidemark::sinks::file

#endif  // TIDEMARK_TESTS_UNIT_SINKS_FILE_FILE_SINK_FIXTURE_H
