// A sink's options: their description for people (the table in sink.h), and for each the kind and bounds of
// the value and where it is stored.
//
//   constexpr tidemark_sink_option kOptions[] = {{"delay_ms", "0", "before each call"}};
//   uint64_t delay_ms = 0;
//   Status ok = parse_options(kOptions, {duration_option("delay_ms", &delay_ms, 0, 60'000)}, url.query, ...);
//
// Any thread. Rows refer to variables of the caller. If an option is not given its variable gets the table's
// fallback, or keeps its value if the fallback is empty.
#ifndef TIDEMARK_SINKS_COMMON_OPTIONS_H
#define TIDEMARK_SINKS_COMMON_OPTIONS_H

#include <tidemark/sink.h>

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace tidemark::sinks {

struct OptionSpec {
  enum class Kind { kText, kSecret, kChoice, kInteger, kDurationMs, kSizeBytes, kRate, kBool };
  const char* name;
  Kind kind;
  std::variant<std::string*, uint64_t*, double*, bool*> target;
  uint64_t min = 0;
  uint64_t max = UINT64_MAX;
  std::vector<const char*> choices = {};
};

OptionSpec text_option(const char* name, std::string* target);
OptionSpec secret_option(const char* name, std::string* target);  // refused in a URL, never shown
OptionSpec choice_option(const char* name, std::string* target, std::vector<const char*> choices);
OptionSpec integer_option(const char* name, uint64_t* target, uint64_t min, uint64_t max);
OptionSpec duration_option(const char* name, uint64_t* target_ms, uint64_t min_ms,
                           uint64_t max_ms);  // 250, 2s
OptionSpec size_option(const char* name, uint64_t* target_bytes, uint64_t min_bytes,
                       uint64_t max_bytes);                // 8MiB
OptionSpec rate_option(const char* name, double* target);  // 0 to 1
OptionSpec bool_option(const char* name, bool* target);    // true, false, 1, 0

// An option that is meant for someone else, e.g. "of.region" for a wrapped sink.
struct PassedOption {
  std::string key;  // without the prefix
  std::string value;
  uint32_t flags;
};

// Where options with `prefix` go instead of being unknown.
struct PassOn {
  std::string prefix;
  std::vector<PassedOption> options;
};

// An error of open without the values that the list passes as secrets, whatever options they are of: in
// quotes, and, if it is about what somebody wrote, also as they stand.
Error without_secret_values(Error error, const tidemark_option* list, uint32_t list_size);

// Reads the URL's query and the list. INVALID for an option that is unknown, malformed, out of bounds or
// given twice; the message names it, says what would be right and, for unknown ones, which are known. Also
// INVALID, whatever is given: a table and specs that do not have the same names, or a fallback out of bounds.
Status parse_options(std::span<const tidemark_sink_option> table, const std::vector<OptionSpec>& specs,
                     const std::vector<std::pair<std::string, std::string>>& query,
                     const tidemark_option* list, uint32_t list_size, PassOn* pass_on = nullptr);

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_COMMON_OPTIONS_H
