// A strict Azure Blob server for tests: it checks every signature, header, length and digest, refuses what it
// does not know, and fails at rates one chooses.
//
//   Imposter imposter({.container = "c"});   // serves on a free port of loopback
//   … imposter.endpoint() … imposter.service().store.creates() …
//
// Threads of its own serve; everything here may be called from any thread. The constructor throws
// std::exception if it cannot serve; the destructor ends all connections and joins.
#ifndef TIDEMARK_TESTS_AZBLOB_IMPOSTER_IMPOSTER_H
#define TIDEMARK_TESTS_AZBLOB_IMPOSTER_IMPOSTER_H

#include <cstdint>
#include <memory>
#include <string>

#include "config.h"
#include "service.h"

namespace imposter::azblob {

class Imposter {
 public:
  explicit Imposter(Config config);
  ~Imposter();
  Imposter(const Imposter&) = delete;
  Imposter& operator=(const Imposter&) = delete;

  uint16_t port() const;
  std::string host() const;      // http://127.0.0.1:<port>, or https: where the token services are
  std::string endpoint() const;  // the host and the account
  // Configuration while it runs, what is stored, and the books.
  Service& service() { return *service_; }

 private:
  std::unique_ptr<Service> service_;
  std::unique_ptr<Server> server_;
};

}  // namespace imposter::azblob

#endif  // TIDEMARK_TESTS_AZBLOB_IMPOSTER_IMPOSTER_H
