// What a url and its options say, checked, with defaults filled in.
//
// Plain values. Any thread.
#ifndef TIDEMARK_SINKS_AZBLOB_CONFIG_H
#define TIDEMARK_SINKS_AZBLOB_CONFIG_H

#include <cstdint>
#include <string>

#include "azblob/auth/credential_options.h"
#include "common/table.h"
#include "http/environment.h"
#include "http/transport.h"

namespace tidemark::sinks::azblob {

// Limits of Azure (https://learn.microsoft.com/en-us/azure/storage/blobs/scalability-targets).
inline constexpr uint64_t kMiB = 1 << 20;
inline constexpr uint64_t kPutBytesMax = 5000 * kMiB;  // of one Put Blob
inline constexpr uint64_t kBlockBytesMax = 4000 * kMiB;
inline constexpr uint64_t kBlocksMax = 50'000;
inline constexpr uint64_t kBlobBytesMax = kBlocksMax * kBlockBytesMax;

inline constexpr tidemark_sink_option kOptions[] = {
    {"account", "",
     "the storage account; else the endpoint's, the connection string's, AZURE_STORAGE_ACCOUNT"},
    {"endpoint", "",
     "https://host[:port][/account], or http:// where nobody can eavesdrop; else the account's"},
    {"endpoint_suffix", "core.windows.net", "of the cloud: core.usgovcloudapi.net, core.chinacloudapi.cn …"},
    {"account_key", "",
     "in the list of options only; else AZURE_STORAGE_KEY …, a token, in an order of its own"},
    {"sas_token", "", "a shared access signature, in the list of options only; else AZURE_STORAGE_SAS_TOKEN"},
    {"connection_string", "", "in the list of options only; else AZURE_STORAGE_CONNECTION_STRING"},
    {"tenant_id", "", "of a client of Entra; else AZURE_TENANT_ID"},
    {"client_id", "", "of a client of Entra, or of the managed identity; else AZURE_CLIENT_ID"},
    {"client_secret", "", "in the list of options only; else AZURE_CLIENT_SECRET"},
    {"federated_token_file", "", "a workload's token, read anew each time; else AZURE_FEDERATED_TOKEN_FILE"},
    {"authority_host", "", "where tokens are asked for; else AZURE_AUTHORITY_HOST, the cloud's own"},
    {"managed_identity", "auto", "never: the machine's own identity is not asked for"},
    {"ca_file", "", "PEM file, for the endpoint alone; else the system's"},
    {"proxy", "", "a url, or none; else https_proxy, http_proxy, all_proxy, no_proxy"},
    {"access_tier", "", "of new blobs: Hot, Cool, Cold; the account's own if not given"},
    {"block_threshold", "64MiB", "larger objects go in blocks"},
    {"block_size", "32MiB", "smallest size of a block"},
    {"block_parallel", "4", "blocks of one object that are sent at a time"},
    {"page_size", "5000", "names that one request of a listing brings, at most"},
    {"expect", "auto", "never: large bodies are sent without asking first (Expect: 100-continue)"},
    {"connect_timeout_ms", "5000", "longest time to connect"},
    {"stall_timeout_ms", "30000", "longest time without a byte"},
};

struct Config {
  std::string container;
  std::string prefix;  // "" or ending in '/'; a blob's name is this and the key

  std::string account;          // empty: not said, and no key needs it
  std::string endpoint_suffix;  // "core.windows.net"
  std::string endpoint_scheme = "https";
  std::string endpoint_host;  // with the port where it is not the scheme's own; empty: not known yet
  std::string endpoint_path;  // "/devstoreaccount1"; comes before the container. Empty: none
  std::string endpoint_from;  // who said it, for messages

  std::string access_tier;
  bool expects_continue = true;  // large bodies wait for a go-ahead
  uint64_t block_threshold_bytes = 64 * kMiB;
  uint64_t block_size_bytes = 32 * kMiB;  // the least; larger objects have larger blocks
  uint64_t block_parallel = 4;
  uint64_t page_size = 5000;

  TransportOptions transport;
  CredentialOptions credentials;

  bool is_tls() const { return endpoint_scheme == "https"; }
  std::string endpoint() const { return endpoint_scheme + "://" + endpoint_host; }
  std::string container_path() const { return endpoint_path + "/" + container; }
  // "azblob://container/prefix/key", for messages: a long one is shortened in the middle.
  std::string name_of(std::string_view key) const;
};

// INVALID names the culprit. What the options do not say is taken from the environment: the account, and a
// connection string where they name no credentials.
Result<Config> parse_config(const Url& url, const tidemark_option* options, uint32_t option_count,
                            const Environment& environment);

// Why Azure would not keep a blob's whole name as it is, as a part of a sentence; NULL: it does.
const char* name_problem(std::string_view name);

}  // namespace tidemark::sinks::azblob

#endif  // TIDEMARK_SINKS_AZBLOB_CONFIG_H
