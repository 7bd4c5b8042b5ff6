#include "option_words.h"

#include "base/printable.h"
#include "format/lsn.h"
#include "format/object_name.h"
#include "text.h"

namespace tidemark::cli {

CLI::ValidationError invalid(const std::string& option, const std::string& reason) {
  return CLI::ValidationError(option, reason);
}

uint64_t need_lsn(const std::string& option, const std::string& text) {
  const auto lsn = parse_lsn(text);
  if (!lsn) {
    throw invalid(option,
                  "'" + text + "' is not an LSN: a number from 1 on, or '@' and its 13 characters in keys");
  }
  return *lsn;
}

Scope parse_scope(const std::string& option, const std::string& text, bool partition_needed) {
  Scope scope;
  if (text.empty() && !partition_needed) return scope;
  const size_t slash = text.find('/');
  scope.storage = text.substr(0, slash);
  if (slash != std::string::npos) scope.partition = parse_decimal(text.substr(slash + 1));
  const bool partition_bad = slash != std::string::npos ? !scope.partition : partition_needed;
  if (storage_name_problem(scope.storage) != nullptr || partition_bad) {
    throw invalid(option, "'" + printable_word(text) + "' is not STORAGE/PARTITION" +
                              (partition_needed ? "" : " or STORAGE") + ", such as main/7");
  }
  return scope;
}

ProgressWish need_progress(const std::string& text) {
  const auto wish = parse_progress(text);
  if (!wish) throw invalid("--progress", "'" + text + "' is not auto, plain, plain:SECONDS or none");
  return *wish;
}

}  // namespace tidemark::cli
