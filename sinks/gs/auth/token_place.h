// Where the token of somebody whom another service vouches for is found: "credential_source" in the file of
// an external account (https://google.aip.dev/auth/4117).
//
// Plain values. Any thread.
#ifndef TIDEMARK_SINKS_GS_AUTH_TOKEN_PLACE_H
#define TIDEMARK_SINKS_GS_AUTH_TOKEN_PLACE_H

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/secret.h"

namespace tidemark::sinks::gs {

struct TokenPlace {
  enum class Kind : uint8_t { kFile, kUrl, kProgram, kAws };
  Kind kind = Kind::kFile;

  std::string file;    // or what a program keeps its last answer in; empty: nowhere
  std::string member;  // of the JSON in the file or at the url; empty: it is the token

  std::string url;
  std::vector<std::pair<std::string, Secret>> headers;

  std::vector<std::string> command;
  uint32_t timeout_ms = 30'000;

  // A signed request takes the place of a token: GetCallerIdentity at `verification_url`, where "{region}" is
  // to be filled in. What the environment does not say is asked at the others.
  std::string region_url, keys_url, session_url, verification_url;

  std::string text() const;  // for the log
};

}  // namespace tidemark::sinks::gs

#endif  // TIDEMARK_SINKS_GS_AUTH_TOKEN_PLACE_H
