#include <algorithm>

#include "power_cut.h"

namespace tidemark::sinks::file::power_cut {

void Model::apply(const Event& event, size_t index) {
  Node& node = nodes_[event.inode];
  switch (event.kind) {
    case Event::kWrite:
      node.data += event.text;
      break;
    case Event::kName: {
      std::vector<Candidate>& candidates = node.names[event.text];
      if (candidates.empty()) candidates.push_back({0, 0});  // it may never have been there
      candidates.push_back({index, event.target});
      break;
    }
    case Event::kSyncBegin:
      node.syncing[index] = node.data;
      break;
    case Event::kSyncEnd:
      end_sync(node, event);
      break;
    case Event::kLost:
      lose(node, event.begin);
      break;
    case Event::kDone:
      done_[event.text] = std::max(done_[event.text], event.version);
      break;
  }
}

void Model::end_sync(Node& node, const Event& event) {
  const auto synced = node.syncing.extract(event.begin);
  if (!event.ok || synced.empty()) return;
  if (!node.data_lost && synced.mapped().size() > node.durable.size()) node.durable = synced.mapped();
  for (auto& [name, candidates] : node.names) {
    auto floor = candidates.begin();
    for (auto it = floor; it != candidates.end(); ++it) {
      if (it->index < event.begin && !it->lost) floor = it;
    }
    candidates.erase(candidates.begin(), floor);
  }
}

void Model::lose(Node& node, size_t before) {
  if (!node.is_durable()) node.data_lost = true;
  for (auto& [name, candidates] : node.names) {
    for (size_t i = 1; i < candidates.size(); ++i) {  // the first one is durable
      if (candidates[i].index < before) candidates[i].lost = true;
    }
  }
}

uint64_t Model::version_of(const std::string& key, const Node& node) const {
  if (node.seen_key != key || node.seen_size != node.data.size()) {
    node.seen_version = recognise_(key, node.data);
    node.seen_key = key;
    node.seen_size = node.data.size();
  }
  return node.seen_version;
}

// Every name that may be there must lead to a whole object.
std::string Model::visible(Inode directory, const std::string& path) const {
  for (const auto& [name, candidates] : nodes_.at(directory).names) {
    if (name.front() == '.') continue;  // the sink's own
    const std::string key = path.empty() ? name : path + "/" + name;
    for (const Candidate& candidate : candidates) {
      if (candidate.target == 0) continue;
      const auto found = nodes_.find(candidate.target);
      if (found == nodes_.end()) continue;  // a directory in which nothing was done
      const Node& node = found->second;
      if (!node.names.empty()) {
        if (std::string why = visible(candidate.target, key); !why.empty()) return why;
      } else if (!node.data.empty()) {
        if (!node.is_durable()) return key + " has its name before its data is durable";
        if (version_of(key, node) == 0) return key + " is visible and not whole";
      }
    }
  }
  return {};
}

std::string Model::acknowledged(const std::string& key, uint64_t version) const {
  Inode inode = kRoot;
  for (size_t begin = 0; begin <= key.size();) {
    const size_t end = std::min(key.find('/', begin), key.size());
    const auto node = nodes_.find(inode);
    if (node == nodes_.end()) return key + " is acknowledged and gone";
    const auto name = node->second.names.find(key.substr(begin, end - begin));
    if (name == node->second.names.end()) return key + " is acknowledged and not there";
    for (const Candidate& candidate : name->second) {
      if (candidate.target == 0)
        return key + " is acknowledged, but " + key.substr(0, end) + " may be missing";
      if (end < key.size()) continue;
      const auto file = nodes_.find(candidate.target);
      if (file == nodes_.end() || !file->second.is_durable() || version_of(key, file->second) < version)
        return key + " is acknowledged, but its data may be missing";
    }
    inode = name->second.back().target;
    begin = end + 1;
  }
  return {};
}

std::string Model::broken() const {
  if (nodes_.count(kRoot) == 0) return {};
  if (std::string why = visible(kRoot, {}); !why.empty()) return why;
  for (const auto& [key, version] : done_) {
    if (std::string why = acknowledged(key, version); !why.empty()) return why;
  }
  return {};
}

std::string replay(const std::vector<Event>& record, const Model::Recognise& recognise) {
  Model model(recognise);
  for (size_t i = 0; i < record.size(); ++i) {
    model.apply(record[i], i + 1);
    // A cut before an fsync began, or after a write out of sight, is one that was looked at already.
    if (record[i].kind == Event::kSyncBegin) continue;
    if (const std::string why = model.broken(); !why.empty())
      return "power cut after event " + std::to_string(i + 1) + " of " + std::to_string(record.size()) +
             ": " + why;
  }
  return {};
}

}  // namespace tidemark::sinks::file::power_cut
