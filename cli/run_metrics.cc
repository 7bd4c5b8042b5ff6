#include "run_metrics.h"

#include <charconv>
#include <string_view>

#include "base/files.h"
#include "base/line.h"
#include "base/wall_clock.h"
#include "console.h"
#include "error.h"

namespace tidemark::cli {

namespace {

constexpr size_t kFileBytesMax = 65536;
constexpr std::string_view kBeginning = "# HELP tidemark_";
constexpr double kMicrosecond_s = 1e-6;

std::string number_text(double value) {
  char text[32];
  const auto [end, problem] = std::to_chars(text, text + sizeof text, value);
  return std::string(text, end);
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : clean_line(text)) {
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

std::string RunMetrics::labels(const std::string& kind) const {
  std::string text = "{archive=\"" + escaped(wish_.archive) + '"';
  if (!wish_.scope.empty()) text += ",scope=\"" + escaped(wish_.scope) + '"';
  if (!kind.empty()) text += ",kind=\"" + kind + '"';
  return text + '}';
}

void RunMetrics::set(const std::string& name, const std::string& help, double value,
                     const std::string& kind) {
  if (wish_.file.empty()) return;
  const std::string full = full_name(name);
  if (name != last_name_) text_ += "# HELP " + full + ' ' + help + "\n# TYPE " + full + " gauge\n";
  last_name_ = name;
  text_ += full + labels(kind) + ' ' + number_text(value) + '\n';
}

double RunMetrics::last_success_s() const {
  const auto before = read_file(wish_.file, kFileBytesMax);
  if (!before) return 0;
  const std::string begin = '\n' + full_name("last_success_timestamp_seconds") + labels({}) + ' ';
  const size_t at = before->find(begin);
  if (at == std::string::npos) return 0;
  double value = 0;
  const char* const digits = before->data() + at + begin.size();
  const auto [end, problem] = std::from_chars(digits, before->data() + before->size(), value);
  return problem == std::errc() && value > 0 ? value : 0;
}

Result<void> RunMetrics::check() const {
  if (wish_.file.empty()) return {};
  const Status allowed = tidemark::may_replace(wish_.file, kBeginning);
  // That it cannot be looked at is no reason not to run.
  if (allowed || allowed.error().status != TIDEMARK_E_EXISTS) return {};
  return usage_error("--metrics: " + allowed.error().message);
}

int RunMetrics::finish(int code, bool is_real) {
  if (wish_.file.empty()) return code;
  const double now_s = static_cast<double>(wall_clock_us()) * kMicrosecond_s;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun_;
  set("last_run_timestamp_seconds", "When it last ended", now_s);
  set("last_success_timestamp_seconds",
      "When it last ended with exit code 0; 0: not since this file was begun",
      code == kExitOk && is_real ? now_s : last_success_s());
  set("exit_code",
      "How it last ended: 0 all well, 1 the data is not, 2 the command, 3 unreachable, 4 this machine", code);
  set("duration_seconds", "How long it took", took.count());
  Status written = tidemark::may_replace(wish_.file, kBeginning);
  if (written) written = replace_file(wish_.file, text_, Durability::kUnsafe, ReadableBy::kAll);
  if (written) return code;
  console().print("--metrics: " + written.error().message);
  return code == kExitOk ? int{kExitLocal} : code;
}

namespace {

// "--metrics FILE" or "--metrics=FILE"; empty: none is named.
std::string named_file(int argc, const char* const* argv) {
  constexpr std::string_view kOption = "--metrics";
  for (int i = 1; i < argc; ++i) {
    std::string_view word = argv[i];
    if (word == kOption) return i + 1 < argc ? argv[i + 1] : std::string();
    if (word.starts_with(kOption) && word.substr(kOption.size()).starts_with('='))
      return std::string(word.substr(kOption.size() + 1));
  }
  return {};
}

// Of each sample of this name the value.
void set_values(std::string& text, const std::string& name, const std::string& value) {
  const std::string begin = '\n' + name + '{';
  for (size_t at = text.find(begin); at != std::string::npos; at = text.find(begin, at + 1)) {
    const size_t end = text.find('\n', at + 1);
    const size_t blank = text.rfind(' ', end);
    if (blank != std::string::npos && blank > at) text.replace(blank + 1, end - blank - 1, value);
  }
}

}  // namespace

void tell_refused(int argc, const char* const* argv, int code) {
  const std::string file = named_file(argc, argv);
  if (file.empty() || code == kExitOk || !tidemark::may_replace(file, kBeginning)) return;
  auto text = tidemark::read_file(file, kFileBytesMax);
  if (!text || text->empty()) return;
  for (const char* const verb : {"verify", "info", "prune"}) {
    const std::string prefix = std::string("tidemark_") + verb;
    const double now_s = static_cast<double>(wall_clock_us()) * kMicrosecond_s;
    set_values(*text, prefix + "_exit_code", std::to_string(code));
    set_values(*text, prefix + "_last_run_timestamp_seconds", number_text(now_s));
  }
  (void)replace_file(file, *text, Durability::kUnsafe, ReadableBy::kAll);
}

}  // namespace tidemark::cli
