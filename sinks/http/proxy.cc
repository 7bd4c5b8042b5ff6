#include "http/proxy.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>

namespace tidemark::sinks {
namespace {

constexpr std::string_view kDefaultPort = ":1080";  // libcurl's, but for https
constexpr std::string_view kBlanks = " \t,";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool ends_with_name(std::string_view host, std::string_view name) {
  return host.size() >= name.size() && std::equal(name.begin(), name.end(), host.end() - name.size(),
                                                  [](char a, char b) { return lower(a) == lower(b); });
}

std::string_view without_brackets(std::string_view host) {
  return host.size() > 2 && host.front() == '[' && host.back() == ']' ? host.substr(1, host.size() - 2)
                                                                      : host;
}

// An address as bytes: 4, 16, or none where the text is a name.
struct Address {
  std::array<unsigned char, 16> bytes{};
  size_t size = 0;

  explicit Address(std::string_view text) {
    const std::string copy(without_brackets(text));
    if (inet_pton(AF_INET, copy.c_str(), bytes.data()) == 1) size = 4;
    if (size == 0 && inet_pton(AF_INET6, copy.c_str(), bytes.data()) == 1) size = 16;
  }
};

bool is_in_network(const Address& host, std::string_view network) {
  const size_t slash = network.find('/');
  const Address base(network.substr(0, slash));
  if (base.size != host.size) return false;
  size_t bits = host.size * 8;
  if (slash != std::string_view::npos) {
    const std::string_view text = network.substr(slash + 1);
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), bits);
    if (failed != std::errc() || end != text.data() + text.size() || bits > host.size * 8) return false;
  }
  for (size_t i = 0; i < bits; ++i) {
    const unsigned mask = 0x80u >> (i % 8);
    if ((host.bytes[i / 8] & mask) != (base.bytes[i / 8] & mask)) return false;
  }
  return true;
}

bool is_named(std::string_view host, std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.starts_with('.')) name.remove_prefix(1);
  if (name.empty() || !ends_with_name(host, name)) return false;
  return host.size() == name.size() || host[host.size() - name.size() - 1] == '.';
}

std::string_view host_name_of(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("/?#"));
  if (url.starts_with('[')) return url.substr(0, std::min(url.find(']'), url.size() - 1) + 1);
  return url.substr(0, url.find(':'));
}

Proxy first_of(const Environment& environment, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (std::string value = environment(name); !value.empty()) return {std::move(value), name};
  }
  return {};
}

}  // namespace

std::string Proxy::text() const {
  std::string_view rest = url;
  std::string shown = "http://";
  if (const size_t scheme = rest.find("://"); scheme != std::string_view::npos) {
    shown = rest.substr(0, scheme + 3);
    rest.remove_prefix(scheme + 3);
  }
  // A password may have any character, and whatever is before the last '@' may be one.
  if (const size_t at = rest.rfind('@'); at != std::string_view::npos) rest.remove_prefix(at + 1);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  shown += rest;
  const std::string_view port = rest.substr(std::min(rest.size(), host_name_of(rest).size()));
  if (port.empty() && !shown.starts_with("https:")) shown += kDefaultPort;
  return "through the proxy " + shown + " (from " + from + ")";
}

ProxyRules::ProxyRules(const std::string& option, const Environment& environment)
    : is_by_option_(!option.empty()) {
  if (is_by_option_) {
    if (option != "none") https_ = http_ = {option, "option \"proxy\""};
    return;
  }
  // HTTP_PROXY does not count: in a CGI program it is a header from the client.
  https_ = first_of(environment, {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"});
  http_ = first_of(environment, {"http_proxy", "all_proxy", "ALL_PROXY"});
  no_proxy_ = first_of(environment, {"no_proxy", "NO_PROXY"}).url;
}

Proxy ProxyRules::find(std::string_view url) const {
  const Proxy& proxy = url.starts_with("https:") ? https_ : http_;
  if (!proxy || (!is_by_option_ && is_no_proxy_host(no_proxy_, host_name_of(url)))) return {};
  return proxy;
}

bool is_no_proxy_host(std::string_view no_proxy, std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.empty()) return false;
  const Address address(host);
  while (true) {
    no_proxy.remove_prefix(std::min(no_proxy.find_first_not_of(kBlanks), no_proxy.size()));
    if (no_proxy.empty()) return false;
    const std::string_view one = no_proxy.substr(0, no_proxy.find_first_of(kBlanks));
    no_proxy.remove_prefix(one.size());
    if (one == "*") return true;
    if (address.size != 0 ? is_in_network(address, one) : is_named(host, one)) return true;
  }
}

}  // namespace tidemark::sinks
