// What an answer to a put proves. A 2xx alone proves nothing: proxies answer for stores, stores put errors
// into a 200, and some take a body and lose it.
//
// Functions without state, and a small value of one put on one thread.
#ifndef TIDEMARK_SINKS_S3_PROOF_H
#define TIDEMARK_SINKS_S3_PROOF_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/body.h"
#include "s3/answer.h"
#include "s3/traits.h"
#include "s3/xml.h"

namespace tidemark::sinks::s3 {

// What was sent, as far as answers can be compared with it.
struct Sent {
  uint64_t size_bytes = 0;
  std::string crc32c = {};      // base64, as it was sent; empty: it was not
  std::string md5_base64 = {};  // empty: not known yet
  Body* body = nullptr;         // from which it is calculated then

  Result<std::string> md5();
};

// A larger body is not digested once more if the store echoes the checksum that it has calculated.
inline constexpr uint64_t kMd5AlwaysBytes = 4 * 1024;
// Will md5() be asked for in the course of a put that goes well?
bool needs_md5(const Traits& traits, uint64_t size_bytes);

enum class Match {
  kSame,
  kOther,
  kUnknown,  // nothing in the answer shows it
};
// Do the headers describe what was sent?
Result<Match> match(const StoreAnswer& answer, const Traits& traits, Sent& sent);

struct Doubt {
  std::string why;
  bool is_of_etag = false;  // the answer is right except for the ETag, which this store never sends
};
// Why an answer of 2xx leaves open whether the object is there; nothing if it is.
Result<std::optional<Doubt>> doubt_about(const StoreAnswer& answer, const Traits& traits, Sent& sent);

// Without its quotes.
std::string_view bare_etag(std::string_view etag);
// Does this look like an MD5? Does the answer say nothing against that?
bool is_md5_etag(const StoreAnswer& answer);
// As Content-MD5 has it; empty unless the text is 32 hex digits.
std::string base64_of_hex(std::string_view hex);

// Is `etag` that of an object made of these parts: the MD5 of their MD5s and their number? kUnknown where it,
// or a part's, is not of that form.
Match match_parts(std::string_view etag, const std::vector<UploadedPart>& parts);

}  // namespace tidemark::sinks::s3

#endif  // TIDEMARK_SINKS_S3_PROOF_H
