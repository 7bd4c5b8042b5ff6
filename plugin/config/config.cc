#include "config/config.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "base/line.h"
#include "base/printable.h"
#include "format/chain.h"

namespace tidemark::config {
namespace {

Status invalid(const Option& option, const std::string& allowed) {
  const bool is_secret = option.secret || is_key_itself(option.value);
  return fail(TIDEMARK_E_INVALID, "option " + option.key + " is '" +
                                      (is_secret ? "(secret)" : option.value.substr(0, 100)) +
                                      "': " + allowed);
}

bool is_absolute_path(const std::string& text) {
  return !text.empty() && text.front() == '/' && text.find('\0') == std::string::npos;
}

template <typename T>
Status parse_number(const Option& option, uint64_t min, uint64_t max, T* out) {
  uint64_t number = 0;
  const char* const end = option.value.data() + option.value.size();
  const auto [stop, problem] = std::from_chars(option.value.data(), end, number);
  if (problem != std::errc() || stop != end || number < min || number > max) {
    return invalid(
        option, "a whole number from " + std::to_string(min) + " to " + std::to_string(max) + " is needed");
  }
  *out = static_cast<T>(number);
  return {};
}

Status parse_log_level(const Option& option, int32_t* out) {
  static constexpr std::string_view kLevels[] = {"debug", "info", "warn", "error", "off"};
  for (int32_t level = 0; level < static_cast<int32_t>(std::size(kLevels)); ++level) {
    if (option.value != kLevels[level]) continue;
    *out = level;
    return {};
  }
  return invalid(option, "use debug, info, warn, error or off");
}

Status parse_bool(const Option& option, bool* out) {
  if (option.value != "true" && option.value != "false") return invalid(option, "use true or false");
  *out = option.value == "true";
  return {};
}

Status parse_verify_existing(const Option& option, VerifyExisting* out) {
  if (option.value != "footer" && option.value != "full") return invalid(option, "use footer or full");
  *out = option.value == "full" ? VerifyExisting::kFull : VerifyExisting::kFooter;
  return {};
}

Status parse_on_superseded(const Option& option, bool* stop) {
  if (option.value != "stop" && option.value != "continue") return invalid(option, "use stop or continue");
  *stop = option.value == "stop";
  return {};
}

Status parse_compress(const Option& option, int* level) {
  static constexpr std::string_view kLevels[] = {"none", "zstd:1", "zstd:2", "zstd:3"};
  for (int i = 0; i < static_cast<int>(std::size(kLevels)); ++i) {
    if (option.value != kLevels[i] && !(i == 1 && option.value == "zstd")) continue;
    *level = i;
    return {};
  }
  return invalid(option, "use none, zstd (which is zstd:1), zstd:1, zstd:2 or zstd:3");
}

Status parse_path(const Option& option, std::string* out) {
  if (!is_absolute_path(option.value)) return invalid(option, "an absolute path is needed");
  *out = option.value;
  return {};
}

// "none" is more than the default: the host knows, and is not warned.
Status parse_lineage_file(const Option& option, Config* config) {
  config->lineage_is_off = option.value == "none";
  if (config->lineage_is_off) return {};
  if (!is_absolute_path(option.value)) return invalid(option, "an absolute path is needed, or none");
  config->lineage_file = option.value;
  return {};
}

Status parse_listen(const Option& option, Config* config) {
  auto address = ListenAddress::parse(option.value);
  if (!address) return invalid(option, address.error().message);
  config->publishing.listen = *std::move(address);
  return {};
}

// A label of Prometheus takes any UTF-8; people read it.
Status parse_engine(const Option& option, std::string* out) {
  constexpr size_t kCharactersMax = 64;
  const auto characters = std::count_if(option.value.begin(), option.value.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80;  // not one that continues a character
  });
  if (characters < 1 || static_cast<size_t>(characters) > kCharactersMax || !is_clean_line(option.value)) {
    return invalid(option, "1 to " + std::to_string(kCharactersMax) +
                               " printable characters are needed, in UTF-8 and without control characters");
  }
  *out = option.value;
  return {};
}

struct Row {
  std::string_view key;
  Status (*parse)(const Option& option, Config* config);
};

constexpr uint32_t kBatchWithLineage = 256;
constexpr uint64_t kHourMs = 3'600'000;
constexpr uint64_t kDayMs = 24 * kHourMs;

constexpr Row kRows[] = {
    {"workers", [](const Option& o, Config* c) { return parse_number(o, 1, 256, &c->workers); }},
    {"batch_entries",
     [](const Option& o, Config* c) { return parse_number(o, 1, kArchiveEntriesMax, &c->batch_entries); }},
    {"batch_bytes",
     [](const Option& o, Config* c) { return parse_number(o, 1, 1U << 30U, &c->batch_bytes); }},
    {"partition_inflight",
     [](const Option& o, Config* c) { return parse_number(o, 1, 64, &c->partition_inflight); }},
    {"max_bytes_per_second",
     [](const Option& o, Config* c) { return parse_number(o, 0, 1ULL << 40U, &c->max_bytes_per_second); }},
    {"verify_existing",
     [](const Option& o, Config* c) { return parse_verify_existing(o, &c->verify_existing); }},
    {"verify_max_bytes_per_second",
     [](const Option& o, Config* c) {
       return parse_number(o, 0, 1ULL << 40U, &c->verify_max_bytes_per_second);
     }},
    {"retry_min_ms",
     [](const Option& o, Config* c) { return parse_number(o, 1, kHourMs, &c->retry_min_ms); }},
    {"retry_max_ms", [](const Option& o, Config* c) { return parse_number(o, 1, kDayMs, &c->retry_max_ms); }},
    {"partition_idle_ms",
     [](const Option& o, Config* c) { return parse_number(o, 1, kDayMs, &c->partition_idle_ms); }},
    {"lineage_file", parse_lineage_file},
    {"epoch_watch_ms",
     [](const Option& o, Config* c) { return parse_number(o, 10, kHourMs, &c->epoch_watch_ms); }},
    {"on_superseded",
     [](const Option& o, Config* c) { return parse_on_superseded(o, &c->stop_if_superseded); }},
    {"compress", [](const Option& o, Config* c) { return parse_compress(o, &c->compress_level); }},
    {"encrypt_recipients_file",
     [](const Option& o, Config* c) { return parse_path(o, &c->encrypt_recipients_file); }},
    {"encrypt_tag_key_file",
     [](const Option& o, Config* c) { return parse_path(o, &c->encrypt_tag_key_file); }},
    {"identity_file", [](const Option& o, Config* c) { return parse_path(o, &c->identity_file); }},
    {"accept_untagged", [](const Option& o, Config* c) { return parse_bool(o, &c->accept_untagged); }},
    {"sink_dir", [](const Option& o, Config* c) { return parse_path(o, &c->sink_dir); }},
    {"log_level", [](const Option& o, Config* c) { return parse_log_level(o, &c->log_level); }},
    {"memory_budget_bytes",
     [](const Option& o, Config* c) {
       return parse_number(o, 1U << 20U, 1ULL << 44U, &c->memory_budget_bytes);
     }},
    {"read_epoch", [](const Option& o, Config* c) { return parse_number(o, 0, UINT64_MAX, &c->read_epoch); }},
    {"read_only", [](const Option& o, Config* c) { return parse_bool(o, &c->read_only); }},
    {"metrics_engine", [](const Option& o, Config* c) { return parse_engine(o, &c->metrics_engine); }},
    {"metrics_file", [](const Option& o, Config* c) { return parse_path(o, &c->publishing.file); }},
    {"metrics_interval_ms",
     [](const Option& o, Config* c) { return parse_number(o, 100, kHourMs, &c->publishing.interval_ms); }},
    {"metrics_listen", parse_listen},
    {"metrics_listen_any", [](const Option& o, Config* c) { return parse_bool(o, &c->metrics_listen_any); }},
};

Status parse_one(const Option& option, Config* config) {
  std::string known;
  for (const Row& row : kRows) {
    if (option.key == row.key) return row.parse(option, config);
    known += known.empty() ? "" : ", ";
    known += row.key;
  }
  return fail(TIDEMARK_E_INVALID,
              "unknown option '" + printable_option(option.key) + "'; the archiver knows " + known);
}

}  // namespace

Result<std::vector<Option>> read_options(const tidemark_option* options, uint32_t count) {
  if (count > TIDEMARK_OPTIONS_MAX) {
    return fail(TIDEMARK_E_INVALID, "option_count is " + std::to_string(count) + ": at most " +
                                        std::to_string(TIDEMARK_OPTIONS_MAX) + " options are taken");
  }
  if (count > 0 && options == nullptr)
    return fail(TIDEMARK_E_INVALID, "options is NULL but option_count is not 0");
  std::vector<Option> result;
  for (uint32_t i = 0; i < count; ++i) {
    const tidemark_option& option = options[i];
    if ((option.key.data == nullptr && option.key.size > 0) ||
        (option.value.data == nullptr && option.value.size > 0)) {
      return fail(TIDEMARK_E_INVALID, "options[" + std::to_string(i) + "] has a NULL string that has a size");
    }
    if (option.key.size == 0) {
      return fail(TIDEMARK_E_INVALID, "options[" + std::to_string(i) + "] has an empty key");
    }
    Option read{std::string(view(option.key)), std::string(view(option.value)),
                (option.flags & TIDEMARK_OPTION_SECRET) != 0};
    for (const Option& earlier : result) {
      if (earlier.key == read.key) {
        return fail(TIDEMARK_E_INVALID, "option '" + printable_option(read.key) + "' is given twice");
      }
    }
    result.push_back(std::move(read));
  }
  return result;
}

Result<Config> parse_config(std::span<const Option> options) {
  Config config;
  for (const Option& option : options) {
    TM_TRY(parse_one(option, &config));
  }
  // A default makes way for what was given.
  const auto is_given = [&](std::string_view key) {
    return std::any_of(options.begin(), options.end(),
                       [&](const Option& option) { return option.key == key; });
  };
  if (!config.lineage_file.empty() && !is_given("batch_entries")) config.batch_entries = kBatchWithLineage;
  // A reader that only proves who wrote it needs no recipients; whoever encrypts needs both.
  if (!config.encrypt_recipients_file.empty() && config.encrypt_tag_key_file.empty()) {
    return fail(
        TIDEMARK_E_INVALID,
        "option encrypt_recipients_file needs encrypt_tag_key_file: without a tag key nobody could tell "
        "whether an encrypted archive that is there already is the same; `tidemark keygen` writes one");
  }
  if (config.publishing.listen && !config.publishing.listen->is_local() && !config.metrics_listen_any) {
    return fail(
        TIDEMARK_E_INVALID,
        "option metrics_listen is '" + config.publishing.listen->text() +
            "', which other machines can reach, and whoever reaches it can read it: use 127.0.0.1, [::1] "
            "or unix:/path, or say metrics_listen_any=true");
  }
  if (config.retry_max_ms < config.retry_min_ms) {
    if (!is_given("retry_min_ms")) config.retry_min_ms = config.retry_max_ms;
    if (!is_given("retry_max_ms")) config.retry_max_ms = config.retry_min_ms;
  }
  if (config.retry_max_ms < config.retry_min_ms) {
    return fail(TIDEMARK_E_INVALID, "option retry_max_ms is " + std::to_string(config.retry_max_ms) +
                                        ": must not be below retry_min_ms, " +
                                        std::to_string(config.retry_min_ms));
  }
  return config;
}

}  // namespace tidemark::config
