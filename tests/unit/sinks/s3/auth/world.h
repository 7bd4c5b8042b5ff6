// What lies around a chain of credentials, for a test: variables, a home, a clock that stands, and servers
// that are a function. Nothing of the machine's own: no variable, no file, no network.
#ifndef TIDEMARK_TESTS_UNIT_SINKS_S3_AUTH_WORLD_H
#define TIDEMARK_TESTS_UNIT_SINKS_S3_AUTH_WORLD_H

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "fixture.h"
#include "http/body.h"
#include "http/iso_time.h"
#include "s3/auth/credential_chain.h"

namespace tidemark::sinks::s3 {

constexpr int64_t kMinuteUs = 60'000'000;

inline Call no_limit() { return Call(nullptr, nullptr); }

inline std::string header_of(const HttpRequest& request, std::string_view name) {
  std::string found;
  for (const Headers* headers : {&request.headers, &request.proof}) {
    for (const Header& header : *headers) {
      if (header.name != name) continue;
      EXPECT_TRUE(found.empty()) << name << " is given twice";
      found = header.value;
    }
  }
  return found;
}

// One exchange that is expected, in its turn; anything else fails the test.
struct Exchange {
  std::string method, url;
  std::function<void(const HttpRequest&)> check;
  Result<HttpAnswer> answer;
};

class World {
 public:
  World() {
    std::filesystem::create_directory(home_ / ".aws");
    variables["HOME"] = home_ / "";
    variables["AWS_EC2_METADATA_DISABLED"] = "true";
  }

  std::map<std::string, std::string> variables;
  std::atomic<int64_t> now_us = *parse_iso_time_us("2024-02-29T12:00:00Z");
  std::atomic<double> share = 0;  // instead of a random one
  std::atomic<int> shares_taken = 0;
  std::deque<Exchange> exchanges;                                             // before any thread asks
  std::function<Result<HttpAnswer>(const HttpRequest&, const Call&)> server;  // instead of exchanges

  CredentialEnvironment surroundings() {
    return {[this](const char* name) {
              const auto at = variables.find(name);
              return at == variables.end() ? std::string() : at->second;
            },
            [this] { return now_us.load(); },
            [this] {
              ++shares_taken;
              return share.load();
            }};
  }

  Fetch fetch() {
    return [this](const HttpRequest& request, const Call& call) -> Result<HttpAnswer> {
      if (server) return server(request, call);
      const std::lock_guard<std::mutex> lock(mutex_);
      if (exchanges.empty()) {
        ADD_FAILURE() << "nobody expects " << request.method << " " << request.url;
        return fail(TIDEMARK_E_PERMANENT, "not expected");
      }
      Exchange exchange = std::move(exchanges.front());
      exchanges.pop_front();
      EXPECT_EQ(request.method, exchange.method);
      EXPECT_EQ(request.url, exchange.url);
      if (exchange.check) exchange.check(request);
      return exchange.answer;
    };
  }

  Result<CredentialChain::Found> load(CredentialOptions options = {}) {
    Result<CredentialChain::Found> found =
        CredentialChain(std::move(options), fetch(), surroundings()).load(no_limit());
    EXPECT_TRUE(exchanges.empty()) << exchanges.size() << " exchanges are left";
    return found;
  }

  std::string path(const std::string& name) const { return home_ / name; }
  void write(const std::string& name, std::string_view text) const { write_file(path(name), text); }
  // A time from now, as services write it.
  std::string in_minutes(int64_t minutes) const { return format_iso_time(now_us + minutes * kMinuteUs); }

  // What a metadata service says.
  std::string metadata_json(const std::string& id, const std::string& expiration) const {
    return R"({"Code":"Success","AccessKeyId":")" + id + R"(","SecretAccessKey":"secret of )" + id +
           R"(","Token":"token of )" + id + R"(","Expiration":")" + expiration + R"("})";
  }

 private:
  TempDir home_;
  std::mutex mutex_;
};

inline HttpAnswer answer(int status, std::string body) { return {status, {}, std::move(body)}; }

inline void expect_credentials(const Result<CredentialChain::Found>& found, std::string_view id,
                               std::string_view secret, std::string_view token) {
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->credentials.access_key_id, id);
  EXPECT_EQ(found->credentials.secret_access_key.reveal(), secret);
  EXPECT_EQ(found->credentials.session_token.reveal(), token);
}

// The chain failed, and says each of these.
inline void expect_failure(const Result<CredentialChain::Found>& found, tidemark_status status,
                           const std::vector<std::string>& words) {
  ASSERT_FALSE(found) << found->from;
  EXPECT_EQ(found.error().status, status) << found.error().message;
  for (const std::string& word : words) {
    EXPECT_NE(found.error().message.find(word), std::string::npos) << word << " in " << found.error().message;
  }
  EXPECT_EQ(found.error().message.find("secret of"), std::string::npos) << found.error().message;
}

// The answer of STS to `action`.
inline std::string sts_xml(const std::string& action, const std::string& id, const std::string& expiration) {
  return "<" + action + "Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><" + action +
         "Result><AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/demo/x</Arn></AssumedRoleUser>"
         "<Credentials><AccessKeyId>" +
         id + "</AccessKeyId><SecretAccessKey>secret of " + id + "</SecretAccessKey><SessionToken>token of " +
         id + "</SessionToken><Expiration>" + expiration + "</Expiration></Credentials></" + action +
         "Result><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></" + action + "Response>";
}

}  // namespace tidemark::sinks::s3

#endif  // TIDEMARK_TESTS_UNIT_SINKS_S3_AUTH_WORLD_H
