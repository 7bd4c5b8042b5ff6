#include "bridge/history.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <utility>

#include "base/files.h"
#include "base/line.h"
#include "bridge/wal_directory.h"
#include "format/lsn.h"

namespace tidemark::postgres {

namespace {

constexpr size_t kHistoryBytes = size_t{1} << 20;

std::optional<uint32_t> parse_half(std::string_view text) {
  uint32_t value = 0;
  const auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (text.empty() || problem != std::errc() || rest != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::string_view take_line(std::string_view* text) {
  const size_t end = text->find('\n');
  const std::string_view line = text->substr(0, end);
  text->remove_prefix(end == std::string_view::npos ? text->size() : end + 1);
  return line;
}

std::optional<uint64_t> parse_position(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto high = parse_half(text.substr(0, slash)), low = parse_half(text.substr(slash + 1));
  if (!high || !low) return std::nullopt;
  return uint64_t{*high} << 32 | *low;
}

std::string position_text(uint64_t position) {
  char text[24];
  const int size = std::snprintf(text, sizeof(text), "%X/%X", static_cast<unsigned>(position >> 32),
                                 static_cast<unsigned>(position & UINT32_MAX));
  return {text, static_cast<size_t>(size)};
}

std::optional<std::vector<Fork>> parse_history(std::string_view text) {
  std::vector<Fork> ancestors;
  while (!text.empty()) {
    std::string_view line = take_line(&text);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (line.empty() || line.front() == '#') continue;
    const size_t number_end = line.find('\t');
    if (number_end == std::string_view::npos) return std::nullopt;
    const size_t position_end = line.find('\t', number_end + 1);
    const auto number = parse_decimal(line.substr(0, number_end));
    const auto position = parse_position(line.substr(number_end + 1, position_end == std::string_view::npos
                                                                         ? position_end
                                                                         : position_end - number_end - 1));
    if (!number || *number == 0 || *number > UINT32_MAX || !position) return std::nullopt;
    ancestors.push_back(
        {static_cast<uint32_t>(*number), *position,
         position_end == std::string_view::npos ? "" : clean_line(line.substr(position_end + 1))});
  }
  if (ancestors.empty()) return std::nullopt;
  return ancestors;
}

Result<uint32_t> own_timeline(const std::string& wal_directory, const Cluster& cluster) {
  uint32_t highest = 0;
  TM_TRY(each_wal_file(wal_directory, "", cluster, [&highest](const WalFile& file) {
    if (file.kind == WalKind::kSegment) highest = std::max(highest, file.timeline);
  }));
  return highest;
}

Result<std::vector<uint32_t>> own_histories(const std::string& wal_directory, uint32_t timeline) {
  std::vector<uint32_t> timelines;
  if (timeline <= 1) return timelines;
  const std::string path = wal_directory + "/" + history_name(timeline);
  const auto text = read_file(path, kHistoryBytes);
  if (!text && text.error().status != TIDEMARK_E_NOT_FOUND) return text.error();
  if (text) {
    const auto ancestors = parse_history(*text);
    if (!ancestors) return fail(TIDEMARK_E_CORRUPT, path + " is no history of a timeline");
    for (const Fork& ancestor : *ancestors) {
      if (ancestor.parent > 1 && ancestor.parent < timeline) timelines.push_back(ancestor.parent);
    }
  }
  timelines.push_back(timeline);
  std::sort(timelines.begin(), timelines.end());
  timelines.erase(std::unique(timelines.begin(), timelines.end()), timelines.end());
  if (timelines.size() > kHistoriesMax) timelines.erase(timelines.begin(), timelines.end() - kHistoriesMax);
  return timelines;
}

}  // namespace tidemark::postgres
