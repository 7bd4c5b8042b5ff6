// How an imposter of Azure behaves: who may talk to it, what it says where Azure has several words, how slow
// it is and how it fails.
//
// Values; any thread.
#ifndef TIDEMARK_TESTS_AZBLOB_IMPOSTER_CONFIG_H
#define TIDEMARK_TESTS_AZBLOB_IMPOSTER_CONFIG_H

#include <cstdint>
#include <string>

#include "imposter/faults.h"
#include "imposter/server.h"

namespace imposter::azblob {

// How a conditional create is refused where the blob is there.
enum class Word {
  kAlreadyExists,  // 409 BlobAlreadyExists
  kNotMet,         // 412 ConditionNotMet
  kOverwrite,      // 403 UnauthorizedBlobOverwrite
  kImmutable,      // 409 BlobImmutableDueToPolicy
  kLeased,         // 412 LeaseIdMissing
};

// What it makes of "startFrom", and of the version that has it.
enum class StartFrom : uint8_t { kRefused, kIgnored, kHonoured };

struct Config {
  std::string account = "imposteraccount";
  // Base64 of 64 bytes.
  std::string key =
      "aW1wb3N0ZXItYWNjb3VudC1rZXktaW1wb3N0ZXItYWNjb3VudC1rZXktaW1wb3N0ZXItYWNjb3VudC1rZXktIQ==";
  std::string container = "tidemark";
  int64_t clock_ahead_s = 0;  // of the real time

  Word exists = Word::kAlreadyExists;
  bool blocks_count_as_there = false;  // a conditional Put Blob onto blocks alone is 409, as on one emulator
  bool denies = false;                 // 403 AuthorizationPermissionMismatch to every write
  bool is_immutable = false;           // what is there can be neither removed nor replaced
  uint64_t blocks_max = 100'000;       // that lie under one name
  uint64_t block_bytes_max = uint64_t{4000} << 20;

  bool has_mark = true;       // documents begin with a byte order mark, as Azure's do
  uint64_t page_size = 5000;  // names of one page at most
  StartFrom start_from = StartFrom::kRefused;
  bool empty_pages = false;     // an empty one with a marker comes before each
  bool same_marker = false;     // the marker never changes
  bool ends_unsaid = false;     // no page says whether more comes
  bool md5_unsaid = false;      // no answer to a put has Content-MD5
  bool nothing_is_206 = false;  // a range at the end is 206 with nothing in it, as on one emulator
  bool is_hierarchical = false;
  bool refuses_probes = false;  // 400 to blocks of ".tidemark-probe-…", as a hierarchical account may

  // The token services, on the same port: Entra below /<tenant>/, the machine's at /metadata/identity/.
  std::string tenant = "11111111-2222-3333-4444-555555555555";
  std::string client_id = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
  std::string client_secret = "imposter-client-secret";
  std::string federated_token = "imposter-federated-token";
  bool has_identity = true;  // of the machine
  int64_t token_life_s = 3600;
  bool tokens_are_jwts = false;   // unsigned, as Azurite takes them
  bool tokens_are_pages = false;  // an HTML page in place of every token

  bool discards_bodies = false;  // keeps the first and last few KiB of each
  uint32_t delay_ms = 0;         // of every answer
  uint64_t seed = 1;
  Faults faults;
  ServerOptions server;  // fixed once it runs
};

}  // namespace imposter::azblob

#endif  // TIDEMARK_TESTS_AZBLOB_IMPOSTER_CONFIG_H
