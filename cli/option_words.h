// What single words of the command line mean. A word that means nothing is thrown as an error that names its
// option.
#ifndef TIDEMARK_CLI_OPTION_WORDS_H
#define TIDEMARK_CLI_OPTION_WORDS_H

#include <CLI/CLI.hpp>

#include <cstdint>
#include <string>

#include "archive.h"
#include "console.h"

namespace tidemark::cli {

CLI::ValidationError invalid(const std::string& option, const std::string& reason);
uint64_t need_lsn(const std::string& option, const std::string& text);
// "", main or main/7; or main/7 only.
Scope parse_scope(const std::string& option, const std::string& text, bool partition_needed);
ProgressWish need_progress(const std::string& text);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_OPTION_WORDS_H
