// How an imposter behaves: what it is called, what it refuses, how slow it is and how it fails.
//
// Values; any thread.
#ifndef TIDEMARK_TESTS_GS_IMPOSTER_CONFIG_H
#define TIDEMARK_TESTS_GS_IMPOSTER_CONFIG_H

#include <cstdint>
#include <optional>
#include <string>

#include "imposter/faults.h"
#include "imposter/request.h"
#include "imposter/server.h"

namespace imposter {

// An answer that is not a success, as the service words it.
struct Refusal {
  int status = 400;
  std::string reason, message;
  Pairs headers = {};
};

inline Refusal invalid(const std::string& message) { return {400, "invalid", message, {}}; }

// 429 because one object was changed too often, and because of the rate of all requests.
inline const Refusal kHotObject = {
    429,
    "rateLimitExceeded",
    "The object exceeded the rate limit for object mutation operations (create, "
    "update, and delete). Please reduce your request rate.",
    {}};
inline const Refusal kBusy = {429, "rateLimitExceeded", "The rate of requests is too high.", {}};

// What a test makes the service do wrongly, or in one of its rarer ways.
struct Oddities {
  std::optional<Refusal> creation;  // in place of each creation whose condition holds
  std::optional<Refusal> removal;
  bool demands_condition = false;   // a creation without ifGenerationMatch is 403
  int forgets_pieces = 0;           // so many pieces are thrown away: 308 without Range
  uint64_t keeps_bytes = 0;         // of one piece only so many, once
  int session_ends = 0;             // the second piece of a session gets this status, and the session is gone
  bool tells_other_digest = false;  // creations are described with another crc32c, and done
  bool tells_no_digest = false;     // creations are described without their crc32c
  bool moves_sessions = false;      // their address names another host
};

struct Config {
  std::string bucket = "tidemark";
  std::string project_billed;  // userProject that must be given; empty: none may
  uint64_t page_size = 1000;   // of a listing, at most
  int64_t token_life_s = 3600;
  uint32_t token_delay_ms = 0;      // of each token of the metadata server, which gives one at a time
  int metadata_status = 200;        // of the metadata server
  bool has_metadata_flavor = true;  // it says what it is
  std::string token_page;           // in place of each token of the token service, with HTTP 502
  std::optional<Refusal> token_refusal;
  bool needs_digest = true;      // a creation without x-goog-hash is 400
  bool discards_bodies = false;  // keeps the first and last few KiB of each
  uint32_t delay_ms = 0;         // of every answer
  int64_t clock_offset_s = 0;    // of the clock that signatures are judged by, and that Date shows
  uint64_t seed = 1;
  Oddities odd;
  Faults faults;
  ServerOptions server;  // fixed once it runs
};

}  // namespace imposter

#endif  // TIDEMARK_TESTS_GS_IMPOSTER_CONFIG_H
