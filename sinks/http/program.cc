#include "http/program.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "base/fd.h"
#include "base/secret.h"

extern char** environ;

namespace tidemark::sinks {
namespace {

constexpr int kPollMs = 20;
constexpr size_t kComplaintBytes = 4096;
constexpr size_t kShownBytes = 200;
constexpr size_t kKeyLikeBytes = 32;  // a secret has 40, a token many more

int64_t now_ms() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * int64_t{1000} + now.tv_nsec / 1'000'000;
}

struct Pipe {
  UniqueFd read, write;
};

// Above 2 even where the host has closed its standard files, so that no dup2 in the child hits the other's
// pipe.
Result<UniqueFd> above_standard(int fd) {
  const UniqueFd low(fd);
  UniqueFd high(fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!high) return fail_sink_errno(errno, "cannot duplicate a file descriptor");
  return high;
}

Result<Pipe> make_pipe() {
  std::array<int, 2> fds;
  if (pipe2(fds.data(), O_CLOEXEC) != 0) return fail_sink_errno(errno, "cannot make a pipe");
  Result<UniqueFd> read = above_standard(fds[0]), write = above_standard(fds[1]);
  if (!read) return read.error();
  if (!write) return write.error();
  if (fcntl(read->get(), F_SETFL, O_NONBLOCK) != 0) return fail_sink_errno(errno, "cannot set up a pipe");
  return Pipe{std::move(*read), std::move(*write)};
}

// For posix_spawn, which writes to none of them.
std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

std::vector<char*> environment_with(const std::vector<std::string>& variables) {
  std::vector<char*> out = pointers_to(variables);
  out.pop_back();
  for (char** one = environ; one != nullptr && *one != nullptr; ++one) {
    const std::string_view text = *one;
    const std::string_view name = text.substr(0, text.find('=') + 1);
    const bool is_replaced = std::any_of(variables.begin(), variables.end(),
                                         [&](const std::string& other) { return other.starts_with(name); });
    if (!is_replaced) out.push_back(*one);
  }
  out.push_back(nullptr);
  return out;
}

class SpawnSetup {
 public:
  SpawnSetup() {
    posix_spawnattr_init(&attributes_);
    posix_spawn_file_actions_init(&files_);
  }
  ~SpawnSetup() {
    posix_spawn_file_actions_destroy(&files_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;

  // 0 or an errno.
  int spawn(const Program& program, int out, int err, pid_t* pid) {
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    constexpr short kFlags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    std::vector<char*> arguments = pointers_to(program.arguments);
    std::vector<char*> variables = environment_with(program.variables);
    int failed = posix_spawnattr_setflags(&attributes_, kFlags);
    if (failed == 0) failed = posix_spawnattr_setpgroup(&attributes_, 0);
    if (failed == 0) failed = posix_spawnattr_setsigmask(&attributes_, &none);
    if (failed == 0) failed = posix_spawnattr_setsigdefault(&attributes_, &all);
    if (failed == 0) failed = posix_spawn_file_actions_addopen(&files_, 0, "/dev/null", O_RDONLY, 0);
    if (failed == 0) failed = posix_spawn_file_actions_adddup2(&files_, out, 1);
    if (failed == 0) failed = posix_spawn_file_actions_adddup2(&files_, err, 2);
    if (failed == 0) failed = posix_spawn_file_actions_addclosefrom_np(&files_, 3);
    if (failed == 0)
      failed =
          posix_spawn(pid, program.path.c_str(), &files_, &attributes_, arguments.data(), variables.data());
    return failed;
  }

 private:
  posix_spawnattr_t attributes_;
  posix_spawn_file_actions_t files_;
};

// The child; killed with its group and waited for unless it has ended.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  ~Child() {
    if (has_ended()) return;
    kill(-pid_, SIGKILL);
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  bool has_ended() {
    if (ended_) return true;
    const pid_t got = waitpid(pid_, &status_, WNOHANG);
    // A host that ignores SIGCHLD, or waits for every child, leaves us without a status.
    if (got < 0 && errno == ECHILD) status_ = 0;
    ended_ = got == pid_ || (got < 0 && errno == ECHILD);
    return ended_;
  }
  int status() const { return status_; }

 private:
  const pid_t pid_;
  int status_ = 0;
  bool ended_ = false;
};

// Takes what there is; closes the pipe at its end. What is beyond `max_bytes` is dropped, and said by false.
bool drain(UniqueFd* pipe, std::string* out, size_t max_bytes) {
  std::array<char, 4096> piece;
  bool fits = true;
  while (*pipe) {
    const ssize_t got = read(pipe->get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) break;
    if (got <= 0) {
      *pipe = UniqueFd();
      break;
    }
    const size_t taken = std::min<size_t>(got, max_bytes - out->size());
    out->append(piece.data(), taken);
    fits = fits && taken == static_cast<size_t>(got);
    if (!fits) break;  // an endless printer must not keep us here
  }
  OPENSSL_cleanse(piece.data(), piece.size());
  return fits;
}

// The last line of what the command complains about, without what looks like a key.
std::string complaint_line(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  text = text.substr(text.rfind('\n') + 1);
  std::string line, word;
  const auto flush = [&] {
    line += word.size() >= kKeyLikeBytes ? "[...]" : word;
    word.clear();
  };
  for (const char c : text) {
    const bool key_like = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                          c == '+' || c == '/' || c == '=';
    if (key_like) {
      word += c;
    } else {
      flush();
      line += c;
    }
  }
  flush();
  return line.substr(0, kShownBytes);
}

Error fail_ended(int status, const std::string& complaint) {
  std::string message = WIFSIGNALED(status) ? "was killed by signal " + std::to_string(WTERMSIG(status))
                                            : "ended with status " + std::to_string(WEXITSTATUS(status));
  if (const std::string line = complaint_line(complaint); !line.empty()) message += ": " + line;
  return fail(TIDEMARK_E_RETRYABLE, std::move(message));
}

}  // namespace

Result<std::string> run_program(const Program& program, const Call& call, const ProgramLimits& limits,
                                const std::function<void()>& on_wait) {
  Result<Pipe> out = make_pipe(), err = make_pipe();
  if (!out) return out.error();
  if (!err) return err.error();
  pid_t pid = 0;
  if (const int failed = SpawnSetup().spawn(program, out->write.get(), err->write.get(), &pid)) {
    return fail_sink_errno(failed, "cannot run " + program.path);
  }
  Child child(pid);
  out->write = UniqueFd();
  err->write = UniqueFd();

  std::string printed, complaint;
  printed.reserve(limits.output_bytes);  // does not move, which would leave copies in memory
  const int64_t begin_ms = now_ms(), until_ms = begin_ms + limits.timeout_ms;
  bool is_reported = !on_wait;
  Status going = {};
  while (going) {
    const bool ended = child.has_ended();  // before the last look into the pipes
    if (!drain(&out->read, &printed, limits.output_bytes)) {
      going =
          fail(TIDEMARK_E_PERMANENT, "printed more than " + std::to_string(limits.output_bytes) + " bytes");
      break;
    }
    drain(&err->read, &complaint, kComplaintBytes);
    if (ended) break;
    going = call.check();
    if (going && now_ms() >= until_ms) {
      going = fail(TIDEMARK_E_RETRYABLE, "did not end within " + std::to_string(limits.timeout_ms) + " ms");
    }
    if (!is_reported && now_ms() - begin_ms >= limits.silence_ms) {
      is_reported = true;
      on_wait();
    }
    std::array<pollfd, 2> waits = {pollfd{out->read.get(), POLLIN, 0}, pollfd{err->read.get(), POLLIN, 0}};
    poll(waits.data(), waits.size(), kPollMs);
  }
  if (going && child.status() != 0) going = fail_ended(child.status(), complaint);
  wipe(&complaint);
  if (going) return printed;
  wipe(&printed);
  return going.error();
}

}  // namespace tidemark::sinks
