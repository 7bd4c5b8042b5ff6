// What lies around a chain of tokens, for a test: variables, a home, a clock that stands, and a service that
// is a function. Nothing of the machine's own: no variable, no file, no network.
#ifndef TIDEMARK_TESTS_UNIT_SINKS_GS_AUTH_WORLD_H
#define TIDEMARK_TESTS_UNIT_SINKS_GS_AUTH_WORLD_H

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "fixture.h"
#include "gs/auth/exchange.h"
#include "gs/auth/tokens.h"
#include "http/body.h"
#include "http/iso_time.h"

namespace tidemark::sinks::gs {

// An RSA key made for these tests alone, 2048 bits.
const std::string& test_key();

struct Asked {
  std::string method, url, body, authorization, flavor;
  Headers headers = {};
  bool use_proxy = true;
  uint32_t timeout_ms = 0;
};

class World {
 public:
  World() {
    variables["HOME"] = home / "";
    variables["NO_GCE_CHECK"] = "true";
  }

  TempDir home;
  std::map<std::string, std::string> variables;
  std::atomic<int64_t> now_us = *parse_iso_time_us("2024-02-29T12:00:00Z");
  std::deque<Result<HttpAnswer>> answers;  // in their turn; more questions fail the test
  std::vector<Asked> asked;

  CredentialEnvironment surroundings() {
    return {[this](const char* name) {
              const auto at = variables.find(name);
              return at == variables.end() ? std::string() : at->second;
            },
            [this] { return now_us.load(); }, [] { return 0.5; }};
  }
  Fetch fetch() {
    return [this](HttpRequest& request, const Call&) -> Result<HttpAnswer> {
      Asked one = {request.method,    request.url,       "", "", "", request.headers,
                   request.use_proxy, request.timeout_ms};
      if (request.body != nullptr) one.body = request.body->text();
      for (const Headers* headers : {&request.headers, &request.proof}) {
        for (const Header& header : *headers) {
          if (header.name == "authorization") one.authorization = header.value;
          if (header.name == "metadata-flavor") one.flavor = header.value;
        }
      }
      asked.push_back(one);
      if (answers.empty()) {
        ADD_FAILURE() << "nobody expects " << request.method << " " << request.url;
        return fail(TIDEMARK_E_PERMANENT, "not expected");
      }
      Result<HttpAnswer> answer = std::move(answers.front());
      answers.pop_front();
      return answer;
    };
  }
  void expect(int status, std::string body, Headers headers = {}) {
    answers.push_back(HttpAnswer{status, std::move(headers), std::move(body), ""});
  }
  std::unique_ptr<TokenProvider> provider(TokenOptions options = {}) {
    return make_provider(std::move(options), fetch(), HostLog(nullptr), surroundings());
  }
  std::string write(const std::string& name, const std::string& text) {
    write_file(home / name, text);
    return home / name;
  }
};

inline std::string token_json(const std::string& token, int64_t life_s = 3600) {
  return R"({"access_token":")" + token + R"(","expires_in":)" + std::to_string(life_s) +
         R"(,"token_type":"Bearer"})";
}

inline std::string escaped_key() {
  std::string text;
  for (const char c : test_key()) text += c == '\n' ? "\\n" : std::string(1, c);
  return text;
}
inline std::string service_account_json(const std::string& email = "a@p.example",
                                        const std::string& more = "") {
  return R"({"type":"service_account","client_email":")" + email +
         R"(","private_key_id":"k1","private_key":")" + escaped_key() + "\"" + more + "}";
}

}  // namespace tidemark::sinks::gs

#endif  // TIDEMARK_TESTS_UNIT_SINKS_GS_AUTH_WORLD_H
