#include "tool/bounded.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "base/fd.h"
#include "base/files.h"
#include "base/guard.h"
#include "base/line.h"
#include "bridge/services.h"

namespace tidemark::postgres {

namespace {

constexpr size_t kSaidMax = 4096;  // of which the last line counts
constexpr int kNoMemory = 127;

[[noreturn]] void run_child(int fd, const std::function<int(const SayStage&)>& work) {
  int code = kNoMemory;
  if_there_is_memory([&] {
    code = work([fd](const std::string& stage) {
      const Status written = write_all(fd, clean_line(stage) + "\n", "a pipe");
      (void)written;  // without a reader nobody asks
    });
  });
  std::fflush(nullptr);
  ::_exit(code);
}

// Until the other end is closed; false: the time is over first.
bool read_stages(int fd, uint64_t timeout_ms, std::string* said) {
  const uint64_t end_ms = monotonic_ms() + timeout_ms;
  for (;;) {
    const uint64_t now_ms = monotonic_ms();
    if (now_ms >= end_ms) return false;
    pollfd one{fd, POLLIN, 0};
    const int left_ms = static_cast<int>(std::min<uint64_t>(end_ms - now_ms, 60'000));
    if (::poll(&one, 1, left_ms) <= 0) continue;
    char piece[512];
    const ssize_t size = ::read(fd, piece, sizeof(piece));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return true;
    said->append(piece, static_cast<size_t>(size));
    if (said->size() > kSaidMax) said->erase(0, said->size() - kSaidMax);
  }
}

std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.substr(text.rfind('\n') + 1);  // npos + 1 is 0
}

}  // namespace

Result<Bounded> run_bounded(uint64_t timeout_ms, const std::function<int(const SayStage&)>& work) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "pipe");
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  std::fflush(nullptr);  // or it would be printed twice
  const pid_t child = ::fork();
  if (child < 0)
    return fail(TIDEMARK_E_RETRYABLE, "cannot start a process: " + fail_errno(errno, "fork").message);
  if (child == 0) run_child(write_end.get(), work);
  write_end = UniqueFd();
  std::string said;
  Bounded result;
  const bool has_ended = read_stages(read_end.get(), timeout_ms, &said);
  result.stage = last_line(std::move(said));
  // One that hangs in the kernel cannot even be killed, and is not waited for.
  if (!has_ended) ::kill(child, SIGKILL);
  int status = 0;
  const pid_t ended = ::waitpid(child, &status, has_ended ? 0 : WNOHANG);
  result.is_finished = has_ended && ended == child && WIFEXITED(status) && WEXITSTATUS(status) != kNoMemory;
  result.code = result.is_finished ? WEXITSTATUS(status) : 0;
  return result;
}

}  // namespace tidemark::postgres
