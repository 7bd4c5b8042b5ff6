// Reading JSON in place: no copy of a secret outlives the text, which whoever owns it wipes.
//
// Functions without state. Any thread.
#ifndef TIDEMARK_SINKS_HTTP_JSON_H
#define TIDEMARK_SINKS_HTTP_JSON_H

// RapidJSON moves pointers that are still null, which clang's sanitizer takes for a mistake of ours. Whoever
// needs it includes it by this header, for of an inline function the linker takes any copy.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((no_sanitize("pointer-overflow"))), apply_to = function)
#endif
#include <rapidjson/document.h>
#if defined(__clang__)
#pragma clang attribute pop
#endif

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/answer.h"
#include "http/utf8.h"

namespace tidemark::sinks {

// False unless the text is one JSON object. Its texts lie in `text` then.
inline bool read_object(std::string* text, rapidjson::Document* document) {
  // Iterative, so that no depth of brackets exhausts the stack. The library's own check of UTF-8 reads past
  // the end of a text that ends in the middle of a character.
  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag;
  if (!is_utf8(*text)) return false;
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  char* begin = text->data() + (text->starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0);
  document->ParseInsitu<kFlags>(begin);
  return !document->HasParseError() && document->IsObject();
}

// NULL where `value` is not an object, or has no such member.
inline const rapidjson::Value* member(const rapidjson::Value& value, const char* name) {
  if (!value.IsObject()) return nullptr;
  const auto at = value.FindMember(name);
  return at == value.MemberEnd() ? nullptr : &at->value;
}

// Empty where the member is missing or not a text.
inline std::string_view text_of(const rapidjson::Value& value, const char* name) {
  const rapidjson::Value* found = member(value, name);
  if (found == nullptr || !found->IsString()) return {};
  return {found->GetString(), found->GetStringLength()};
}

// A whole number, written as one or, as some services write theirs, as a text.
inline std::optional<uint64_t> number_of(const rapidjson::Value& value, const char* name) {
  const rapidjson::Value* found = member(value, name);
  if (found == nullptr) return std::nullopt;
  if (found->IsUint64()) return found->GetUint64();
  uint64_t number = 0;
  if (!parse_number(text_of(value, name), &number)) return std::nullopt;
  return number;
}

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_HTTP_JSON_H
