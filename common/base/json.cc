#include "base/json.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cassert>

namespace tidemark {

Json::Json(const std::vector<std::string>& texts) : value_(Values(texts.begin(), texts.end())) {}

Json::Json(const std::map<std::string, uint64_t>& counts) : value_(Members()) {
  for (const auto& [key, count] : counts) (*this)[key] = count;
}

Json::Json(std::initializer_list<std::pair<std::string, Json>> members) : value_(Members()) {
  for (const auto& [key, value] : members) (*this)[key] = value;
}

Json Json::object() {
  Json empty;
  empty.value_ = Members();
  return empty;
}

Json Json::array() {
  Json empty;
  empty.value_ = Values();
  return empty;
}

Json& Json::operator[](std::string_view key) {
  if (is_null()) value_ = Members();
  assert(std::holds_alternative<Members>(value_));
  auto& members = std::get<Members>(value_);
  const auto found =
      std::find_if(members.begin(), members.end(), [&](const auto& member) { return member.first == key; });
  return found != members.end() ? found->second : members.emplace_back(key, Json()).second;
}

void Json::update(const Json& other) {
  assert(std::holds_alternative<Members>(other.value_));
  for (const auto& [key, value] : std::get<Members>(other.value_)) (*this)[key] = value;
}

void Json::push_back(Json value) {
  if (is_null()) value_ = Values();
  assert(std::holds_alternative<Values>(value_));
  std::get<Values>(value_).push_back(std::move(value));
}

namespace {

using Library = nlohmann::ordered_json;

}  // namespace

struct Json::Writer {
  Library operator()(std::monostate) const { return {}; }
  template <class Scalar>
  Library operator()(const Scalar& scalar) const {
    return scalar;
  }
  Library operator()(const Values& values) const {
    Library array = Library::array();
    for (const Json& value : values) array.push_back(std::visit(*this, value.value_));
    return array;
  }
  Library operator()(const Members& members) const {
    Library object = Library::object();
    for (const auto& [key, value] : members) object[key] = std::visit(*this, value.value_);
    return object;
  }
};

std::string Json::dump(unsigned indent) const {
  return std::visit(Writer(), value_)
      .dump(indent > 0 ? static_cast<int>(indent) : -1, ' ', false, Library::error_handler_t::replace);
}

}  // namespace tidemark
