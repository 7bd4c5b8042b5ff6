// A machine of AWS shows who it is with a request to AWS that it has signed and that Google sends.
#include <algorithm>
#include <utility>

#include "base/json.h"
#include "base/line.h"
#include "gs/auth/subject.h"
#include "http/answer.h"
#include "http/endpoint.h"
#include "http/json.h"
#include "http/signer.h"

namespace tidemark::sinks::gs {
namespace {

constexpr SignerWords kAwsWords = {"AWS4-HMAC-SHA256", "AWS4", "aws4_request", "x-amz-"};
constexpr char kMetadataSwitch[] = "AWS_EC2_METADATA_DISABLED";
constexpr char kSha256OfNothing[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr size_t kAnswerMax = 64 * 1024;

bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '+' || c == '=' || c == ',' || c == '@';
  });
}

// The metadata service of the machine; its own token is asked for once.
class Machine {
 public:
  Machine(const TokenPlace& place, const Exchange& exchange) : place_(place), exchange_(exchange) {}
  ~Machine() { wipe(&session_); }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  Result<std::string> region() {
    TM_ASSIGN(std::string zone, ask("region_url", place_.region_url));
    if (!is_word(zone)) return fail(TIDEMARK_E_RETRYABLE, "what the machine calls its zone is none");
    zone.pop_back();  // of "us-east-1b"
    return zone;
  }

  Result<SigningKeys> keys() {
    TM_ASSIGN(const std::string role, ask("url", place_.keys_url));
    if (!is_word(role)) return fail(TIDEMARK_E_RETRYABLE, "what the machine calls its role is none");
    TM_ASSIGN(std::string text, ask("url", place_.keys_url + "/" + role));
    rapidjson::Document document;
    Result<SigningKeys> keys = fail(TIDEMARK_E_RETRYABLE, "the keys of the machine's role cannot be read");
    if (read_object(&text, &document) && is_word(text_of(document, "AccessKeyId")) &&
        !text_of(document, "SecretAccessKey").empty()) {
      keys = SigningKeys{std::string(text_of(document, "AccessKeyId")),
                         Secret(text_of(document, "SecretAccessKey")), Secret(text_of(document, "Token"))};
    }
    wipe(&text);
    return keys;
  }

 private:
  Result<std::string> ask(const char* name, const std::string& url) {
    if (url.empty()) {
      return fail(TIDEMARK_E_INVALID,
                  std::string("no text \"") + name + "\", and the environment says it neither");
    }
    std::string disabled = exchange_.environment(kMetadataSwitch);
    for (char& c : disabled) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (disabled == "true") {
      return fail(TIDEMARK_E_PERMANENT, std::string("the machine is not asked (") + kMetadataSwitch + ")");
    }
    if (!place_.session_url.empty() && session_.empty()) {
      TM_ASSIGN(session_, send("PUT", place_.session_url, {{"x-aws-ec2-metadata-token-ttl-seconds", "300"}}));
    }
    Headers headers;
    if (!session_.empty()) headers.push_back({"x-aws-ec2-metadata-token", session_});
    return send("GET", url, std::move(headers));
  }

  Result<std::string> send(const char* method, const std::string& url, Headers headers) {
    HttpRequest request;
    request.method = method;
    request.url = url;
    request.headers = std::move(headers);
    request.text_max = kAnswerMax;
    const Result<Endpoint> endpoint = parse_endpoint(url);
    const std::string what = "the metadata service " + (endpoint ? endpoint->host : "");
    Result<HttpAnswer> answer = ask_machine(std::move(request), exchange_);
    if (!answer) return within(what, answer.error());
    if (answer->status != 200) return within(what, refusal_of(*answer));
    return std::move(answer->text);
  }

  const TokenPlace& place_;
  const Exchange& exchange_;
  std::string session_;
};

Result<std::string> region_of(const Environment& environment, Machine* machine) {
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    const std::string region = environment(name);
    if (region.empty()) continue;
    if (is_word(region)) return region;
    return fail(TIDEMARK_E_INVALID, std::string(name) + " is not a region");
  }
  return machine->region();
}

Result<SigningKeys> keys_of(const Environment& environment, Machine* machine) {
  std::string id = environment("AWS_ACCESS_KEY_ID"), secret = environment("AWS_SECRET_ACCESS_KEY");
  if (id.empty() || secret.empty()) return machine->keys();
  if (!is_word(id)) return fail(TIDEMARK_E_INVALID, "AWS_ACCESS_KEY_ID is not an access key");
  std::string token = environment("AWS_SESSION_TOKEN");
  SigningKeys keys = {std::move(id), Secret::take(&secret), {}};
  if (!token.empty()) keys.session_token = Secret::take(&token);
  return keys;
}

// "Action=GetCallerIdentity&Version=2011-06-15"
Result<QueryPairs> pairs_of(std::string_view query) {
  QueryPairs pairs;
  while (!query.empty()) {
    const std::string_view one = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), one.size() + 1));
    const size_t equals = std::min(one.find('='), one.size());
    const std::string_view name = one.substr(0, equals), value = one.substr(std::min(one.size(), equals + 1));
    if (!is_word(name) || !is_word(value)) {
      return fail(TIDEMARK_E_INVALID, "\"regional_cred_verification_url\" has a query that is not plain");
    }
    pairs.emplace_back(name, value);
  }
  return pairs;
}

}  // namespace

Result<Secret> signed_caller_identity(const Account& account, const Exchange& exchange) {
  Machine machine(account.place, exchange);
  TM_ASSIGN(const SigningKeys keys, keys_of(exchange.environment, &machine));
  TM_ASSIGN(const std::string region, region_of(exchange.environment, &machine));
  HttpRequest request;
  request.url = account.place.verification_url;
  if (const size_t at = request.url.find("{region}"); at != std::string::npos)
    request.url.replace(at, 8, region);
  const Result<Endpoint> endpoint = parse_endpoint(request.url);
  if (!endpoint) return within("\"regional_cred_verification_url\"", endpoint.error());
  const size_t question = std::min(endpoint->path.find('?'), endpoint->path.size());
  TM_ASSIGN(request.query,
            pairs_of(std::string_view(endpoint->path).substr(std::min(endpoint->path.size(), question + 1))));
  request.method = "POST";
  request.path = endpoint->path.substr(0, question);
  request.host = endpoint->host;
  request.headers = {{"x-goog-cloud-target-resource", account.audience}};
  request.payload_sha256 = kSha256OfNothing;
  KeySigner signer(kAwsWords, request.host.substr(0, request.host.find('.')), false);
  TM_ASSIGN(Headers proof, signer.sign(request, keys, region, exchange.now_us()));
  Json headers = Json::array();
  const auto add = [&](const std::string& name, const std::string& value) {
    headers.push_back(Json{{"key", name}, {"value", value}});
  };
  add("host", request.host);
  for (const Header& one : request.headers) add(one.name, one.value);
  for (const Header& one : proof) add(one.name, one.value);
  std::string text = Json{{"url", request.url}, {"method", request.method}, {"headers", headers}}.dump();
  for (Header& one : proof) wipe(&one.value);
  std::string encoded = encode_component(text);  // the form encodes it once more
  wipe(&text);
  return Secret::take(&encoded);
}

}  // namespace tidemark::sinks::gs
