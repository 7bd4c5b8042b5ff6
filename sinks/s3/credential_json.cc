#include "s3/credential_json.h"

#include <nlohmann/json.hpp>

#include <utility>

#include "s3/iso_time.h"

namespace tidemark::sinks::s3 {
namespace {

using nlohmann::json;

constexpr size_t kShownBytes = 200;

void wipe_strings(json* value) {
  if (auto* text = value->get_ptr<std::string*>()) return wipe(text);
  if (!value->is_structured()) return;
  for (json& inner : *value) wipe_strings(&inner);
}

// Empty where the member is missing or no string.
std::string* text_member(json* object, const char* name) {
  const auto at = object->find(name);
  return at == object->end() ? nullptr : at->get_ptr<std::string*>();
}

std::string taken(json* object, const char* name) {
  std::string* text = text_member(object, name);
  return text != nullptr ? *text : std::string();
}

Secret taken_secret(json* object, const char* name) {
  std::string* text = text_member(object, name);
  return text != nullptr ? Secret::take(text) : Secret();
}

Result<Credentials> read(json* object, JsonKind kind) {
  if (!object->is_object()) return fail(TIDEMARK_E_PERMANENT, "not a JSON object");
  if (kind == JsonKind::kProcess) {
    const auto version = object->find("Version");
    if (version == object->end() || !version->is_number_integer() || *version != 1) {
      return fail(TIDEMARK_E_PERMANENT, "\"Version\" is not 1");
    }
  } else if (const std::string code = taken(object, "Code"); !code.empty() && code != "Success") {
    return fail(TIDEMARK_E_RETRYABLE, "\"Code\" is " + quote(code) + ", not \"Success\"");
  }
  Credentials credentials;
  credentials.access_key_id = taken(object, "AccessKeyId");
  credentials.secret_access_key = taken_secret(object, "SecretAccessKey");
  credentials.session_token = taken_secret(object, kind == JsonKind::kProcess ? "SessionToken" : "Token");
  if (credentials.access_key_id.empty()) return fail(TIDEMARK_E_PERMANENT, "no text \"AccessKeyId\"");
  if (credentials.secret_access_key.empty()) return fail(TIDEMARK_E_PERMANENT, "no text \"SecretAccessKey\"");
  if (const auto at = object->find("Expiration"); at != object->end() && !at->is_null()) {
    const auto expires_us = parse_iso_time_us(taken(object, "Expiration"));
    if (!expires_us) return fail(TIDEMARK_E_PERMANENT, "\"Expiration\" is no time like 2024-02-29T23:59:58Z");
    credentials.expires_us = *expires_us;
  }
  return credentials;
}

}  // namespace

Result<Credentials> credentials_from_json(std::string* text, JsonKind kind) {
  json object = json::parse(*text, nullptr, false);
  wipe(text);
  Result<Credentials> credentials = read(&object, kind);
  wipe_strings(&object);
  return credentials;
}

std::string error_from_json(const std::string& text) {
  json object = json::parse(text, nullptr, false);
  if (!object.is_object()) return "";
  std::string line = taken(&object, "code");
  if (const std::string message = taken(&object, "message"); !message.empty()) {
    line.append(line.empty() ? "" : ": ").append(message, 0, kShownBytes);
  }
  return line.substr(0, kShownBytes);
}

}  // namespace tidemark::sinks::s3
