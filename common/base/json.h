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
#include <vector>

namespace tidemark {

class Json {
 public:
  Json() = default;  // null
  Json(bool value) : kind_(Kind::kScalar), text_(value ? "true" : "false") {}
  Json(std::integral auto value) : kind_(Kind::kScalar), text_(std::to_string(value)) {}
  Json(double value);           // not a number and infinite: null
  Json(std::string_view text);  // what is not UTF-8 becomes U+FFFD
  Json(const std::string& text) : Json(std::string_view(text)) {}
  Json(const char* text) : Json(std::string_view(text)) {}
  Json(const std::vector<std::string>& texts);
  Json(const std::map<std::string, uint64_t>& counts);
  Json(std::initializer_list<std::pair<std::string, Json>> members);  // {{"name", 1}, {"other", "text"}}
  static Json object();
  static Json array();

  bool is_null() const { return kind_ == Kind::kNull; }
  // The value of this key, null if it is new. Of an object, or of null, which becomes one.
  Json& operator[](std::string_view key);
  // Each member of `other` in place of the one of its key, or after the others.
  void update(const Json& other);
  // Of an array, or of null, which becomes one.
  void push_back(Json value);

  // In one line; with an indent, each value in a line of its own.
  std::string dump(unsigned indent = 0) const;

 private:
  enum class Kind { kNull, kScalar, kArray, kObject };
  void append(std::string& out, unsigned indent, unsigned depth) const;

  Kind kind_ = Kind::kNull;
  std::string text_;               // a scalar as it is written
  std::vector<std::string> keys_;  // of an object, one for each of its values
  std::vector<Json> values_;       // of an object or array
};

}  // namespace tidemark

#endif  // TIDEMARK_COMMON_BASE_JSON_H
