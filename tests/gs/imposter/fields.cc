#include "fields.h"

#include <nlohmann/json.hpp>

#include <set>

#include "imposter/text.h"

namespace imposter {
namespace {

using nlohmann::json;

const std::set<std::string>& known() {
  static const auto* const words = new std::set<std::string>{
      "kind", "name", "size", "crc32c", "updated", "generation", "nextPageToken", "prefixes", "items"};
  return *words;
}

std::set<std::string> words_of(const std::string& fields) {
  std::set<std::string> words;
  std::string word;
  for (const char c : fields + ",") {
    if (c != ',' && c != '(' && c != ')') {
      word += c;
      continue;
    }
    if (!word.empty()) words.insert(word);
    word.clear();
  }
  return words;
}

void keep(const std::set<std::string>& words, const std::string& name, json value, json* out) {
  if (words.count(name) > 0) (*out)[name] = std::move(value);
}

json description(const std::string& name, const Object& object, const std::set<std::string>& words) {
  json out = json::object();
  keep(words, "name", name, &out);
  keep(words, "size", std::to_string(object.size()), &out);  // 64 bit numbers are texts
  keep(words, "crc32c", object.checksum, &out);
  keep(words, "updated", iso_date(object.modified), &out);
  keep(words, "generation", "1234567890123456", &out);
  return out;
}

}  // namespace

std::string fields_problem(const std::string& fields) {
  for (const std::string& word : words_of(fields)) {
    if (known().count(word) == 0) return "Invalid field selection " + word;
  }
  return "";
}

std::string object_json(const std::string& name, const Object& object, const std::string& fields) {
  const std::set<std::string> words = words_of(fields);
  json out = description(name, object, words);
  keep(words, "kind", "storage#object", &out);
  return out.dump();
}

std::string list_json(const std::vector<std::pair<std::string, Object>>& found, const std::string& prefix,
                      bool by_folders, const std::string& next_token, const std::string& fields) {
  const std::set<std::string> words = words_of(fields);
  json out = json::object(), items = json::array(), prefixes = json::array();
  for (const auto& [name, object] : found) {
    if (by_folders && name.size() > prefix.size() && name.ends_with('/') && object.pieces.empty()) {
      prefixes.push_back(name);
    } else {
      items.push_back(description(name, object, words));
    }
  }
  keep(words, "kind", "storage#objects", &out);
  if (!next_token.empty()) keep(words, "nextPageToken", next_token, &out);
  if (!items.empty()) keep(words, "items", std::move(items), &out);
  if (!prefixes.empty()) keep(words, "prefixes", std::move(prefixes), &out);
  return out.dump(2);
}

std::string error_json(const Refusal& refusal) {
  const json one = {{"message", refusal.message}, {"domain", "global"}, {"reason", refusal.reason}};
  const json error = {{"code", refusal.status}, {"message", refusal.message}, {"errors", json::array({one})}};
  return json{{"error", error}}.dump(2);
}

}  // namespace imposter
