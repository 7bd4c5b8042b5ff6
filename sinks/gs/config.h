// What a url and its options say, checked, with defaults filled in.
//
// Plain values. Any thread.
#ifndef TIDEMARK_SINKS_GS_CONFIG_H
#define TIDEMARK_SINKS_GS_CONFIG_H

#include <cstdint>
#include <string>

#include "common/table.h"
#include "gs/auth/tokens.h"
#include "http/signer.h"
#include "http/transport.h"

namespace tidemark::sinks::gs {

// Limits of the service (https://cloud.google.com/storage/quotas).
inline constexpr uint64_t kKiB = 1 << 10, kMiB = 1 << 20;
inline constexpr uint64_t kPieceStepBytes = 256 * kKiB;  // pieces of a session are multiples of this
inline constexpr uint64_t kObjectBytesMax = 5 * 1024 * 1024 * kMiB;
inline constexpr size_t kNameMax = 1024;  // bytes, with the prefix

inline constexpr tidemark_sink_option kOptions[] = {
    {"endpoint", "", "https://host[:port]; else STORAGE_EMULATOR_HOST, the account's universe, Google's own"},
    {"credentials_file", "", "else GOOGLE_APPLICATION_CREDENTIALS, gcloud's own file, the metadata server"},
    {"hmac_access_id", "", "of an HMAC key; else GS_ACCESS_KEY_ID, where no file with credentials is named"},
    {"hmac_secret", "", "in the list of options only; else GS_SECRET_ACCESS_KEY"},
    {"metadata", "auto", "never: the machine's metadata server is not asked, as with NO_GCE_CHECK=true"},
    {"anonymous", "false", "true: requests have no token, for emulators and public buckets"},
    {"user_project", "", "project that is billed for requests, where the bucket's requester pays"},
    {"kms_key", "", "projects/P/locations/L/keyRings/R/cryptoKeys/K; the bucket's own if not given"},
    {"ca_file", "", "PEM file, for the endpoint alone; else the system's"},
    {"proxy", "", "a url, or none; else https_proxy, http_proxy, all_proxy, no_proxy"},
    {"resumable_threshold", "8MiB", "larger objects go in pieces"},
    {"resumable_piece", "16MiB", "size of a piece, a multiple of 256KiB"},
    {"expect", "auto", "never: large bodies are sent without asking first (Expect: 100-continue)"},
    {"connect_timeout_ms", "5000", "longest time to connect"},
    {"stall_timeout_ms", "30000", "longest time without a byte"},
};

struct Config {
  std::string bucket;
  std::string prefix;  // "" or ending in '/'; a key's name in the bucket is this and the key

  std::string origin;       // "https://host[:port]"; empty: by the account's universe
  std::string origin_from;  // who said it, for messages
  std::string user_project, kms_key;
  uint64_t resumable_threshold_bytes = 8 * kMiB;
  uint64_t resumable_piece_bytes = 16 * kMiB;
  bool expects_continue = true;  // large bodies wait for a go-ahead

  TransportOptions transport;
  TokenOptions tokens;
  SigningKeys hmac_key;  // in place of a token; the XML API is asked then
  std::string remark;    // for the log, of the file with credentials; empty: none
  bool has_hmac_key() const { return !hmac_key.access_key_id.empty(); }

  // "gs://bucket/prefix/key", for messages: a long one is shortened in the middle.
  std::string name_of(std::string_view key) const;
};

// INVALID names the culprit.
Result<Config> parse_config(const Url& url, const tidemark_option* options, uint32_t option_count);

// Fills in the endpoint and the HMAC key where the options do not say them. INVALID as above, also for a file
// with credentials that cannot be used.
Status apply_surroundings(const Environment& environment, Config* config);

}  // namespace tidemark::sinks::gs

#endif  // TIDEMARK_SINKS_GS_CONFIG_H
