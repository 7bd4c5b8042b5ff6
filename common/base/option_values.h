// What the command lines of operators refuse: an option with an empty value. A script's variable that is not
// set must not mean that the option was not given, or what was to be encrypted is not. And how they say that
// there are words too many, of which any may be a secret. Main thread.
#ifndef TIDEMARK_COMMON_BASE_OPTION_VALUES_H
#define TIDEMARK_COMMON_BASE_OPTION_VALUES_H

#include <CLI/CLI.hpp>

#include <string>

#include "base/printable.h"

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

// In place of the library's own message, which repeats words that it does not know. Of them options are shown
// without a value, others as what may be a URL; what follows an unknown option is its value.
inline std::string failure_without_secrets(const CLI::App* app, const CLI::Error& error) {
  if (error.get_exit_code() != static_cast<int>(CLI::ExitCodes::ExtrasError))
    return CLI::FailureMessage::simple(app, error);
  std::string words;
  bool is_value = false;
  for (const std::string& word : app->remaining(true)) {
    const bool is_option = word.starts_with('-');
    const size_t equals = word.find("://") == std::string::npos ? word.find('=') : std::string::npos;
    std::string shown = printable_word(word.substr(0, equals)) + (equals == std::string::npos ? "" : "=...");
    if (is_value && !is_option) shown = kNotShown;
    words.append(" ").append(shown);
    is_value = is_option && equals == std::string::npos;
  }
  return "not expected:" + words + "\nRun with --help or --help-all for more information.\n";
}

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_BASE_OPTION_VALUES_H
