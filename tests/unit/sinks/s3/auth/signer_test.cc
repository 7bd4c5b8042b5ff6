#include "s3/auth/signer.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <thread>

#include "fixture.h"
#include "http/digests.h"

namespace tidemark::sinks::s3 {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

int64_t unix_us(const std::string& text, const char* format) {
  tm utc = {};
  EXPECT_NE(strptime(text.c_str(), format, &utc), nullptr) << text;
  return timegm(&utc) * int64_t{1'000'000};
}

std::string find_header(const Headers& headers, std::string_view name) {
  for (const Header& header : headers) {
    if (header.name == name) return header.value;
  }
  return "(none)";
}

// Our own vectors, each equal byte for byte to what botocore's S3SigV4Auth makes of it.
TEST(Signer, AgreesWithBotocoreAboutS3) {
  const json data = json::parse(read_file(SIGV4_VECTORS));
  int checked = 0;
  for (const json& vector : data.at("vectors")) {
    SCOPED_TRACE(vector.at("name").get<std::string>());
    Credentials credentials;
    credentials.access_key_id = data.at("access_key_id");
    credentials.secret_access_key = Secret(data.at("secret_access_key").get<std::string>());
    if (!vector.at("session_token").is_null()) {
      credentials.session_token = Secret(vector.at("session_token").get<std::string>());
    }
    const std::string method = vector.at("method"), host = vector.at("host"),
                      path = vector.at("key_path_unencoded"), payload = vector.at("payload_hash");
    HttpRequest request = {.method = method, .path = path, .payload_sha256 = payload, .host = host};
    for (const json& pair : vector.at("query")) request.query.emplace_back(pair.at(0), pair.at(1));
    for (const auto& [name, value] : vector.at("extra_headers").items()) {
      request.headers.push_back({name, value.get<std::string>()});
    }
    Signer signer(data.at("service"));
    SignatureSteps steps;
    const Headers added = signer
                              .sign(request, credentials, vector.at("region"),
                                    unix_us(vector.at("amz_date"), "%Y%m%dT%H%M%SZ"), &steps)
                              .value();
    EXPECT_EQ(steps.canonical_request, vector.at("canonical_request"));
    EXPECT_EQ(steps.string_to_sign, vector.at("string_to_sign"));
    EXPECT_EQ(steps.signature, vector.at("signature"));
    EXPECT_EQ(find_header(added, "authorization"), vector.at("authorization"));
    EXPECT_EQ(find_header(added, "x-amz-date"), vector.at("amz_date"));
    EXPECT_EQ(find_header(added, "x-amz-content-sha256"), payload);
    EXPECT_EQ(find_header(added, "x-amz-security-token"),
              vector.at("session_token").is_null() ? "(none)" : vector.at("session_token"));
    ++checked;
  }
  EXPECT_EQ(checked, 16);
}

fs::path suite_dir() {
  if (const char* dir = std::getenv("TIDEMARK_SIGV4_DIR")) return fs::path(dir) / "aws-c-auth/v4";
  for (const char* up : {"..", "../.."}) {
    const fs::path dir = fs::path(PROJECT_DIR) / up / "shared/sigv4/aws-c-auth/v4";  // outside the tree
    if (fs::is_directory(dir)) return dir;
  }
  return {};
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  EXPECT_TRUE(percent_decode(text, &out));
  return out;
}

// A request of the suite: the path on its first line is not encoded, a header may continue in the next line.
struct SuiteRequest {
  std::string method, path, host, body;
  QueryPairs query;
  Headers headers;

  explicit SuiteRequest(const std::string& text) {
    const size_t end = std::min(text.find("\n\n"), text.size());
    if (end + 2 < text.size()) body = text.substr(end + 2);
    std::istringstream lines(text.substr(0, end));
    std::string line;
    std::getline(lines, line);
    const size_t first = line.find(' '), last = line.rfind(' ');
    method = line.substr(0, first);
    path = line.substr(first + 1, last - first - 1);
    if (const size_t question = path.find('?'); question != std::string::npos) {
      std::istringstream pairs(path.substr(question + 1));
      path.resize(question);
      for (std::string pair; std::getline(pairs, pair, '&');) {
        const size_t equals = std::min(pair.find('='), pair.size());
        query.emplace_back(percent_decoded(pair.substr(0, equals)),
                           equals < pair.size() ? percent_decoded(pair.substr(equals + 1)) : "");
      }
    }
    while (std::getline(lines, line)) {
      if (line.empty()) continue;
      if (line[0] == ' ') {
        headers.back().value += "\n" + line;
        continue;
      }
      const size_t colon = line.find(':');
      headers.push_back({line.substr(0, colon), line.substr(colon + 1)});
      if (headers.back().name == "Host") {
        host = headers.back().value;
        headers.pop_back();
      }
    }
  }
};

// The suite signs for a service called "service", which gets no x-amz-content-sha256 but where a case says
// so.
TEST(Signer, PassesTheSuiteOfAwsCAuth) {
  const fs::path dir = suite_dir();
  if (dir.empty()) GTEST_SKIP() << "the suite is not on this machine; TIDEMARK_SIGV4_DIR may name its place";
  int checked = 0, not_s3 = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(dir)) {
    const std::string name = entry.path().filename();
    SCOPED_TRACE(name);
    const json context = json::parse(read_file(entry.path() / "context.json"));
    const SuiteRequest suite(read_file(entry.path() / "request.txt"));
    const bool normal_path =
        suite.path.find("//") == std::string::npos && suite.path.find("/.") == std::string::npos;
    if (context.at("normalize") && !normal_path && name.find("-normalized") != std::string::npos) {
      ++not_s3;  // S3 never normalises a path
      continue;
    }
    const json& given = context.at("credentials");
    Credentials credentials;
    credentials.access_key_id = given.at("access_key_id");
    credentials.secret_access_key = Secret(given.at("secret_access_key").get<std::string>());
    if (!context.value("omit_session_token", false)) {
      credentials.session_token = Secret(given.value("token", ""));
    }
    const std::string payload = *sha256_hex(suite.body);
    HttpRequest request = {.method = suite.method,
                           .path = suite.path,
                           .query = suite.query,
                           .headers = suite.headers,
                           .payload_sha256 = payload,
                           .host = suite.host};
    if (context.at("sign_body")) request.headers.push_back({"x-amz-content-sha256", payload});
    Signer signer(context.at("service"));
    SignatureSteps steps;
    const Headers added = signer
                              .sign(request, credentials, context.at("region"),
                                    unix_us(context.at("timestamp"), "%Y-%m-%dT%H:%M:%SZ"), &steps)
                              .value();
    EXPECT_EQ(steps.canonical_request, read_file(entry.path() / "header-canonical-request.txt"));
    EXPECT_EQ(steps.string_to_sign, read_file(entry.path() / "header-string-to-sign.txt"));
    EXPECT_EQ(steps.signature, read_file(entry.path() / "header-signature.txt"));
    EXPECT_NE(read_file(entry.path() / "header-signed-request.txt")
                  .find("\nAuthorization:" + find_header(added, "authorization") + "\n"),
              std::string::npos);
    ++checked;
  }
  EXPECT_EQ(checked, 32);
  EXPECT_EQ(not_s3, 6);
}

TEST(Signer, KeepsTheKeyOfTheDayApartByDayRegionAndSecret) {
  const int64_t now_us = unix_us("20240229T235958Z", "%Y%m%dT%H%M%SZ");
  const auto sign = [&](Signer& signer, const char* secret, const char* region, int64_t at_us) {
    Credentials credentials;
    credentials.access_key_id = "AKID";
    credentials.secret_access_key = Secret(secret);
    SignatureSteps steps;
    EXPECT_TRUE(
        signer.sign({.method = "GET", .path = "/", .payload_sha256 = "UNSIGNED-PAYLOAD", .host = "host"},
                    credentials, region, at_us, &steps));
    return steps.signature;
  };
  struct Case {
    const char *secret, *region;
    int64_t at_us;
  };
  const Case cases[] = {{"one", "here", now_us},
                        {"one", "here", now_us + 1'000'000},
                        {"one", "here", now_us + 2'000'000},  // the next day
                        {"one", "there", now_us + 2'000'000},
                        {"two", "there", now_us + 2'000'000},
                        {"one", "here", now_us}};
  Signer shared("s3");
  for (const Case& c : cases) {
    Signer fresh("s3");
    EXPECT_EQ(sign(shared, c.secret, c.region, c.at_us), sign(fresh, c.secret, c.region, c.at_us));
  }
}

TEST(Signer, SignsInManyThreadsWithDifferentSecrets) {
  Signer signer("s3");
  const auto sign = [](Signer& with, const std::string& secret) {
    Credentials credentials;
    credentials.access_key_id = "AKID";
    credentials.secret_access_key = Secret(secret);
    SignatureSteps steps;
    EXPECT_TRUE(
        with.sign({.method = "GET", .path = "/", .payload_sha256 = "UNSIGNED-PAYLOAD", .host = "host"},
                  credentials, "here", 1'700'000'000'000'000, &steps));
    return steps.signature;
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, secret = "secret" + std::to_string(i % 2)] {
      Signer own("s3");
      const std::string expected = sign(own, secret);
      for (int n = 0; n < 200; ++n) ASSERT_EQ(sign(signer, secret), expected);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(Signer, DoesNotDependOnTheHostsTimeZone) {
  Signer signer("s3");
  const char* before = std::getenv("TZ");
  const std::string kept = before ? before : "";
  setenv("TZ", "Pacific/Kiritimati", 1);
  tzset();
  const Headers added =
      signer
          .sign({.method = "GET", .path = "/", .payload_sha256 = "UNSIGNED-PAYLOAD", .host = "host"}, {},
                "here", 1'700'000'000'999'999)
          .value();
  before ? setenv("TZ", kept.c_str(), 1) : unsetenv("TZ");
  tzset();
  EXPECT_EQ(find_header(added, "x-amz-date"), "20231114T221320Z");
}

}  // namespace
}  // namespace tidemark::sinks::s3
