// An archive as the command line names it: its URL, or @NAME of a configuration file, and the options of its
// sink.
//
// Main thread. Errors are of use (exit code 2).
#ifndef TIDEMARK_CLI_ARCHIVE_WORDS_H
#define TIDEMARK_CLI_ARCHIVE_WORDS_H

#include <string>
#include <vector>

#include "archive.h"
#include "error.h"

namespace tidemark::cli {

struct ArchiveWords {
  const std::string& url;
  const std::string& config;  // the file of --config; empty: see config.h
  const char* option;         // how the two are called on the command line: "--option", "--secret"
  const std::vector<std::string>& options;  // KEY=VALUE
  const char* secret;
  const std::vector<std::string>& secrets;  // KEY=VARIABLE: kept in the environment, which others cannot see
  // What of the configuration is wanted too: what decrypts and tells who wrote it, and how a copy is encoded.
  bool takes_keys = false;
  bool takes_encoding = false;
};

// Whether a word is a URL or @NAME.
bool names_archive(const std::string& word);
// What stands first may be left out if TIDEMARK_URL names the archive: then all words move up by one. An
// error's message is about the word URL.
Result<void> take_environment_url(std::string& url, const std::vector<std::string*>& words);

// `archive` with its URL, options and keys: those of the configuration first, which the command line
// replaces.
Result<ArchiveOptions> named_by(const ArchiveWords& words, ArchiveOptions archive);

// See ArchiveOptions::words.
std::string words_again(const ArchiveWords& words, const ArchiveOptions& archive);

}  // namespace tidemark::cli

#endif  // TIDEMARK_CLI_ARCHIVE_WORDS_H
