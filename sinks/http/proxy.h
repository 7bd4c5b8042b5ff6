// Which proxy a request goes through, and which setting named it. libcurl would find it too, but not say.
//
// A value; any thread. The environment is read once, when it is made.
#ifndef TIDEMARK_SINKS_HTTP_PROXY_H
#define TIDEMARK_SINKS_HTTP_PROXY_H

#include <string>
#include <string_view>

#include "http/environment.h"

namespace tidemark::sinks {

struct Proxy {
  std::string url;   // as libcurl takes it, perhaps with a password; empty: none
  std::string from;  // the option or variable
  explicit operator bool() const { return !url.empty(); }

  // "through the proxy http://host:port (from https_proxy)", without user and password.
  std::string text() const;
};

// Option "proxy" is for every host; without it https_proxy, HTTPS_PROXY or, of http, http_proxy, then
// all_proxy, ALL_PROXY are, but for the hosts that no_proxy or NO_PROXY names: as curl has it.
class ProxyRules {
 public:
  ProxyRules(const std::string& option, const Environment& environment);
  Proxy find(std::string_view url) const;

 private:
  bool is_by_option_;
  Proxy https_, http_;
  std::string no_proxy_;
};

// Is `host`, without a port, one that `no_proxy` names? A list of names, which stand for what is below them
// too, addresses and networks ("10.0.0.0/8"), or "*".
bool is_no_proxy_host(std::string_view no_proxy, std::string_view host);

}  // namespace tidemark::sinks

#endif  // TIDEMARK_SINKS_HTTP_PROXY_H
