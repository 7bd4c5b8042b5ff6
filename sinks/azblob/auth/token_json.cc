#include "azblob/auth/token_json.h"

#include <rapidjson/document.h>

#include <algorithm>
#include <string_view>

#include "http/answer.h"
#include "http/utf8.h"

namespace tidemark::sinks::azblob {
namespace {

using rapidjson::Value;

constexpr size_t kShownBytes = 240;
constexpr size_t kTokenMaxBytes = 64 * 1024;
constexpr uint64_t kSecondsMax = uint64_t{10} * 365 * 24 * 60 * 60;
// Iterative, so that no depth of brackets exhausts the stack.
constexpr unsigned kFlags = rapidjson::kParseIterativeFlag;
constexpr std::string_view kMark = "\xEF\xBB\xBF";

// The library's own check reads past the end of a text that ends in the middle of a character.
bool is_utf8(std::string_view text) { return utf8_beginning(text).size_bytes == text.size(); }

const Value* member(const Value& object, const char* name) {
  const auto at = object.FindMember(name);
  return at == object.MemberEnd() ? nullptr : &at->value;
}

// Empty where the member is missing or no string.
std::string_view text_of(const Value& object, const char* name) {
  const Value* value = member(object, name);
  if (value == nullptr || !value->IsString()) return {};
  return {value->GetString(), value->GetStringLength()};
}

bool number_of(const Value& object, const char* name, uint64_t* out) {
  const Value* value = member(object, name);
  if (value == nullptr) return false;
  if (value->IsUint64()) {
    *out = value->GetUint64();
    return true;
  }
  return value->IsString() && parse_number({value->GetString(), value->GetStringLength()}, out);
}

// A token goes into a header as it is.
bool is_token(std::string_view text) {
  return !text.empty() && text.size() <= kTokenMaxBytes &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

Result<Credentials> read(const Value& object, int64_t now_us) {
  if (!object.IsObject()) return fail(TIDEMARK_E_RETRYABLE, "the answer is not a JSON object");
  const std::string_view token = text_of(object, "access_token");
  if (!is_token(token))
    return fail(TIDEMARK_E_RETRYABLE, "the answer has no text \"access_token\" that is a token");
  Credentials credentials;
  credentials.kind = Credentials::Kind::kToken;
  credentials.secret = Secret(token);
  uint64_t seconds = 0;
  if (number_of(object, "expires_in", &seconds) && seconds <= kSecondsMax) {
    credentials.expires_us = now_us + static_cast<int64_t>(seconds) * 1'000'000;
  } else if (number_of(object, "expires_on", &seconds) && seconds <= INT64_MAX / 1'000'000) {
    credentials.expires_us = static_cast<int64_t>(seconds) * 1'000'000;
  } else {
    return fail(TIDEMARK_E_RETRYABLE, "the answer does not say when the token expires");
  }
  return credentials;
}

}  // namespace

Result<Credentials> token_from_json(std::string* text, int64_t now_us) {
  const size_t begin = text->starts_with(kMark) ? kMark.size() : 0;
  Result<Credentials> credentials = fail(TIDEMARK_E_RETRYABLE, "the answer is not a JSON object");
  rapidjson::Document document;
  if (is_utf8(*text)) {
    document.ParseInsitu<kFlags>(text->data() + begin);  // in place: no copy of a secret outlives the text
    if (!document.HasParseError()) credentials = read(document, now_us);
  }
  wipe(text);
  return credentials;
}

TokenError error_from_json(const std::string& text) {
  rapidjson::Document document;
  const size_t begin = text.starts_with(kMark) ? kMark.size() : 0;
  if (!is_utf8(text)) return {};
  document.Parse<kFlags>(text.data() + begin, text.size() - begin);
  if (document.HasParseError() || !document.IsObject()) return {};
  TokenError error;
  std::string_view message;
  if (const Value* nested = member(document, "error"); nested != nullptr && nested->IsObject()) {
    error.code = text_of(*nested, "code");
    message = text_of(*nested, "message");
  } else {
    error.code = text_of(document, "error");
    message = text_of(document, "error_description");
  }
  message = message.substr(0, message.find_first_of("\r\n"));
  error.code = error.code.substr(0, 64);
  error.message = message.substr(0, kShownBytes);
  return error;
}

}  // namespace tidemark::sinks::azblob
