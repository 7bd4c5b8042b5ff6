// A value to be written as JSON: what a program prints for other programs, keys in the order in which they
// came.
//
// One thread at a time; different values may be used by different threads. Owns all that is in it. Written
// only: what reads JSON names a parser of its own. A type of its own because the library's header takes
// seconds to compile, in each file that prints a line; here it is in json.cc alone.
#ifndef TIDEMARK_COMMON_BASE_JSON_H
#define TIDEMARK_COMMON_BASE_JSON_H

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace tidemark {

class Json {
 public:
  Json() = default;  // null
  Json(bool value) : value_(value) {}
  Json(std::signed_integral auto value) : value_(int64_t{value}) {}
  Json(std::unsigned_integral auto value) : value_(uint64_t{value}) {}
  Json(double value) : value_(value) {}                       // not a number and infinite: null
  Json(std::string_view text) : value_(std::string(text)) {}  // what is not UTF-8 becomes U+FFFD
  Json(const std::string& text) : value_(text) {}
  Json(const char* text) : value_(std::string(text)) {}
  Json(const std::vector<std::string>& texts);
  Json(const std::map<std::string, uint64_t>& counts);
  Json(std::initializer_list<std::pair<std::string, Json>> members);  // {{"name", 1}, {"other", "text"}}
  static Json object();
  static Json array();

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  // The value of this key, null if it is new. Of an object, or of null, which becomes one.
  Json& operator[](std::string_view key);
  // Each member of `other` in place of the one of its key, or after the others.
  void update(const Json& other);
  // Of an array, or of null, which becomes one.
  void push_back(Json value);

  // In one line; with an indent, each value in a line of its own.
  std::string dump(unsigned indent = 0) const;

 private:
  using Values = std::vector<Json>;
  using Members = std::vector<std::pair<std::string, Json>>;
  struct Writer;

  std::variant<std::monostate, bool, int64_t, uint64_t, double, std::string, Values, Members> value_;
};

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_BASE_JSON_H
