// What Azure answered, and what that means for the caller.
//
// Plain values and functions without state. Any thread.
#ifndef TIDEMARK_SINKS_AZBLOB_ANSWER_H
#define TIDEMARK_SINKS_AZBLOB_ANSWER_H

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/answer.h"

namespace tidemark::sinks::azblob {

struct StoreAnswer : HttpAnswer {
  // What the client knows besides.
  std::string_view needs = {};  // the permissions that the request needs
  bool is_put = false;          // a body went with a digest
  bool lasts = false;           // a body was refused for its digest again and again
  // The sink is open: what is wrong with the container, the account or the credentials is RETRYABLE, because
  // the whole sink has to wait, and not one object is refused.
  bool is_in_use = false;
  int64_t ended_us = 0;  // when the signature (SAS) expired, if that was before the request; else 0
};

// The error in an answer
// (https://learn.microsoft.com/en-us/rest/api/storageservices/blob-service-error-codes): the code stands in a
// header, also of an answer to HEAD, and in the document <Error>.
struct StoreError {
  std::string code;
  std::string message;
  std::string request_id;
  bool is_broken = false;  // the answer has a document that is not whole
};
StoreError store_error(const HttpAnswer& answer);

// An answer that the caller did not expect, as an error: "<what>: <message> (<code>, HTTP <status>, request
// <id>)". NOT_FOUND is only what the store itself says, with a code. Any other 404 comes from somebody in
// between and is RETRYABLE.
Error error_of(const StoreAnswer& answer, std::string_view what);

// Does a refusal of a conditional put leave open whether the blob is there? Azure has several words for
// "it is there", and says some of them also where it is not.
enum class Refusal {
  kNone,     // it is about something else
  kThere,    // says that something is there: a blob, or blocks that nobody has put together
  kPerhaps,  // denied, locked, leased, its blocks gone: so it would be if the blob were there
};
Refusal refusal_of(const StoreAnswer& answer, const StoreError& error);

// Does the answer carry what only a store puts there?
bool has_request_id(const HttpAnswer& answer);

}  // namespace tidemark::sinks::azblob

#endif  // TIDEMARK_SINKS_AZBLOB_ANSWER_H
