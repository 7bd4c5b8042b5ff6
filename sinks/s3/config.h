// What a url and its options say, checked, with defaults filled in.
//
// Plain values. Any thread.
#ifndef TIDEMARK_SINKS_S3_CONFIG_H
#define TIDEMARK_SINKS_S3_CONFIG_H

#include <cstdint>
#include <string>

#include "common/table.h"
#include "http/transport.h"
#include "s3/auth/aws_host.h"
#include "s3/auth/credential_options.h"
#include "s3/auth/settings.h"

namespace tidemark::sinks::s3 {

// Limits of S3 (https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html).
inline constexpr uint64_t kMiB = 1 << 20;
inline constexpr uint64_t kPartBytesMin = 5 * kMiB;         // but for the last one
inline constexpr uint64_t kPartBytesMax = 5 * 1024 * kMiB;  // also the most that one PUT takes
inline constexpr uint64_t kPartsMax = 10'000;
inline constexpr uint64_t kObjectBytesMax = 5 * 1024 * 1024 * kMiB;

inline constexpr tidemark_sink_option kOptions[] = {
    {"endpoint", "",
     "https://host[:port][/path], or http:// where nobody can eavesdrop; else AWS_ENDPOINT_URL_S3 …"},
    {"region", "", "the region to sign for; else AWS_REGION, the profile's, the endpoint's, us-east-1"},
    {"path_style", "auto", "true: host/bucket/key; false: bucket.host/key; auto: false for AWS"},
    {"use_fips_endpoint", "", "true or false: AWS's FIPS hosts; else AWS_USE_FIPS_ENDPOINT, the profile's"},
    {"use_dualstack_endpoint", "",
     "true or false: AWS's dual-stack hosts; else AWS_USE_DUALSTACK_ENDPOINT, the profile's"},
    {"access_key_id", "", "else environment, web identity, profile, container, IMDSv2, in this order"},
    {"secret_access_key", "", "in the list of options only"},
    {"session_token", "", "in the list of options only"},
    {"profile", "", "profile of the shared config and credentials files; else AWS_PROFILE"},
    {"sts_endpoint", "", "where roles are assumed; else AWS_ENDPOINT_URL_STS …, AWS"},
    {"ca_file", "", "PEM file, for the endpoint alone; else AWS_CA_BUNDLE, the profile's, the system's"},
    {"proxy", "", "a url, or none; else https_proxy, http_proxy, all_proxy, no_proxy"},
    {"storage_class", "", "storage class of objects, as in S3"},
    {"tags", "", "tags of objects: a=1&b=2, encoded"},
    {"expected_bucket_owner", "", "number of the account that must own the bucket"},
    {"sse", "", "AES256 or aws:kms; the bucket's own if not given"},
    {"sse_kms_key_id", "", "goes with sse=aws:kms"},
    {"object_lock_mode", "", "GOVERNANCE or COMPLIANCE"},
    {"object_lock_days", "", "days from the put that an object is locked; goes with object_lock_mode"},
    {"payload", "signed", "signed, or unsigned: no SHA-256 of bodies, over https only"},
    {"multipart_threshold", "64MiB", "larger objects go in parts"},
    {"multipart_part_size", "32MiB", "smallest size of a part"},
    {"multipart_parallel", "4", "parts of one object that are sent at a time"},
    {"expect", "auto", "never: large bodies are sent without asking first (Expect: 100-continue)"},
    {"connect_timeout_ms", "5000", "longest time to connect"},
    {"stall_timeout_ms", "30000", "longest time without a byte"},
};

struct Config {
  std::string bucket;
  std::string prefix;  // "" or ending in '/'; a key's name in the bucket is this and the key

  std::string region;  // empty: not said
  std::string endpoint_scheme = "https";
  std::string endpoint_host;  // with the port where it is not the scheme's own; empty: AWS, by region
  std::string endpoint_path;  // "/storage/v1/s3"; comes before the bucket. Empty: none
  std::string endpoint_from;  // who said it, for messages
  HostKind host_kind;         // of AWS's hosts
  bool path_style = false;    // https://host/bucket/key instead of https://bucket.host/key
  std::string path_style_said = "auto";

  std::string storage_class;
  std::string sse;  // "", "AES256", "aws:kms"
  std::string sse_kms_key_id;
  std::string tags;              // as x-amz-tagging has them: a=b&c=d, encoded
  std::string object_lock_mode;  // "", "GOVERNANCE", "COMPLIANCE"
  uint64_t object_lock_days = 0;
  std::string expected_bucket_owner;
  bool sign_payload = true;
  bool expects_continue = true;  // large bodies wait for a go-ahead

  uint64_t multipart_threshold_bytes = 64 * kMiB;
  uint64_t multipart_part_size_bytes = 32 * kMiB;  // the least; larger objects have larger parts
  uint64_t multipart_parallel = 4;

  TransportOptions transport;
  std::string public_ca_file;  // for the services that credentials come from; empty: the system's
  std::string public_ca_from;  // who says so, for messages
  CredentialOptions credentials;

  bool is_tls() const { return endpoint_scheme == "https"; }
  // "s3://bucket/prefix/key", for messages: a long one is shortened in the middle.
  std::string name_of(std::string_view key) const;
};

// INVALID names the culprit. What neither the url nor the options say counts as not set.
Result<Config> parse_config(const Url& url, const tidemark_option* options, uint32_t option_count);

// Fills in what only the environment and the profile say. INVALID as above, also for what is not supported.
// Adds to `settings.remarks` what does not go together.
Status apply_settings(Settings* settings, Config* config);

// Of `from`, for messages.
Status set_endpoint(std::string_view text, const std::string& from, Config* config);
// By path_style_said and the endpoint.
Status settle_path_style(Config* config, const std::string& said_by);

// Where a bucket is asked: host and the path up to the key.
struct Address {
  std::string scheme;
  std::string host;
  std::string base_path;  // the endpoint's path and "/bucket", or ""

  std::string object_path(std::string_view full_key) const { return base_path + "/" + std::string(full_key); }
  std::string bucket_path() const { return base_path.empty() ? "/" : base_path; }
};
Address address_of(const Config& config, const std::string& region);

}  // namespace tidemark::sinks::s3

#endif  // TIDEMARK_SINKS_S3_CONFIG_H
