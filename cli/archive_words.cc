#include "archive_words.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/printable.h"
#include "config.h"
#include "text.h"

namespace tidemark::cli {
namespace {

using Pair = std::pair<std::string, std::string>;

Result<Pair> split_pair(const std::string& option, const std::string& form, const std::string& text) {
  if (const std::string problem = pair_problem(form, text); !problem.empty())
    return usage_error(option + ": " + problem);
  const size_t equals = text.find('=');
  return Pair(text.substr(0, equals), text.substr(equals + 1));
}

bool looks_secret(const std::string& key) {
  const auto has = [&key](const char* part) { return key.find(part) != std::string::npos; };
  return has("secret") || has("token") || has("password");
}

void set(std::vector<Setting>& settings, Setting setting) {
  std::erase_if(settings, [&](const Setting& one) { return one.key == setting.key; });
  settings.push_back(std::move(setting));
}

std::string shell_quoted(const std::string& word) {
  const auto is_plain = [](unsigned char c) {
    return std::isalnum(c) != 0 || std::strchr("/.:=_-@%+,", c) != nullptr;
  };
  if (!word.empty() && std::all_of(word.begin(), word.end(), is_plain)) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

// What is to be typed again: the operator knows what belongs in place of the dots.
std::string option_again(const std::string& option) {
  const size_t equals = std::min(option.find('='), option.size());
  return may_hold_secret(percent_decoded(option.substr(equals))) ? option.substr(0, equals) + "=..." : option;
}

std::string url_again(const std::string& url) {
  const size_t question = std::min(url.find('?'), url.size());
  std::string text = url.substr(0, question);
  if (const std::string place = printable_url(text); !text.starts_with(place) && !text.starts_with('@'))
    text = place;
  if (question == url.size()) return text;
  std::string_view rest = std::string_view(url).substr(question + 1);
  for (char separator = '?'; !rest.empty(); separator = '&') {
    const std::string_view one = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    text += separator + option_again(std::string(one));
  }
  return text;
}

}  // namespace

bool names_archive(const std::string& word) {
  return word.starts_with('@') || word.find("://") != std::string::npos;
}

Result<void> take_environment_url(std::string& url, const std::vector<std::string*>& words) {
  const char* const named = std::getenv("TIDEMARK_URL");
  if (named == nullptr || *named == '\0') {
    if (!url.empty()) return {};  // the plugin says what is wrong with it
    return usage_error(
        "no archive is named: give its URL (file:///var/archive), @NAME of a configuration file, "
        "or set TIDEMARK_URL");
  }
  std::string moved = std::exchange(url, named);
  for (std::string* const word : words) std::swap(moved, *word);
  if (!moved.empty())
    return usage_error("'" + printable_word(moved) + "' is one word too many after TIDEMARK_URL");
  return {};
}

Result<ArchiveOptions> named_by(const ArchiveWords& words, ArchiveOptions archive) {
  archive.url = words.url;
  if (words.url.starts_with('@')) {
    TM_ASSIGN(NamedArchive named, named_archive(std::string_view(words.url).substr(1), words.config));
    archive.url = std::move(named.url);
    archive.sink_options = std::move(named.options);
    if (words.takes_keys) {
      if (archive.identity_file.empty()) archive.identity_file = std::move(named.identity_file);
      if (archive.tag_key_file.empty()) archive.tag_key_file = std::move(named.tag_key_file);
      archive.accept_untagged = archive.accept_untagged || named.accept_untagged;
    }
    if (words.takes_encoding) {
      archive.recipients_file = std::move(named.recipients_file);
      archive.compress = std::move(named.compress);
    }
  }
  for (const std::string& text : words.options) {
    TM_ASSIGN(auto pair, split_pair(words.option, "KEY=VALUE", text));
    // The sink knows which are secrets, but everybody sees a command line.
    if (looks_secret(pair.first)) {
      const std::string key = printable_option(pair.first);
      return usage_error(
          std::string(words.option) + ": '" + key +
          "' is a secret, and other users see command lines: put it into the environment and give " +
          words.secret + " " + key + "=VARIABLE");
    }
    set(archive.sink_options, {std::move(pair.first), std::move(pair.second), false});
  }
  for (const std::string& text : words.secrets) {
    TM_ASSIGN(auto pair, split_pair(words.secret, "KEY=VARIABLE", text));
    const char* const value = std::getenv(pair.second.c_str());
    if (value == nullptr) {
      // What was typed in place of a variable's name may be the secret.
      return usage_error(std::string(words.secret) + " " + printable_option(pair.first) +
                         "=...: the environment has no such variable; name one that holds the secret");
    }
    set(archive.sink_options, {std::move(pair.first), value, true});
  }
  return archive;
}

std::string words_again(const ArchiveWords& words, const ArchiveOptions& archive) {
  std::string text = shell_quoted(url_again(words.url));
  const auto add = [&](const char* option, const std::string& value) {
    text += std::string(" ") + option + " " + shell_quoted(value);
  };
  if (!words.config.empty()) add("--config", words.config);
  for (const std::string& one : words.options) add("--option", option_again(one));
  for (const std::string& one : words.secrets) add("--secret", one);
  if (!archive.plugin.empty()) add("--plugin", archive.plugin);
  if (!archive.sink_dir.empty()) add("--sink-dir", archive.sink_dir);
  return text;
}

}  // namespace tidemark::cli
