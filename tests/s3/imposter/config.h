// How an imposter behaves: who may talk to it, what it supports, how slow it is and how it fails.
//
// Values; any thread.
#ifndef TIDEMARK_TESTS_S3_IMPOSTER_CONFIG_H
#define TIDEMARK_TESTS_S3_IMPOSTER_CONFIG_H

#include <cstdint>
#include <string>

#include "habits.h"
#include "imposter/faults.h"
#include "imposter/server.h"

namespace imposter {

enum class Condition { kHonoured, kIgnored, kNotImplemented };  // what becomes of If-None-Match: *

struct Config {
  std::string access_key = "IMPOSTERACCESSKEY001";
  std::string secret_key = "imposter-secret-key-0000000000000000001";
  std::string session_token;      // empty: none is taken
  bool is_token_expired = false;  // every request gets ExpiredToken
  std::string credentials_file;   // where kRotate writes the new key first, as a shared credentials file
  std::string bucket = "tidemark";
  std::string region = "us-east-1";
  bool names_region = true;  // in the answer to a wrong one
  bool redirects_region =
      false;  // a wrong region is a 301 PermanentRedirect, not AuthorizationHeaderMalformed
  std::string domain = "s3.localhost";  // <bucket>.<domain> is virtual-host style
  std::string path;                     // comes before the bucket, as behind a gateway: "/storage/v1/s3"
  std::string owner = "123456789012";
  int64_t clock_ahead_s = 0;  // of the real time
  std::string loses;          // objects whose key contains this are listed, and cannot be read
  Condition put_condition = Condition::kHonoured;
  Condition complete_condition = Condition::kHonoured;
  bool takes_checksums = true;  // false: 501 for x-amz-checksum-*
  bool takes_unsigned = false;  // UNSIGNED-PAYLOAD without TLS; with TLS always
  uint64_t min_part_bytes = 5u << 20;
  uint64_t max_keys = 1000;  // in one page of a listing
  uint64_t max_body_bytes = uint64_t{5} << 30;
  bool discards_bodies = false;  // keeps the first and last few KiB of each
  uint32_t delay_ms = 0;         // of every answer
  uint32_t put_delay_ms = 0;     // between the end of a body and the object
  Habits habits;
  uint64_t seed = 1;
  Faults faults;

  ServerOptions server;  // fixed once it runs
};

}  // namespace imposter

#endif  // TIDEMARK_TESTS_S3_IMPOSTER_CONFIG_H
