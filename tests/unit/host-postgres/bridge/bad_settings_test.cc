// What the server would pass over in silence.
#include "bridge/bad_settings.h"

#include <gtest/gtest.h>

namespace tidemark::postgres {
namespace {

std::string problem(const std::string& name, const std::string& value) {
  const auto bad = bad_settings({{name, value}});
  return bad.empty() ? "" : text_of(bad.front());
}

TEST(BadSettings, EachOneOfIts) {
  EXPECT_EQ(problem("tidemark.workers", "999"), "tidemark.workers = \"999\": must be from 1 to 256");
  EXPECT_EQ(problem("tidemark.inflight", "0"), "tidemark.inflight = \"0\": must be from 1 to 64");
  EXPECT_EQ(problem("tidemark.ahead", "-1"), "tidemark.ahead = \"-1\": must be from 0 to 4096");
  EXPECT_EQ(
      problem("tidemark.batch_entries", "many"),
      "tidemark.batch_entries = \"many\": is no number with a unit that is known here; it must be from 1 "
      "to 4096");
  EXPECT_EQ(problem("tidemark.timeout", "2min"),
            "tidemark.timeout = \"2min\": must be from 200ms to 60000ms");
  EXPECT_EQ(problem("tidemark.memory", "1MB"),
            "tidemark.memory = \"1MB\": must be from 16384kB to 2147483647kB");
  EXPECT_EQ(problem("tidemark.compress", "gzip"),
            "tidemark.compress = \"gzip\": must be one of none, zstd, zstd:1, zstd:2, zstd:3");
  EXPECT_EQ(problem("tidemark.log_level", ""),
            "tidemark.log_level = \"\": must be one of debug, info, warn, error, off");
  EXPECT_EQ(problem("tidemark.lineage", "o"), "tidemark.lineage = \"o\": must be on or off");
  EXPECT_EQ(problem("tidemark.worker", "4"), "tidemark.worker = \"4\": there is no such setting");
}

TEST(BadSettings, WhatTheServerTakes) {
  for (const char* value : {"1", "256", " 4 ", "4.4", "0x10"})
    EXPECT_EQ(problem("tidemark.workers", value), "");
  for (const char* value : {"200", "5s", "5 s", "1min", "0.5s", "200000us"})
    EXPECT_EQ(problem("tidemark.timeout", value), "") << value;
  for (const char* value : {"16384", "64MB", "1GB", "16384kB", "1TB"})
    EXPECT_EQ(problem("tidemark.memory", value), "") << value;
  for (const char* value : {"5kb", "5mb", "4ms"}) EXPECT_NE(problem("tidemark.memory", value), "") << value;
  for (const char* value : {"on", "OFF", "t", "of", "1", "yes"})
    EXPECT_EQ(problem("tidemark.lineage", value), "") << value;
  EXPECT_EQ(problem("tidemark.compress", "ZSTD:2"), "");
  EXPECT_EQ(problem("tidemark.sink", "anything"), "");
  EXPECT_EQ(problem("archive_mode", "whatever"), "");
}

}  // namespace
}  // namespace tidemark::postgres
