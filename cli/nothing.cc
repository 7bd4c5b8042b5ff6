#include "nothing.h"

#include <algorithm>
#include <vector>

#include "base/printable.h"
#include "console.h"
#include "format/object_name.h"
#include "text.h"

namespace tidemark::cli {

namespace {

constexpr uint64_t kInventoryMax = 10'000;  // objects: some requests of a store
constexpr size_t kNames = 8;

// What lies in the whole archive, as far as the first of its objects show.
struct Inventory {
  std::vector<std::string> partitions, irregular;
  std::string foreign, level;        // the first, and what it shows
  std::vector<std::string> claimed;  // storages that have records of epochs

  void add(const Stored& stored) {
    if (is_ours(stored)) {
      const std::string name = partition_text(stored.storage, stored.partition);
      if (partitions.size() <= kNames && (partitions.empty() || partitions.back() != name))
        partitions.push_back(name);
    } else if (stored.kind == TIDEMARK_STORED_IRREGULAR) {
      if (irregular.size() <= kNames) irregular.push_back(stored.key);
    } else if (is_epoch(stored)) {
      const std::string storage = stored.key.substr(0, stored.key.find('/'));
      if (claimed.size() <= kNames && (claimed.empty() || claimed.back() != storage))
        claimed.push_back(storage);
    } else {
      if (foreign.empty()) foreign = stored.key;
      if (level.empty()) level = wrong_level_text(stored.key);
    }
  }

  std::string text() const {
    if (!partitions.empty()) return "there is " + joined(partitions);
    if (!irregular.empty())
      return "there is only what is not read (symbolic links, FIFOs, devices, directories in the place of "
             "archives or without permission): " +
             joined(irregular);
    if (!claimed.empty()) {
      return "there are only records of epochs, of " + joined(claimed) +
             ": it was claimed, and nothing is archived; --allow-empty says that this is right";
    }
    if (foreign.empty()) return "it is empty; --allow-empty says that this is right";
    return "there are only foreign objects, such as " + foreign + (level.empty() ? "" : "; " + level);
  }

 private:
  static std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (size_t i = 0; i < std::min(kNames, names.size()); ++i) text += (i > 0 ? ", " : "") + names[i];
    return names.size() > kNames ? text + " and more" : text;
  }
};

std::string scope_text(const Scope& scope) {
  if (scope.storage.empty()) return "any partition";
  return scope.partition ? partition_text(scope.storage, *scope.partition) : "storage " + scope.storage;
}

}  // namespace

std::string wrong_level_text(const std::string& key) {
  for (size_t slash = key.find('/'); slash != std::string::npos; slash = key.find('/', slash + 1)) {
    if (parse_object_key(key.substr(slash + 1)))
      return "an archive lies below: add /" + key.substr(0, slash) + " to the URL";
  }
  if (parse_object_key("storage/" + key)) return "the URL names a storage: leave out its last part";
  if (parse_object_key("storage/0/" + key)) return "the URL names a partition: leave out its last two parts";
  return {};
}

std::string nothing_text(Archive& archive, const CommonOptions& options, const std::string& part,
                         Stop& stop) {
  Inventory inventory;
  uint64_t looked_at = 0;
  const auto visit = [&](const Stored& stored) {
    inventory.add(stored);
    return ++looked_at < kInventoryMax && inventory.partitions.size() <= kNames;
  };
  const auto scanned = archive.scan({}, 0, visit, stop);
  return "nothing is stored there: looked for " + (part.empty() ? "" : part + " of ") +
         scope_text(options.scope) + " in " + printable_url(options.archive.url) + "; " +
         (scanned ? inventory.text() : "what is there cannot be listed: " + scanned.error().message);
}

int tell_nothing(Archive& archive, const CommonOptions& options, const std::string& part, Stop& stop) {
  if (options.allow_empty) {
    console().print("nothing is stored there");
    return kExitOk;
  }
  const std::string text = nothing_text(archive, options, part, stop);
  if (interrupted()) {
    console().print("interrupted");
    return kExitInterrupted;
  }
  console().print(printable(text));
  return kExitData;
}

}  // namespace tidemark::cli
