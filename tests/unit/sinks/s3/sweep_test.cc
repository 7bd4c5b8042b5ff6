#include "s3/sink_fixture.h"

namespace tidemark::sinks::s3 {
namespace {

class S3Sweep : public S3SinkTest {};

TEST_F(S3Sweep, OldUploadsAreFoundWhereAPrefixIsOnlyAWholeKey) {
  imposter::Config config;
  config.habits = {imposter::Habit::kExactUploadPrefix};
  start(config);
  for (const char* key : {"p/a", "p/b c+", "px", "q/a"}) {
    imposter::Upload upload;
    upload.key = key;
    upload.initiated = store().now();
    store().store.begin_upload(upload);
  }
  store().store.backdate_uploads(25 * 60 * 60);
  must_open();
  std::vector<std::string> left;
  for (const imposter::Upload& upload : store().store.uploads()) left.push_back(upload.key);
  EXPECT_EQ(left, (std::vector<std::string>{"px", "q/a"}));
}

TEST_F(S3Sweep, OpeningSweepsOldUploadsOfItsPrefix) {
  start();
  const auto begin = [&](const std::string& key) {
    imposter::Upload upload;
    upload.key = key;
    upload.initiated = store().now();
    store().store.begin_upload(upload);
  };
  for (const char* key : {"p/a", "p/b c+", "px", "q/a"}) begin(key);
  store().store.backdate_uploads(25 * 60 * 60);
  begin("p/young");
  const auto sink = must_open();
  std::vector<std::string> left;
  for (const imposter::Upload& upload : store().store.uploads()) left.push_back(upload.key);
  EXPECT_EQ(left, (std::vector<std::string>{"p/young", "px", "q/a"}));
  EXPECT_EQ(log_.count("aborted 2 uploads"), 1u);
}

}  // namespace
}  // namespace tidemark::sinks::s3
