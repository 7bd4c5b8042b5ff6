// The machine's metadata server (https://cloud.google.com/compute/docs/metadata/querying-metadata). Never
// asked through a proxy: the answer would be the proxy's own token.
#include <utility>

#include "base/line.h"
#include "gs/auth/exchange.h"
#include "http/answer.h"

namespace tidemark::sinks::gs {
namespace {

constexpr uint32_t kMetadataTimeoutMs = 3000;  // a name that nobody knows may take a resolver as long
constexpr int kAttempts = 2;
constexpr char kPath[] = "/computeMetadata/v1/instance/service-accounts/default/token";
constexpr char kFlavor[] = "metadata-flavor";

bool is_again(const Result<HttpAnswer>& answer) {
  return !answer || answer->status >= 500 || answer->status == 429;
}

}  // namespace

Result<HttpAnswer> ask_machine(HttpRequest request, const Exchange& exchange) {
  request.use_proxy = false;
  request.timeout_ms = kMetadataTimeoutMs;
  Result<HttpAnswer> answer = fail("nobody was asked");
  for (int done = 0; done < kAttempts; ++done) {
    answer = exchange.fetch(request, exchange.call);
    TM_TRY(exchange.call.check());
    if (!is_again(answer)) break;
  }
  for (Header& one : request.headers) wipe(&one.value);
  return answer;
}

Result<std::optional<Token>> token_of_machine(const std::string& host, const Exchange& exchange,
                                              std::string* why) {
  const std::string what = "the metadata server " + quote(host);
  HttpRequest request;
  request.method = "GET";
  request.url = "http://" + host + kPath;
  request.headers = {{kFlavor, "Google"}};
  Result<HttpAnswer> answer = ask_machine(std::move(request), exchange);
  if (!answer) {
    TM_TRY(exchange.call.check());
    *why = "no answer from " + what + " (" + answer.error().message + ")";
    return std::nullopt;
  }
  // Whoever else answers there is not one: a captive portal, a router.
  if (header(answer->headers, kFlavor) != "Google") {
    wipe(&answer->text);
    *why = "what answers at " + host + " (HTTP " + std::to_string(answer->status) +
           ") does not say that it is a metadata server";
    return std::nullopt;
  }
  if (answer->status == 404) {
    return fail(TIDEMARK_E_PERMANENT, what + " answered HTTP 404: the machine has no service account");
  }
  Result<Token> token = token_from(&*answer, exchange.now_us());
  if (!token) return within(what, token.error());
  return std::optional<Token>(std::move(*token));
}

}  // namespace tidemark::sinks::gs
