#include "s3/auth/credential_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "fixture.h"

namespace tidemark::sinks::s3 {
namespace {

using Clock = std::chrono::steady_clock;

Result<std::string> run(const std::string& command, const ProcessLimits& limits = {}) {
  return run_credential_process(command, Call(nullptr, nullptr), limits);
}

// Gone, or a zombie of whoever adopted it.
bool is_gone(pid_t pid) {
  for (int i = 0; i < 100; ++i) {
    const std::string status = read_file("/proc/" + std::to_string(pid) + "/stat");
    if (status.empty() || status.find(") Z ") != std::string::npos) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

pid_t pid_in(const std::string& file) {
  for (int i = 0; i < 500; ++i) {
    const std::string text = read_file(file);
    if (!text.empty() && text.back() == '\n') return std::stoi(text);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ADD_FAILURE() << "nothing in " << file;
  return -1;
}

TEST(CredentialProcess, GivesWhatTheCommandPrints) {
  EXPECT_EQ(run("printf 'one\\ntwo'").value(), "one\ntwo");
  EXPECT_EQ(run("true").value(), "");
  setenv("TIDEMARK_TEST_VARIABLE", "inherited", 1);
  EXPECT_EQ(run("printf %s \"$TIDEMARK_TEST_VARIABLE\"; echo complaints >&2").value(), "inherited");
  unsetenv("TIDEMARK_TEST_VARIABLE");
  const std::string large = run("head -c 65536 /dev/zero").value();
  EXPECT_EQ(large, std::string(65536, '\0'));
}

TEST(CredentialProcess, HasNothingToReadAndNoFilesOfOurs) {
  const int leaked = open("/dev/null", O_RDONLY);  // as a host may have it, without O_CLOEXEC
  ASSERT_GE(leaked, 3);
  EXPECT_EQ(run("cat; ls /proc/self/fd | tr '\\n' ' '").value(), "0 1 2 3 ");  // 3 is what ls reads
  close(leaked);
}

TEST(CredentialProcess, HasDefaultSignals) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const auto kept = signal(SIGPIPE, SIG_IGN);
  // All but two that belong to the C library, which ignores them in what it spawns.
  const std::string status =
      run("sed -n 's/^Sig\\(Blk\\|Ign\\):.*\\(...............\\)$/\\2/p' /proc/self/status | "
          "while read -r mask; do echo $((0x$mask & ~0x180000000)); done")
          .value_or("failed");
  signal(SIGPIPE, kept);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  EXPECT_EQ(status, "0\n0\n");
}

TEST(CredentialProcess, FailsWithItsStatusAndAShortComplaint) {
  const Error failed = run("echo first >&2; echo 'no such account  ' >&2; exit 3").error();
  EXPECT_EQ(failed.message, "ended with status 3: no such account");
  EXPECT_EQ(run("kill -TERM $$").error().message, "was killed by signal 15");
  EXPECT_NE(run("/no/such/helper --secret x").error().message.find("status 127"), std::string::npos);
  EXPECT_EQ(run("exit 1").error().message, "ended with status 1");
  const Error long_one = run("head -c 3000 /dev/zero | tr '\\0' '-' >&2; exit 1").error();
  EXPECT_LT(long_one.message.size(), 300U);
}

TEST(CredentialProcess, DoesNotRepeatWhatLooksLikeAKey) {
  const Error failed =
      run("echo 'bad key wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY for /etc/some-file.conf' >&2; exit 1")
          .error();
  EXPECT_EQ(failed.message, "ended with status 1: bad key [...] for /etc/some-file.conf");
}

TEST(CredentialProcess, MayNotPrintWithoutEnd) {
  const auto begin = Clock::now();
  const Error failed = run("cat /dev/zero").error();
  EXPECT_EQ(failed.status, TIDEMARK_E_PERMANENT);
  EXPECT_EQ(failed.message, "printed more than 65536 bytes");
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds(10));
  EXPECT_EQ(run("head -c 100 /dev/zero >&2; printf ok; yes x | head -c 1000000 >&2").value(), "ok");
}

TEST(CredentialProcess, IsKilledWithItsChildrenWhenItsTimeIsUp) {
  const TempDir dir;
  const std::string file = dir / "pid";
  const Error failed =
      run("sleep 100 & echo $! > " + file + "; trap '' TERM INT; wait; sleep 100", {500, 1024}).error();
  EXPECT_EQ(failed.status, TIDEMARK_E_RETRYABLE);
  EXPECT_EQ(failed.message, "did not end within 500 ms");
  EXPECT_TRUE(is_gone(pid_in(file)));
}

TEST(CredentialProcess, IsKilledWhenTheCallIsCancelled) {
  const TempDir dir;
  const std::string file = dir / "pid";
  std::atomic<bool> cancelled = false;
  const tidemark_call raw = {sizeof raw, 0, &cancelled, [](void* flag) -> int32_t {
                               return *static_cast<std::atomic<bool>*>(flag) ? 1 : 0;
                             }};
  Result<std::string> result;
  std::thread runner([&] {
    result = run_credential_process("sleep 100 & echo $! > " + file + "; wait", Call(&raw, nullptr));
  });
  const pid_t pid = pid_in(file);
  const auto begin = Clock::now();
  cancelled = true;
  runner.join();
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds(1));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().status, TIDEMARK_E_CANCELLED);
  EXPECT_TRUE(is_gone(pid));
}

TEST(CredentialProcess, DoesNotWaitForWhatItLeavesInTheBackground) {
  const TempDir dir;
  const std::string file = dir / "pid";
  const auto begin = Clock::now();
  EXPECT_EQ(run("sleep 100 & echo $! > " + file + "; printf done").value(), "done");
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds(10));
  kill(pid_in(file), SIGKILL);
}

TEST(CredentialProcess, WorksInAHostThatIgnoresItsChildren) {
  const auto kept = signal(SIGCHLD, SIG_IGN);
  const Result<std::string> result = run("printf fine");
  signal(SIGCHLD, kept);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(*result, "fine");
}

TEST(CredentialProcess, WorksInAHostWithoutStandardFiles) {
  const pid_t pid = fork();
  if (pid == 0) {
    for (int fd = 0; fd < 3; ++fd) close(fd);
    const Result<std::string> result = run("printf out; printf err >&2");
    _exit(result && *result == "out" ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace tidemark::sinks::s3
