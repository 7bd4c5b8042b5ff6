#include "azblob/auth/token_json.h"

#include <algorithm>
#include <string_view>

#include "http/json.h"

namespace tidemark::sinks::azblob {
namespace {

using rapidjson::Value;

constexpr size_t kShownBytes = 240;
constexpr size_t kTokenMaxBytes = 64 * 1024;
constexpr uint64_t kSecondsMax = uint64_t{10} * 365 * 24 * 60 * 60;
// A token goes into a header as it is.
bool is_token(std::string_view text) {
  return !text.empty() && text.size() <= kTokenMaxBytes &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

Result<Credentials> read(const Value& object, int64_t now_us) {
  const std::string_view token = text_of(object, "access_token");
  if (!is_token(token))
    return fail(TIDEMARK_E_RETRYABLE, "the answer has no text \"access_token\" that is a token");
  Credentials credentials;
  credentials.kind = Credentials::Kind::kToken;
  credentials.secret = Secret(token);
  const auto left_s = number_of(object, "expires_in"), until_s = number_of(object, "expires_on");
  if (left_s && *left_s <= kSecondsMax) {
    credentials.expires_us = now_us + static_cast<int64_t>(*left_s) * 1'000'000;
  } else if (until_s && *until_s <= INT64_MAX / 1'000'000) {
    credentials.expires_us = static_cast<int64_t>(*until_s) * 1'000'000;
  } else {
    return fail(TIDEMARK_E_RETRYABLE, "the answer does not say when the token expires");
  }
  return credentials;
}

}  // namespace

Result<Credentials> token_from_json(std::string* text, int64_t now_us) {
  rapidjson::Document document;
  Result<Credentials> credentials =
      read_object(text, &document)
          ? read(document, now_us)
          : Result<Credentials>(fail(TIDEMARK_E_RETRYABLE, "the answer is not a JSON object"));
  wipe(text);
  return credentials;
}

TokenError error_from_json(const std::string& text) {
  rapidjson::Document document;
  std::string kept = text;
  if (!read_object(&kept, &document)) return {};
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
