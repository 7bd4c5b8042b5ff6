// DeleteObjects: many objects with one request.
#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>

#include <optional>
#include <sstream>

#include "imposter/text.h"
#include "service.h"

namespace imposter {
namespace {

constexpr size_t kMaxKeys = 1000;
const Refusal kMalformed = {
    400, "MalformedXML", "the XML you provided was not well-formed or did not validate", {}, {}};

struct Removals {
  std::vector<std::string> keys;
  bool is_quiet = false;
};

// The key of an <Object>; empty if it has any other form.
std::string key_of(const boost::property_tree::ptree& object) {
  return object.size() == 1 && object.front().first == "Key" ? object.front().second.data() : std::string();
}

// The body; nothing if it has any other form.
std::optional<Removals> parse(const std::string& text) {
  namespace pt = boost::property_tree;
  Removals found;
  try {
    std::istringstream input(text);
    pt::ptree tree;
    pt::read_xml(input, tree);
    if (tree.size() != 1 || tree.front().first != "Delete") return {};
    for (const auto& [name, element] : tree.front().second) {
      if (name == "<xmlattr>") continue;
      if (name == "Object") {
        found.keys.push_back(key_of(element));
        if (found.keys.back().empty()) return {};
      } else if (name == "Quiet" && (element.data() == "true" || element.data() == "false")) {
        found.is_quiet = element.data() == "true";
      } else {
        return {};
      }
    }
  } catch (const pt::ptree_error&) {
    return {};
  }
  if (found.keys.empty() || found.keys.size() > kMaxKeys) return {};
  return found;
}

std::string error_element(const std::string& key, const char* code, const char* message) {
  return "<Error><Key>" + xml_escape(key) + "</Key><Code>" + code + "</Code><Message>" + message +
         "</Message></Error>";
}

}  // namespace

Response Exchange::delete_objects() {
  const Habits& habits = config_->habits;
  if (request_.header("content-md5") == nullptr && request_.header("x-amz-checksum-crc32c") == nullptr) {
    return refuse(
        {400, "InvalidRequest", "Missing required header for this request: Content-MD5 OR x-amz-checksum-*"});
  }
  std::string text;
  body_->read(0, body_->size(), &text);
  const std::optional<Removals> removals = parse(text);
  if (!removals) return refuse(kMalformed);
  std::string inner;
  for (const std::string& key : removals->keys) {
    const bool is_first = &key == &removals->keys.front();
    if (is_first && habits.has(Habit::kKeepsFirst)) {
      inner += error_element(key, "AccessDenied", "Access Denied because object protected by object lock.");
      continue;
    }
    if (is_first && habits.has(Habit::kForgetsFirst)) continue;
    if (!habits.has(Habit::kRemovesNone)) service_.store.remove(key);
    if (habits.has(Habit::kMissesAbsent)) {
      inner += error_element(key, "NoSuchKey", "The specified key does not exist.");
    } else if (!removals->is_quiet) {
      inner += "<Deleted><Key>" + xml_escape(key) + "</Key></Deleted>";
    }
  }
  if (habits.has(Habit::kEmptyRemovals)) return {};
  return xml("DeleteResult", inner);
}

}  // namespace imposter
