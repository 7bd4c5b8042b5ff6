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

int RunMetrics::finish(int code) {
  if (wish_.file.empty()) return code;
  const double now_s = static_cast<double>(wall_clock_us()) * kMicrosecond_s;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun_;
  set("last_run_timestamp_seconds", "When it last ended", now_s);
  set("last_success_timestamp_seconds",
      "When it last ended with exit code 0; 0: not since this file was begun",
      code == kExitOk ? now_s : last_success_s());
  set("exit_code",
      "How it last ended: 0 all well, 1 the data is not, 2 the command, 3 unreachable, 4 this machine", code);
  set("duration_seconds", "How long it took", took.count());
  const Status written = replace_file(wish_.file, text_, Durability::kUnsafe, Readers::kAll);
  if (written) return code;
  console().print("--metrics: " + written.error().message);
  return code == kExitOk ? int{kExitLocal} : code;
}

}  // namespace tidemark::cli
