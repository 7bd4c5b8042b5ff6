#include "s3/auth/credential_json.h"

#include <string_view>
#include <utility>

#include "base/line.h"
#include "http/iso_time.h"
#include "http/json.h"

namespace tidemark::sinks::s3 {
namespace {

using rapidjson::Value;

constexpr size_t kShownBytes = 200;

Result<Credentials> read(const Value& object, JsonKind kind) {
  if (kind == JsonKind::kProcess) {
    const Value* version = member(object, "Version");
    if (version == nullptr || !version->IsInt() || version->GetInt() != 1) {
      return fail(TIDEMARK_E_PERMANENT, "\"Version\" is not 1");
    }
  } else if (const std::string_view code = text_of(object, "Code"); !code.empty() && code != "Success") {
    return fail(TIDEMARK_E_RETRYABLE, "\"Code\" is " + quote(code) + ", not \"Success\"");
  }
  Credentials credentials;
  credentials.access_key_id = text_of(object, "AccessKeyId");
  credentials.secret_access_key = Secret(text_of(object, "SecretAccessKey"));
  credentials.session_token = Secret(text_of(object, kind == JsonKind::kProcess ? "SessionToken" : "Token"));
  if (credentials.access_key_id.empty()) return fail(TIDEMARK_E_PERMANENT, "no text \"AccessKeyId\"");
  if (credentials.secret_access_key.empty()) return fail(TIDEMARK_E_PERMANENT, "no text \"SecretAccessKey\"");
  if (const Value* expiration = member(object, "Expiration");
      expiration != nullptr && !expiration->IsNull()) {
    const auto expires_us = parse_iso_time_us(text_of(object, "Expiration"));
    if (!expires_us)
      return fail(TIDEMARK_E_PERMANENT, "\"Expiration\" is not a time like 2024-02-29T23:59:58Z");
    credentials.expires_us = *expires_us;
  }
  return credentials;
}

}  // namespace

Result<Credentials> credentials_from_json(std::string* text, JsonKind kind) {
  rapidjson::Document document;
  Result<Credentials> credentials =
      read_object(text, &document) ? read(document, kind)
                                   : Result<Credentials>(fail(TIDEMARK_E_PERMANENT, "not a JSON object"));
  wipe(text);
  return credentials;
}

std::string error_from_json(const std::string& text) {
  rapidjson::Document document;
  std::string kept = text;
  if (!read_object(&kept, &document)) return "";
  std::string line(text_of(document, "code"));
  if (const std::string_view message = text_of(document, "message"); !message.empty()) {
    line.append(line.empty() ? "" : ": ").append(message);
  }
  return line.substr(0, kShownBytes);
}

}  // namespace tidemark::sinks::s3
