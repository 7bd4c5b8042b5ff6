#include "checkpoint.h"

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "text.h"

namespace tidemark::cli {

namespace {

constexpr int kVersion = 1;
constexpr size_t kMaxBytes = size_t{1} << 30;  // some five million partitions

Positions read_positions(const nlohmann::json& document) {
  Positions positions;
  for (const auto& [name, stored] : document.at("partitions").items()) {
    positions[name] = {stored.at("through").get<uint64_t>(), stored.at("newest_key").get<std::string>(),
                       stored.at("newest_modified_us").get<int64_t>()};
  }
  return positions;
}

}  // namespace

Result<Positions> load_checkpoint(const std::string& path, const std::string& url) {
  const auto text = tidemark::read_file(path, kMaxBytes);
  if (!text && text.error().sys_errno == ENOENT) return Positions();
  if (!text) return Error(text.error());
  try {
    const auto document = nlohmann::json::parse(*text);
    if (document.at("tidemark_checkpoint").get<int>() != kVersion)
      return usage_error(path +
                         " is a checkpoint of another version of tidemark; remove it to read everything");
    if (const auto other = document.at("url").get<std::string>(); other != url)
      return usage_error(path + " is the checkpoint of another archive: " + printable(other));
    return read_positions(document);
  } catch (const nlohmann::json::exception&) {
    return usage_error(path + " is not a checkpoint of tidemark; remove it or name another file");
  }
}

Result<void> save_checkpoint(const std::string& path, const std::string& url, const Positions& positions) {
  nlohmann::json document;
  document["tidemark_checkpoint"] = kVersion;
  document["url"] = url;
  auto& partitions = document["partitions"] = nlohmann::json::object();
  for (const auto& [name, position] : positions) {
    partitions[name] = {{"through", position.through},
                        {"newest_key", position.newest_key},
                        {"newest_modified_us", position.newest_modified_us}};
  }
  const auto text = document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  TM_TRY(replace_file(path, text, Durability::kFsync));
  return {};
}

}  // namespace tidemark::cli
