// Who may ask for what: keys, signatures and tokens, verified with code of its own.
//
// Access: any thread.
#ifndef TIDEMARK_TESTS_AZBLOB_IMPOSTER_ACCESS_H
#define TIDEMARK_TESTS_AZBLOB_IMPOSTER_ACCESS_H

#include <ctime>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "config.h"
#include "imposter/request.h"

namespace imposter::azblob {

struct Refusal {
  int status = 400;
  std::string code;
  std::string message;
  Pairs headers = {};
};

// What a request is allowed, as letters of a signature: "rcwdl"; with a key or a token all of them.
struct Grant {
  std::string permissions;
  bool has(char letter) const { return permissions.find(letter) != std::string::npos; }
};

class Access {
 public:
  // Of a request to the account, whose path begins with the account's name if `is_path_style`.
  std::optional<Refusal> check(const Request& request, const Config& config, std::time_t now, Grant* grant);

  // The token services' answers, as JSON with their status.
  Response entra(const Request& request, const std::string& form, const Config& config, std::time_t now);
  Response machine(const Request& request, const Config& config, std::time_t now);
  void revoke_tokens();
  uint64_t exchanges() const;

 private:
  std::optional<Refusal> check_key(const Request& request, const std::string& header, const Config& config,
                                   std::time_t now) const;
  std::optional<Refusal> check_token(const Request& request, const std::string& header,
                                     std::time_t now) const;
  std::string issue(const Config& config, std::time_t now, std::time_t expires);

  mutable std::mutex mutex_;
  // Guarded by mutex_:
  std::map<std::string, std::time_t> tokens_;  // and when they expire
  uint64_t issued_ = 0;
};

// A signature for the container, as its owner makes one: its query, without a '?'. `expires` and `starts` are
// times like 2026-11-29T12:00:00Z.
std::string container_sas(const Config& config, const std::string& permissions, const std::string& expires,
                          const std::string& protocol = "https,http");

}  // namespace imposter::azblob

#endif  // TIDEMARK_TESTS_AZBLOB_IMPOSTER_ACCESS_H
