#include "gs/auth/token_answer.h"

#include <algorithm>

#include "base/line.h"
#include "base/wall_clock.h"
#include "http/iso_time.h"
#include "http/json.h"

namespace tidemark::sinks::gs {
namespace {

using rapidjson::Value;

constexpr size_t kShownBytes = 240;
constexpr size_t kTokenBytesMax = 32 * 1024;
constexpr uint64_t kLifeMaxS = 7 * 24 * 3600;

// What may stand in a header.
bool is_token(std::string_view text) {
  return !text.empty() && text.size() <= kTokenBytesMax &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

std::optional<int64_t> expiry_of(const Value& answer, int64_t now_us) {
  if (const std::optional<uint64_t> life_s = number_of(answer, "expires_in")) {
    return now_us + static_cast<int64_t>(std::min(*life_s, kLifeMaxS)) * kUsPerSecond;
  }
  return parse_iso_time_us(text_of(answer, "expireTime"));
}

Result<Token> read(const Value& answer, int64_t now_us) {
  std::string_view bearer = text_of(answer, "access_token");
  if (bearer.empty()) bearer = text_of(answer, "accessToken");
  const std::optional<int64_t> expires_us = expiry_of(answer, now_us);
  if (!is_token(bearer)) return fail(TIDEMARK_E_RETRYABLE, "HTTP 200, but no token in the answer");
  if (!expires_us) return fail(TIDEMARK_E_RETRYABLE, "HTTP 200, but the token's end is not in the answer");
  return Token{Secret(bearer), *expires_us};
}

// "invalid_grant: Bad Request" (RFC 6749, 5.2), or the words of a nested error.
std::string words_of(const HttpAnswer& answer) {
  std::string text = answer.text;
  rapidjson::Document document;
  if (!read_object(&text, &document)) return "";
  const Value* nested = member(document, "error");
  std::string words(text_of(document, "error"));
  std::string_view more = text_of(document, "error_description");
  if (nested != nullptr && nested->IsObject()) {
    words = text_of(*nested, "status");
    more = text_of(*nested, "message");
  }
  if (!more.empty()) words.append(words.empty() ? "" : ": ").append(more);
  return words.substr(0, kShownBytes);
}

}  // namespace

Result<Token> token_from(HttpAnswer* answer, int64_t now_us) {
  if (answer->status != 200) return refusal_of(*answer);
  rapidjson::Document document;
  Result<Token> token = fail(TIDEMARK_E_RETRYABLE, "HTTP 200, but the answer is not a token");
  if (read_object(&answer->text, &document)) token = read(document, now_us);
  wipe(&answer->text);
  return token;
}

Error refusal_of(const HttpAnswer& answer) {
  Error error;
  error.http_status = answer.status;
  error.retry_after_ms = retry_after_ms(answer.headers);
  const bool may_pass = answer.status >= 500 || answer.status == 408 || answer.is_ok();
  error.status = answer.status == 429 ? TIDEMARK_E_THROTTLED
                 : may_pass           ? TIDEMARK_E_RETRYABLE
                                      : TIDEMARK_E_PERMANENT;
  error.message = "answered HTTP " + std::to_string(answer.status);
  const std::string words = words_of(answer);
  if (!words.empty()) error.message += ", " + words;
  if (words.find("iat") != std::string::npos || words.find("timeframe") != std::string::npos) {
    error.message += "; is the clock of this machine right?";
  }
  return error;
}

Result<Secret> secret_member(std::string* text, const std::string& name) {
  rapidjson::Document document;
  Result<Secret> found = fail(TIDEMARK_E_INVALID, "not a JSON object");
  if (read_object(text, &document)) {
    const std::string_view value = text_of(document, name.c_str());
    found = value.empty() ? Result<Secret>(fail(TIDEMARK_E_INVALID, "no text " + quote(name)))
                          : Result<Secret>(Secret(value));
  }
  wipe(text);
  return found;
}

}  // namespace tidemark::sinks::gs
