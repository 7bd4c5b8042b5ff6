#include "tool/server_process.h"

#include <signal.h>

#include <cerrno>

#include "base/files.h"
#include "format/lsn.h"

namespace tidemark::postgres {

namespace {

constexpr size_t kTextMax = size_t{1} << 16;

std::optional<pid_t> parse_pid(std::string_view text) {
  const auto number = parse_decimal(text);
  if (!number || *number == 0 || *number > INT32_MAX) return std::nullopt;
  return static_cast<pid_t>(*number);
}

// What comes after `word`, which nothing but blanks may follow in front of it.
std::optional<std::string> what_follows(std::string_view text, std::string_view word) {
  if (!text.starts_with(word)) return std::nullopt;
  return std::string(text.substr(word.size()));
}

}  // namespace

std::optional<pid_t> server_of(const std::string& data_directory) {
  const auto text = read_file(data_directory + "/postmaster.pid", kTextMax);
  if (!text) return std::nullopt;
  const auto pid = parse_pid(std::string_view(*text).substr(0, text->find('\n')));
  if (!pid || (::kill(*pid, 0) != 0 && errno != EPERM)) return std::nullopt;
  return pid;
}

std::vector<std::string> titles_of(pid_t server) {
  const std::string proc = "/proc/", own = std::to_string(server);
  const auto children = read_file(proc + own + "/task/" + own + "/children", kTextMax);
  std::vector<std::string> titles;
  if (!children) return titles;
  std::string_view rest = *children;
  while (!rest.empty()) {
    const size_t end = rest.find(' ');
    const auto pid = parse_pid(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (!pid) continue;
    const auto title = read_file(proc + std::to_string(*pid) + "/cmdline", kTextMax);
    if (title) titles.push_back(title->substr(0, title->find('\0')));
  }
  return titles;
}

ArchiverTitle parse_archiver_title(std::string_view title) {
  constexpr std::string_view kBegin = "postgres: ", kName = "archiver";
  if (!title.starts_with(kBegin)) return {};
  title.remove_prefix(kBegin.size());
  if (!title.starts_with(kName)) {
    const size_t named = title.find(": archiver");
    if (named == std::string_view::npos) return {};
    title.remove_prefix(named + 2);
  }
  title.remove_prefix(kName.size());
  while (!title.empty() && title.back() == ' ') title.remove_suffix(1);
  if (auto file = what_follows(title, " archiving ")) return {ArchiverState::kArchiving, *file};
  if (auto file = what_follows(title, " last was ")) return {ArchiverState::kDone, *file};
  if (auto file = what_follows(title, " failed on ")) return {ArchiverState::kFailed, *file};
  return {title.empty() ? ArchiverState::kIdle : ArchiverState::kNone, ""};
}

ArchiverTitle archiver_of(pid_t server) {
  for (const std::string& title : titles_of(server)) {
    ArchiverTitle parsed = parse_archiver_title(title);
    if (parsed.state != ArchiverState::kNone) return parsed;
  }
  return {};
}

}  // namespace tidemark::postgres
