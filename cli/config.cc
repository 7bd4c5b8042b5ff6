#include "config.h"

#include <sys/stat.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "base/file_trust.h"
#include "base/files.h"
#include "base/printable.h"
#include "copy_names.h"
#include "text.h"

namespace tidemark::cli {
namespace {

constexpr size_t kFileMaxBytes = size_t{1} << 20;
constexpr size_t kSecretMaxBytes = size_t{64} << 10;
constexpr const char* kSystemFile = "/etc/tidemark.conf";

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

// "/etc/tidemark.conf:7: ..."
Error at(const std::string& file, const toml::source_region& place, const std::string& what) {
  return usage_error(file + ":" + std::to_string(place.begin.line) + ": " + what);
}

// The file's tables; nothing if it is not there and need not be.
Result<std::optional<toml::table>> parse(const std::string& file, bool is_needed) {
  // Who changes it says whom to trust, and what is encrypted.
  struct stat info {};
  if (::stat(file.c_str(), &info) == 0 && S_ISREG(info.st_mode)) {
    if (Status trusted = check_file_trust(info, file, Readers::kAnyone); !trusted)
      return usage_error("the configuration is not taken: " + trusted.error().message);
  }
  auto text = read_file(file, kFileMaxBytes);
  if (!text && text.error().status == TIDEMARK_E_NOT_FOUND && !is_needed) return std::optional<toml::table>();
  if (!text) return usage_error("the configuration cannot be read: " + text.error().message);
  try {
    return std::optional<toml::table>(toml::parse(*text, file));
  } catch (const toml::parse_error& problem) {
    return at(file, problem.source(), std::string(problem.description()));
  }
}

// What a table may have, so that a mistyped key is found.
Result<void> expect_keys(const std::string& file, const toml::table& table, const std::string& name,
                         const std::vector<std::string>& known) {
  for (const auto& [key, node] : table) {
    const std::string text(key.str());
    if (std::find(known.begin(), known.end(), text) != known.end()) continue;
    const std::string nearest = most_like(text, known);
    return at(file, node.source(),
              "'" + printable_option(text) + "' is not known in " + name +
                  (nearest.empty() ? "" : "; did you mean '" + nearest + "'?"));
  }
  return {};
}

// "env:VARIABLE" or "file:/path", so that the configuration itself may be read by everybody. What names
// neither may be the secret itself.
Result<std::string> secret_value(const std::string& file, const toml::node& node, const std::string& key,
                                 const std::string& text) {
  if (text.starts_with("env:")) {
    const char* const value = std::getenv(text.c_str() + 4);
    if (value == nullptr)
      return at(file, node.source(),
                "secret '" + key + "': the environment has no variable of the name after env:");
    return std::string(value);
  }
  if (text.starts_with("file:/")) {
    const std::string path = text.substr(5);
    auto value = read_file(path, kSecretMaxBytes);
    struct stat info {};
    if (!value && ::lstat(path.c_str(), &info) != 0)
      return at(file, node.source(),
                "secret '" + key + "': the file after file: cannot be read: " + std::strerror(errno));
    if (!value) return at(file, node.source(), "secret '" + key + "': " + value.error().message);
    while (!value->empty() && (value->back() == '\n' || value->back() == '\r')) value->pop_back();
    if (value->empty()) return at(file, node.source(), "secret '" + key + "': " + path + " is empty");
    return std::move(*value);
  }
  return at(
      file, node.source(),
      "secret '" + key + "' must not stand here itself: write \"env:VARIABLE\" or \"file:/absolute/path\"");
}

// The sink takes every option as text: a number or a truth value stands for itself.
std::optional<std::string> option_text(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* truth = node.as_boolean()) return truth->get() ? "true" : "false";
  return std::nullopt;
}

Result<void> read_settings(const std::string& file, const toml::table& archive, const std::string& name,
                           bool is_secret, std::vector<Setting>* settings) {
  const std::string what = is_secret ? "secret" : "option";
  const toml::node* const node = archive.get(what);
  if (node == nullptr) return {};
  const toml::table* const table = node->as_table();
  if (table == nullptr)
    return at(file, node->source(),
              "'" + what + "' is not a table: write [archive." + name + "." + what + "]");
  for (const auto& [key, value] : *table) {
    const std::string key_text(key.str());
    auto text = option_text(value);
    if (!text)
      return at(file, value.source(),
                what + " '" + printable_option(key_text) + "' is not text, a number, true or false");
    if (is_secret) {
      auto secret = secret_value(file, value, printable_option(key_text), *text);
      if (!secret) return secret.error();
      text = std::move(*secret);
    }
    settings->push_back({key_text, std::move(*text), is_secret});
  }
  return {};
}

// The configuration is read wherever somebody is, so a file is named from the root on. What it holds is
// checked, and its mode, by who uses it.
Result<void> read_file_name(const std::string& file, const toml::table& archive, const std::string& key,
                            std::string* value) {
  const toml::node* const node = archive.get(key);
  if (node == nullptr) return {};
  const auto* const text = node->as_string();
  if (text == nullptr || !text->get().starts_with('/'))
    return at(file, node->source(), key + " = \"/absolute/path\" names a file");
  *value = text->get();
  return {};
}

Result<void> read_flag(const std::string& file, const toml::table& archive, const std::string& key,
                       bool* value) {
  const toml::node* const node = archive.get(key);
  if (node == nullptr) return {};
  if (!node->is_boolean()) return at(file, node->source(), key + " is true or false");
  *value = node->as_boolean()->get();
  return {};
}

Result<void> read_compress(const std::string& file, const toml::table& archive, std::string* value) {
  const toml::node* const node = archive.get("compress");
  if (node == nullptr) return {};
  const auto* const text = node->as_string();
  if (text == nullptr ||
      std::find(kCompressWords.begin(), kCompressWords.end(), text->get()) == kCompressWords.end())
    return at(file, node->source(), "compress is \"none\", \"zstd\", \"zstd:1\", \"zstd:2\" or \"zstd:3\"");
  *value = text->get();
  return {};
}

Result<NamedArchive> read_archive(const std::string& file, const toml::node& node, const std::string& name) {
  const toml::table* const archive = node.as_table();
  if (archive == nullptr)
    return at(file, node.source(), "'" + name + "' is not a table: write [archive." + name + "]");
  if (auto known = expect_keys(
          file, *archive, "[archive." + name + "]",
          {"url", "identity", "tag_key", "accept_untagged", "recipients", "compress", "option", "secret"});
      !known)
    return known.error();
  NamedArchive found;
  const auto* const url = archive->get_as<std::string>("url");
  if (url == nullptr || url->get().empty() || url->get().front() == '@')
    return at(file, node.source(), "[archive." + name + "] needs url = \"file:///...\" or its like");
  found.url = url->get();
  TM_TRY(read_file_name(file, *archive, "identity", &found.identity_file));
  TM_TRY(read_file_name(file, *archive, "tag_key", &found.tag_key_file));
  TM_TRY(read_flag(file, *archive, "accept_untagged", &found.accept_untagged));
  TM_TRY(read_file_name(file, *archive, "recipients", &found.recipients_file));
  TM_TRY(read_compress(file, *archive, &found.compress));
  for (const bool is_secret : {false, true}) {
    if (auto read = read_settings(file, *archive, name, is_secret, &found.options); !read)
      return read.error();
  }
  return found;
}

// Where it is looked for, and whether the file has to be there.
std::vector<std::pair<std::string, bool>> files_to_read(const std::string& file) {
  if (!file.empty()) return {{file, true}};
  if (std::string named = variable("TIDEMARK_CONFIG"); !named.empty()) return {{std::move(named), true}};
  std::vector<std::pair<std::string, bool>> files;
  if (const std::string xdg = variable("XDG_CONFIG_HOME"); !xdg.empty()) {
    files.emplace_back(xdg + "/tidemark.conf", false);
  } else if (const std::string home = variable("HOME"); !home.empty()) {
    files.emplace_back(home + "/.config/tidemark.conf", false);
  }
  files.emplace_back(kSystemFile, false);
  return files;
}

}  // namespace

Result<NamedArchive> named_archive(std::string_view name, const std::string& file) {
  std::vector<std::string> names;
  std::string looked_in;
  for (const auto& [path, is_needed] : files_to_read(file)) {
    auto parsed = parse(path, is_needed);
    if (!parsed) return parsed.error();
    looked_in += (looked_in.empty() ? "" : ", ") + path + (*parsed ? "" : " (not there)");
    if (!*parsed) continue;
    if (auto known = expect_keys(path, **parsed, "the configuration", {"archive"}); !known)
      return known.error();
    const toml::node* const archives = (*parsed)->get("archive");
    if (archives == nullptr) continue;
    if (archives->as_table() == nullptr)
      return at(path, archives->source(), "'archive' is not a table: write [archive.NAME]");
    for (const auto& [key, node] : *archives->as_table()) {
      if (key.str() == name) return read_archive(path, node, std::string(name));
      names.emplace_back(key.str());
    }
  }
  std::string all;
  for (const std::string& one : names) all += (all.empty() ? "; there are @" : ", @") + one;
  const std::string nearest = most_like(std::string(name), names);
  return usage_error("no archive is called '@" + printable_word(name) + "'" +
                     (nearest.empty() ? "" : "; did you mean '@" + nearest + "'?") + " (looked in " +
                     looked_in + all + ")");
}

}  // namespace tidemark::cli
