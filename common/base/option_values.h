// What the command lines of operators refuse: an option with an empty value. A script's variable that is not
// set must not mean that the option was not given, or what was to be encrypted is not. Main thread.
#ifndef TIDEMARK_COMMON_BASE_OPTION_VALUES_H
#define TIDEMARK_COMMON_BASE_OPTION_VALUES_H

#include <CLI/CLI.hpp>

#include <string>

namespace tidemark {

// Of an application or a subcommand, once it has its options; before it parses.
inline void refuse_empty_values(CLI::App& app) {
  const auto takes_value = [](const CLI::Option* option) {
    return !option->get_positional() && option->get_items_expected_max() > 0;
  };
  for (CLI::Option* const option : app.get_options(takes_value)) {
    option->check([what = option->get_type_name()](const std::string& value) {
      return value.empty() ? "it is empty: give " + what : std::string();
    });
  }
}

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_BASE_OPTION_VALUES_H
