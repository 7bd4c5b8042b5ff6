// What lies around a chain of credentials, for a test: variables, files, a clock that stands, and servers
// that are a function. Nothing of the machine's own: no variable, no network.
#ifndef TIDEMARK_TESTS_UNIT_SINKS_AZBLOB_AUTH_WORLD_H
#define TIDEMARK_TESTS_UNIT_SINKS_AZBLOB_AUTH_WORLD_H

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "azblob/auth/credential_chain.h"
#include "fixture.h"
#include "http/body.h"

namespace tidemark::sinks::azblob {

// One exchange that is expected, in its turn; anything else fails the test.
struct Expected {
  std::string method, url;
  std::function<void(const HttpRequest&)> check;
  Result<HttpAnswer> answer;
};

class World {
 public:
  World() { variables["TIDEMARK_AZURE_METADATA_DISABLED"] = "true"; }

  std::map<std::string, std::string> variables;
  int64_t now_us = 1'700'000'000'000'000;
  std::deque<Expected> exchanges;
  CredentialOptions options;

  CredentialEnvironment surroundings() {
    return {[this](const char* name) {
              const auto at = variables.find(name);
              return at == variables.end() ? std::string() : at->second;
            },
            [this] { return now_us; }, [] { return 0.0; }};
  }
  Fetch fetch() {
    return [this](const HttpRequest& request, const Call&) -> Result<HttpAnswer> {
      if (exchanges.empty()) {
        ADD_FAILURE() << "nobody expects " << request.method << " " << request.url;
        return fail(TIDEMARK_E_PERMANENT, "not expected");
      }
      Expected expected = std::move(exchanges.front());
      exchanges.pop_front();
      EXPECT_EQ(request.method, expected.method);
      EXPECT_EQ(request.url, expected.url);
      if (expected.check) expected.check(request);
      return expected.answer;
    };
  }
  Result<CredentialChain::Found> load() {
    Result<CredentialChain::Found> found =
        CredentialChain(options, fetch(), surroundings()).load(Call(nullptr, nullptr));
    EXPECT_TRUE(exchanges.empty()) << exchanges.size() << " exchanges are left";
    return found;
  }
  std::string path(const std::string& name) const { return home_ / name; }
  void write(const std::string& name, std::string_view text) const { write_file(path(name), text); }

 private:
  TempDir home_;
};

inline Result<HttpAnswer> answer(int status, std::string body) {
  return HttpAnswer{status, {}, std::move(body)};
}
inline Result<HttpAnswer> token_answer(const std::string& token) {
  return answer(200, R"({"token_type":"Bearer","expires_in":3600,"access_token":")" + token + R"("})");
}

inline void expect_failure(const Result<CredentialChain::Found>& found, tidemark_status status,
                           const std::vector<std::string>& words) {
  ASSERT_FALSE(found) << found->from;
  EXPECT_EQ(found.error().status, status) << found.error().message;
  for (const std::string& word : words) {
    EXPECT_NE(found.error().message.find(word), std::string::npos) << word << " in " << found.error().message;
  }
  EXPECT_EQ(found.error().message.find("hush"), std::string::npos) << found.error().message;
}

}  // namespace tidemark::sinks::azblob

#endif  // TIDEMARK_TESTS_UNIT_SINKS_AZBLOB_AUTH_WORLD_H
