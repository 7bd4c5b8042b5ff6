#include "http/proxy.h"

#include <gtest/gtest.h>

#include <map>

namespace tidemark::sinks {
namespace {

using Variables = std::map<std::string, std::string>;

Proxy find(const std::string& url, const Variables& variables, const std::string& option = "") {
  const Environment environment = [&](const char* name) {
    const auto at = variables.find(name);
    return at == variables.end() ? std::string() : at->second;
  };
  return ProxyRules(option, environment).find(url);
}

TEST(S3Proxy, IsFoundInTheOrderOfCurl) {
  Variables all = {{"https_proxy", "a:1"}, {"HTTPS_PROXY", "b:1"}, {"http_proxy", "c:1"},
                   {"HTTP_PROXY", "d:1"},  {"all_proxy", "e:1"},   {"ALL_PROXY", "f:1"}};
  EXPECT_EQ(find("https://h/", all, "g:1").from, "option \"proxy\"");
  EXPECT_FALSE(find("https://h/", all, "none"));
  for (const char* name : {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) {
    EXPECT_EQ(find("https://h/", all).from, name);
    EXPECT_EQ(find("https://h/", all).url, all[name]);
    all[name] = "";
  }
  EXPECT_FALSE(find("https://h/", all));
  EXPECT_EQ(find("http://h/", all).from, "http_proxy");
  all["http_proxy"] = "";
  EXPECT_FALSE(find("http://h/", all)) << "HTTP_PROXY is a header of whoever asks";
}

TEST(S3Proxy, NoProxyIsForWhatTheEnvironmentSays) {
  const Variables variables = {{"https_proxy", "p:1"}, {"no_proxy", "store.example"}};
  EXPECT_FALSE(find("https://bucket.store.example:9000/k", variables));
  EXPECT_TRUE(find("https://elsewhere.example/k", variables));
  EXPECT_TRUE(find("https://store.example/k", variables, "q:1")) << "an option is for this sink";
  EXPECT_FALSE(find("https://store.example/k", {{"https_proxy", "p:1"}, {"NO_PROXY", "*"}}));
}

TEST(S3Proxy, NamesAddressesAndNetworksWithoutProxy) {
  const std::pair<const char*, const char*> in[] = {{"*", "h"},
                                                    {"h", "h"},
                                                    {"H.Example", "h.example"},
                                                    {"example", "h.example"},
                                                    {".example", "h.example"},
                                                    {".example.", "h.example."},
                                                    {"a, b\texample", "h.example"},
                                                    {"127.0.0.1", "127.0.0.1"},
                                                    {"10.0.0.0/8", "10.1.2.3"},
                                                    {"10.0.0.0/8,h", "h"},
                                                    {"192.168.1.128/25", "192.168.1.200"},
                                                    {"::1", "[::1]"},
                                                    {"[::1]", "[::1]"},
                                                    {"fd00::/8", "[fd12::1]"}};
  for (const auto& [list, host] : in) EXPECT_TRUE(is_no_proxy_host(list, host)) << list << " " << host;
  const std::pair<const char*, const char*> out[] = {{"", "h"},
                                                     {" , ", "h"},
                                                     {"xample", "h.example"},
                                                     {"h.example", "example"},
                                                     {"127.0.0.1", "127.0.0.11"},
                                                     {"27.0.0.1", "127.0.0.1"},
                                                     {"10.0.0.0/8", "11.0.0.1"},
                                                     {"10.0.0.0/33", "10.0.0.0"},
                                                     {"10.0.0.0/x", "10.0.0.0"},
                                                     {"192.168.1.128/25", "192.168.1.100"},
                                                     {"127.0.0.0/8", "[::1]"},
                                                     {"fd00::/8", "[fe80::1]"},
                                                     {".", "h"}};
  for (const auto& [list, host] : out) EXPECT_FALSE(is_no_proxy_host(list, host)) << list << " " << host;
}

TEST(S3Proxy, IsNamedWithoutItsPassword) {
  const auto text = [](const std::string& url) { return Proxy{url, "X"}.text(); };
  EXPECT_EQ(text("http://me:hush@p.example:3128/"), "through the proxy http://p.example:3128 (from X)");
  EXPECT_EQ(text("me:hu@sh/x?#@p:3128"), "through the proxy http://p:3128 (from X)");
  EXPECT_EQ(text("p"), "through the proxy http://p:1080 (from X)") << "libcurl's own port";
  EXPECT_EQ(text("https://p"), "through the proxy https://p (from X)");
  EXPECT_EQ(text("socks5h://me@[::1]:9"), "through the proxy socks5h://[::1]:9 (from X)");
}

}  // namespace
}  // namespace tidemark::sinks
