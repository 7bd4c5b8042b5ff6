#include "base/json.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cassert>

namespace tidemark {

namespace {

std::string as_json(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

Json::Json(double value) : kind_(Kind::kScalar), text_(nlohmann::json(value).dump()) {}

Json::Json(std::string_view text) : kind_(Kind::kScalar), text_(as_json(text)) {}

Json::Json(const std::vector<std::string>& texts)
    : kind_(Kind::kArray), values_(texts.begin(), texts.end()) {}

Json::Json(const std::map<std::string, uint64_t>& counts) : kind_(Kind::kObject) {
  for (const auto& [key, count] : counts) (*this)[key] = count;
}

Json::Json(std::initializer_list<std::pair<std::string, Json>> members) : kind_(Kind::kObject) {
  for (const auto& [key, value] : members) (*this)[key] = value;
}

Json Json::object() {
  Json empty;
  empty.kind_ = Kind::kObject;
  return empty;
}

Json Json::array() {
  Json empty;
  empty.kind_ = Kind::kArray;
  return empty;
}

Json& Json::operator[](std::string_view key) {
  assert(kind_ == Kind::kObject || kind_ == Kind::kNull);
  kind_ = Kind::kObject;
  const auto found = std::find(keys_.begin(), keys_.end(), key);
  if (found != keys_.end()) return values_[static_cast<size_t>(found - keys_.begin())];
  keys_.emplace_back(key);
  return values_.emplace_back();
}

void Json::update(const Json& other) {
  assert(other.kind_ == Kind::kObject);
  for (size_t i = 0; i < other.keys_.size(); ++i) (*this)[other.keys_[i]] = other.values_[i];
}

void Json::push_back(Json value) {
  assert(kind_ == Kind::kArray || kind_ == Kind::kNull);
  kind_ = Kind::kArray;
  values_.push_back(std::move(value));
}

std::string Json::dump(unsigned indent) const {
  std::string out;
  append(out, indent, 0);
  return out;
}

void Json::append(std::string& out, unsigned indent, unsigned depth) const {
  if (kind_ == Kind::kNull) out += "null";
  if (kind_ == Kind::kScalar) out += text_;
  if (kind_ == Kind::kNull || kind_ == Kind::kScalar) return;
  const auto new_line = [&](unsigned levels) {
    if (indent > 0 && !values_.empty()) out.append("\n").append(size_t{indent} * levels, ' ');
  };
  const bool is_object = kind_ == Kind::kObject;
  out += is_object ? '{' : '[';
  for (size_t i = 0; i < values_.size(); ++i) {
    if (i > 0) out += ',';
    new_line(depth + 1);
    if (is_object) out.append(as_json(keys_[i])).append(indent > 0 ? ": " : ":");
    values_[i].append(out, indent, depth + 1);
  }
  new_line(depth);
  out += is_object ? '}' : ']';
}

}  // namespace tidemark
