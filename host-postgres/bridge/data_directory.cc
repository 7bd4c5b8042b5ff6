#include "bridge/data_directory.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "base/files.h"
#include "bridge/layout.h"

namespace tidemark::postgres {

namespace {

constexpr size_t kConfBytesMax = size_t{1} << 20;
constexpr int kDepthMax = 10;  // of files that include one another

template <typename Number>
Number number_at(std::string_view text, size_t at) {
  Number value = 0;
  std::memcpy(&value, text.data() + at, sizeof(value));
  return value;
}

bool is_there(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

bool is_wanted(std::string_view name) {
  return name.starts_with("tidemark.") || name == "archive_mode" || name == "archive_library" ||
         name == "restore_command";
}

// Of the command line that started the server last, one word of it: "config_file=/etc/…".
std::string config_file_of(std::string_view options) {
  constexpr std::string_view kWord = "\"config_file=";
  const size_t at = options.find(kWord);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = options.substr(at + kWord.size());
  return std::string(rest.substr(0, rest.find('"')));
}

Status read_conf(const std::string& path, int depth, ServerSettings* settings);

Status read_included(const std::string& from, const ConfLine& line, int depth, ServerSettings* settings) {
  const std::string path = line.value.starts_with('/') ? line.value : parent_of(from) + "/" + line.value;
  if (line.name == "include_if_exists" && !is_there(path)) return {};
  if (line.name != "include_dir") return read_conf(path, depth + 1, settings);
  std::error_code problem;
  std::vector<std::string> files;
  for (std::filesystem::directory_iterator at(path, problem), end; !problem && at != end;
       at.increment(problem)) {
    const std::string name = at->path().filename().string();
    if (name.ends_with(".conf") && !name.starts_with('.')) files.push_back(at->path().string());
  }
  if (problem) return fail_errno(problem.value(), path);
  std::sort(files.begin(), files.end());
  for (const std::string& file : files) TM_TRY(read_conf(file, depth + 1, settings));
  return {};
}

Status read_conf(const std::string& path, int depth, ServerSettings* settings) {
  if (depth > kDepthMax) return fail(TIDEMARK_E_INVALID, path + ": files include one another without end");
  TM_ASSIGN(const std::string text, read_file(path, kConfBytesMax));
  for (const ConfLine& line : parse_conf(text)) {
    if (line.name.starts_with("include")) {
      TM_TRY(read_included(path, line, depth, settings));
    } else if (is_wanted(line.name)) {
      (*settings)[line.name] = line.value;
    }
  }
  return {};
}

// The rest after the opening quote; '' and \' stand for one.
std::string unquoted(std::string_view text) {
  std::string value;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_doubled = text[i] == '\'' && i + 1 < text.size() && text[i + 1] == '\'';
    if (text[i] == '\'' && !is_doubled) break;
    if (is_doubled || (text[i] == '\\' && i + 1 < text.size())) ++i;
    value += text[i];
  }
  return value;
}

}  // namespace

bool is_data_directory(const std::string& path) { return is_there(path + "/global/pg_control"); }
bool is_standby(const std::string& data_directory) { return is_there(data_directory + "/standby.signal"); }
bool is_in_recovery(const std::string& data_directory) {
  return is_there(data_directory + "/recovery.signal");
}

Result<Cluster> read_cluster(const std::string& data_directory) {
  const std::string path = data_directory + "/global/pg_control";
  TM_ASSIGN(const std::string content, read_file(path, TMPG_CONTROL_BYTES));
  if (content.size() < TMPG_CONTROL_SEGMENT_SIZE_AT + sizeof(uint32_t))
    return fail(TIDEMARK_E_INVALID, path + " is cut off");
  const auto version = number_at<uint32_t>(content, TMPG_CONTROL_VERSION_AT);
  if (version != TMPG_CONTROL_VERSION)
    return fail(TIDEMARK_E_UNSUPPORTED, path + " has version " + std::to_string(version) +
                                            ", which this build does not know: give --cluster and "
                                            "--segment-size");
  const Cluster cluster{number_at<uint64_t>(content, TMPG_CONTROL_IDENTIFIER_AT),
                        number_at<uint32_t>(content, TMPG_CONTROL_SEGMENT_SIZE_AT)};
  if (!is_segment_size(cluster.segment_bytes))
    return fail(TIDEMARK_E_INVALID,
                path + " says that segments have " + std::to_string(cluster.segment_bytes) + " bytes");
  return cluster;
}

std::vector<ConfLine> parse_conf(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  std::vector<ConfLine> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
    const size_t name_end = std::min(line.find_first_of(" \t\r=#"), line.size());
    ConfLine parsed;
    for (const char c : line.substr(0, name_end))
      parsed.name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    line.remove_prefix(name_end);
    line.remove_prefix(std::min(line.find_first_not_of(" \t\r="), line.size()));
    if (parsed.name.empty() || line.empty() || line.front() == '#') continue;
    parsed.value = line.front() == '\'' ? unquoted(line.substr(1))
                                        : std::string(line.substr(0, line.find_first_of(" \t\r#")));
    lines.push_back(std::move(parsed));
  }
  return lines;
}

Result<ServerSettings> read_server_settings(const std::string& data_directory) {
  std::string main = data_directory + "/postgresql.conf";
  if (const std::string options = data_directory + "/postmaster.opts"; is_there(options)) {
    TM_ASSIGN(const std::string words, read_file(options, kConfBytesMax));
    if (const std::string named = config_file_of(words); !named.empty() && is_there(named)) main = named;
  }
  ServerSettings settings;
  if (is_there(main)) TM_TRY(read_conf(main, 0, &settings));
  if (const std::string own = data_directory + "/postgresql.auto.conf"; is_there(own))
    TM_TRY(read_conf(own, 0, &settings));
  return settings;
}

}  // namespace tidemark::postgres
