// A strict Google Cloud Storage for tests, with the services that give tokens: it checks every token,
// condition, length and digest, refuses what it does not know, and fails at rates one chooses.
//
//   Imposter imposter(Config{});   // serves on a free port of loopback
//   … imposter.endpoint() … imposter.service_account_json() … imposter.service().store.creates() …
//
// Threads of its own serve; everything here may be called from any thread. The constructor throws
// std::exception if it cannot serve; the destructor ends all connections and joins.
#ifndef TIDEMARK_TESTS_GS_IMPOSTER_IMPOSTER_H
#define TIDEMARK_TESTS_GS_IMPOSTER_IMPOSTER_H

#include <memory>
#include <string>

#include "config.h"
#include "imposter/server.h"
#include "keys.h"
#include "service.h"

namespace imposter {

class Imposter {
 public:
  explicit Imposter(Config config);

  uint16_t port() const { return server_->port(); }
  std::string endpoint() const { return server_->endpoint(); }
  Service& service() { return *service_; }

  // Files with credentials that it takes.
  std::string service_account_json() const;
  std::string authorized_user_json() const;
  std::string external_account_json(const std::string& token_file, bool impersonates) const;

 private:
  std::unique_ptr<Service> service_;
  std::unique_ptr<Server> server_;
};

}  // namespace imposter

#endif  // TIDEMARK_TESTS_GS_IMPOSTER_IMPOSTER_H
