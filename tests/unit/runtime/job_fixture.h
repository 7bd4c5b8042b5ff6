// Runs single jobs against a strict fake sink, with entries of a host that the test makes.
//
// One thread. Owns the sink and a directory.
#ifndef TIDEMARK_TESTS_UNIT_RUNTIME_JOB_FIXTURE_H
#define TIDEMARK_TESTS_UNIT_RUNTIME_JOB_FIXTURE_H

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "codec/load.h"
#include "format/object_name.h"
#include "runtime/job.h"
#include "store/fake_sink.h"
#include "temp_dir.h"

namespace tidemark::runtime {

class JobTest : public testing::Test {
 protected:
  static constexpr size_t kContentBytes = 3000;

  JobTest() {
    host_.struct_size = sizeof host_;
    host_.ctx = this;
    host_.acquire_entry = acquire;
    host_.release_entry = release;
    fake_.chunk_bytes = 512;
    for (Lsn lsn = 1; lsn <= 4; ++lsn) commit(lsn, static_cast<char>('a' + lsn));
    limits_ = {{16 << 20, 0}, 100, store::Depth::kFull};
  }
  ~JobTest() override { EXPECT_EQ(on_loan_, 0) << "each entry goes back"; }

  static tidemark_status acquire(void* ctx, const tidemark_partition*, tidemark_lsn lsn, tidemark_entry* out,
                                 tidemark_error*) {
    auto& self = *static_cast<JobTest*>(ctx);
    std::string& path = self.paths_[lsn];
    path = self.dir_ / std::to_string(lsn);
    if (!std::filesystem::exists(path)) return TIDEMARK_E_NOT_FOUND;
    out->path = abi_str(path);
    ++self.on_loan_;
    ++self.acquired_;
    return TIDEMARK_OK;
  }
  static void release(void* ctx, const tidemark_partition*, tidemark_entry*) {
    --static_cast<JobTest*>(ctx)->on_loan_;
  }

  void commit(Lsn lsn, char fill) {
    test::write_file(dir_ / std::to_string(lsn), std::string(kContentBytes, fill));
  }
  void lose(Lsn lsn) { std::filesystem::remove(dir_ / std::to_string(lsn)); }

  JobDone run(core::Job job) {
    JobRunner runner(host_, metrics_, metrics_.stages(0), sources_, pace_, limits_,
                     {codec_.encoding, codec_.keys}, lineage_.get(), cancelled_);
    return runner.run({job, {&storage_, 7}, sink_});
  }
  JobDone archive(Range range) { return run(job_of(core::JobKind::kArchive, range)); }
  JobDone verify(Range range, Range part, Lsn accept_missing_through = kNoLsn) {
    core::Job job = job_of(core::JobKind::kVerify, range);
    job.part = part;
    job.accept_missing_through = accept_missing_through;
    return run(job);
  }
  JobDone verify(Range range, Lsn accept_missing_through = kNoLsn) {
    return verify(range, range, accept_missing_through);
  }
  static core::Job job_of(core::JobKind kind, Range range) {
    core::Job job;
    job.kind = kind;
    job.range = range;
    return job;
  }

  std::string& object(Range range, ObjectKind kind = ObjectKind::kArchive) {
    return fake_.objects[object_key(storage_, 7, range, kind)];
  }
  static void expect_done(const JobDone& done) {
    EXPECT_EQ(done.result.outcome, core::Outcome::kDone) << done.error.message;
  }
  static void expect_conflict(const JobDone& done, tidemark_status status, const std::string& part) {
    EXPECT_EQ(done.result.outcome, core::Outcome::kObjectFailed);
    EXPECT_TRUE(done.result.conflict);
    EXPECT_EQ(done.error.status, status) << done.error.message;
    EXPECT_NE(done.error.message.find(part), std::string::npos) << done.error.message;
  }
  // has_all: it can be written again, because the host was seen to have all of it.
  static void expect_damaged(const JobDone& done, bool has_all = true) {
    expect_conflict(done, TIDEMARK_E_CORRUPT, "damaged in the sink");
    const char* advice = has_all ? "; move it away and it is written again"
                                 : "; the host was not seen to have all of its entries: bring it from a copy";
    EXPECT_NE(done.error.message.find(advice), std::string::npos) << done.error.message;
  }

  const std::string storage_ = "db";
  test::TempDir dir_;
  test::FakeSink fake_;
  tidemark_host host_{};
  std::map<Lsn, std::string> paths_;
  int on_loan_ = 0;
  int acquired_ = 0;
  const std::shared_ptr<sink::Sink> sink_{std::shared_ptr<void>(), &fake_.sink()};  // what the fake owns
  metrics::Metrics metrics_{1};
  codec::Codec codec_;
  SourcePool sources_{plan_memory(4 << 20, 1, 100, {}), codec_.encoding, codec_.keys.tag_keys};
  ReadPace pace_{0};
  JobLimits limits_;
  std::unique_ptr<Lineage> lineage_;  // none: histories are not told apart
  std::atomic<bool> cancelled_{false};
};

}  // namespace tidemark::runtime

#endif  // TIDEMARK_TESTS_UNIT_RUNTIME_JOB_FIXTURE_H
