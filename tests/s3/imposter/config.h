// How an imposter behaves: who may talk to it, what it supports, how slow it is and how it fails.
//
// Values; any thread.
#ifndef TIDEMARK_TESTS_S3_IMPOSTER_CONFIG_H
#define TIDEMARK_TESTS_S3_IMPOSTER_CONFIG_H

#include <array>
#include <cstdint>
#include <string>

#include "habits.h"

namespace imposter {

// What may go wrong with a request that is right. Each has a rate of its own.
enum class Fault {
  kNone,
  kSlowDown,         // 503 SlowDown
  kInternal,         // 500 InternalError
  kTooMany,          // 429 with Retry-After
  kResetBefore,      // connection reset before the body is read
  kResetMiddle,      // in the middle of the body; of the answer's, if the request has none
  kResetAfter,       // after the body, nothing done
  kLostAnswer,       // done, then reset
  kTruncatedXml,     // done, and half of the XML answer delivered as if it were all
  kStall,            // done, then not a byte for stall_ms in the middle of the answer
  kErrorInOkBefore,  // Complete: 200 with an <Error> inside, nothing done
  kErrorInOkAfter,   // Complete: the same, but done
  kRotate,           // another access key is accepted from now on
  kConflict,         // conditional create: 409 ConditionalRequestConflict, nothing done
  kRedirect,         // 307 to the decoy, a host that must never see a signed header
  kOkPage,           // 200 with an HTML page, from somebody on the way; nothing done
  kNotFoundPage,     // 404 as text, from somebody on the way; nothing done
  kAccepted,         // put, part: 202, nothing done
  kOkLost,           // put, part: 200 with another ETag, nothing done
  kPutErrorBefore,   // put, part: 200 with an <Error> inside, nothing done
  kPutErrorAfter,    // put, part: the same, but done
  kFlippedBit,       // put, part: a bit of the body, on its way
};
inline constexpr size_t kFaultKinds = static_cast<size_t>(Fault::kFlippedBit) + 1;
const char* name_of(Fault fault);

struct Faults {
  std::array<double, kFaultKinds> rates{};  // 0 to 1, by Fault
  // After so many faults on one key it is left alone until it has got somewhere, so that a soak ends.
  int most_in_a_row = 3;
  std::string only_below;  // keys, and listings of prefixes, that begin so; others are left alone
  uint32_t stall_ms = 1000;
  uint32_t retry_after_s = 1;

  double& operator[](Fault fault) { return rates[static_cast<size_t>(fault)]; }
  double operator[](Fault fault) const { return rates[static_cast<size_t>(fault)]; }
};

// False, with the reason in *problem, unless `text` is like "slowdown=0.1,stall=0.02" or "all=0.1".
bool parse_rates(const std::string& text, Faults* out, std::string* problem);

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

  // Of the server, fixed once it runs.
  uint16_t port = 0;  // 0: any
  int threads = 2;
  std::string tls_certificate_file, tls_key_file;  // PEM; empty: HTTP
};

}  // namespace imposter

#endif  // TIDEMARK_TESTS_S3_IMPOSTER_CONFIG_H
