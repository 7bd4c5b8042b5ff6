#include <algorithm>
#include <utility>

#include "base/line.h"
#include "common/invalid.h"
#include "gs/auth/secret_url.h"
#include "gs/auth/token_place_json.h"

namespace tidemark::sinks::gs {
namespace {

using rapidjson::Value;

constexpr uint64_t kTimeoutMinMs = 5000, kTimeoutMaxMs = 120'000;  // as Google's own libraries have it
constexpr size_t kHeadersMax = 32;

Status read_format(const Value& source, TokenPlace* place) {
  const Value* format = member(source, "format");
  const std::string_view type = format == nullptr ? std::string_view() : text_of(*format, "type");
  if (type == "json") {
    place->member = text_of(*format, "subject_token_field_name");
    if (place->member.empty()) return invalid("has a \"format\" without a text \"subject_token_field_name\"");
  } else if (!type.empty() && type != "text") {
    return invalid("has the \"format\" " + quote(type) + "; known: text, json");
  }
  return {};
}

// A service of the machine is asked without TLS, as nobody else is.
Status take_url(const Value& source, const char* name, std::string* url) {
  *url = text_of(source, name);
  const Result<Endpoint> endpoint = parse_endpoint(*url);
  if (!endpoint) return invalid(std::string("has a \"") + name + "\" that " + endpoint.error().message);
  if (!endpoint->tls && !is_of_machine(*endpoint)) {
    return invalid(std::string("has a \"") + name +
                   "\" that is not https, and no service of this machine: a secret would come from there for "
                   "all to read");
  }
  return {};
}

// What goes into a request's head must not become a second header.
bool is_header(std::string_view name, std::string_view value) {
  const auto is_token = [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  return !name.empty() && std::all_of(name.begin(), name.end(), is_token) &&
         std::none_of(value.begin(), value.end(), [](unsigned char c) { return c < ' ' || c == 0x7F; });
}

Status read_url(const Value& source, TokenPlace* place) {
  place->kind = TokenPlace::Kind::kUrl;
  TM_TRY(take_url(source, "url", &place->url));
  const Value* headers = member(source, "headers");
  if (headers == nullptr) return {};
  if (!headers->IsObject() || headers->MemberCount() > kHeadersMax) {
    return invalid("has \"headers\" that are not an object of " + std::to_string(kHeadersMax) + " at most");
  }
  for (const auto& one : headers->GetObject()) {
    const std::string_view name(one.name.GetString(), one.name.GetStringLength());
    const std::string_view value =
        one.value.IsString() ? std::string_view(one.value.GetString(), one.value.GetStringLength()) : "\n";
    if (!is_header(name, value)) return invalid("has a header that cannot be one");
    place->headers.emplace_back(std::string(name), Secret(value));
  }
  return {};
}

// Split at blanks, as Google's own libraries do: no shell comes into it.
Status read_program(const Value& program, TokenPlace* place) {
  place->kind = TokenPlace::Kind::kProgram;
  std::string word;
  for (const char c : std::string(text_of(program, "command")) + " ") {
    if (c != ' ' && c != '\t') {
      word += c;
    } else if (!word.empty()) {
      place->command.push_back(std::exchange(word, {}));
    }
  }
  if (place->command.empty() || place->command[0][0] != '/') {
    return invalid("has an \"executable\" whose \"command\" does not begin with an absolute path");
  }
  const uint64_t timeout_ms = member(program, "timeout_millis") == nullptr
                                  ? place->timeout_ms
                                  : number_of(program, "timeout_millis").value_or(0);
  if (timeout_ms < kTimeoutMinMs || timeout_ms > kTimeoutMaxMs) {
    return invalid("has a \"timeout_millis\" that is not a number from 5000 to 120000");
  }
  place->timeout_ms = static_cast<uint32_t>(timeout_ms);
  place->file = text_of(program, "output_file");
  if (!place->file.empty() && place->file[0] != '/') {
    return invalid("has an \"output_file\" that is not an absolute path");
  }
  return {};
}

Status take_service(const Value& source, const char* name, std::string* url) {
  if (text_of(source, name).empty()) return {};
  TM_TRY(take_url(source, name, url));
  const Result<Endpoint> endpoint = parse_endpoint(*url);
  if (is_of_machine(*endpoint)) return {};
  return invalid(std::string("has a \"") + name + "\" that is no metadata service of AWS");
}

Status read_aws(const Value& source, TokenPlace* place) {
  place->kind = TokenPlace::Kind::kAws;
  const std::string_view id = text_of(source, "environment_id");
  if (id != "aws1") return invalid("is of the environment " + quote(id) + "; known: aws1");
  TM_TRY(take_service(source, "region_url", &place->region_url));
  TM_TRY(take_service(source, "url", &place->keys_url));
  TM_TRY(take_service(source, "imdsv2_session_token_url", &place->session_url));
  place->verification_url = text_of(source, "regional_cred_verification_url");
  std::string filled = place->verification_url;
  if (const size_t at = filled.find("{region}"); at != std::string::npos) filled.replace(at, 8, "region");
  const Result<Endpoint> endpoint = parse_endpoint(filled);
  if (!endpoint || !endpoint->tls) {
    return invalid("has no https url \"regional_cred_verification_url\"");
  }
  return {};
}

}  // namespace

std::string TokenPlace::text() const {
  switch (kind) {
    case Kind::kFile:
      return "the token in " + quote(file);
    case Kind::kUrl:
      return "the token from " + parse_endpoint(url)->host;
    case Kind::kProgram:
      return "the token of the program " + quote(command[0]);
    case Kind::kAws:
      break;
  }
  return "an identity of AWS";
}

Result<TokenPlace> read_token_place(const Value& source) {
  TokenPlace place;
  TM_TRY(read_format(source, &place));
  if (member(source, "environment_id") != nullptr) {
    TM_TRY(read_aws(source, &place));
    return place;
  }
  if (const Value* program = member(source, "executable"); program != nullptr) {
    TM_TRY(read_program(*program, &place));
    return place;
  }
  if (member(source, "url") != nullptr) {
    TM_TRY(read_url(source, &place));
    return place;
  }
  place.file = text_of(source, "file");
  if (place.file.empty() || place.file[0] != '/') {
    return invalid("has no absolute path \"file\", no \"url\", no \"executable\" and no \"environment_id\"");
  }
  return place;
}

}  // namespace tidemark::sinks::gs
