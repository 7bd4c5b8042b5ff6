// starved --thread worker|control|hot --way new|malloc [--count M] [--from N] [--to N] [--step S --dense N]
// starved --squeeze N
// With --second URL the sink that is swapped in is not a directory; NUMBER in it becomes another one in each
// trial.
//
// One trial for each n, each in a process of its own, in which the n-th allocation of that
// kind fails (and M - 1 after it); until a trial makes so few that none failed. Or N trials in which there is
// no memory at all for n milliseconds. Any end but a good one is reported.
#include <malloc.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "squeeze.h"
#include "temp_dir.h"
#include "trial.h"

namespace tidemark::starved {
namespace {

constexpr unsigned kRunSeconds = 60;

struct Wishes {
  Fault fault;
  uint64_t from = 1;
  uint64_t to = UINT64_MAX;
  uint64_t dense = UINT64_MAX;  // every n up to here, then every step-th
  uint64_t step = 1;
  uint64_t at_once = 2;
  bool squeeze = false;
  std::string second_url;
  bool verbose = false;
};

struct Shared {
  uint64_t failed;
};

struct Running {
  uint64_t n;
  Shared* shared;
};

[[noreturn]] void child(const Setting& setting, Fault fault, const Wishes& wishes, Shared* shared) {
  alarm(kRunSeconds);
  bool well = false;
  {
    const As host(Thread::kHost);
    test::TempDir work;
    Setting mine = setting;
    mine.work = work.path().string();
    if (const size_t at = mine.second_url.find("NUMBER"); at != std::string::npos) {
      mine.second_url.replace(at, 6, std::to_string(getpid()));
    }
    print_where(wishes.verbose);
    Trial trial(mine, wishes.verbose);
    if (wishes.squeeze) {
      Squeeze squeeze(static_cast<int>(fault.first));
      well = trial.run([&squeeze] { squeeze.begin(); });
    } else {
      arm(fault);
      well = trial.run([] {});
      disarm();
      shared->failed = failed();
    }
  }
  std::exit(well ? 0 : 3);  // a leak is reported at exit
}

const char* option(int argc, char** argv, const char* name, const char* otherwise) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::strcmp(argv[i], name) == 0) return argv[i + 1];
  }
  return otherwise;
}

bool parse(int argc, char** argv, Wishes* wishes) {
  const std::map<std::string_view, Thread> threads = {
      {"worker", Thread::kWorker}, {"control", Thread::kControl}, {"hot", Thread::kHot}};
  const auto thread = threads.find(option(argc, argv, "--thread", "worker"));
  const std::string_view way = option(argc, argv, "--way", "new");
  if (thread == threads.end() || (way != "new" && way != "malloc")) return false;
  const auto number = [&](const char* name, uint64_t otherwise) {
    return std::strtoull(option(argc, argv, name, std::to_string(otherwise).c_str()), nullptr, 10);
  };
  wishes->fault = {thread->second, way == "new" ? Way::kNew : Way::kMalloc, 1, number("--count", 1)};
  wishes->from = number("--from", wishes->from);
  wishes->to = number("--to", wishes->to);
  wishes->dense = number("--dense", wishes->dense);
  wishes->step = number("--step", wishes->step);
  wishes->at_once = number("--at-once", wishes->at_once);
  wishes->second_url = option(argc, argv, "--second", "");
  const uint64_t squeezes = number("--squeeze", 0);
  wishes->squeeze = squeezes > 0;
  if (wishes->squeeze) wishes->to = squeezes;
  wishes->verbose = number("--verbose", 0) != 0;
  return wishes->step > 0 && wishes->at_once > 0;
}

std::string ending(int status) {
  if (WIFSIGNALED(status)) return std::string("ended by signal ") + strsignal(WTERMSIG(status));
  return "exit " + std::to_string(WEXITSTATUS(status));
}

int run_all(const Setting& setting, const Wishes& wishes) {
  auto* const shared = static_cast<Shared*>(mmap(nullptr, sizeof(Shared) * wishes.at_once,
                                                 PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  std::map<pid_t, Running> running;
  uint64_t runs = 0, bad = 0, unspoilt = 0;
  std::vector<Shared*> spare;
  for (uint64_t i = 0; i < wishes.at_once; ++i) spare.push_back(shared + i);
  uint64_t n = wishes.from;
  // A thread of the plugin may make a few more or less in each run: one that saw no failure may be chance.
  while ((n <= wishes.to && unspoilt < 3) || !running.empty()) {
    if (n <= wishes.to && unspoilt < 3 && running.size() < wishes.at_once) {
      Shared* const mine = spare.back();
      spare.pop_back();
      mine->failed = 1;
      Fault fault = wishes.fault;
      fault.first = n;
      std::fflush(nullptr);
      const pid_t pid = fork();
      if (pid == 0) child(setting, fault, wishes, mine);
      if (pid < 0) return 4;
      running[pid] = {n, mine};
      n += n < wishes.dense ? 1 : wishes.step;
      continue;
    }
    int status = 0;
    const pid_t pid = wait(&status);
    const auto done = running.find(pid);
    if (done == running.end()) continue;
    ++runs;
    if (status != 0) {
      ++bad;
      std::printf("n = %llu: %s\n", static_cast<unsigned long long>(done->second.n), ending(status).c_str());
    }
    if (done->second.shared->failed == 0) ++unspoilt;
    spare.push_back(done->second.shared);
    running.erase(done);
  }
  std::printf("%llu runs up to n = %llu, %llu bad\n", static_cast<unsigned long long>(runs),
              static_cast<unsigned long long>(n - 1), static_cast<unsigned long long>(bad));
  return bad == 0 ? 0 : 1;
}

}  // namespace
}  // namespace tidemark::starved

int main(int argc, char** argv) {
  using namespace tidemark::starved;
  const As host(Thread::kHost);
  mallopt(M_ARENA_MAX, 1);  // so that what is taken is nobody's
  Wishes wishes;
  if (!parse(argc, argv, &wishes)) {
    std::fprintf(stderr, "usage: starved --thread worker|control|hot --way new|malloc\n");
    return 2;
  }
  tidemark::test::TempDir root;
  const Setting setting =
      prepare(TIDEMARK_TEST_MODULES "/tidemark.so", root.path().string(), wishes.second_url);
  return run_all(setting, wishes);
}
