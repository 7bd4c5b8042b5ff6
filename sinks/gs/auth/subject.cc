#include "gs/auth/subject.h"

#include <utility>

#include "base/line.h"
#include "gs/auth/secret_url.h"
#include "http/answer.h"
#include "http/json.h"
#include "http/program.h"
#include "http/small_file.h"

namespace tidemark::sinks::gs {
namespace {

constexpr uint32_t kUrlTimeoutMs = 20'000;
constexpr char kProgramsSwitch[] = "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES";
constexpr std::string_view kImpersonated = "/serviceAccounts/", kImpersonatedEnd = ":generateAccessToken";
constexpr size_t kWordsMax = 200;  // of a program's own

// The whole text, or one member of it. Wipes it.
Result<Secret> token_in(std::string* text, const std::string& member, const std::string& what) {
  if (!member.empty()) {
    Result<Secret> token = secret_member(text, member);
    if (!token) return within(what, token.error());
    return token;
  }
  constexpr char kSpace[] = " \t\r\n";
  const size_t begin = text->find_first_not_of(kSpace);
  if (begin == std::string::npos) return fail(TIDEMARK_E_RETRYABLE, what + " is empty");
  const Secret token(std::string_view(*text).substr(begin, text->find_last_not_of(kSpace) + 1 - begin));
  wipe(text);
  return token;
}

Result<Secret> of_file(const TokenPlace& place) {
  Result<std::string> text = read_small_file(place.file);
  if (!text) return text.error();
  return token_in(&*text, place.member, "the token file " + quote(place.file));
}

Result<Secret> of_url(const TokenPlace& place, const Exchange& exchange) {
  const Result<Endpoint> endpoint = parse_endpoint(place.url);
  if (!endpoint) return endpoint.error();
  HttpRequest request;
  request.method = "GET";
  request.url = place.url;
  for (const auto& [name, value] : place.headers)
    request.headers.push_back({name, std::string(value.reveal())});
  Result<HttpAnswer> answer = fail("nobody was asked");
  if (is_of_machine(*endpoint)) {
    answer = ask_machine(std::move(request), exchange);
  } else {
    request.timeout_ms = kUrlTimeoutMs;
    answer = exchange.fetch(request, exchange.call);
    for (Header& one : request.headers) wipe(&one.value);
  }
  const std::string what = "the token's url at " + endpoint->host;
  if (!answer) return within(what, answer.error());
  if (!answer->is_ok()) {
    Error error = within(what, refusal_of(*answer));
    wipe(&answer->text);
    return error;
  }
  return token_in(&answer->text, place.member, "what came from " + endpoint->host);
}

// What a program says, or what it has left in its file.
struct Said {
  Result<Secret> token;
  bool is_to_be_kept = true;  // else the program has to be run
};

Said read_said(const rapidjson::Value& said, bool is_file, int64_t now_us) {
  const auto wrong = [](const std::string& what) { return Said{fail(TIDEMARK_E_PERMANENT, what)}; };
  if (number_of(said, "version").value_or(0) != 1) return wrong("says no \"version\" that is 1");
  const rapidjson::Value* success = member(said, "success");
  if (success == nullptr || !success->IsBool()) return wrong("does not say \"success\"");
  if (!success->GetBool()) {
    const std::string code(text_of(said, "code")), message(text_of(said, "message"));
    return {fail(TIDEMARK_E_RETRYABLE, "has no success: " + quote(code.substr(0, kWordsMax)) + ", " +
                                           quote(message.substr(0, kWordsMax))),
            false};
  }
  const std::optional<uint64_t> end_s = number_of(said, "expiration_time");
  if (!end_s && is_file) return wrong("says no \"expiration_time\"");
  if (end_s && static_cast<int64_t>(*end_s) <= now_us / 1'000'000) {
    return {fail(TIDEMARK_E_RETRYABLE, "gives a token that has expired"), false};
  }
  const std::string_view type = text_of(said, "token_type");
  const bool is_saml = type == "urn:ietf:params:oauth:token-type:saml2";
  if (!is_saml && type != "urn:ietf:params:oauth:token-type:jwt" &&
      type != "urn:ietf:params:oauth:token-type:id_token") {
    return wrong("gives a \"token_type\" that is not known: " + quote(type));
  }
  const std::string_view token = text_of(said, is_saml ? "saml_response" : "id_token");
  if (token.empty()) return wrong(is_saml ? "gives no \"saml_response\"" : "gives no \"id_token\"");
  return {Secret(token)};
}

// Wipes the text.
Said said_in(std::string* text, bool is_file, int64_t now_us) {
  rapidjson::Document document;
  Said said = {fail(TIDEMARK_E_PERMANENT, "is not a JSON object")};
  if (read_object(text, &document)) said = read_said(document, is_file, now_us);
  wipe(text);
  return said;
}

Program program_of(const Account& account) {
  const TokenPlace& place = account.place;
  Program program = {place.command[0], place.command};
  program.variables = {"GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE=" + account.audience,
                       "GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE=" + account.token_type,
                       "GOOGLE_EXTERNAL_ACCOUNT_INTERACTIVE=0"};
  if (!place.file.empty()) program.variables.push_back("GOOGLE_EXTERNAL_ACCOUNT_OUTPUT_FILE=" + place.file);
  std::string_view email = account.impersonation_url;
  const size_t at = email.find(kImpersonated);
  if (at != std::string_view::npos && email.ends_with(kImpersonatedEnd)) {
    email.remove_prefix(at + kImpersonated.size());
    email.remove_suffix(kImpersonatedEnd.size());
    program.variables.push_back("GOOGLE_EXTERNAL_ACCOUNT_IMPERSONATED_EMAIL=" + std::string(email));
  }
  return program;
}

// Programs are run only where the environment allows it: who may write a file with credentials must not be
// able to run one.
Result<Secret> of_program(const Account& account, const Exchange& exchange) {
  const TokenPlace& place = account.place;
  const std::string what = "the program " + quote(place.command[0]);
  if (exchange.environment(kProgramsSwitch) != "1") {
    return fail(TIDEMARK_E_PERMANENT,
                what + " is not run: set " + kProgramsSwitch + "=1 in the environment to allow it");
  }
  if (Result<std::string> kept = place.file.empty() ? std::string() : read_small_file(place.file);
      kept && !kept->empty()) {
    Said said = said_in(&*kept, true, exchange.now_us());
    if (said.token) return said.token;
    if (said.is_to_be_kept) return within("its output file " + quote(place.file), said.token.error());
  }
  ProgramLimits limits;
  limits.timeout_ms = place.timeout_ms;
  Result<std::string> printed = run_program(program_of(account), exchange.call, limits);
  if (!printed) return within(what, printed.error());
  Said said = said_in(&*printed, false, exchange.now_us());
  if (!said.token) return within(what, said.token.error());
  return said.token;
}

}  // namespace

Result<Secret> subject_token(const Account& account, const Exchange& exchange) {
  switch (account.place.kind) {
    case TokenPlace::Kind::kFile:
      return of_file(account.place);
    case TokenPlace::Kind::kUrl:
      return of_url(account.place, exchange);
    case TokenPlace::Kind::kProgram:
      return of_program(account, exchange);
    case TokenPlace::Kind::kAws:
      break;
  }
  return signed_caller_identity(account, exchange);
}

}  // namespace tidemark::sinks::gs
