#include "history.h"

#include <sys/random.h>

#include <cerrno>
#include <charconv>
#include <cstdio>

namespace tidemark::host {

std::string history_text(uint64_t history) {
  char text[17];
  std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(history));
  return text;
}

Result<uint64_t> read_history(const std::string& directory) {
  const std::string path = directory + "/" + kHistoryName;
  auto text = read_file(path);
  if (!text && text.error().sys_errno == ENOENT) return uint64_t{0};
  if (!text) return text.error();
  uint64_t history = 0;
  const auto [end, code] = std::from_chars(text->data(), text->data() + text->size(), history, 16);
  if (code != std::errc() || history == 0 || *text != history_text(history) + "\n")
    return fail(path + " is damaged; any 16 hex digits and a newline will do that no other directory has");
  return history;
}

Result<void> begin_history(const std::string& directory, Durability durability) {
  uint64_t history = 0;
  while (history == 0) {
    if (::getrandom(&history, sizeof(history), 0) != sizeof(history))
      return fail_errno(errno, "cannot draw a random number");
  }
  return replace_file(directory + "/" + kHistoryName, history_text(history) + "\n", durability);
}

}  // namespace tidemark::host
