// What proves to Azure who asks: a signature with the account's key ("SharedKey"), a signature that somebody
// else has made (SAS, which becomes a part of the url), or a token of Entra
// (https://learn.microsoft.com/en-us/rest/api/storageservices/authorize-with-shared-key).
//
// Functions without state. Any thread.
#ifndef TIDEMARK_SINKS_AZBLOB_AUTH_SIGNER_H
#define TIDEMARK_SINKS_AZBLOB_AUTH_SIGNER_H

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/secret.h"
#include "http/request.h"

namespace tidemark::sinks::azblob {

// Old enough for every store and emulator, young enough for all that is asked: blocks of 4000 MiB
// (2019-12-12), encoded names in listings (2021-02-12). Never raised without a look at what changes.
inline constexpr const char* kVersion = "2023-11-03";  // of a request that names none

struct Credentials {
  enum class Kind : uint8_t { kSharedKey, kSas, kToken };
  Kind kind = Kind::kSharedKey;
  std::string account = {};  // of a key
  Secret secret = {};        // the decoded key, the query of the SAS, the token
  int64_t expires_us = 0;    // unix time; 0: never, or nobody can give others

  bool is_same(const Credentials& other) const {
    return kind == other.kind && account == other.account && secret == other.secret;
  }
};

// Of method, path, query, headers and body of the request. What is sent besides its headers: x-ms-version,
// x-ms-date, authorization. Good for this one attempt. RETRYABLE if OpenSSL cannot compute it.
Result<Headers> sign(const HttpRequest& request, const Credentials& credentials, int64_t now_us);

// What a key signs. Shown by tests only.
std::string string_to_sign(const HttpRequest& request, const Headers& added, const std::string& account);

// "Thu, 29 Feb 2024 23:59:58 GMT"
std::string http_date(int64_t unix_us);

}  // namespace tidemark::sinks::azblob

#endif  // TIDEMARK_SINKS_AZBLOB_AUTH_SIGNER_H
