// Keys and signatures as people copy them out of Azure's pages: checked before they are used, so that a line
// break in one is told as that. Messages never show them.
//
// Functions without state. Any thread.
#ifndef TIDEMARK_SINKS_AZBLOB_AUTH_ACCOUNT_KEY_H
#define TIDEMARK_SINKS_AZBLOB_AUTH_ACCOUNT_KEY_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace tidemark::sinks::azblob {

// The bytes of a key that is written in base64. INVALID for anything else.
Result<Secret> decode_account_key(std::string_view text, const std::string& from);

// A SAS without its '?'. INVALID unless it is a query with a signature in it.
Result<Secret> check_sas(std::string_view text, const std::string& from);

// When a SAS ends (its "se"); nothing if it does not say so: a policy of the container's does then.
std::optional<int64_t> sas_expires_us(const Secret& sas);

// "DefaultEndpointsProtocol=https;AccountName=…;AccountKey=…;EndpointSuffix=…", as Azure's pages give it.
struct ConnectionString {
  std::string account;
  Secret key;  // as it is written
  Secret sas;
  std::string blob_endpoint;  // empty: of the account and the suffix
  std::string protocol = "https";
  std::string suffix;
};
Result<ConnectionString> parse_connection_string(std::string_view text, const std::string& from);

}  // namespace tidemark::sinks::azblob

#endif  // TIDEMARK_SINKS_AZBLOB_AUTH_ACCOUNT_KEY_H
